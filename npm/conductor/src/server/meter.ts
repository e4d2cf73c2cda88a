/** Metrics as instruments of OpenTelemetry. Its API is not loaded: what is needed of it is handed over. */
import packageJson from "../../package.json" with { type: "json" };
import type { Instruments, Labels, Metric } from "./metric-definitions.js";

type Attributes = Record<string, string | number>;

interface Options {
  description: string;
  unit: string;
  advice?: { explicitBucketBoundaries?: number[] };
}

interface Observed {
  observe(value: number): void;
}

interface ObservedGauge {
  addCallback(read: (result: Observed) => void | Promise<void>): void;
  removeCallback(read: (result: Observed) => void | Promise<void>): void;
}

/** What is needed of a `MeterProvider` of `@opentelemetry/api`. */
export interface MeterProvider {
  getMeter(
    name: string,
    version?: string,
  ): {
    createCounter(name: string, options: Options): { add(value: number, attributes: Attributes): void };
    createHistogram(name: string, options: Options): { record(value: number, attributes: Attributes): void };
    createObservableGauge(name: string, options: Options): ObservedGauge;
  };
}

/** Instruments of a provider. Closing them ends its questions for gauges; what was counted stays with the provider. */
export function meterInstruments(provider: MeterProvider): Instruments {
  const meter = provider.getMeter(packageJson.name, packageJson.version);
  const ends: (() => void)[] = [];
  const optionsOf = ({ help, unit, bounds }: Metric): Options => ({
    description: help,
    unit,
    ...(bounds && { advice: { explicitBucketBoundaries: [...bounds] } }),
  });
  return {
    counter<F extends Metric>(metric: F) {
      const counter = meter.createCounter(metric.otel, optionsOf(metric));
      return (labels: Labels<F>) => counter.add(1, attributesOf(metric, labels));
    },
    histogram<F extends Metric>(metric: F) {
      const histogram = meter.createHistogram(metric.otel, optionsOf(metric));
      return (labels: Labels<F>, value: number) => histogram.record(value, attributesOf(metric, labels));
    },
    gauge(metric, read) {
      const gauge = meter.createObservableGauge(metric.otel, optionsOf(metric));
      const callback = async (result: Observed) => result.observe(await read());
      gauge.addCallback(callback);
      ends.push(() => gauge.removeCallback(callback));
    },
    close() {
      for (const end of ends) end();
    },
  };
}

function attributesOf({ labels: names }: Metric, labels: Readonly<Record<string, string | number>>): Attributes {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [names[label] as string, value]));
}
