/** `fetch` that connects only to where the owner of a conductor allows it. */
import { Agent, fetch as undiciFetch } from "undici";

import type { Fetch } from "../../types/http-request/network.js";
import { wholeFetch } from "../whole-answers.js";
import type { Guard } from "./guard.js";

const fetches = new WeakMap<Guard, Fetch>();

/**
 * The `fetch` of a guard. It follows no redirects: each is a request of its own, which is checked like the first. Connections
 * stay open for later requests to the same origin, at the address that was checked.
 */
export function guardedFetch(guard: Guard): Fetch {
  let guarded = fetches.get(guard);
  if (guarded === undefined) {
    guarded = createFetch(guard);
    fetches.set(guard, guarded);
  }
  return guarded;
}

function createFetch(guard: Guard): Fetch {
  // An agent of its own, since the one of the process connects to anything, maybe through a proxy.
  const dispatcher = new Agent({ connect: { lookup: guard.lookup } });
  const send = wholeFetch(undiciFetch as unknown as (url: URL, init: object) => Promise<Response>, dispatcher);
  return async (url, init) => {
    guard.check(url.hostname, Number(url.port) || (url.protocol === "https:" ? 443 : 80));
    return send(url, { ...init, redirect: "manual" });
  };
}
