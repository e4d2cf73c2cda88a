/** Results as they cross to another process: plain data, worked out, and nothing in them that cannot be cloned. */
import { failure } from "../engine/failure.js";
import type { ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult, ExecutionTrace, TraceEvent } from "../types/execution.js";
import type { RequestResult } from "../types/request.js";
import { type Sendable, sendable } from "./cloneable.js";

/** Whether a value can be sent, and as what. */
export type Sending = (value: unknown, name: string) => Sendable;

/**
 * A result that structured clone accepts. An output that it does not accept makes the result a failure with the code
 * `SERIALIZATION_FAILED` that names the part; causes, details and variables that it does not accept are left out.
 */
export function plainResult(result: ExecutionResult): ExecutionResult {
  return resultFor(result, sendable);
}

/** The same for another way than structured clone. */
export function resultFor(result: ExecutionResult, sending: Sending): ExecutionResult {
  const plain = untracedResult(result, sending);
  const { trace } = result;
  if (trace !== undefined) plain.trace = plainTrace(trace);
  return plain;
}

/** The same without the trace, which is not made for that. */
export function untracedResult(result: ExecutionResult, sending: Sending = sendable): ExecutionResult {
  const { success, data, error, duration, executedNodes, reused, context, warnings } = result;
  const { value, problem } = sending(data, "data");
  const plain: ExecutionResult = { success: success && problem === undefined };
  if (problem !== undefined) plain.error = unsentOutput(problem, context);
  else if ("data" in result) plain.data = value;
  if (error !== undefined) plain.error = plainError(error, sending);
  if (duration !== undefined) plain.duration = duration;
  if (executedNodes !== undefined) plain.executedNodes = executedNodes;
  if (reused !== undefined) plain.reused = reused;
  if (context !== undefined) plain.context = plainContext(context, sending);
  if (warnings !== undefined) plain.warnings = warnings;
  return plain;
}

/** The same for the result of a request. */
export function plainRequestResult(result: RequestResult): RequestResult {
  return requestResultFor(result, sendable);
}

/** The same for another way than structured clone. */
export function requestResultFor(result: RequestResult, sendable: Sending): RequestResult {
  const { outputs, data, metadata } = result;
  const { value, problem } = sendable({ outputs, data }, "");
  const error = metadata?.error;
  if (problem === undefined) {
    const plain: RequestResult = { ...result };
    const taken = value as Pick<RequestResult, "outputs" | "data">;
    if (outputs !== undefined) plain.outputs = taken.outputs as Record<string, unknown>;
    if (data !== undefined) plain.data = taken.data;
    if (error !== undefined && metadata !== undefined)
      plain.metadata = { ...metadata, error: plainError(error, sendable) };
    return plain;
  }
  const found = unsentOutput(problem.slice(1));
  return {
    success: false,
    error: found.message,
    ...(metadata !== undefined && { metadata: { ...metadata, error: found } }),
  };
}

function unsentOutput(problem: string, context?: Partial<ConductorExecutionContext>): ExecutionError {
  const { nodeId, executionId } = context ?? {};
  return failure(
    "SERIALIZATION_FAILED",
    `The output cannot be sent to another process: ${problem}. Return plain data.`,
    { ...(nodeId !== undefined && { nodeId }), ...(executionId !== undefined && { executionId }) },
    { context: { problem } },
  );
}

function plainError(error: ExecutionError, sendable: Sending): ExecutionError {
  const { cause, context, ...plain } = error;
  const sent = sendable(cause, "").value;
  if (sent !== undefined) (plain as ExecutionError).cause = sent;
  const details = sendable(context, "").value;
  if (details !== undefined) (plain as ExecutionError).context = details as Record<string, unknown>;
  return plain;
}

function plainContext(context: ConductorExecutionContext, sendable: Sending): ConductorExecutionContext {
  const whole = sendable(context, "");
  if (whole.problem === undefined) return whole.value as ConductorExecutionContext;
  const plain: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(context)) {
    const sent = sendable(value, "");
    plain[key] =
      sent.problem !== undefined && key === "variables"
        ? sendableEntries(value as Record<string, unknown>, sendable)
        : sent.value;
  }
  return plain as unknown as ConductorExecutionContext;
}

/** Nodes pass things on in variables that no other process can use. */
function sendableEntries(variables: Record<string, unknown>, sendable: Sending): Record<string, unknown> {
  const sent = Object.entries(variables).map(([name, variable]) => [name, sendable(variable, "")] as const);
  const kept = sent.filter(([, { problem }]) => problem === undefined);
  return Object.fromEntries(kept.map(([name, { value }]) => [name, value]));
}

/** The trace without what all nodes were like at each event, which would grow with their square. */
export function plainTrace(trace: ExecutionTrace): ExecutionTrace {
  // The lists of a long trace are made as they are read, which no clone can do.
  const [events, nodes] = [trace.events.slice(), trace.nodes.slice()];
  const { executionId, rootNodeId, startTime, endTime, duration, config } = trace;
  const plain: ExecutionTrace = { executionId, rootNodeId, startTime, config, events, nodes };
  if (trace.retries !== undefined) plain.retries = trace.retries;
  if (trace.warnings !== undefined) plain.warnings = trace.warnings;
  if (endTime !== undefined) plain.endTime = endTime;
  if (duration !== undefined) plain.duration = duration;
  if (!events.some(tellsOfAllNodes)) return plain;
  // An event stands in two lists; it crosses once as long as it is the same object in both.
  const kept = new Map(events.map((event) => [event, withoutAllNodes(event)]));
  plain.events = [...kept.values()];
  plain.nodes = nodes.map((node) => ({ ...node, events: node.events.map((event) => kept.get(event) ?? event) }));
  return plain;
}

/** By a property of its own, or by a getter, which is asked for nothing here. */
function tellsOfAllNodes({ data }: TraceEvent): boolean {
  return "allNodes" in data;
}

function withoutAllNodes(event: TraceEvent): TraceEvent {
  if (!tellsOfAllNodes(event)) return event;
  const data: TraceEvent["data"] = { ...event.data };
  delete data.allNodes;
  return { ...event, data };
}
