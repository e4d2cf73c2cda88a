/** From whatever went wrong to the error that a caller gets. */
import { describe } from "@atomiton/values";
import {
  createExecutionError,
  type ErrorCode,
  type ExecutionError,
  isErrorCode,
  isExecutionError,
} from "../types/errors.js";
import type { DebugOptions } from "../types/execution.js";
import type { NodeId } from "../types/ids.js";
import { getErrorRecoveryStrategy } from "./recovery.js";

/** Under this key an error that an executable throws names the code to keep. */
export const CODE: unique symbol = Symbol.for("@atomiton/error-code") as never;

/** Under this key an error that an executable throws says what to do about it, as a list of sentences. */
export const ADVICE: unique symbol = Symbol.for("@atomiton/error-advice") as never;

/** Under this key an error says which node asks for a label that is not offered. */
export const LACKING: unique symbol = Symbol("lacking label") as never;

/**
 * Under this key an error that an executable throws says of another try: `false`, that it would fail like this one; a
 * number, how many ms to wait for it at the least.
 */
export const RETRY: unique symbol = Symbol.for("@atomiton/error-retry") as never;

/** What an error says of another try; `undefined` where it says nothing. */
export function retryAdvice(value: unknown): false | number | undefined {
  try {
    const advice = value instanceof Error ? (value as { [RETRY]?: unknown })[RETRY] : undefined;
    if (advice === false) return false;
    return typeof advice === "number" && advice > 0 ? Math.min(Math.ceil(advice), LONGEST_DELAY) : undefined;
  } catch {
    return undefined;
  }
}

/** The longest delay that an error may ask for, in ms: three weeks, which a timer can count. */
const LONGEST_DELAY = 21 * 86_400_000;

/** Where it went wrong. */
export interface FailureLocation {
  nodeId: NodeId;
  executionId: string;
}

/** An error of a code, with what can be done about it. */
export function failure(
  code: ErrorCode,
  message: string,
  location: Partial<FailureLocation>,
  more?: Partial<Pick<ExecutionError, "stack" | "cause" | "context">>,
): ExecutionError {
  return createExecutionError(code, message, { ...location, ...more, recovery: getErrorRecoveryStrategy(code) });
}

/** An error to throw that keeps its code when it becomes one of a result. */
export function coded(code: ErrorCode, message: string, cause: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code, [CODE]: code });
}

/** The error for what an executable threw. Its own code is kept only where it is one of ours. */
export function thrown(value: unknown, location: FailureLocation): ExecutionError {
  if (value instanceof Error) {
    const own = (value as { [CODE]?: unknown })[CODE];
    const code = isErrorCode(own) ? own : "EXECUTION_FAILED";
    const error = failure(code, describe(value.message), location, { stack: value.stack ?? "", cause: value });
    const advice = adviceOf(value);
    // Whether another attempt makes sense is the code's to say: the engine decides by it.
    if (advice !== undefined && error.recovery) error.recovery = { ...error.recovery, suggestions: advice };
    return error;
  }
  if (isExecutionError(value)) return failure(value.code, describe(value.message), location, { cause: value });
  return failure("EXECUTION_FAILED", describe(value), location, { cause: value });
}

/** What an error itself says is to be done about it. */
export function adviceOf(error: Error): string[] | undefined {
  const advice = (error as { [ADVICE]?: unknown })[ADVICE];
  return Array.isArray(advice) && advice.every((text) => typeof text === "string") ? [...advice] : undefined;
}

/** The error for whatever was thrown, even if looking at it throws. */
export function safelyThrown(value: unknown, location: FailureLocation): ExecutionError {
  try {
    return thrown(value, location);
  } catch {
    return failure("EXECUTION_FAILED", "A value that cannot be read was thrown", location);
  }
}

const SIMULATED: Record<string, string> = {
  generic: "Simulated generic error",
  timeout: "Request timeout - operation took too long",
  network: "Network error - failed to connect to server",
  validation: "Validation error - invalid input data",
  permission: "Permission denied - insufficient access rights",
};

/** The error of a simulated failure. */
export function simulatedFailure(debug: DebugOptions["simulateError"], location: FailureLocation): ExecutionError {
  return failure("EXECUTION_FAILED", simulatedMessage(debug), location);
}

/** What a simulated failure says. */
export function simulatedMessage(debug: unknown): string {
  const { errorType, message } = (debug ?? {}) as { errorType?: unknown; message?: unknown };
  const type = String(errorType ?? "generic");
  const text = message || (Object.hasOwn(SIMULATED, type) ? SIMULATED[type] : "Simulated error");
  return `[${type.toUpperCase()}] ${text}`;
}
