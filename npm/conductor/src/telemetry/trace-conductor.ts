/** Executions of a conductor as spans of OpenTelemetry. */
import { type Span, type TracerProvider, trace } from "@opentelemetry/api";
import packageJson from "../../package.json" with { type: "json" };
import type { Conductor } from "../api/conductor.js";
import type { ExecutionTrace } from "../types/execution.js";
import { endSpan, type Failed, nodeSpans } from "./spans.js";

/** The part of a conductor that is needed. */
export type TracedConductor = Pick<Conductor, "events">;

/** Options of {@link traceConductor}. */
export interface TracingOptions {
  /** Makes the spans; the global one unless given. */
  tracerProvider?: TracerProvider;
  /** Spans of nodes and attempts in one execution at most, default 1000; 0 for a span of the execution only. */
  spansPerExecution?: number;
}

/** Whether the process has a provider that makes spans, in the place of the one that makes none. */
export function isProviderRegistered(): boolean {
  const provider = trace.getTracerProvider() as TracerProvider & { getDelegate?(): object };
  return (provider.getDelegate?.() ?? provider).constructor.name !== "NoopTracerProvider";
}

const SPANS_PER_EXECUTION = 1000;

/**
 * Makes a span of each execution of a conductor in this process, with one of each node of the flow, and of each attempt of a node that was
 * tried again. The span of the execution begins with it, as a child of the span that is active then; those of nodes are made from the trace
 * once it is over, so that nodes cost no more while they run. Executions that flows start within their own have no spans.
 *
 * Attributes: `conductor.execution.id`, `conductor.flow.id`, `conductor.node.id`, `conductor.node.type`, `conductor.node.name`,
 * `conductor.attempt`, and `error.type` with the error's code. `conductor.spans.left_out` is how many spans there were too many.
 *
 * @returns what ends it; spans of executions that are under way end then
 * @throws RangeError where `spansPerExecution` is not a whole number from 0
 */
export function traceConductor(conductor: TracedConductor, options: TracingOptions = {}): () => void {
  const { tracerProvider = trace, spansPerExecution = SPANS_PER_EXECUTION } = options;
  if (!Number.isSafeInteger(spansPerExecution) || spansPerExecution < 0) {
    throw new RangeError(`spansPerExecution must be a whole number from 0, not ${spansPerExecution}`);
  }
  const tracer = tracerProvider.getTracer(packageJson.name, packageJson.version);
  const open = new Map<string, Span>();

  const begin = (executionId: string, flowId?: string, startTime?: number): Span =>
    tracer.startSpan("conductor.execution", {
      attributes: { "conductor.execution.id": executionId, ...(flowId && { "conductor.flow.id": flowId }) },
      ...(startTime !== undefined && { startTime }),
    });

  const end = (executionId: string, told: ExecutionTrace | undefined, error: Failed | undefined) => {
    // An execution of an earlier process began without a word here.
    const span = open.get(executionId) ?? begin(executionId, told?.rootNodeId, told?.startTime);
    open.delete(executionId);
    if (told !== undefined && span.isRecording()) nodeSpans(tracer, span, told, error, spansPerExecution);
    endSpan(span, error, told?.endTime);
  };

  const ends = [
    conductor.events.onStarted(({ executionId, nodeId }) => {
      open.set(executionId, begin(executionId, nodeId));
    }),
    conductor.events.onCompleted(({ executionId, result }) => end(executionId, result.trace, undefined)),
    conductor.events.onError(({ executionId, error, result }) =>
      end(executionId, result?.trace, result?.error ?? error),
    ),
  ];
  return () => {
    for (const unsubscribe of ends) unsubscribe();
    for (const span of open.values()) span.end();
    open.clear();
  };
}
