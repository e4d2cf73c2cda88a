/** Requests of `node:http`, answered without the streams that `Response` makes of each text. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";

type Fetch = Parameters<typeof getRequestListener>[0];

/**
 * The adapter's own class of `Response`, which keeps a text as it is and becomes a real one only when more is asked of it. It is
 * only to be had by letting the adapter put it in the place of the global one, which is undone at once: the globals are the
 * application's.
 */
export const LightResponse: typeof Response = (() => {
  const globals = ["Request", "Response"].map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
  );
  try {
    getRequestListener(() => new Response());
    return globalThis.Response;
  } finally {
    for (const [name, descriptor] of globals) if (descriptor) Object.defineProperty(globalThis, name, descriptor);
  }
})();

/** A listener for `node:http` that answers with what `fetch` gives, which is a {@link LightResponse} where it can be. */
export function nodeListener(fetch: Fetch): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return getRequestListener(fetch, { overrideGlobalObjects: false });
}

/** The same answer as a `Response` of the platform, for applications that hand it on. */
export function realResponse(response: Response): Response {
  if (Object.getPrototypeOf(response) !== LightResponse.prototype) return response;
  const { status, headers, body } = response;
  return new Response(body, { status, headers });
}

/** The path of a request, without the query; empty for what is no path. */
export function pathOf({ url = "/" }: IncomingMessage): string {
  // What begins with two slashes would name another host.
  const address = url.startsWith("/") ? `http://localhost${url}` : url;
  return URL.canParse(address) ? new URL(address).pathname : "";
}
