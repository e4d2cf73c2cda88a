/** The request that parameters and edges describe. */
import { NodeError } from "../../contract/error.js";
import { issueSentences } from "../../contract/issues.js";
import { isPlainObject } from "../../data/input.js";
import { problemsOf } from "../../definition/written.js";
import { takeCredentials } from "../../library/http-address.js";
import { authorize, headersOf, setSecret, textsOf } from "../../library/http-headers.js";
import type { Body } from "../../library/http-redirects.js";
import { jsonObject } from "../../library/json-parameter.js";
import type { NodeWork } from "../../library/work.js";
import { portValue } from "../../table/port-value.js";
import { type Auth, authOf } from "./auth.js";
import { type BodyType, bodyOf, type GivenBody } from "./body.js";
import { addIdempotencyKey } from "./idempotency.js";
import { closedMethodFault } from "./method.js";
import type { Network } from "./network.js";
import type { ClientCredentials } from "./oauth.js";

export interface Parameters {
  method: string;
  url: string;
  headers: Record<string, unknown> | string;
  params?: unknown;
  auth?: unknown;
  body?: unknown;
  bodyType: BodyType;
  maxRedirects: number;
  failOn?: unknown;
  saveTo?: string;
  overwrite?: boolean;
  /** Bytes. */
  maxSize?: number;
  pagination?: object;
  idempotency?: boolean;
}

/** A request that is ready to be sent. */
export interface PreparedRequest {
  url: URL;
  method: string;
  headers: Headers;
  body?: Body | undefined;
  /** The name in the query under which the URL carries a key, which no output tells. */
  secretName?: string;
  /** Who gets a token for it first. */
  client?: ClientCredentials;
  /** How many redirects are followed; 0: the redirect is the answer. */
  maxRedirects: number;
}

/** A body of these means nothing by the rules of HTTP, and `fetch` sends none with the first two. */
const METHODS_WITHOUT_BODY = new Set(["GET", "HEAD", "OPTIONS"]);

/** A value in the body that asks for one page. */
export interface PageParameter {
  /** Its name; `a.b` is inside. */
  param: string;
  value: string | number;
}

/**
 * The request; what an edge brings goes before the parameters.
 *
 * @param page what is put into the body to get one page; what is to be warned of was told before
 * @throws NodeError INVALID_PARAMETERS, and what `bodyOf` throws
 */
export async function requestOf(
  work: NodeWork<Parameters>,
  network: Network,
  page?: PageParameter,
): Promise<PreparedRequest> {
  const given = (name: keyof Parameters): unknown => portValue(work.input, name) ?? work.parameters[name];
  checkParameterUrl(work.parameters.url);
  const method = methodOf(given("method"));
  const url = urlOf(givenUrl(work));
  addQuery(url, given("params"));
  const headers = headersOf(given("headers"));
  if (work.parameters.idempotency === true) await addIdempotencyKey(work, method, headers);
  const credentials = takeCredentials(url);
  const asked = authOf(given("auth"));
  if (page === undefined) warnOfTwo(work, headers, credentials !== undefined, asked);
  if (!headers.has("authorization")) authorize(headers, credentials);
  const auth = addAuth(url, headers, asked);
  const body = givenBody(work, method);
  if (page !== undefined) placeInBody(body, page);
  return {
    url,
    method,
    headers,
    body: body && (await bodyOf(body, headers, await network.files?.(work.files))),
    ...auth,
    maxRedirects: work.parameters.maxRedirects,
  };
}

/** What an edge brings counts also where it is nothing: to ask another address instead would be a surprise. */
function givenUrl({ input, parameters }: NodeWork<Parameters>): unknown {
  const brought = portValue(input, "url");
  const url = brought === undefined ? parameters.url : brought;
  if (url !== "" && url !== null) return url;
  throw new NodeError("INVALID_PARAMETERS", "URL is required for HTTP requests", {
    advice: ["What an edge brings to `url` is empty; look at the output of the node before."],
  });
}

function checkParameterUrl(url: string): void {
  if (URL.canParse(url)) return;
  const issues = [{ path: ["url"], message: "Must be a valid URL with http or https" }];
  throw new NodeError("INVALID_PARAMETERS", `Invalid http-request parameters: ${issueSentences(issues, { url })}`);
}

function methodOf(given: unknown): string {
  const [problem] = problemsOf("method", closedMethodFault(given));
  if (problem !== undefined) throw new NodeError("INVALID_PARAMETERS", problem.message);
  return (given as string).toUpperCase();
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

/** Tells of credentials that others go before. */
function warnOfTwo(work: NodeWork<Parameters>, headers: Headers, inUrl: boolean, auth: Auth | undefined): void {
  const places = [
    auth !== undefined && auth.type !== "apiKey" && "`auth`",
    headers.has("authorization") && "the header `authorization`",
    inUrl && "the name and password of the URL",
  ].filter((place) => place !== false);
  const [first, ...others] = places;
  if (others.length === 0) return;
  work.warn(
    "ignored-credentials",
    `${first} goes before ${others.join(" and ")}, which are not sent; leave one of them`,
  );
}

/** Puts the value for a page into a body that is an object; the body that was given stays as it is. */
function placeInBody(body: GivenBody | undefined, { param, value }: PageParameter): void {
  const found = body?.value ?? (body === undefined ? undefined : {});
  const fits = body !== undefined && ["auto", "json", "form"].includes(body.type) && isPlainObject(found);
  if (!fits) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "`pagination.in: body` needs a method with a body, and a `body` that is an object, sent as JSON or as a form",
    );
  }
  const whole: Record<string, unknown> = { ...found };
  let inner = whole;
  const keys = param.split(".");
  for (const key of keys.slice(0, -1)) {
    const next = Object.hasOwn(inner, key) ? inner[key] : undefined;
    const copy = isPlainObject(next) ? { ...next } : {};
    Object.defineProperty(inner, key, { value: copy, enumerable: true, configurable: true, writable: true });
    inner = copy;
  }
  const last = keys.at(-1) as string;
  Object.defineProperty(inner, last, { value, enumerable: true, configurable: true, writable: true });
  body.value = whole;
}

/** Adds who asks, where that is known without asking for a token. */
function addAuth(url: URL, headers: Headers, auth: Auth | undefined): Pick<PreparedRequest, "secretName" | "client"> {
  if (auth?.type === "oauth2") return { client: auth };
  if (auth?.type !== "apiKey") authorize(headers, auth);
  else if (auth.in === "header") setSecret(headers, auth.name, auth.value);
  else {
    url.searchParams.set(auth.name, auth.value);
    return { secretName: auth.name };
  }
  return {};
}

/** The body as it was given; `undefined` where the method has none. */
function givenBody(work: NodeWork<Parameters>, method: string): GivenBody | undefined {
  const { bodyType: type, body } = work.parameters;
  const brought = portValue(work.input, "body");
  const value = brought ?? body;
  if (!METHODS_WITHOUT_BODY.has(method)) return { type, value, mayName: (brought ?? undefined) === undefined };
  // Editors write an empty body into every node.
  if ((value !== undefined && value !== null && value !== "") || type !== "auto") {
    work.warn("ignored-body", `A ${method} has no body, so that \`body\` is not sent; use POST, PUT, PATCH or DELETE`);
  }
  return undefined;
}
