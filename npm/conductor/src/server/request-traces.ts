/** Whose trace the executions continue that a request begins. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { TraceHeaders } from "../types/tracing.js";

const headers = new AsyncLocalStorage<TraceHeaders>();

/** What no propagator reads, and is not to be held longer than it takes to find out who calls. */
const CREDENTIALS: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization", "x-api-key"]);

/** Answers a request in such a way that executions which begin meanwhile find its headers. */
export function withTrace<T>(request: Request, answer: () => T): T {
  const all: Record<string, string> = {};
  request.headers.forEach((value, name) => {
    if (!CREDENTIALS.has(name)) all[name] = value;
  });
  return headers.run(all, answer);
}

/** The headers of the request that is being answered, without credentials; names are in lower case. */
export function requestHeaders(): TraceHeaders | undefined {
  return headers.getStore();
}
