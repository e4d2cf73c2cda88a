/** Errors as callers get them. */
import { describe as inWords } from "@atomiton/values";
import { ErrorCode } from "./error-code.js";
import type { ExecutionId, NodeId } from "./ids.js";

export { ErrorCode };

/** What a caller can do about an error. */
export interface ErrorRecoveryStrategy {
  /** Whether trying again can help. */
  retryable: boolean;
  /** How long to wait before, in ms. */
  retryDelayMs?: number;
  /** How often to try again at most. */
  maxRetries?: number;
  /** Other ways to the same end. */
  alternatives?: string[];
  /** Advice for a person. */
  suggestions?: string[];
}

/** Why an execution did not succeed. */
export interface ExecutionError {
  code: ErrorCode;
  message: string;
  /** The node that failed. */
  nodeId?: NodeId;
  executionId?: ExecutionId;
  timestamp: Date;
  /** Stack of the error that was thrown, if one was. */
  stack?: string;
  /** What was thrown, when it was not an `Error` that the message and the stack already tell. */
  cause?: unknown;
  /** Details by code, such as the path into the flow. */
  context?: Record<string, unknown>;
  recovery?: ErrorRecoveryStrategy;
}

/** Makes an error of a code. */
export function createExecutionError(
  code: ErrorCode,
  message: string,
  options?: Partial<Omit<ExecutionError, "code" | "message">>,
): ExecutionError {
  return { code, message, timestamp: new Date(), ...options };
}

/** Whether a value is an error of this library: a known code, a message and a timestamp. */
export function isExecutionError(value: unknown): value is ExecutionError {
  if (typeof value !== "object" || value === null) return false;
  const error = value as Record<string, unknown>;
  return "message" in error && "timestamp" in error && isErrorCode(error.code);
}

/** Whether a value is one of the codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ErrorCode, value);
}

/** Takes whatever was thrown as an error. What is one already passes unchanged. */
export function toExecutionError(
  error: unknown,
  defaultCode: ErrorCode = ErrorCode.UNKNOWN_ERROR,
  nodeId?: NodeId,
  executionId?: ExecutionId,
): ExecutionError {
  if (isExecutionError(error)) return error;
  const place = { ...(nodeId && { nodeId }), ...(executionId && { executionId }) };
  if (error instanceof Error) {
    return createExecutionError(defaultCode, error.message, { ...place, stack: error.stack ?? "", cause: error.cause });
  }
  if (typeof error === "string") return createExecutionError(defaultCode, error, place);
  return createExecutionError(ErrorCode.UNKNOWN_ERROR, "An unknown error occurred", {
    ...place,
    cause: error,
    context: { originalError: inWords(error) },
  });
}

/** A value as text, whatever it is: a Proxy may refuse, a symbol must be asked, an object may have no prototype. */
export function describe(value: unknown): string {
  return inWords(value);
}
