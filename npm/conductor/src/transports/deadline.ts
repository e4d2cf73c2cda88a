/** How long answers may take. */
import { LONGEST_TIMER_MS } from "@atomiton/values";
import { CHANNELS } from "../services/contract.js";

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

/** Calls back after so many ms, once, unless it is ended before. Never for 0, `Infinity` and the like. */
export function startDeadline(ms: number, onEnd: () => void): () => void {
  if (!(ms > 0 && ms <= LONGEST_TIMER_MS)) return () => {};
  const timer = setTimeout(onEnd, ms);
  return () => clearTimeout(timer);
}
