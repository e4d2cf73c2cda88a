/** `@atomiton/conductor/desktop`: every name. */

import type {
  CompletedHandler,
  ConductorConfig,
  ConductorEventEmitter,
  ConductorExecutionContext,
  ConductorTransport,
  DesktopConductor,
  ErrorHandler,
  ExecutionError,
  ExecutionGraphNode,
  ExecutionGraphState,
  ExecutionGraphStore,
  ExecutionResult,
  ExecutionStatus,
  HealthResult,
  NodeExecutionState,
  NodeExecutorFactory,
  ProgressEvent,
  ProgressHandler,
  StartedHandler,
  TransportConfig,
  Unsubscribe,
} from "@atomiton/conductor/desktop";
import * as desktop from "@atomiton/conductor/desktop";

import type { Fits, Holds, Same, Untyped } from "./check.js";

/** The types of this entry point by name. */
export interface Types {
  CompletedHandler: CompletedHandler;
  ConductorConfig: ConductorConfig;
  ConductorEventEmitter: ConductorEventEmitter;
  ConductorExecutionContext: ConductorExecutionContext;
  ConductorTransport: ConductorTransport;
  DesktopConductor: DesktopConductor;
  ErrorHandler: ErrorHandler;
  ExecutionError: ExecutionError;
  ExecutionGraphNode: ExecutionGraphNode;
  ExecutionGraphState: ExecutionGraphState;
  ExecutionGraphStore: ExecutionGraphStore;
  ExecutionResult: ExecutionResult;
  ExecutionStatus: ExecutionStatus;
  HealthResult: HealthResult;
  NodeExecutionState: NodeExecutionState;
  NodeExecutorFactory: NodeExecutorFactory;
  ProgressEvent: ProgressEvent;
  ProgressHandler: ProgressHandler;
  StartedHandler: StartedHandler;
  TransportConfig: TransportConfig;
  Unsubscribe: Unsubscribe;
}

export const values = desktop satisfies {
  createConductor(config?: ConductorConfig): DesktopConductor;
  setupMainProcessHandler(config?: { concurrency?: number; storage?: unknown; timeout?: number }): { cleanup(): void };
};

/** A conductor with everything that an application may bring along. */
const conductor = desktop.createConductor({
  transport: {
    execute: async (node, context) => ({ success: true, data: [node.id, context.executionId] }),
    health: async () => ({ status: "degraded", timestamp: Date.now() }),
  },
  nodeExecutorFactory: {
    getNodeExecutable: (type) => (type === "sum" ? { execute: async ({ a, b }) => a + b } : undefined),
  },
  maxRetries: 2,
  retryDelay: 500,
  timeout: 30_000,
  logLevel: "error",
});

const { run } = conductor.node;
const store: ExecutionGraphStore = conductor.node.store;

export type Statements = [
  Holds<Same<Untyped<Types>, never>>,
  Holds<Fits<typeof conductor, DesktopConductor>>,
  Holds<Fits<Awaited<ReturnType<typeof run>>, ExecutionResult>>,
  Holds<Same<Awaited<ReturnType<typeof conductor.health>>, HealthResult>>,
  Holds<Same<typeof conductor.store, ExecutionGraphStore>>,
  Holds<
    Fits<
      keyof ExecutionGraphStore,
      | "getState"
      | "setState"
      | "subscribe"
      | "useStore"
      | "initializeGraph"
      | "setNodeState"
      | "setNodeProgress"
      | "completeExecution"
      | "reset"
      | "getTrace"
    >
  >,
];

export const unsubscribes: Unsubscribe[] = [
  conductor.events.onProgress((state: ExecutionGraphState) => state.cachedProgress.toFixed()),
  conductor.events.onStarted(({ nodeId }) => nodeId.length),
  conductor.events.onCompleted(({ result }) => result.success),
  conductor.events.onError(({ error }) => error.message),
  store.subscribe((state, previous) => state.cachedProgress - previous.cachedProgress),
];

export const nodes: ExecutionGraphNode[] = [...store.getState().nodes.values()];

/** What a component shows. */
export function useProgress(): number {
  return store.useStore((state) => state.cachedProgress);
}

conductor.events.removeAllListeners();
