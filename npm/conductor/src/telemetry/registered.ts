/** The global providers of OpenTelemetry, where a program registered some in the place of those that do nothing. */
import { createNoopMeter, type MeterProvider, metrics, ProxyTracerProvider, trace } from "@opentelemetry/api";
import { traceConductor } from "./trace-conductor.js";

/** Traces with the provider that is registered; `undefined` without one. */
export function registeredTracing(): typeof traceConductor | undefined {
  const provider = trace.getTracerProvider();
  // The one that does nothing is behind each proxy that was given no other.
  const delegate = provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
  return delegate === new ProxyTracerProvider().getDelegate() ? undefined : traceConductor;
}

/** The provider of meters that is registered; `undefined` without one. */
export function registeredMeterProvider(): MeterProvider | undefined {
  const provider = metrics.getMeterProvider();
  return provider.getMeter("conductor") === createNoopMeter() ? undefined : provider;
}
