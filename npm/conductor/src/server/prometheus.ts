/** Figures in the text form of Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Figure, Instruments } from "./figures.js";

/** Instruments that can be read as text. */
export interface PrometheusInstruments extends Instruments {
  /** All figures, with those of the process. */
  text(): Promise<string>;
  /** The type of that text. */
  readonly contentType: string;
}

export function prometheusInstruments(): PrometheusInstruments {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const described = ({ name, help, labels }: Figure) => ({
    name,
    help,
    labelNames: Object.keys(labels),
    registers: [register],
  });
  return {
    counter(figure) {
      const counter = new Counter(described(figure));
      return (labels) => counter.inc(labels);
    },
    histogram(figure) {
      const histogram = new Histogram({ ...described(figure), buckets: [...(figure.bounds ?? [])] });
      return (labels, value) => histogram.observe(labels, value);
    },
    gauge(figure, read) {
      new Gauge({
        ...described(figure),
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
