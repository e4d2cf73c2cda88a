/** The request that parameters and edges describe. */
import { NodeError } from "../../contract/error.js";
import { foundText, issueSentences } from "../../contract/issues.js";
import { takeCredentials } from "../../library/http-address.js";
import { authorize, headersOf, setSecret, textsOf } from "../../library/http-headers.js";
import { jsonObject } from "../../library/json-parameter.js";
import type { NodeWork } from "../../library/work.js";
import { portValue } from "../../table/port-value.js";
import { authOf } from "./auth.js";

export interface Parameters {
  method: string;
  url: string;
  headers: Record<string, unknown> | string;
  params?: unknown;
  auth?: unknown;
  body?: unknown;
  failOn?: unknown;
}

/** A request that is ready to be sent. */
export interface PreparedRequest {
  url: URL;
  method: string;
  headers: Headers;
  body?: string | Uint8Array<ArrayBuffer> | undefined;
  /** The name in the query under which the URL carries a key, which no output tells. */
  secretName?: string | undefined;
}

const METHODS_WITH_BODY = new Set(["POST", "PUT", "PATCH", "DELETE"]);
/** Methods that `fetch` never sends. */
const REFUSED_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);

/**
 * The request; what an edge brings goes before the parameters.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function requestOf(work: NodeWork<Parameters>): PreparedRequest {
  const given = (name: keyof Parameters): unknown => portValue(work.input, name) ?? work.parameters[name];
  checkParameterUrl(work.parameters.url);
  const method = methodOf(given("method"));
  const url = urlOf(given("url"));
  addQuery(url, given("params"));
  const headers = headersOf(given("headers"));
  const credentials = takeCredentials(url);
  if (!headers.has("authorization")) authorize(headers, credentials);
  const secretName = addAuth(url, headers, given("auth"));
  return { url, method, headers, body: bodyOf(work, method, headers, given("body")), secretName };
}

function checkParameterUrl(url: string): void {
  if (URL.canParse(url)) return;
  const issues = [{ path: ["url"], message: "Must be a valid URL with http or https" }];
  throw new NodeError("INVALID_PARAMETERS", `Invalid http-request parameters: ${issueSentences(issues, { url })}`);
}

function methodOf(given: unknown): string {
  const method = typeof given === "string" ? given.toUpperCase() : "";
  if (/^[A-Z][A-Z-]*$/.test(method) && !REFUSED_METHODS.has(method)) return method;
  throw new NodeError(
    "INVALID_PARAMETERS",
    `\`method\` must be a method such as GET or POST, found ${foundText(given)}`,
  );
}

/** An address as a message may tell it. */
function withoutSecrets(url: URL): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  shown.search = "";
  return url.search === "" ? shown.href : `${shown.href}?…`;
}

function urlOf(given: unknown): URL {
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
  return url;
}

function addQuery(url: URL, params: unknown): void {
  if (params === undefined || params === null) return;
  for (const [name, value] of Object.entries(jsonObject(params, "params"))) {
    for (const text of textsOf(value, `params.${name}`)) url.searchParams.append(name, text);
  }
}

/** Adds who asks; gives the name of a key in the query. */
function addAuth(url: URL, headers: Headers, given: unknown): string | undefined {
  const auth = authOf(given);
  if (auth?.type !== "apiKey") return void authorize(headers, auth);
  if (auth.in === "header") return void setSecret(headers, auth.name, auth.value);
  url.searchParams.set(auth.name, auth.value);
  return auth.name;
}

function bodyOf(work: NodeWork<Parameters>, method: string, headers: Headers, body: unknown): PreparedRequest["body"] {
  if (body === undefined || body === null) return undefined;
  if (!METHODS_WITH_BODY.has(method)) {
    // Editors write an empty body into every node.
    if (body !== "") {
      work.warn(
        "ignored-body",
        `A ${method} has no body, so that \`body\` is not sent; use POST, PUT, PATCH or DELETE`,
      );
    }
    return undefined;
  }
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  return JSON.stringify(body);
}
