/** Redirects, followed with nothing of a secret. */

/** As many as `fetch` follows by itself. */
export const MOST_REDIRECTS = 20;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Headers that say nothing of who asks. `fetch` drops others at another origin only if it knows them for credentials. */
const HARMLESS = /^(?:accept|accept-.*|content-.*|user-agent|if-.*|range|cache-control|pragma)$/;

/** A body: whole, or opened anew each time that it is sent, of so many bytes. */
export type Body = string | Uint8Array<ArrayBuffer> | { length: number; open(): ReadableStream<Uint8Array> };

/** Whether a body is opened when it is sent. */
export function isStreamed(body: Body | undefined): body is Exclude<Body, string | Uint8Array> {
  return typeof body === "object" && "open" in body;
}

/** What is sent, as it changes on the way. */
export interface Sent {
  method: string;
  headers: Headers;
  body?: Body | undefined;
}

/** Whether a request has headers that another origin must not see. */
export function hasOwnHeaders(headers: Headers): boolean {
  return [...headers.keys()].some((name) => !HARMLESS.test(name));
}

/** The headers of a request that another origin may see. */
export function harmlessHeaders(headers: Headers): Headers {
  return new Headers([...headers].filter(([name]) => HARMLESS.test(name)));
}

/**
 * Sends a request and follows redirects by the rules of `fetch`; at another origin only harmless headers go along, such as
 * `accept`, and no key under whatever name.
 *
 * @param most how many are followed
 * @param send sends one request, without following anything
 * @throws TypeError `fetch failed`, as `fetch` does
 */
export async function following(
  url: URL,
  sent: Sent,
  most: number,
  send: (url: URL, sent: Sent) => Promise<Response>,
): Promise<Response> {
  let [at, now] = [url, { ...sent, headers: new Headers(sent.headers) }];
  for (let hops = 0; ; hops++) {
    const response = await send(at, now);
    const location = REDIRECTS.includes(response.status) ? response.headers.get("location") : null;
    if (location === null) return response;
    await response.body?.cancel();
    if (hops === most) throw failed(`more than ${most} redirects`);
    const next = URL.canParse(location, at) ? new URL(location, at) : undefined;
    if (next?.protocol !== "http:" && next?.protocol !== "https:") throw failed("a redirect leads to no HTTP address");
    if (next.hash === "") next.hash = at.hash;
    now = changed(now, response.status);
    if (next.origin !== at.origin) now = { ...now, headers: harmlessHeaders(now.headers) };
    at = next;
  }
}

/** What a status makes of a request: after some a POST goes on as a GET, without its body. */
function changed(sent: Sent & { headers: Headers }, status: number): Sent & { headers: Headers } {
  const { method, headers } = sent;
  const becomesGet = status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST";
  if (!becomesGet) return sent;
  const kept = new Headers([...headers].filter(([name]) => !name.startsWith("content-")));
  return { method: "GET", headers: kept, body: undefined };
}

function failed(why: string): TypeError {
  return new TypeError("fetch failed", { cause: new Error(why) });
}
