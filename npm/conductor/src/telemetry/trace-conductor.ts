/** Executions of a conductor as spans of OpenTelemetry. */
import { type TracerProvider, trace } from "@opentelemetry/api";
import packageJson from "../../package.json" with { type: "json" };
import type { Conductor } from "../api/conductor.js";
import { coded } from "../engine/failure.js";
import { demandNames } from "../engine/setting-names.js";
import { TaskSpans } from "../engine/task-spans.js";
import { executionSpan } from "./spans.js";

/** The part of a conductor that is needed. */
export type TracedConductor = Pick<Conductor, "events">;

/** Options of {@link traceConductor}. */
export interface TracingOptions {
  /** Makes the spans; the global one unless given. */
  tracerProvider?: TracerProvider;
  /** Spans inside of one execution at most, those of its flows among them, default 1000; 0 for a span of the execution only. */
  spansPerExecution?: number;
}

const SPANS_PER_EXECUTION = 1000;

/**
 * Makes a span of each execution of a conductor in this process that begins from now on, with one of each node that is carried out, below
 * that of the group, loop or flow around it, and of each attempt of a node that may be tried again. The span of the execution is a child
 * of the span that is active where it begins, or of the one that the request names which began it (`traceparent`). While a node is
 * called, its span is the active one, and requests of `http-request` name it.
 *
 * @returns what ends it: executions that begin later have no spans
 * @throws Error INVALID_PARAMETERS for a setting that there is not, a `spansPerExecution` that is no whole number from 0, and a conductor
 *   that is traced already
 */
export function traceConductor(conductor: TracedConductor, options: TracingOptions = {}): () => void {
  demandNames("traceConductor", options, ["tracerProvider", "spansPerExecution"]);
  const { tracerProvider = trace, spansPerExecution = SPANS_PER_EXECUTION } = options;
  if (!Number.isSafeInteger(spansPerExecution) || spansPerExecution < 0) {
    const message = `\`spansPerExecution\` must be a whole number from 0, found ${String(spansPerExecution)}`;
    throw coded("INVALID_PARAMETERS", message, undefined);
  }
  const tracer = tracerProvider.getTracer(packageJson.name, packageJson.version);
  return conductor.events.traceWith({
    follow: (...run) => new TaskSpans(...run),
    begin: (of, origin) => executionSpan(tracer, of, origin, spansPerExecution),
  });
}
