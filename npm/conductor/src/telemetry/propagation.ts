/** How a trace goes from process to process, in headers. */
import {
  type Context,
  createTraceState,
  defaultTextMapGetter,
  defaultTextMapSetter,
  isSpanContextValid,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";

/** `version-traceId-spanId-flags`; versions after 00 may append fields. */
const TRACEPARENT = /^(?!ff|00-.{52}-)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;

/** The form of the W3C (Trace Context), for programs whose SDK registered no form. */
const w3c: TextMapPropagator = {
  inject(context: Context, carrier: unknown, setter: TextMapSetter) {
    const span = trace.getSpanContext(context);
    if (span === undefined || !isSpanContextValid(span)) return;
    const flags = span.traceFlags.toString(16).padStart(2, "0");
    setter.set(carrier, "traceparent", `00-${span.traceId}-${span.spanId}-${flags}`);
    const state = span.traceState?.serialize();
    if (state) setter.set(carrier, "tracestate", state);
  },
  extract(context: Context, carrier: unknown, getter: TextMapGetter) {
    const [parent, state] = ["traceparent", "tracestate"].map((name) => [getter.get(carrier, name)].flat().join(","));
    const [, traceId = "", spanId = "", flags = ""] = TRACEPARENT.exec(parent?.trim() ?? "") ?? [];
    const span = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
    // Whatever is wrong with it, a new trace begins, as the specification has it.
    if (!isSpanContextValid(span)) return context;
    return trace.setSpanContext(context, { ...span, ...(state && { traceState: createTraceState(state) }) });
  },
  fields: () => ["traceparent", "tracestate"],
};

/** What the program registered, else the form of the W3C. */
const registered = () => (propagation.fields().length > 0 ? propagation : w3c);

/** What carries the span of a context on. */
export function headersOf(context: Context): Record<string, string> {
  const headers: Record<string, string> = {};
  registered().inject(context, headers, defaultTextMapSetter);
  return headers;
}

/** A context with the span that headers name, whose names are in lower case. */
export function contextOf(context: Context, headers: Readonly<Record<string, string>>): Context {
  return registered().extract(context, headers, defaultTextMapGetter);
}
