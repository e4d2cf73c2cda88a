import { throwIfAborted } from "../contract/abort.js";
import { NodeError } from "../contract/error.js";
import type { LibraryExecutable } from "../contract/executable.js";
import { issueSentences } from "../contract/issues.js";
import { toBase64 } from "../data/base64.js";
import { decodeText } from "../data/charset.js";
import { handleValue, isPlainObject, unwrap } from "../data/input.js";
import { sharedParameters } from "../definition/node-type.js";
import { httpRequest } from "../definition/types/http-request.js";
import { tableBehind } from "../table/table-output.js";
import { failingStatuses, statusFailure } from "./http-status.js";
import { jsonObject } from "./json-parameter.js";
import type { Network } from "./network.js";
import { executable, type NodeWork } from "./work.js";

interface Parameters {
  method: string;
  url: string;
  headers: Record<string, unknown> | string;
  body?: unknown;
  failOn?: unknown;
}

/** Bytes that an answer may have; more would take the memory of all other work. */
const LARGEST_ANSWER = 256 * 1024 * 1024;
/** ms that a timer can count. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;
const METHODS_WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/**
 * Sends one HTTP request with `fetch` and follows redirects. What an edge brings (`url`, `method`, `headers`, `body`,
 * `params` for the query, `auth`) goes before the parameters. An answer with an error status is an answer, unless
 * the flow asks for retries of the node, takes its error over an edge, or says so with `failOn`.
 *
 * Fails with INVALID_PARAMETERS (no or bad URL), TIMEOUT, CANCELLED, DESERIALIZATION_FAILED (a successful answer that
 * says it is JSON and is not, or names a charset that is not known) or EXECUTION_FAILED (`fetch failed`, or an answer of more than 256 MiB).
 */
export function httpRequestNode(network: Network): LibraryExecutable {
  return executable<Parameters>(httpRequest, (work) => send(work, network), { fromPorts: ["url"] });
}

async function send(work: NodeWork<Parameters>, network: Network): Promise<object> {
  const { parameters, signal } = work;
  checkParameterUrl(parameters.url);
  const url = urlOf(work);
  const method = String(portValue(work, "method") ?? parameters.method).toUpperCase();
  const { headers, body } = contentOf(work, method, takeCredentials(url));
  network.check(url, headers);
  const isFailure = failingStatuses(parameters.failOn, work.errorsHandled);
  const limit = deadlineOf(work);
  const deadline = limit === undefined ? undefined : AbortSignal.timeout(Math.min(Math.ceil(limit), LONGEST_TIMEOUT));
  const signals = [signal, deadline].filter((each) => each !== undefined);
  throwIfAborted(signal);
  const started = performance.now();
  try {
    const response = await fetch(url, {
      ...network.settings,
      method,
      headers,
      redirect: "follow",
      signal: AbortSignal.any(signals),
      ...(body === undefined ? {} : { body }),
    });
    const result = await answerOf(response);
    if (isFailure(response.status)) throw statusFailure(response, method, new URL(response.url || url), result);
    return {
      result,
      status: response.status,
      statusText: response.statusText,
      headers: Object.fromEntries(response.headers),
      success: response.ok,
      duration: Math.round(performance.now() - started),
      url: response.url || url.href,
      ok: response.ok,
    };
  } catch (error) {
    if (error instanceof NodeError) throw error;
    throwIfAborted(signal);
    if (deadline?.aborted) {
      throw new NodeError("TIMEOUT", `The request was given up after ${limit} ms`, { cause: error });
    }
    throw network.failureOf(error, url);
  }
}

/** The time limit that was asked for, in ms; editors write the default into every node. */
function deadlineOf({ explicitTimeout }: NodeWork<Parameters>): number | undefined {
  return explicitTimeout === sharedParameters.timeout.default ? undefined : explicitTimeout;
}

function checkParameterUrl(url: string): void {
  if (URL.canParse(url)) return;
  const issues = [{ path: ["url"], message: "Must be a valid URL with http or https" }];
  throw new NodeError("INVALID_PARAMETERS", `Invalid http-request parameters: ${issueSentences(issues, { url })}`);
}

