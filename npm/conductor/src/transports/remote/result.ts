/** Results as they arrive. */
import type { ErrorCode, ErrorRecoveryStrategy, ExecutionError } from "../../types/errors.js";
import type { ExecutionResult } from "../../types/execution.js";
import type { ExecutionMetadata, RequestResult } from "../../types/request.js";

/** Says what can be done about an error. */
export type Recovery = (code: ErrorCode) => ErrorRecoveryStrategy;

/**
 * An answer as a result; `undefined` if it is not one. JSON turned the time of its error into text, and older servers say
 * nothing about recovery: both are made good.
 */
export function toResult(answer: unknown, recovery: Recovery | undefined): ExecutionResult | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const result = answer as ExecutionResult;
  if (typeof result.success !== "boolean") return undefined;
  const { success, error, ...rest } = result;
  if (success) return { ...rest, success };
  const known = typeof error === "object" && error !== null ? error : unexplained(error);
  return { ...rest, success, error: completed(known, recovery) };
}

/** An answer as the result of a request; `undefined` if it is not one. Its error is made good as that of a node's result. */
export function toRequestResult(answer: unknown, recovery: Recovery | undefined): RequestResult | undefined {
  const result = toResult(answer, recovery);
  if (result === undefined) return undefined;
  const { metadata, ...rest } = answer as RequestResult;
  const error = rest.success || typeof rest.error === "string" ? {} : { error: result.error?.message as string };
  if (!isObject(metadata)) return { ...rest, ...error };
  const why = isObject(metadata.error) ? { error: completed(metadata.error, recovery) } : {};
  return { ...rest, ...error, metadata: { ...metadata, ...why } };
}

/**
 * The result of a request whose execution was attached to; `undefined` if the answer is not a result. Where the other side gives
 * that of the flow, there are outputs only if it told them, and the rest is what is known of the request.
 */
export function toAttachedResult(
  answer: unknown,
  known: Pick<ExecutionMetadata, "executionId" | "flowId">,
  recovery: Recovery | undefined,
): RequestResult | undefined {
  const result = toResult(answer, recovery);
  if (result === undefined || isObject((answer as RequestResult).metadata)) return toRequestResult(answer, recovery);
  const { success, data, outputs, error, duration = 0, executedNodes = [], warnings } = result;
  const metadata = { ...known, duration, executedNodes, attempts: 1, ...(warnings !== undefined && { warnings }) };
  if (error !== undefined) return { success, error: error.message, metadata: { ...metadata, error } };
  return { success, ...(outputs !== undefined && { outputs }), data, metadata };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
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
