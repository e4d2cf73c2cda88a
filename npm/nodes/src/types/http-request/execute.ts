import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { issueSentences } from "../../contract/issues.js";
import { isPlainObject } from "../../data/input.js";
import { takeCredentials } from "../../library/http-address.js";
import { answerOf } from "../../library/http-answer.js";
import { exchange } from "../../library/http-client.js";
import { authorize, headersOf } from "../../library/http-headers.js";
import { executable, type NodeWork } from "../../library/work.js";
import { portValue } from "../../table/port-value.js";
import { httpRequest } from "./definition.js";
import type { Network } from "./network.js";
import { failingStatuses, statusFailure } from "./status.js";

interface Parameters {
  method: string;
  url: string;
  headers: Record<string, unknown> | string;
  body?: unknown;
  failOn?: unknown;
}

const METHODS_WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/**
 * Sends one HTTP request with `fetch` and follows redirects. What an edge brings (`url`, `method`, `headers`, `body`,
 * `params` for the query, `auth`) goes before the parameters. An answer with an error status is an answer, unless
 * the flow asks for retries of the node, takes its error over an edge, or says so with `failOn`.
 *
 * Fails with INVALID_PARAMETERS (no or bad URL), TIMEOUT, CANCELLED, DESERIALIZATION_FAILED (a successful answer that
 * says it is JSON and is not, or names a charset that is not known) or EXECUTION_FAILED (`fetch failed`, or an answer of more than 256 MiB).
 */
export function httpRequestNode(network: Network): NodeExecutable {
  return executable<Parameters>(httpRequest, (work) => send(work, network), { fromPorts: ["url"] });
}

async function send(work: NodeWork<Parameters>, network: Network): Promise<object> {
  const { parameters } = work;
  checkParameterUrl(parameters.url);
  const url = urlOf(work);
  const method = String(portValue(work.input, "method") ?? parameters.method).toUpperCase();
  const { headers, body } = contentOf(work, method, takeCredentials(url));
  network.check(url, headers);
  const isFailure = failingStatuses(parameters.failOn, work.errorsHandled);
  const { response, value, duration } = await exchange(
    work,
    network,
    { url, method, headers, body, redirect: "follow" },
    async (response) => {
      const result = await answerOf(response);
      if (isFailure(response.status)) throw statusFailure(response, method, new URL(response.url || url), result);
      return result;
    },
  );
  return {
    result: value,
    status: response.status,
    statusText: response.statusText,
    headers: Object.fromEntries(response.headers),
    success: response.ok,
    duration,
    url: response.url || url.href,
    ok: response.ok,
  };
}

function checkParameterUrl(url: string): void {
  if (URL.canParse(url)) return;
  const issues = [{ path: ["url"], message: "Must be a valid URL with http or https" }];
  throw new NodeError("INVALID_PARAMETERS", `Invalid http-request parameters: ${issueSentences(issues, { url })}`);
}

/** An address as a message may tell it. */
function withoutSecrets(url: URL): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  shown.search = "";
  return url.search === "" ? shown.href : `${shown.href}?…`;
}

function urlOf(work: NodeWork<Parameters>): URL {
  const given = portValue(work.input, "url") ?? work.parameters.url;
  if (typeof given !== "string" || !URL.canParse(given)) {
    throw new NodeError("INVALID_PARAMETERS", `Invalid URL: ${typeof given === "string" ? given : "not text"}`);
  }
  const url = new URL(given);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `Invalid URL: ${withoutSecrets(url)} (only http and https are supported)`,
    );
  }
  const query = portValue(work.input, "params");
  if (isPlainObject(query)) {
    for (const [key, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (one !== undefined && one !== null) url.searchParams.append(key, String(one));
      }
    }
  }
  return url;
}

function contentOf(
  work: NodeWork<Parameters>,
  method: string,
  credentials: object | undefined,
): { headers: Headers; body?: string | Uint8Array<ArrayBuffer> } {
  const headers = headersOf(portValue(work.input, "headers") ?? work.parameters.headers);
  if (!headers.has("authorization")) authorize(headers, credentials);
  authorize(headers, portValue(work.input, "auth"));
  const body = METHODS_WITH_BODY.has(method) ? (portValue(work.input, "body") ?? work.parameters.body) : undefined;
  if (body === undefined || body === null) return { headers };
  if (typeof body === "string") return { headers, body };
  if (body instanceof Uint8Array) return { headers, body: new Uint8Array(body) };
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  return { headers, body: JSON.stringify(body) };
}
