/** Executions, nodes and attempts as spans of OpenTelemetry. */

import { messageOf } from "@atomiton/values";
import {
  type Attributes,
  type Context,
  context,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type {
  SpanRoom,
  TracedEnd,
  TracedExecution,
  TracedNode,
  TraceHeaders,
  TraceOrigin,
  TraceSpan,
} from "../types/tracing.js";
import { contextOf, headersOf } from "./propagation.js";

/** The span of an execution, below what began it, with so many others at most. */
export function executionSpan(
  tracer: Tracer,
  of: TracedExecution,
  { headers, isRoot }: TraceOrigin,
  most: number,
): TraceSpan {
  const active = isRoot ? ROOT_CONTEXT : context.active();
  // A server that traces its requests has taken their headers already.
  const isInside = trace.getSpanContext(active) !== undefined;
  const around = safely(() => (isInside || headers === undefined ? active : contextOf(active, headers)), active);
  const room = new CountedRoom(most);
  const span = begun(tracer, around, "conductor.execution", attributesOf(of));
  return new OtelSpan(tracer, room, span, around, (ended) => {
    if (room.leftOut > 0) ended.setAttribute("conductor.spans.left_out", room.leftOut);
  });
}

class CountedRoom implements SpanRoom {
  /** Spans that there was no room for. */
  leftOut = 0;
  #left: number;
  #hasLast: boolean;

  constructor(most: number) {
    this.#left = most - 1;
    this.#hasLast = most > 0;
  }

  take(): boolean {
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    this.leftOut++;
    return false;
  }

  takeLast(): boolean {
    if (!this.#hasLast) return false;
    this.#hasLast = false;
    this.leftOut--;
    return true;
  }
}

class OtelSpan implements TraceSpan {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #inside: Context;
  readonly #ends: (span: Span) => void;

  constructor(
    tracer: Tracer,
    readonly room: SpanRoom,
    span: Span,
    around: Context,
    ends: (span: Span) => void = () => {},
  ) {
    this.#tracer = tracer;
    this.#span = span;
    this.#ends = ends;
    this.#inside = trace.setSpan(around, span);
  }

  headers(): TraceHeaders {
    return safely(() => headersOf(this.#inside), {});
  }

  ids() {
    const { traceId, spanId } = this.#span.spanContext();
    return { traceId, spanId };
  }

  execution(of: TracedExecution): TraceSpan {
    if (this.room.take()) return this.#begin("conductor.execution", attributesOf(of));
    return new StandIn(this.#tracer, this.room, this.#span, this.#inside);
  }

  node({ id, type, name, rounds, startTime }: TracedNode): TraceSpan {
    const attributes = {
      "conductor.node.id": id,
      "conductor.node.type": type,
      "conductor.node.name": name,
      ...(rounds !== "" && { "conductor.round": rounds }),
    };
    return this.#begin(`conductor.node ${type}`, attributes, startTime);
  }

  attempt(number: number, startTime: number): TraceSpan {
    return this.#begin("conductor.attempt", { "conductor.attempt": number }, startTime);
  }

  follows(headers: TraceHeaders): void {
    safely(() => {
      const before = trace.getSpanContext(contextOf(ROOT_CONTEXT, headers));
      if (before !== undefined) this.#span.addLink({ context: before });
    }, undefined);
  }

  active<T>(work: () => T): T {
    return context.with(this.#inside, work);
  }

  end({ error, state, cached, endTime }: TracedEnd): void {
    safely(() => {
      const span = this.#span;
      if (state === "left") span.setAttribute("conductor.left_memory", true);
      else if (state !== undefined) span.setAttribute("conductor.node.state", state);
      if (cached) span.setAttribute("conductor.node.cached", 1);
      this.#ends(span);
      if (error !== undefined) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
        // As the conventions have it where the kind of an error is not known.
        span.setAttribute("error.type", error.code ?? "_OTHER");
      }
      span.end(endTime);
    }, undefined);
  }

  #begin(name: string, attributes: Attributes, startTime?: number): TraceSpan {
    const span = begun(this.#tracer, this.#inside, name, attributes, startTime);
    return new OtelSpan(this.#tracer, this.room, span, this.#inside);
  }
}

/** Stands for the span of a flow inside of another one, where there is no room for it. */
class StandIn extends OtelSpan {
  override end(): void {}
}

function begun(tracer: Tracer, around: Context, name: string, attributes: Attributes, startTime?: number): Span {
  const options = { attributes, ...(startTime !== undefined && { startTime }) };
  return safely(() => tracer.startSpan(name, options, around), trace.wrapSpanContext(NO_SPAN));
}

const NO_SPAN = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 };

function attributesOf({ executionId, flowId }: TracedExecution): Attributes {
  return { "conductor.execution.id": executionId, "conductor.flow.id": flowId };
}

/** What an application adds to its SDK must not end executions. */
function safely<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch (error) {
    diag.error(`A span could not be made or ended: ${messageOf(error)}`);
    return otherwise;
  }
}
