/** Answers and events as JSON, which holds less than what crosses between processes. */
import { isRecord, messageOf } from "@atomiton/values";
import { requestResultFor, resultFor, type Sending } from "../desktop/cloneable-result.js";
import { encode } from "../transports/json.js";
import { isExecutionError } from "../types/errors.js";
import type { ExecutionResult } from "../types/execution.js";
import type { NodeCompleteEvent, NodeErrorEvent } from "../types/progress-event.js";
import type { RequestResult } from "../types/request.js";

/**
 * What a command gave, as text; `undefined` becomes no text at all. Of the result of an execution, an output that JSON would drop or
 * change makes it a failure with the code `SERIALIZATION_FAILED` that names the part, and causes, details and variables that it would
 * drop or change are left out, as are the stacks of its errors, which tell of this machine. Throws with that code for all else of this kind.
 */
export function encodeAnswer(answer: unknown): string | undefined {
  if (!isResult(answer)) return encode(answer);
  const told = withoutStacks(answer);
  try {
    return encode(told);
  } catch {
    return encode(withoutStacks(isOfRequest(told) ? requestResultFor(told, asJson) : resultFor(told, asJson)));
  }
}

/** An event as text. An execution whose answer is such a failure has ended with it for listeners as well. */
export function encodeEvent(event: string, data: unknown): { event: string; text: string } {
  if (event !== "completed") return { event, text: JSON.stringify(data) ?? "null" };
  const { executionId, nodeId, timestamp, ...told } = data as NodeCompleteEvent;
  try {
    return { event, text: encode({ ...(data as NodeCompleteEvent), result: withoutStacks(told.result) }) ?? "null" };
  } catch {
    const result = withoutStacks(resultFor(told.result, asJson));
    const { code = "SERIALIZATION_FAILED", message = "" } = result.error ?? {};
    const failed: NodeErrorEvent = { executionId, nodeId, error: message, code, timestamp };
    if (!result.success) return { event: "error", text: JSON.stringify(failed) };
    return { event, text: JSON.stringify({ executionId, nodeId, result, output: result.data, timestamp }) };
  }
}

/** A result that tells remote callers nothing of the files of this machine. */
function withoutStacks<Result extends ExecutionResult | RequestResult>(result: Result): Result {
  if (!isRecord(result)) return result;
  if (!isOfRequest(result)) return result.error ? { ...result, error: stackless(result.error) } : result;
  const { metadata } = result;
  return metadata?.error ? { ...result, metadata: { ...metadata, error: stackless(metadata.error) } } : result;
}

/** An error without its stack, and so what caused it. What a node gave may only look like one. */
function stackless(error: unknown, around: readonly unknown[] = []): unknown {
  if (!isExecutionError(error)) return error;
  const { stack: _, ...told } = error;
  const { cause } = told;
  return isRecord(cause) && !around.includes(cause) ? { ...told, cause: stackless(cause, [...around, cause]) } : told;
}

const asJson: Sending = (value, name) => {
  try {
    encode(name === "" ? value : { [name]: value });
    return { value };
  } catch (error) {
    const problem = messageOf(error).replace(/^Cannot be sent as JSON: /, "");
    // Places in a value without a name begin with a dot.
    return { problem: name === "" ? `.${problem}` : problem };
  }
};

function isResult(answer: unknown): answer is ExecutionResult | RequestResult {
  return typeof (answer as { success?: unknown } | null | undefined)?.success === "boolean";
}

/** A request's tells its error in words, and what is known of it beside. */
function isOfRequest(result: ExecutionResult | RequestResult): result is RequestResult {
  return "metadata" in result;
}
