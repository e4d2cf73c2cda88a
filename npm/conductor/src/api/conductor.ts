/** The conductor that callers hold. */
import { type FlowProblem, validateFlow } from "../engine/flows.js";
import { createLog } from "../engine/log.js";
import { ConductorEventEmitter } from "../events/emitter.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import { Runs } from "./runs.js";
import type { ConductorConfig, HealthResult } from "./settings.js";
import { createGraphStore, type ExecutionGraphStore, type ReactHooks } from "./store.js";

/** What is wrong with a node, in words. */
export interface ValidationResult {
  valid: boolean;
  errors: string[];
}

/** Runs nodes. Every method works without its object. */
export interface NodeApi {
  /** Runs a node, or with children a flow. Rejects only for a node without id. */
  run(node: NodeDefinition, context?: Partial<ConductorExecutionContext>): Promise<ExecutionResult>;
  /** Checks a node and everything in it, parameters included. */
  validate(node: NodeDefinition): Promise<ValidationResult>;
  /** Stops an execution and those that it started, at once. An unknown id is no error. */
  cancel(executionId: string): Promise<void>;
  /** The graph of the run started last. */
  store: ExecutionGraphStore;
}

/** Runs flows: nodes with children. */
export interface FlowApi {
  /** Like `node.run`, but rejects a node without children. */
  run(flow: NodeDefinition, context?: Partial<ConductorExecutionContext>): Promise<ExecutionResult>;
}

/** About the conductor itself. */
export interface SystemApi {
  health(): Promise<HealthResult>;
}

/** Runs flows in this process. */
export interface Conductor {
  node: NodeApi;
  system: SystemApi;
  events: ConductorEventEmitter;
  /** @deprecated use `node.store` */
  readonly store: ExecutionGraphStore;
  /** The same as `node.run`. */
  execute: NodeApi["run"];
  /** The same as `system.health`. */
  health: SystemApi["health"];
  flow: FlowApi;
  /** Which engine runs. */
  engine: { backend: "native" | "wasm"; version: string };
  /** Stops every run. */
  shutdown(): Promise<void>;
}

/** What an entry point brings. */
export interface Environment {
  engine: Conductor["engine"];
  /** JSON schemas of the parameters of node types, by type. */
  schemas(): Record<string, unknown>;
  /** Whether there are no other types than those. */
  closed: boolean;
  /** React, for the store's hook; throws when there is none. */
  react(): ReactHooks;
}

const PROGRESS_INTERVAL_MS = 100;

/** Makes a conductor for an environment. */
export function createConductorIn(environment: Environment, config: ConductorConfig = {}): Conductor {
  const log = createLog(config.logLevel);
  const events = new ConductorEventEmitter(PROGRESS_INTERVAL_MS, log);
  const reported = new WeakSet<object>();
  const isolate = (listener: object, call: () => void) => {
    try {
      call();
    } catch (error) {
      if (reported.has(listener)) return;
      reported.add(listener);
      log.error("A store subscriber threw; the execution goes on", error);
    }
  };
  const feed = createGraphStore(log.warn, isolate, environment.react);
  const runs = new Runs(config, events, feed, log);

  const run: NodeApi["run"] = (node, context) => runs.run(node, context);
  const health: SystemApi["health"] = async () =>
    config.transport?.health === undefined
      ? { status: "ok", timestamp: Date.now(), message: "Local conductor operational" }
      : config.transport.health();

  const conductor = {
    node: {
      run,
      async validate(node: NodeDefinition) {
        const missing = missingFields(node);
        if (missing.length > 0) return { valid: false, errors: missing };
        const problems = validateFlow(node, { schemas: environment.schemas(), closed: environment.closed });
        return { valid: problems.length === 0, errors: problems.map(problemWithPlace) };
      },
      async cancel(executionId: string) {
        runs.cancel(executionId);
      },
      store: feed.store,
    },
    system: { health },
    events,
    get store() {
      log.warn("Deprecated: conductor.store is deprecated. Use conductor.node.store instead.");
      return feed.store;
    },
    execute: run,
    health,
  };
  // Beside the six keys that callers may list.
  return Object.defineProperties(conductor, {
    flow: hidden({ run: flowRun(run) }),
    engine: hidden(environment.engine),
    shutdown: hidden(async () => runs.cancelAll()),
  }) as typeof conductor & Conductor;
}

/** What a node cannot do without, in the words that callers know. */
function missingFields(node: NodeDefinition): string[] {
  return (["id", "type"] as const)
    .filter((field) => typeof node?.[field] !== "string" || node[field] === "")
    .map((field) => `Node must have ${field === "id" ? "an id" : "a type"}`);
}

/** A problem with its place, such as `parameters.limitCount: …`; of the node itself, only what is wrong. */
function problemWithPlace({ path, message }: FlowProblem): string {
  const place = path.split("/").slice(1).join(".");
  return place === "" ? message : `${place}: ${message}`;
}

function flowRun(run: NodeApi["run"]): FlowApi["run"] {
  return async (flow, context) => {
    if (!Array.isArray(flow?.nodes) || flow.nodes.length === 0) {
      throw new Error("Flow must be a group node with child nodes. Use conductor.node.run() for atomic nodes.");
    }
    return run(flow, context);
  };
}

function hidden(value: unknown): PropertyDescriptor {
  return { value, enumerable: false, writable: true, configurable: true };
}
