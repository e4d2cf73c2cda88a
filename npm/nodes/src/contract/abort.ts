import { NodeError } from "./error.js";

/** Fails with CANCELLED when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new NodeError("CANCELLED", "The operation was cancelled", { cause: signal.reason });
}
