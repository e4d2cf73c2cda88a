/** The metrics of a server: at /metrics, over OpenTelemetry, or both. The library of Prometheus is loaded by those who have it. */
import type { MeasureSources, Measures } from "./measures.js";
import { measure } from "./measures.js";
import { type MeterProvider, meterInstruments } from "./meter.js";
import type { PrometheusInstruments } from "./prometheus.js";

/** The metrics of a server. */
export interface Metrics extends Measures {
  /** Those at /metrics; missing where there are none. Resolves once all that happens is counted. */
  readonly prometheus: Promise<PrometheusInstruments> | undefined;
}

/** Begins to measure; `undefined` where a server has no metrics. */
export function createMetrics(
  { isScraped, meterProvider }: { isScraped: boolean; meterProvider: MeterProvider | undefined },
  sources: MeasureSources,
): Metrics | undefined {
  if (!isScraped && meterProvider === undefined) return undefined;
  const all: Measures[] = [];
  let isClosed = false;
  if (meterProvider !== undefined) all.push(measure(sources, meterInstruments(meterProvider)));
  const loaded = async () => {
    const { prometheusInstruments } = await import("./prometheus.js");
    const instruments = prometheusInstruments();
    if (isClosed) instruments.close();
    else all.push(measure(sources, instruments));
    return instruments;
  };
  const prometheus = isScraped ? loaded() : undefined;
  // Those who look at the metrics are told.
  prometheus?.catch(() => {});
  return {
    prometheus,
    answered(...request) {
      for (const measures of all) measures.answered(...request);
    },
    refused(kind) {
      for (const measures of all) measures.refused(kind);
    },
    close() {
      isClosed = true;
      for (const measures of all) measures.close();
    },
  };
}
