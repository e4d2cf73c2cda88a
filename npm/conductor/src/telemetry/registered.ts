/** The global providers of OpenTelemetry, where a program registered some in the place of those that do nothing. */
import { type MeterProvider, metrics, type TracerProvider, trace } from "@opentelemetry/api";
import { traceConductor } from "./trace-conductor.js";

/** Traces with the provider that is registered; `undefined` without one. */
export function registeredTracing(): typeof traceConductor | undefined {
  const provider = trace.getTracerProvider() as TracerProvider & { getDelegate?(): object };
  const isNone = (provider.getDelegate?.() ?? provider).constructor.name === "NoopTracerProvider";
  return isNone ? undefined : traceConductor;
}

/** The provider of meters that is registered; `undefined` without one. */
export function registeredMeterProvider(): MeterProvider | undefined {
  const provider = metrics.getMeterProvider();
  return provider.constructor.name === "NoopMeterProvider" ? undefined : provider;
}
