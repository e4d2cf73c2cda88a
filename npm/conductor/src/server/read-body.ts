/** Bodies of requests of `node:http` that a part of the application, such as `express.json()`, has read before the server. */
import type { IncomingMessage } from "node:http";

/** What such parts leave at a request. */
type Read = IncomingMessage & { rawBody?: unknown; body?: unknown };

const READ =
  "The body of this request was read before it came to the server. Put `server.node` before what reads bodies, or keep the bytes: " +
  "`express.json({ verify: (request, response, bytes) => { request.rawBody = bytes; } })`";

/**
 * Puts the bytes of a body that was read where the listener looks for them, which is at `rawBody`.
 *
 * @param isHook whether the bytes themselves count, as for signatures
 * @returns the answer to a request whose body is lost
 */
export function withReadBody(request: Read, isHook: boolean): { status: number; body: object } | undefined {
  if (!request.readableDidRead || request.method === "GET" || request.method === "HEAD") return undefined;
  const bytes = request.rawBody ?? bytesOf(request.body, isHook);
  if (bytes instanceof Uint8Array) {
    request.rawBody = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return undefined;
  }
  if (typeof bytes !== "string") return { status: 500, body: { error: READ, code: "INTERNAL_ERROR" } };
  request.rawBody = Buffer.from(bytes);
  return undefined;
}

/** A body as it may have been sent; a value as JSON says the same as the text that it was made of. */
function bytesOf(body: unknown, isHook: boolean): unknown {
  if (body instanceof Uint8Array) return body;
  if (isHook || body === undefined) return undefined;
  if (typeof body === "string") return body;
  let isWhole = true;
  const text = JSON.stringify(body, (_key, value) => {
    // JSON may name numbers that are none for it once they are read.
    if (typeof value === "number" && !Number.isFinite(value)) isWhole = false;
    return value;
  });
  return isWhole ? text : undefined;
}
