/** What a server measures, told to instruments as it happens. */
import type { MainProcessConductor } from "../desktop/main-process.js";
import type { ExecutionResult } from "../types/execution.js";
import { type Instruments, METRICS } from "./metric-definitions.js";

/** What is measured beside executions, asked for at each scrape or collection. */
export interface MeasureSources {
  conductor: Pick<MainProcessConductor, "node" | "events">;
  /** Clients that are told of events. */
  clients(): number;
  /** Executions that wait for a permit. */
  queued(): number;
}

/** Takes what only the server knows. */
export interface Measures {
  /** A request was answered. `route`: the pattern of its path, which is one of few. */
  answered(method: string, route: string, status: number, seconds: number): void;
  /** A call was refused: `refused` for who may not make it, `limited` for one too many. */
  refused(kind: "refused" | "limited"): void;
  /** Measures nothing more. */
  close(): void;
}

/** Methods that are told apart. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Executions under way of which the flow is remembered. */
const MOST_UNDER_WAY = 100_000;

/** Flows, and types of nodes, that are told apart; all others are counted as `other`. */
const MOST_FLOWS = 100;
const MOST_TYPES = 200;

/** Begins to measure. */
export function measure({ conductor, clients, queued }: MeasureSources, instruments: Instruments): Measures {
  const executions = instruments.counter(METRICS.executions);
  const durations = instruments.histogram(METRICS.durations);
  const nodeCalls = instruments.counter(METRICS.nodeCalls);
  const refusals = instruments.counter(METRICS.refusals);
  const requests = instruments.histogram(METRICS.requests);
  instruments.gauge(METRICS.running, async () => (await conductor.node.active()).length);
  instruments.gauge(METRICS.queued, queued);
  instruments.gauge(METRICS.clients, clients);

  const flowLabel = firstOnes(MOST_FLOWS);
  const typeLabel = firstOnes(MOST_TYPES);
  const underWay = new Map<string, string>();
  const ended = (executionId: string, outcome: string, result: ExecutionResult | undefined) => {
    const flow = flowLabel(underWay.get(executionId) ?? result?.context?.nodeId ?? "other");
    underWay.delete(executionId);
    executions({ flow, outcome });
    if (result?.duration !== undefined) durations({ flow }, result.duration / 1000);
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
    events.countCalls((type, outcome) => nodeCalls({ type: typeLabel(type), outcome })),
  ];

  return {
    answered(method, route, status, seconds) {
      requests({ method: METHODS.has(method) ? method : "other", route, status }, seconds);
    },
    refused: (kind) => refusals({ kind }),
    close() {
      for (const end of ends) end();
      instruments.close();
    },
  };
}

/** Gives names as they are, the first `most` of them, and `other` for all that come later. */
function firstOnes(most: number): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.size < most) known.add(name);
    return known.has(name) ? name : "other";
  };
}
