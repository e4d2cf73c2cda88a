/** Metrics in the text form of Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Instruments, Metric } from "./metric-definitions.js";

/** Instruments that can be read as text. */
export interface PrometheusInstruments extends Instruments {
  /** All metrics, with those of the process. */
  text(): Promise<string>;
  /** The type of that text. */
  readonly contentType: string;
}

/** Instruments of a registry of their own, which also has the metrics of the process. */
export function prometheusInstruments(): PrometheusInstruments {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const described = ({ name, help, labels }: Metric) => ({
    name,
    help,
    labelNames: Object.keys(labels),
    registers: [register],
  });
  return {
    counter(metric) {
      const counter = new Counter(described(metric));
      return (labels) => counter.inc(labels);
    },
    histogram(metric) {
      const histogram = new Histogram({ ...described(metric), buckets: [...(metric.bounds ?? [])] });
      return (labels, value) => histogram.observe(labels, value);
    },
    gauge(metric, read) {
      new Gauge({
        ...described(metric),
        async collect() {
          this.set(await read());
        },
      });
    },
    text: () => register.metrics(),
    contentType: register.contentType,
    close: () => register.clear(),
  };
}
