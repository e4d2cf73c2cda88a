/** Results as they arrive. */
import type { ErrorCode, ErrorRecoveryStrategy, ExecutionError } from "../../types/errors.js";
import type { ExecutionOutcome, ExecutionResult } from "../../types/execution.js";

/** Says what can be done about an error. */
export type Recovery = (code: ErrorCode) => ErrorRecoveryStrategy;

/**
 * An answer as a result; `undefined` if it is none. JSON turned the time of its error into text, and older servers say
 * nothing about recovery: both are made good.
 */
export function toResult(answer: unknown, recovery: Recovery | undefined): ExecutionOutcome | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const result = answer as ExecutionResult;
  if (typeof result.success !== "boolean") return undefined;
  const { success, error, ...rest } = result;
  if (success) return { ...rest, success };
  const known = typeof error === "object" && error !== null ? error : unexplained(error);
  return { ...rest, success, error: completed(known, recovery) };
}

/** A failure that was sent without an error of the usual form. */
function unexplained(error: unknown): ExecutionError {
  const message = typeof error === "string" ? error : "The execution failed; why was not told";
  return { code: "EXECUTION_FAILED", message, timestamp: new Date() };
}

function completed(error: ExecutionError, recovery: Recovery | undefined): ExecutionError {
  const timestamp = error.timestamp instanceof Date ? error.timestamp : new Date(error.timestamp ?? Date.now());
  const advice = error.recovery ?? recovery?.(error.code);
  return { ...error, timestamp, ...(advice !== undefined && { recovery: advice }) };
}
