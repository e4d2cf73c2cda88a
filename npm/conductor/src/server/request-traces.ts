/** Whose trace the executions continue that a request begins. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { TraceHeaders } from "../types/tracing.js";

const headers = new AsyncLocalStorage<TraceHeaders>();

/** Answers a request in such a way that executions which begin meanwhile find its headers. */
export function withTrace<T>(request: Request, answer: () => T): T {
  const all: Record<string, string> = {};
  request.headers.forEach((value, name) => {
    all[name] = value;
  });
  return headers.run(all, answer);
}

/** The headers of the request that is being answered; names are in lower case. */
export function requestHeaders(): TraceHeaders | undefined {
  return headers.getStore();
}