function urlOf(work: NodeWork<Parameters>): URL {
  const given = portValue(work, "url") ?? work.parameters.url;
  if (typeof given !== "string" || !URL.canParse(given)) {
    throw new NodeError("INVALID_PARAMETERS", `Invalid URL: ${typeof given === "string" ? given : "not text"}`);
  }
  const url = new URL(given);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new NodeError("INVALID_PARAMETERS", `Invalid URL: ${given} (only http and https are supported)`);
  }
  const query = portValue(work, "params");
  if (isPlainObject(query)) {
    for (const [key, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (one !== undefined && one !== null) url.searchParams.append(key, String(one));
      }
    }
  }
  return url;
}

/** A name and password in the URL, which `fetch` would refuse in words that repeat them. */
function takeCredentials(url: URL): object | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const [username, password] = [decoded(url.username), decoded(url.password)];
  url.username = "";
  url.password = "";
  return { type: "basic", username, password };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function contentOf(
  work: NodeWork<Parameters>,
  method: string,
  credentials: object | undefined,
): { headers: Headers; body?: string | Uint8Array<ArrayBuffer> } {
  const headers = new Headers();
  for (const [name, value] of Object.entries(
    jsonObject(portValue(work, "headers") ?? work.parameters.headers, "headers"),
  )) {
    if (value === undefined || value === null) continue;
    try {
      headers.set(name, String(value));
    } catch (error) {
      throw new NodeError("INVALID_PARAMETERS", `The header ${JSON.stringify(name)} is not valid`, { cause: error });
    }
  }
  if (!headers.has("authorization")) authorize(headers, credentials);
  authorize(headers, portValue(work, "auth"));
  const body = METHODS_WITH_BODY.has(method) ? (portValue(work, "body") ?? work.parameters.body) : undefined;
  if (body === undefined || body === null) return { headers };
  if (typeof body === "string") return { headers, body };
  if (body instanceof Uint8Array) return { headers, body: new Uint8Array(body) };
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  return { headers, body: JSON.stringify(body) };
}

function authorize(headers: Headers, auth: unknown): void {
  if (!isPlainObject(auth)) return;
  const { type, username, password, token } = auth;
  if (type === "bearer") {
    try {
      headers.set("authorization", `Bearer ${String(token)}`);
    } catch {
      // Neither the message nor the cause may repeat the token.
      throw new NodeError("INVALID_PARAMETERS", "The token cannot be sent in a header");
    }
  }
  if (type === "basic") {
    const credentials = new TextEncoder().encode(`${String(username ?? "")}:${String(password ?? "")}`);
    headers.set("authorization", `Basic ${toBase64(credentials)}`);
  }
}

async function answerOf(response: Response): Promise<unknown> {
  const type = (response.headers.get("content-type") ?? "").toLowerCase();
  if (/[/+]json\b/.test(type)) {
    const text = await textOf(response, type);
    if (text === "") return null;
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      if (!response.ok) return text;
      throw new NodeError("DESERIALIZATION_FAILED", "The answer says it is JSON but cannot be read as such", {
        cause: error,
      });
    }
  }
  if (type === "" || type.startsWith("text/") || /[/+]xml\b/.test(type)) return textOf(response, type);
  return toBase64(await bytesOf(response));
}

async function textOf(response: Response, type: string): Promise<string> {
  const bytes = await bytesOf(response);
  try {
    return decodeText(bytes, type);
  } catch (error) {
    if (response.ok) throw error;
    // That the request failed is worth more than how its explanation is written.
    return new TextDecoder().decode(bytes);
  }
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Not every browser lets a stream be walked through with `for await`.
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read?.value; read = await reader?.read()) {
    size += read.value.length;
    if (size > LARGEST_ANSWER) {
      await reader?.cancel();
      throw new NodeError("EXECUTION_FAILED", `The answer is larger than ${LARGEST_ANSWER} bytes`);
    }
    chunks.push(read.value);
  }
  const whole = new Uint8Array(size);
  let position = 0;
  for (const chunk of chunks) {
    whole.set(chunk, position);
    position += chunk.length;
  }
  return whole;
}

/** The value of a port without what nodes put around their data. */
function portValue({ input }: NodeWork<Parameters>, name: string): unknown {
  const data = unwrap(handleValue(input, name));
  if (!tableBehind(data)) return data;
  const output = data as { records?: unknown; result?: unknown };
  return "records" in output ? output.records : output.result;
}
