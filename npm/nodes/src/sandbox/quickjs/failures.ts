import { NodeError } from "../../contract/error.js";
import { MOST_VALUES, written } from "../limits.js";
import type { ScriptSource } from "../sandbox.js";

/** Why a run is over before its end: its time is, it was cancelled, or it cannot go on without records. */
export type Stop = "deadline" | "cancelled" | "records";

/** The failure of a run whose answers have too many values. */
export function tooManyValues(name: string): NodeError {
  return new NodeError("MEMORY_LIMIT_EXCEEDED", `${name} answered more than ${written(MOST_VALUES)} values`);
}

/** The failure of a run that was stopped. */
export function stoppedBy(stop: Stop, { name, timeoutMs }: ScriptSource): NodeError {
  if (stop === "cancelled") return new NodeError("CANCELLED", `${name} was cancelled`);
  if (stop === "deadline") return new NodeError("TIMEOUT", `${name} was stopped after ${timeoutMs} ms`);
  return new NodeError("INTERNAL_ERROR", `${name} was stopped for records of a table`);
}
