/** Errors as callers get them. */
import { describe as inWords } from "@atomiton/values";
import type { ExecutionId, NodeId } from "./ids.js";

/** Every code there is; names and values are the same. */
export const ErrorCode = {
  VALIDATION_FAILED: "VALIDATION_FAILED",
  INVALID_PARAMETERS: "INVALID_PARAMETERS",
  INVALID_NODE: "INVALID_NODE",
  MISSING_REQUIRED_FIELD: "MISSING_REQUIRED_FIELD",
  TYPE_MISMATCH: "TYPE_MISMATCH",
  EXECUTION_FAILED: "EXECUTION_FAILED",
  NODE_NOT_FOUND: "NODE_NOT_FOUND",
  NODE_TYPE_NOT_FOUND: "NODE_TYPE_NOT_FOUND",
  IMPLEMENTATION_NOT_FOUND: "IMPLEMENTATION_NOT_FOUND",
  CIRCULAR_DEPENDENCY: "CIRCULAR_DEPENDENCY",
  NO_EXECUTOR_FACTORY: "NO_EXECUTOR_FACTORY",
  TIMEOUT: "TIMEOUT",
  CANCELLED: "CANCELLED",
  MEMORY_LIMIT_EXCEEDED: "MEMORY_LIMIT_EXCEEDED",
  RATE_LIMIT_EXCEEDED: "RATE_LIMIT_EXCEEDED",
  TRANSPORT_ERROR: "TRANSPORT_ERROR",
  NO_TRANSPORT: "NO_TRANSPORT",
  IPC_COMMUNICATION_FAILED: "IPC_COMMUNICATION_FAILED",
  SERIALIZATION_FAILED: "SERIALIZATION_FAILED",
  DESERIALIZATION_FAILED: "DESERIALIZATION_FAILED",
  INTERNAL_ERROR: "INTERNAL_ERROR",
  UNKNOWN_ERROR: "UNKNOWN_ERROR",
} as const;
/** One of the codes. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Each code as a type of its own, so that `ErrorCode.TIMEOUT` names one. */
export declare namespace ErrorCode {
  type VALIDATION_FAILED = "VALIDATION_FAILED";
  type INVALID_PARAMETERS = "INVALID_PARAMETERS";
  type INVALID_NODE = "INVALID_NODE";
  type MISSING_REQUIRED_FIELD = "MISSING_REQUIRED_FIELD";
  type TYPE_MISMATCH = "TYPE_MISMATCH";
  type EXECUTION_FAILED = "EXECUTION_FAILED";
  type NODE_NOT_FOUND = "NODE_NOT_FOUND";
  type NODE_TYPE_NOT_FOUND = "NODE_TYPE_NOT_FOUND";
  type IMPLEMENTATION_NOT_FOUND = "IMPLEMENTATION_NOT_FOUND";
  type CIRCULAR_DEPENDENCY = "CIRCULAR_DEPENDENCY";
  type NO_EXECUTOR_FACTORY = "NO_EXECUTOR_FACTORY";
  type TIMEOUT = "TIMEOUT";
  type CANCELLED = "CANCELLED";
  type MEMORY_LIMIT_EXCEEDED = "MEMORY_LIMIT_EXCEEDED";
  type RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED";
  type TRANSPORT_ERROR = "TRANSPORT_ERROR";
  type NO_TRANSPORT = "NO_TRANSPORT";
  type IPC_COMMUNICATION_FAILED = "IPC_COMMUNICATION_FAILED";
  type SERIALIZATION_FAILED = "SERIALIZATION_FAILED";
  type DESERIALIZATION_FAILED = "DESERIALIZATION_FAILED";
  type INTERNAL_ERROR = "INTERNAL_ERROR";
  type UNKNOWN_ERROR = "UNKNOWN_ERROR";
}

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
