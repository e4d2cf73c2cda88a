/** What a server measures, declared once: Prometheus and OpenTelemetry have their instruments from here. */

/** Something that is measured. */
export interface Metric {
  kind: "counter" | "histogram" | "gauge";
  /** The name in Prometheus, with the unit as conventions there have it. */
  name: string;
  /** The name in OpenTelemetry. */
  otel: string;
  /** The unit in OpenTelemetry (UCUM). */
  unit: string;
  /** What it tells, in words. */
  help: string;
  /** The labels in Prometheus, with the attributes of OpenTelemetry that are the same. */
  labels: Readonly<Record<string, string>>;
  /** Bounds of a histogram. */
  bounds?: readonly number[];
}

const FLOW = { flow: "conductor.flow.id" };

/** All metrics of a server. */
export const METRICS = {
  executions: {
    kind: "counter",
    name: "conductor_executions_total",
    otel: "conductor.executions",
    unit: "{execution}",
    help: "Executions that ended, by flow and outcome",
    labels: { ...FLOW, outcome: "conductor.outcome" },
  },
  durations: {
    kind: "histogram",
    name: "conductor_execution_duration_seconds",
    otel: "conductor.execution.duration",
    unit: "s",
    help: "How long executions took, by flow",
    labels: FLOW,
    bounds: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800, 7200],
  },
  nodeCalls: {
    kind: "counter",
    name: "conductor_node_calls_total",
    otel: "conductor.node.calls",
    unit: "{call}",
    help: "Calls of nodes, each try for itself, by type and outcome",
    labels: { type: "conductor.node.type", outcome: "conductor.outcome" },
  },
  running: {
    kind: "gauge",
    name: "conductor_executions_running",
    otel: "conductor.executions.running",
    unit: "{execution}",
    help: "Executions that are under way in this process",
    labels: {},
  },
  queued: {
    kind: "gauge",
    name: "conductor_executions_queued",
    otel: "conductor.executions.queued",
    unit: "{execution}",
    help: "Executions of callers that wait for a permit",
    labels: {},
  },
  clients: {
    kind: "gauge",
    name: "conductor_clients",
    otel: "conductor.clients",
    unit: "{client}",
    help: "Clients that are told of events",
    labels: {},
  },
  refusals: {
    kind: "counter",
    name: "conductor_calls_refused_total",
    otel: "conductor.calls.refused",
    unit: "{call}",
    help: "Calls that were refused, and callers that were told of a limit",
    labels: { kind: "conductor.refusal" },
  },
  requests: {
    kind: "histogram",
    name: "http_request_duration_seconds",
    otel: "http.server.request.duration",
    unit: "s",
    help: "Requests, until their answer began, by method, route and status",
    labels: { method: "http.request.method", route: "http.route", status: "http.response.status_code" },
    bounds: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
  },
} as const satisfies Record<string, Metric>;

/** Values of labels, by their names in Prometheus. */
export type Labels<F extends Metric> = Record<keyof F["labels"] & string, string | number>;

/** Where what is measured goes. */
export interface Instruments {
  /** What is returned counts one more. */
  counter<F extends Metric>(metric: F): (labels: Labels<F>) => void;
  /** What is returned takes a value. */
  histogram<F extends Metric>(metric: F): (labels: Labels<F>, value: number) => void;
  /** `read` is asked at each scrape or collection. */
  gauge(metric: Metric, read: () => number | Promise<number>): void;
  /** Reads gauges no more. */
  close(): void;
}
