/** One request and its answer. */
import { LONGEST_TIMER_MS } from "@atomiton/values";
import { throwIfAborted } from "../contract/abort.js";
import { NodeError } from "../contract/error.js";
import { sharedParameters } from "../definition/node-type.js";
import type { Network } from "../types/http-request/network.js";
import { failingStatuses, type StatusAdvice, statusFailure } from "../types/http-request/status.js";
import { answerOf } from "./http-answer.js";
import { type Body, following, hasOwnHeaders, isStreamed, MOST_REDIRECTS, type Sent } from "./http-redirects.js";
import type { NodeWork } from "./work.js";

/** A request. */
export interface HttpCall {
  url: URL;
  method: string;
  headers: Headers;
  body?: Body | undefined;
  /** Whether an answer that leads elsewhere is followed, or an error: a POST would become a GET on the way. */
  redirect: "follow" | "refuse";
  /** How many are followed; 0: such an answer is the answer. Default: as many as `fetch` follows. */
  maxRedirects?: number;
  /** The address as errors tell it. Default: `url`. */
  told?: URL;
}

/** What bounds a request. */
export type Limits = Pick<NodeWork<unknown>, "signal" | "explicitTimeout" | "access"> & {
  /** When several requests have to be done; without it each has the node's time limit for itself. */
  deadline?: Deadline | undefined;
  /** Headers by which a trace goes on; those of the same name that the request has stay. */
  traceHeaders?: Readonly<Record<string, string>> | undefined;
};

/** A time limit that has begun. */
export interface Deadline {
  signal: AbortSignal;
  /** ms, as messages tell it. */
  limit: number;
}

/** The time limit of a node from now on; `undefined` where it has none. */
export function deadlineOf({ explicitTimeout }: Pick<NodeWork<unknown>, "explicitTimeout">): Deadline | undefined {
  if (explicitTimeout === undefined || explicitTimeout === sharedParameters.timeout.default) return undefined;
  const ms = Math.min(Math.ceil(explicitTimeout), LONGEST_TIMER_MS);
  return { signal: AbortSignal.timeout(ms), limit: explicitTimeout };
}

/**
 * Sends a request and reads its answer, within the node's time limit.
 *
 * @param read reads the body, or fails with what the answer stands for
 * @throws NodeError TIMEOUT, CANCELLED, EXECUTION_FAILED (nothing answers, or a redirect that is refused), and what `read`
 *   throws
 */
export async function exchange<T>(
  { signal, explicitTimeout, access, traceHeaders, deadline = deadlineOf({ explicitTimeout }) }: Limits,
  network: Network,
  call: HttpCall,
  read: (response: Response) => Promise<T>,
): Promise<{ response: Response; value: T; duration: number }> {
  const { url, method, body, told = url, maxRedirects = MOST_REDIRECTS } = call;
  const headers = network.mayTrace(url) ? traced(call.headers, traceHeaders) : call.headers;
  const signals = [signal, deadline?.signal].filter((each) => each !== undefined);
  throwIfAborted(signal);
  const isHidden = maxRedirects < MOST_REDIRECTS && !network.seesRedirects;
  if (isHidden && maxRedirects > 0)
    throw hiddenRedirects("count redirects, so that `maxRedirects` may be 0 or 20 there");
  const started = performance.now();
  let hasBegun = false;
  try {
    const fetch = await network.fetch(access);
    const send = (url: URL, { method, headers, body }: Sent, redirect: RequestRedirect) =>
      fetch(url, {
        method,
        redirect,
        signal: AbortSignal.any(signals),
        ...content(headers, body),
      });
    const sent: Sent = { method, headers, body };
    const follows = call.redirect === "follow" && maxRedirects > 0;
    const isNotForFetch =
      access !== undefined || isStreamed(body) || hasOwnHeaders(headers) || maxRedirects < MOST_REDIRECTS;
    const response =
      follows && network.seesRedirects && isNotForFetch
        ? await following(url, sent, maxRedirects, (url, sent) => send(url, sent, "manual"))
        : await send(url, sent, follows ? "follow" : "manual");
    hasBegun = true;
    if (isHidden && response.type === "opaqueredirect")
      throw hiddenRedirects("look at the redirect that is the answer");
    if (call.redirect === "refuse") refuseRedirect(response, method, told);
    const value = await read(response);
    return { response, value, duration: Math.round(performance.now() - started) };
  } catch (error) {
    if (error instanceof NodeError) throw error;
    throwIfAborted(signal);
    // Editors write the default into every node, so that its value says nothing about what the author wants.
    if (deadline?.signal.aborted)
      throw new NodeError("TIMEOUT", `The request was given up after ${deadline.limit} ms`, { cause: error });
    throw network.failureOf(error, told, hasBegun);
  }
}

function hiddenRedirects(what: string): NodeError {
  return new NodeError(
    "NO_TRANSPORT",
    `A web page cannot ${what}; run this flow on a server or in the desktop application`,
  );
}

/** Headers with those by which a trace goes on. */
function traced(headers: Headers, traceHeaders: Limits["traceHeaders"]): Headers {
  if (traceHeaders === undefined) return headers;
  const all = new Headers(headers);
  for (const [name, value] of Object.entries(traceHeaders)) if (!all.has(name)) all.set(name, value);
  return all;
}

/** Headers and body as `fetch` takes them. */
function content(headers: Headers, body: Body | undefined): RequestInit {
  if (body === undefined) return { headers };
  if (!isStreamed(body)) return { headers, body };
  const measured = new Headers(headers);
  // Else it would go out in chunks, which not every server takes.
  measured.set("content-length", String(body.length));
  return { headers: measured, body: body.open(), duplex: "half" } as RequestInit;
}

/** A POST of JSON. */
export interface JsonCall {
  url: URL;
  headers: Headers;
  body: string;
  /** The address as errors tell it. Default: `url`. */
  told?: URL;
  /** What to do about statuses that are errors. */
  advice?: StatusAdvice;
}

/**
 * Posts JSON. Every error status is an error, which tells whether and when another try makes sense.
 *
 * @param read reads the body of a successful answer. Default: by its content type
 */
export function postJson<T = unknown>(
  work: Limits,
  network: Network,
  call: JsonCall,
  read: (response: Response) => Promise<T> = answerOf as (response: Response) => Promise<T>,
): Promise<{ response: Response; value: T; duration: number }> {
  const { url, headers, body, told = url, advice } = call;
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  network.check(url, headers);
  return exchange(work, network, { url, headers, body, told, method: "POST", redirect: "refuse" }, async (response) => {
    if (isError(response.status)) throw statusFailure(response, "POST", told, await answerOf(response), advice);
    return read(response);
  });
}

const isError = failingStatuses(undefined, true);

function refuseRedirect({ status, type, headers, body }: Response, method: string, told: URL): void {
  const leads = type === "opaqueredirect" || (status >= 300 && status < 400 && headers.has("location"));
  if (!leads) return;
  void body?.cancel();
  const target = targetOf(headers.get("location"), told);
  throw new NodeError(
    "EXECUTION_FAILED",
    `${told.host} answers with a redirect${status === 0 ? "" : ` (${status})`}${target}, which a ${method} does not follow`,
    { advice: ["Give the node the address that the redirect leads to, if you trust it."], retry: false },
  );
}

function targetOf(location: string | null, told: URL): string {
  if (location === null || !URL.canParse(location, told)) return "";
  return ` to ${new URL(location, told).origin}`;
}
