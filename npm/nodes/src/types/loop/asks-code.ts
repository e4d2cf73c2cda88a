import type { NodeParams } from "../../contract/executable.js";

/** Whether a parameter has user code. */
export function isCode(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

/** Whether user code says how a loop goes on. All others need no code of the library between their rounds. */
export function asksCode({ loopType, breakWhen }: NodeParams): boolean {
  return loopType === "while" || isCode(breakWhen);
}
