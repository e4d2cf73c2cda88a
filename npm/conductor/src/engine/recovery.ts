/** Advice about errors, which the engine gives by their codes. */
import type { ErrorCode, ErrorRecoveryStrategy, ExecutionError } from "../types/errors.js";
import { constants } from "./constants.js";

/** What to do about an error or its code. A new object each time, so that changing it changes nothing else. */
export function getErrorRecoveryStrategy(error: ExecutionError | ErrorCode): ErrorRecoveryStrategy {
  const code = typeof error === "string" ? error : error.code;
  const found = constants().recovery.get(code);
  if (found === undefined) return { retryable: false };
  return { ...found, suggestions: [...(found.suggestions ?? [])] };
}
