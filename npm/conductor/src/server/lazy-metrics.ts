/** The metrics of a server that has them; their library is loaded by it alone. */
import type { MetricSources, Metrics } from "./metrics.js";

/** Counts from the moment on at which the library is there. */
export interface LazyMetrics extends Pick<Metrics, "answered" | "refused" | "close"> {
  /** Resolves once all that happens is counted. */
  readonly ready: Promise<Metrics>;
}

/** Begins to load them; `undefined` where a server has none. */
export function lazyMetrics(isOn: boolean, sources: MetricSources): LazyMetrics | undefined {
  if (!isOn) return undefined;
  let loaded: Metrics | undefined;
  let isClosed = false;
  const ready = import("./metrics.js").then(({ createMetrics }) => {
    loaded = createMetrics(sources);
    if (isClosed) loaded.close();
    return loaded;
  });
  // Those who look at the metrics are told.
  ready.catch(() => {});
  return {
    ready,
    answered: (...request) => loaded?.answered(...request),
    refused: (kind) => loaded?.refused(kind),
    close() {
      isClosed = true;
      loaded?.close();
    },
  };
}
