/** Conductors that are traced by the SDK, for tests of the spans that come of it. */
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { onTestFinished } from "vitest";

import { type Conductor, type ConductorConfig, createConductor } from "../../src/exports/node.js";
import { type TracingOptions, traceConductor } from "../../src/exports/opentelemetry.js";

/** Spans that are over, and the provider that made them. */
export function spanCollector() {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  return { tracerProvider, spans: () => exporter.getFinishedSpans() };
}

/** A conductor with the node library, traced. */
export function tracedConductor(config: ConductorConfig = {}, options: TracingOptions = {}) {
  const { tracerProvider, spans } = spanCollector();
  const conductor: Conductor = createConductor({ transport: "local", logLevel: "error", ...config });
  const end = traceConductor(conductor, { tracerProvider, ...options });
  onTestFinished(() => conductor.shutdown());
  return { conductor, spans, end };
}

/** What a span is of, in short. */
export function titleOf({ name, attributes: a, status }: ReadableSpan): string {
  const what = name === "conductor.execution" ? a["conductor.flow.id"] : a["conductor.node.id"];
  const round = a["conductor.round"] === undefined ? "" : `[${a["conductor.round"]}]`;
  const title = name === "conductor.attempt" ? `try ${a["conductor.attempt"]}` : `${what}${round}`;
  return status.code === 2 ? `${title} ! ${a["error.type"]}` : title;
}

/** The spans as lines, indented as they are nested, in the order in which they began. */
export function tree(spans: readonly ReadableSpan[]): string[] {
  const begun = (span: ReadableSpan) => span.startTime[0] * 1e9 + span.startTime[1];
  const ordered = [...spans].sort((a, b) => begun(a) - begun(b) || titleOf(a).localeCompare(titleOf(b)));
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const below = (parent: string | undefined, depth: number): string[] =>
    ordered
      .filter((span) => {
        const id = span.parentSpanContext?.spanId;
        return parent === undefined ? id === undefined || !ids.has(id) : id === parent;
      })
      .flatMap((span) => [`${"  ".repeat(depth)}${titleOf(span)}`, ...below(span.spanContext().spanId, depth + 1)]);
  return below(undefined, 0);
}
