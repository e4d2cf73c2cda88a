/** The metrics of a server, in the text form of Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { MainProcessConductor } from "../desktop/main-process.js";
import type { ExecutionResult } from "../types/execution.js";

/** What is measured beside executions, asked for when somebody looks. */
export interface MetricSources {
  conductor: Pick<MainProcessConductor, "node" | "events">;
  /** Clients that are told of events. */
  clients(): number;
  /** Executions that wait for a place. */
  queued(): number;
}

/** Takes what is counted as it happens, and gives all of it. */
export interface Metrics {
  /** A request was answered. `route`: the pattern of its path, which is one of few. */
  answered(method: string, route: string, status: number, seconds: number): void;
  /** A call was refused: `refused` for who may not make it, `limited` for one too many. */
  refused(kind: "refused" | "limited"): void;
  /** All metrics, as text. */
  text(): Promise<string>;
  /** The type of that text. */
  readonly contentType: string;
  /** Counts nothing more. */
  close(): void;
}

/** Methods that are told apart. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Executions under way of which the flow is remembered. */
const MOST_UNDER_WAY = 100_000;

/** Flows that are told apart; all others are counted as `other`. */
const MOST_FLOWS = 100;

/** Bounds of the durations of executions, in seconds. */
const EXECUTION_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800, 7200];

/** Bounds of the durations of requests, in seconds. */
const REQUEST_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

/** Begins to count. Nothing is counted for nodes: executions are, at their end. */
export function createMetrics({ conductor, clients, queued }: MetricSources): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const executions = new Counter({
    name: "conductor_executions_total",
    help: "Executions that ended, by flow and outcome",
    labelNames: ["flow", "outcome"],
    registers,
  });
  const durations = new Histogram({
    name: "conductor_execution_duration_seconds",
    help: "How long executions took, by flow",
    labelNames: ["flow"],
    buckets: EXECUTION_SECONDS,
    registers,
  });
  new Gauge({
    name: "conductor_executions_running",
    help: "Executions that are under way in this process",
    registers,
    async collect() {
      this.set((await conductor.node.active()).length);
    },
  });
  new Gauge({
    name: "conductor_executions_queued",
    help: "Executions of callers that wait for a place",
    registers,
    collect() {
      this.set(queued());
    },
  });
  new Gauge({
    name: "conductor_clients",
    help: "Clients that are told of events",
    registers,
    collect() {
      this.set(clients());
    },
  });
  const refusals = new Counter({
    name: "conductor_calls_refused_total",
    help: "Calls that were refused, and callers that were told of a limit",
    labelNames: ["kind"],
    registers,
  });
  const requests = new Histogram({
    name: "http_request_duration_seconds",
    help: "Requests, until their answer began, by method, route and status",
    labelNames: ["method", "route", "status"],
    buckets: REQUEST_SECONDS,
    registers,
  });

  const flows = new Set<string>();
  const labelOf = (flowId: string) => {
    if (flows.has(flowId) || flows.size < MOST_FLOWS) {
      flows.add(flowId);
      return flowId;
    }
    return "other";
  };
  const underWay = new Map<string, string>();
  const ended = (executionId: string, outcome: string, result: ExecutionResult | undefined) => {
    const flow = labelOf(underWay.get(executionId) ?? result?.context?.nodeId ?? "other");
    underWay.delete(executionId);
    executions.inc({ flow, outcome });
    if (result?.duration !== undefined) durations.observe({ flow }, result.duration / 1000);
  };
  const { events } = conductor;
  const ends = [
    events.onStarted(({ executionId, nodeId }) => {
      if (underWay.size < MOST_UNDER_WAY) underWay.set(executionId, nodeId);
    }),
    events.onCompleted(({ executionId, result }) => ended(executionId, "completed", result)),
    events.onError(({ executionId, result }) => {
      ended(executionId, result?.error?.code === "CANCELLED" ? "cancelled" : "failed", result);
    }),
  ];

  return {
    answered(method, route, status, seconds) {
      requests.observe({ method: METHODS.has(method) ? method : "other", route, status }, seconds);
    },
    refused: (kind) => refusals.inc({ kind }),
    text: () => register.metrics(),
    contentType: register.contentType,
    close() {
      for (const end of ends) end();
      register.clear();
    },
  };
}
