/** Sends a request as the one who asks, whatever that takes. */
import { exchange, type Limits } from "../../library/http-client.js";
import { authorize } from "../../library/http-headers.js";
import type { Network } from "./network.js";
import { tokenFor } from "./oauth.js";
import type { PreparedRequest } from "./request.js";

/** An answer, and what was read of it. */
export interface Answered<T> {
  response: Response;
  value: T;
  /** ms. */
  duration: number;
}

/**
 * Sends a request. Where it needs a token and is answered with 401, it is sent once more with a new one.
 *
 * @param read reads the answer, or fails with what it stands for; `secret` is what no error may repeat
 */
export async function sendRequest<T>(
  work: Limits,
  network: Network,
  request: PreparedRequest,
  read: (response: Response, secret: string | undefined) => Promise<T>,
): Promise<Answered<T>> {
  const { url, headers, client } = request;
  const send = (headers: Headers, read: (response: Response) => Promise<T | typeof REFUSED>) => {
    network.check(url, headers);
    return exchange(work, network, { ...request, headers, redirect: "follow" }, read);
  };
  if (client === undefined) {
    return (await send(headers, (response) => read(response, undefined))) as Answered<T>;
  }
  const token = await tokenFor(work, network, client);
  const first = await send(withToken(headers, token), async (response) => {
    if (response.status !== 401) return read(response, token);
    await response.body?.cancel();
    return REFUSED;
  });
  if (first.value !== REFUSED) return first as Answered<T>;
  const next = await tokenFor(work, network, client, token);
  return (await send(withToken(headers, next), (response) => read(response, next))) as Answered<T>;
}

const REFUSED = Symbol("refused");

function withToken(headers: Headers, token: string): Headers {
  const own = new Headers(headers);
  authorize(own, { type: "bearer", token });
  return own;
}
