/** Spans of an execution that is over, from its trace. */
import { context, type Span, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { ExecutionError } from "../types/errors.js";
import type { ExecutionTrace, NodeExecutionTrace } from "../types/execution.js";
import type { RetryRecord } from "../types/graph.js";

/** What is known of a failure. */
export type Failed = Pick<ExecutionError, "message"> & Partial<Pick<ExecutionError, "code" | "nodeId">>;

/** Ends a span with how it went. `endTime` is in ms since the epoch; now unless given. */
export function endSpan(span: Span, error: Failed | undefined, endTime?: number): void {
  if (error !== undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    // As the conventions have it where the kind of an error is not known.
    span.setAttribute("error.type", error.code ?? "_OTHER");
  }
  span.end(endTime);
}

/**
 * Makes spans of nodes and of attempts below that of their execution: those of the first nodes, `limit` at most, and that of the node
 * which failed.
 */
export function nodeSpans(
  tracer: Tracer,
  execution: Span,
  told: ExecutionTrace,
  error: Failed | undefined,
  limit: number,
): void {
  const retries = retriesByNode(told);
  let [made, leftOut] = [0, 0];
  const make = (node: NodeExecutionTrace) => {
    const attempts = attemptsOf(node, retries.get(node.nodeId) ?? []);
    const room = Math.min(attempts.length, limit - made - 1);
    nodeSpan(tracer, execution, node, failureOf(node, error), attempts.slice(0, room));
    made += 1 + room;
    leftOut += attempts.length - room;
  };
  const { nodes } = told;
  // The node that failed is what is looked for; it has the first of the spans.
  const failed =
    limit > 0 && error?.nodeId !== undefined ? nodes.findIndex(({ nodeId }) => nodeId === error.nodeId) : -1;
  if (failed >= 0) make(nodes[failed] as NodeExecutionTrace);
  for (let index = 0; index < nodes.length; index += 1) {
    if (made >= limit) {
      leftOut += nodes.length - index - (failed >= index ? 1 : 0);
      break;
    }
    const node = nodes[index] as NodeExecutionTrace;
    if (index !== failed && node.state !== "pending") make(node);
  }
  if (leftOut > 0) execution.setAttribute("conductor.spans.left_out", leftOut);
}

/** One try of a node; times are ms since the epoch. */
interface Attempt {
  number: number;
  startTime: number;
  endTime: number | undefined;
  error?: Failed | undefined;
}

function nodeSpan(
  tracer: Tracer,
  execution: Span,
  node: NodeExecutionTrace,
  error: Failed | undefined,
  attempts: readonly Attempt[],
): void {
  const { nodeId, nodeType, nodeName, startTime, endTime, state, cached } = node;
  const attributes = {
    "conductor.node.id": nodeId,
    "conductor.node.type": nodeType,
    "conductor.node.name": nodeName,
    "conductor.node.state": state,
    ...(cached !== undefined && { "conductor.node.cached": cached }),
  };
  const span = tracer.startSpan(`conductor.node ${nodeType}`, { attributes, startTime }, within(execution));
  for (const { number, startTime, endTime, error: why } of attempts) {
    const attempt = tracer.startSpan(
      "conductor.attempt",
      { attributes: { "conductor.attempt": number }, startTime },
      within(span),
    );
    endSpan(attempt, why ?? error, endTime);
  }
  endSpan(span, error, endTime);
}

function within(span: Span) {
  return trace.setSpan(context.active(), span);
}

/** Why a node failed; its code is known of the one that ended the execution. */
function failureOf(node: NodeExecutionTrace, error: Failed | undefined): Failed | undefined {
  if (node.state !== "error") return undefined;
  if (error?.nodeId === node.nodeId) return error;
  const told = node.events.find(({ data }) => typeof data.errorMessage === "string");
  return { message: String(told?.data.errorMessage ?? "") };
}

/** Retries of nodes of the flow itself: those within loops and groups have other executions. */
function retriesByNode({ retries = [] }: ExecutionTrace): Map<string, RetryRecord[]> {
  const byNode = new Map<string, RetryRecord[]>();
  for (const retry of retries) {
    const of = byNode.get(retry.nodeId);
    if (of === undefined) byNode.set(retry.nodeId, [retry]);
    else of.push(retry);
  }
  return byNode;
}

/** The tries of a node that was tried more than once. */
function attemptsOf(node: NodeExecutionTrace, retries: readonly RetryRecord[]): Attempt[] {
  // A node of the same id elsewhere in the flow, or rounds of a loop, count from 1 again.
  if (retries.length === 0 || retries.some(({ number }, index) => number !== index + 1)) return [];
  const failed = retries.map(({ number, timestamp, error }, index) => ({
    number,
    startTime: retries[index - 1]?.retryAt ?? node.startTime,
    endTime: timestamp,
    error: { message: error },
  }));
  const last = retries.at(-1) as RetryRecord;
  return [...failed, { number: last.number + 1, startTime: last.retryAt, endTime: node.endTime }];
}
