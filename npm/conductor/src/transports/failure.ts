/** How reaching the other side fails. */
import { messageOf } from "@atomiton/values";
import type { ErrorCode } from "../types/errors.js";

/**
 * Whether trying again can help, by code: the same as the recovery advice that the engine gives. It stands here too, so
 * that reaching a server takes no engine.
 */
const RETRYABLE: Readonly<Record<ErrorCode, boolean>> = {
  VALIDATION_FAILED: false,
  INVALID_PARAMETERS: false,
  INVALID_NODE: false,
  MISSING_REQUIRED_FIELD: false,
  TYPE_MISMATCH: false,
  EXECUTION_FAILED: true,
  NODE_NOT_FOUND: false,
  NODE_TYPE_NOT_FOUND: false,
  IMPLEMENTATION_NOT_FOUND: false,
  CIRCULAR_DEPENDENCY: false,
  NO_EXECUTOR_FACTORY: false,
  TIMEOUT: true,
  CANCELLED: false,
  MEMORY_LIMIT_EXCEEDED: false,
  RATE_LIMIT_EXCEEDED: true,
  TRANSPORT_ERROR: true,
  NO_TRANSPORT: false,
  IPC_COMMUNICATION_FAILED: true,
  SERIALIZATION_FAILED: false,
  DESERIALIZATION_FAILED: false,
  INTERNAL_ERROR: false,
  UNKNOWN_ERROR: false,
};

/** What a transport error can say beside its code and message. */
export interface TransportErrorOptions {
  cause?: unknown;
  /** Where the code alone would say it wrongly. */
  retryable?: boolean;
  /** Whether the other side answered with this error, instead of not answering. Default `false`. */
  answered?: boolean;
  /**
   * Whether the other side may carry out the call nevertheless: it was sent, but not answered. Default: for `TIMEOUT`,
   * which says no more than that.
   */
  uncertain?: boolean;
  /** Status of the HTTP answer. */
  status?: number;
}

/**
 * A call that brought no result. Transports themselves use `NO_TRANSPORT` (no transport is there, or it was shut down),
 * `TRANSPORT_ERROR` and `IPC_COMMUNICATION_FAILED` (the other side cannot be reached, or refused), `TIMEOUT`,
 * `CANCELLED` (shut down meanwhile), `SERIALIZATION_FAILED` (cannot be sent), `DESERIALIZATION_FAILED` (the answer cannot
 * be read) and `INVALID_PARAMETERS` (an address or a name that cannot be used). Where the other side names another of
 * the known codes, that one is kept.
 */
export class TransportError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly answered: boolean;
  readonly uncertain: boolean;
  readonly status?: number;

  constructor(code: ErrorCode, message: string, options: TransportErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "TransportError";
    this.code = code;
    this.retryable = options.retryable ?? RETRYABLE[code];
    this.answered = options.answered ?? false;
    this.uncertain = options.uncertain ?? code === "TIMEOUT";
    if (options.status !== undefined) this.status = options.status;
  }
}

/** The code of whatever was thrown; `EXECUTION_FAILED` where it has none of ours. */
export function codeOf(thrown: unknown): ErrorCode {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return isCode(code) ? code : "EXECUTION_FAILED";
}

/** Whether calling again after this error can help. */
export function isRetryable(thrown: unknown): boolean {
  return thrown instanceof TransportError ? thrown.retryable : RETRYABLE[codeOf(thrown)];
}

/** Whether the other side may carry out the call although this error came instead of an answer. */
export function isUncertain(thrown: unknown): boolean {
  return thrown instanceof TransportError ? thrown.uncertain : codeOf(thrown) === "TIMEOUT";
}

/**
 * The error for what the other side says went wrong: a text as it is, anything else as JSON. A known code in it counts,
 * else the one of `otherwise`.
 */
export function answeredError(
  answer: { error?: unknown; code?: unknown },
  otherwise: ErrorCode,
  options: TransportErrorOptions = {},
): TransportError {
  const { error } = answer;
  const inner = (error as { code?: unknown } | null | undefined)?.code;
  const own = isCode(answer.code) ? answer.code : isCode(inner) ? inner : undefined;
  const { retryable, ...more } = options;
  // What the other side says about its error is worth more than what its status lets one guess.
  const guess = own === undefined && retryable !== undefined ? { retryable } : {};
  return new TransportError(own ?? otherwise, textOf(error), { ...more, ...guess, answered: true });
}

function textOf(error: unknown): string {
  if (typeof error === "string") return error;
  try {
    return JSON.stringify(error) ?? String(error);
  } catch {
    return messageOf(error);
  }
}

function isCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(RETRYABLE, value);
}
