/** The interface between runs and their tracing. None of it knows OpenTelemetry, which only `telemetry/` loads. */
import type { ExecutionError } from "./errors.js";

/** Headers by which a trace goes on elsewhere, such as `traceparent` and `tracestate`. */
export type TraceHeaders = Readonly<Record<string, string>>;

/** An execution that begins, or goes on. */
export interface TracedExecution {
  executionId: string;
  flowId: string;
}

/** Where the trace of an execution comes from. */
export interface TraceOrigin {
  /** Headers of the request that began it; the span that is active then goes before them. */
  headers?: TraceHeaders | undefined;
  /** It begins by itself, such as by a schedule: whatever is active then has nothing to do with it. */
  isRoot?: boolean;
}

/** A node that begins. Times are ms since the epoch. */
export interface TracedNode {
  id: string;
  type: string;
  name: string;
  /** The rounds of the loops around it, the outermost first, each from 0, such as `3.0`; empty outside of loops. */
  rounds: string;
  startTime: number;
}

/** What is known of a failure. */
export type TracedFailure = Pick<ExecutionError, "message"> & Partial<Pick<ExecutionError, "code">>;

/** How something ended. */
export interface TracedEnd {
  error?: TracedFailure | undefined;
  /** Of a node: `completed`, `error` or `skipped`. Of what goes on later, after its execution left memory or its group began again: `left`. */
  state?: string;
  /** The output of a node was taken from the cache. */
  cached?: boolean;
  /** ms since the epoch; now unless given. */
  endTime?: number;
}

/** How many spans an execution may have still, those of the flows inside of it among them. */
export interface SpanRoom {
  /** Takes room for a span, if there is some; else one more is left out. */
  take(): boolean;
  /** Takes the last place for the span of a node that failed and was left out, if that is free. */
  takeLast(): boolean;
}

/** The span of an execution, a node or an attempt. No method throws. */
export interface TraceSpan {
  /** That of the execution that it belongs to. */
  readonly room: SpanRoom;
  /** What carries the trace on from here. */
  headers(): TraceHeaders;
  /** The ids of trace and span in hexadecimal digits, for logs. */
  ids(): { traceId: string; spanId: string };
  /** The span of a flow that runs as a part of what this is of; without room for it this one, which its end does not end. */
  execution(of: TracedExecution): TraceSpan;
  node(of: TracedNode): TraceSpan;
  /** `number`: 1 for the first try; `startTime`: ms since the epoch. */
  attempt(number: number, startTime: number): TraceSpan;
  /** Says that this goes on with what had these headers. */
  follows(headers: TraceHeaders): void;
  /** Calls `work` while this is the active span. */
  active<T>(work: () => T): T;
  end(how: TracedEnd): void;
}

/** Makes spans of the executions of a conductor. */
export interface ExecutionTracer {
  begin(of: TracedExecution, origin: TraceOrigin): TraceSpan;
}
