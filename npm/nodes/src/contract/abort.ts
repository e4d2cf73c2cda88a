import { NodeError } from "./error.js";

/** Fails with CANCELLED when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}

/** What `work` comes to; CANCELLED as soon as the signal fires, whatever becomes of the work. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(cancelled(signal));
    const settle = (): void => signal.removeEventListener("abort", abort);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
    work.then(resolve, reject).finally(settle);
  });
}

function cancelled(signal: AbortSignal): NodeError {
  return new NodeError("CANCELLED", "The operation was cancelled", { cause: signal.reason });
}
