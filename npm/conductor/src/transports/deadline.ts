/** How long answers may take. */
import { LONGEST_TIMER_MS } from "@atomiton/values";
import { CHANNELS } from "../services/contract.js";
import { TransportError } from "./failure.js";

/** For an answer to a command, in ms. */
export const CALL_TIMEOUT = 30_000;

/** For the end of an execution, in ms. */
export const EXECUTION_TIMEOUT = 300_000;

/** Whether a command is answered only when an execution is over. */
export function awaitsExecution(channel: string, command: string): boolean {
  const declared = CHANNELS.get(channel);
  // Applications have channels of their own, and older ones execute in any.
  return declared?.commands.get(command)?.awaitsExecution ?? command === "execute";
}

/**
 * Calls back after so many ms, once, unless it is ended before; never for 0, `Infinity` and the like. Once `signal` fires it calls
 * back with `CANCELLED`.
 */
export function startDeadline(
  ms: number,
  onEnd: (cancelled?: TransportError) => void,
  signal?: AbortSignal,
): () => void {
  const timer = ms > 0 && ms <= LONGEST_TIMER_MS ? setTimeout(() => onEnd(), ms) : undefined;
  const cancel = () => onEnd(new TransportError("CANCELLED", "The answer is not waited for any more"));
  if (signal?.aborted) queueMicrotask(cancel);
  signal?.addEventListener("abort", cancel);
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  };
}
