export { messageOf } from "@atomiton/values";

/** The key under which errors carry their code for code that does not share this package's classes, such as the conductor. */
export const errorCode: unique symbol = Symbol.for("@atomiton/error-code") as never;

/** Where an error carries what to do about it, instead of the general advice for its code. */
export const errorAdvice: unique symbol = Symbol.for("@atomiton/error-advice") as never;

/**
 * Where an error says of another try: `false`, that it would fail like this one; a number, how many ms to wait for it at
 * the least.
 */
export const errorRetry: unique symbol = Symbol.for("@atomiton/error-retry") as never;

/** The codes that nodes of this library fail with. */
export type NodeErrorCode =
  | "INVALID_PARAMETERS"
  | "TYPE_MISMATCH"
  | "DESERIALIZATION_FAILED"
  | "EXECUTION_FAILED"
  | "TIMEOUT"
  | "CANCELLED"
  | "MEMORY_LIMIT_EXCEEDED"
  | "NO_TRANSPORT"
  | "INTERNAL_ERROR"
  | (string & {});

/** The failure of a node, with a stable code. */
export class NodeError extends Error {
  override readonly name = "NodeError";
  readonly code: NodeErrorCode;
  readonly [errorCode]: NodeErrorCode;
  readonly [errorAdvice]?: readonly string[];
  readonly [errorRetry]?: false | number;

  /**
   * @param options `advice`: what to do about it, in sentences, instead of the general advice for the code; `retry`:
   *   `false` where another try would fail alike, or how many ms to wait for it at the least
   */
  constructor(
    code: NodeErrorCode,
    message: string,
    options?: { cause?: unknown; advice?: readonly string[] | undefined; retry?: false | number | undefined },
  ) {
    super(message, options);
    this.code = code;
    this[errorCode] = code;
    if (options?.advice !== undefined) this[errorAdvice] = options.advice;
    if (options?.retry !== undefined) this[errorRetry] = options.retry;
  }
}

/** What an error itself says is to be done about it; `undefined` where it says nothing. */
export function adviceOf(error: unknown): readonly string[] | undefined {
  const advice =
    typeof error === "object" && error !== null ? (error as { [errorAdvice]?: unknown })[errorAdvice] : undefined;
  return Array.isArray(advice) ? (advice as readonly string[]) : undefined;
}

/** What an error says of another try; `undefined` where it says nothing. */
export function retryOf(error: unknown): false | number | undefined {
  const retry =
    typeof error === "object" && error !== null ? (error as { [errorRetry]?: unknown })[errorRetry] : undefined;
  return retry === false || typeof retry === "number" ? retry : undefined;
}

/** The code of an error, whatever class it is of; `EXECUTION_FAILED` when it carries none. */
export function codeOf(error: unknown): NodeErrorCode {
  const code =
    typeof error === "object" && error !== null ? (error as { [errorCode]?: unknown })[errorCode] : undefined;
  return typeof code === "string" ? code : "EXECUTION_FAILED";
}
