/** `@atomiton/conductor`: every name, and what a program sees of it. */
import type { EventEmitter } from "node:events";
import type {
  ActiveExecution,
  AnySchema,
  AuthApi,
  AuthSession,
  AuthUser,
  CompletedHandler,
  ConductorConfig,
  ConductorEventEmitter,
  ConductorExecutionContext,
  ConductorInstance,
  ConductorTransport,
  DefinedNode,
  EnvironmentInfo,
  ErrorHandler,
  ErrorRecoveryStrategy,
  ExecutionConfig,
  ExecutionContext,
  ExecutionError,
  ExecutionGraphNode,
  ExecutionGraphState,
  ExecutionGraphStore,
  ExecutionId,
  ExecutionMetadata,
  ExecutionOptions,
  ExecutionRequest,
  ExecutionResult,
  ExecutionState,
  ExecutionStatus,
  ExecutionTrace,
  FlowApi,
  FlowSavedEvent,
  FlowSummary,
  HealthResult,
  NodeApi,
  NodeCompleteEvent,
  NodeDefinition,
  NodeEdge,
  NodeErrorEvent,
  NodeExecutionState,
  NodeExecutionTrace,
  NodeExecutorFactory,
  NodeId,
  NodeProgressEvent,
  ProgressEvent,
  ProgressGraphMetadata,
  ProgressHandler,
  ProgressNodeSnapshot,
  RequestResult,
  RunWarning,
  SavedFlow,
  SimpleBlueprint,
  SimpleComposite,
  SimpleExecutorInstance,
  SimpleNode,
  SimpleResult,
  StartedHandler,
  StateManagerInstance,
  StorageApi,
  SystemApi,
  TransportConfig,
  TransportType,
  Unsubscribe,
  ValidationResult,
} from "@atomiton/conductor";
import * as root from "@atomiton/conductor";

import type { Fits, Holds, Same, Untyped } from "./check.js";

/** The types of this entry point by name. */
export interface Types {
  ActiveExecution: ActiveExecution;
  AnySchema: AnySchema;
  AuthApi: AuthApi;
  AuthSession: AuthSession;
  AuthUser: AuthUser;
  CompletedHandler: CompletedHandler;
  ConductorConfig: ConductorConfig;
  ConductorEventEmitter: ConductorEventEmitter;
  ConductorExecutionContext: ConductorExecutionContext;
  ConductorInstance: ConductorInstance;
  ConductorTransport: ConductorTransport;
  DefinedNode: DefinedNode;
  EnvironmentInfo: EnvironmentInfo;
  ErrorCode: root.ErrorCode;
  ErrorHandler: ErrorHandler;
  ErrorRecoveryStrategy: ErrorRecoveryStrategy;
  ExecutionConfig: ExecutionConfig;
  ExecutionContext: ExecutionContext;
  ExecutionEngine: root.ExecutionEngine;
  ExecutionError: ExecutionError;
  ExecutionGraphNode: ExecutionGraphNode;
  ExecutionGraphState: ExecutionGraphState;
  ExecutionGraphStore: ExecutionGraphStore;
  ExecutionId: ExecutionId;
  ExecutionMetadata: ExecutionMetadata;
  ExecutionOptions: ExecutionOptions;
  ExecutionRequest: ExecutionRequest;
  ExecutionResult: ExecutionResult;
  ExecutionState: ExecutionState;
  ExecutionStatus: ExecutionStatus;
  ExecutionTrace: ExecutionTrace;
  FlowApi: FlowApi;
  FlowBuilder: root.FlowBuilder<Record<string, never>, never>;
  FlowOptions: root.FlowOptions;
  FlowSavedEvent: FlowSavedEvent;
  FlowSummary: FlowSummary;
  HealthResult: HealthResult;
  NodeApi: NodeApi;
  NodeCall: root.NodeCall;
  NodeCompleteEvent: NodeCompleteEvent;
  NodeDefinition: NodeDefinition;
  NodeEdge: NodeEdge;
  NodeErrorEvent: NodeErrorEvent;
  NodeExecutable: root.NodeExecutable;
  NodeExecutionState: NodeExecutionState;
  NodeExecutionTrace: NodeExecutionTrace;
  NodeExecutorFactory: NodeExecutorFactory;
  NodeId: NodeId;
  NodeProgressEvent: NodeProgressEvent;
  ProgressEvent: ProgressEvent;
  ProgressGraphMetadata: ProgressGraphMetadata;
  ProgressHandler: ProgressHandler;
  ProgressNodeSnapshot: ProgressNodeSnapshot;
  Queue: root.Queue;
  RequestResult: RequestResult;
  RunWarning: RunWarning;
  SavedFlow: SavedFlow;
  SimpleBlueprint: SimpleBlueprint;
  SimpleComposite: SimpleComposite;
  SimpleExecutor: root.SimpleExecutor;
  SimpleExecutorInstance: SimpleExecutorInstance;
  SimpleNode: SimpleNode;
  SimpleResult: SimpleResult;
  StartedHandler: StartedHandler;
  StateManager: root.StateManager;
  StateManagerInstance: StateManagerInstance;
  StorageApi: StorageApi;
  SystemApi: SystemApi;
  TransportConfig: TransportConfig;
  TransportType: TransportType;
  Unsubscribe: Unsubscribe;
  ValidationResult: ValidationResult;
}

/** The values of this entry point, as far as older code calls them. */
export const values = root satisfies {
  conductor: ConductorInstance;
  createConductor(config?: ConductorConfig): ConductorInstance;
  defineNode<T extends string>(type: { type: T; execute(): number }): DefinedNode<T>;
  flow(id: string): { build(): NodeDefinition };
  setupMainProcessHandler(config?: { concurrency?: number; storage?: unknown; timeout?: number }): { cleanup(): void };

  ErrorCode: Record<root.ErrorCode, root.ErrorCode>;
  createExecutionError(code: root.ErrorCode, message: string): ExecutionError;
  isExecutionError(value: unknown): value is ExecutionError;
  toExecutionError(error: unknown, defaultCode?: root.ErrorCode): ExecutionError;
  getErrorRecoveryStrategy(error: ExecutionError | root.ErrorCode): ErrorRecoveryStrategy;
  createExecutionId(id?: string): ExecutionId;
  toExecutionId(id: string): ExecutionId;

  SimpleExecutor: new () => SimpleExecutorInstance;
  createSimpleExecutor(): SimpleExecutorInstance;
  createSimpleNode(id: string, type: string, logic: (input: unknown) => Promise<unknown>): SimpleNode;
  StateManager: new (persistState?: boolean) => EventEmitter & StateKeeper;
  createStateManager(persistState?: boolean): StateKeeper & Pick<EventEmitter, "on" | "off" | "emit">;
  ExecutionEngine: new (config?: { concurrency?: number; storage?: unknown; timeout?: number }) => EventEmitter;
  createExecutionEngine(config?: { concurrency?: number }): root.ExecutionEngine;
  Queue: new (options?: { concurrency?: number; maxRetries?: number }) => JobQueue;
  createQueue(options?: { concurrency?: number; maxRetries?: number }): JobQueue;
  createLocalTransport(config?: ConductorConfig): Transport & { type: TransportType };
  createHTTPTransport(config: { apiUrl: string; headers?: Record<string, string> }): Transport & { type: "http" };
  createIPCTransport(): Transport & { type: "ipc"; initialize(): void; shutdown(): Promise<void> };
  createExecutionRouter(): {
    execute(request: ExecutionRequest): Promise<RequestResult>;
    registerTransport(transport: Transport & { type: TransportType }): void;
    setDefaultTransport(type: TransportType): void;
  };
  isAtomic(node: NodeDefinition): boolean;
  isComposite(node: NodeDefinition): boolean;
};

interface Transport {
  execute(request: ExecutionRequest): Promise<RequestResult>;
}

/** What a state manager can be told and asked, as older code writes it down. */
interface StateKeeper {
  initializeExecution(executionId: string, blueprintId: string): void;
  updateExecutionState(executionId: string, updates: Partial<ExecutionState>): void;
  updateNodeState(executionId: string, nodeId: string, status: ExecutionStatus): void;
  recordNodeError(executionId: string, nodeId: string, error: Error): void;
  setVariable(executionId: string, key: string, value: unknown): void;
  getVariable(executionId: string, key: string): unknown;
  createCheckpoint(executionId: string, nodeId: string): void;
  restoreCheckpoint(executionId: string, checkpointIndex: number): void;
  getExecutionState(executionId: string): ExecutionState | undefined;
  getActiveExecutions(): ExecutionState[];
  clearExecutionState(executionId: string): void;
  clearCompletedExecutions(): number;
  loadExecutionStates(): Promise<void>;
  createContext(executionId: string, blueprintId: string): ExecutionState;
  getContext(executionId: string): ExecutionState | undefined;
  updateContext(executionId: string, updates: Partial<ExecutionState>): void;
  setData(executionId: string, key: string, value: unknown): void;
}

/** What a queue can be told and asked. */
interface JobQueue {
  add(
    jobData: { executionId: string; blueprintId: string; input?: Record<string, unknown> },
    jobOptions?: {
      priority?: number;
      delay?: number;
      attempts?: number;
      backoff?: { type: "fixed" | "exponential"; delay: number };
    },
  ): Promise<string>;
  pause(): unknown;
  resume(): unknown;
  clear(): unknown;
  getJob(jobId: string): unknown;
  getJobResult(jobId: string): unknown;
  getActiveJobs(): unknown;
  getQueueSize(): number;
  addWebhookResponse(answer: { executionId: string; response: unknown }): void;
  getPendingCount(): number;
  gracefulShutdown(): Promise<void>;
  getMetrics(): {
    activeJobs: number;
    pendingJobs: number;
    completedJobs: number;
    failedJobs: number;
    queueSize: number;
  };
}

const { conductor } = root;
const byRequest = conductor.execute({ flowId: "my-workflow", inputs: { data: "test" } });
const byBlueprint = conductor.execute({ blueprintId: "my-workflow" });
const byComposite = conductor.execute({ compositeId: "my-workflow" });
const byNode = conductor.execute({ id: "node-1", type: "transform" }, { slowMo: 100 });
const byRun = conductor.node.run({ id: "node-1", type: "transform" });

type Request = Awaited<typeof byRequest>;
type Run = Awaited<typeof byNode>;

export type Statements = [
  Holds<Same<Untyped<Types>, never>>,
  // A request answers in words, a node with an error that has a code.
  Holds<Same<Request, RequestResult>>,
  Holds<Same<Awaited<typeof byBlueprint>, RequestResult>>,
  Holds<Same<Awaited<typeof byComposite>, RequestResult>>,
  Holds<Same<Request["success"], boolean>>,
  Holds<Same<Request["outputs"], Record<string, unknown> | undefined>>,
  Holds<Same<Request["error"], string | undefined>>,
  Holds<Same<Request["metadata"], ExecutionMetadata | undefined>>,
  Holds<Fits<Run, ExecutionResult>>,
  Holds<Same<Run["error"], ExecutionError | undefined>>,
  Holds<Same<Awaited<typeof byRun>, Run>>,
  Holds<
    Same<
      keyof ExecutionResult,
      | "success"
      | "data"
      | "error"
      | "duration"
      | "executedNodes"
      | "reused"
      | "context"
      | "warnings"
      | "trace"
      | "outputs"
    >
  >,
  Holds<Same<ExecutionResult<number>["data"], number | undefined>>,
  Holds<Same<ExecutionResult["executedNodes"], NodeId[] | undefined>>,
  Holds<Same<TransportType, "local" | "ipc" | "http" | "websocket">>,
  Holds<Same<TransportConfig["type"], "local" | "rpc" | "custom">>,
  Holds<Same<ExecutionStatus, "pending" | "running" | "completed" | "failed" | "cancelled">>,
  Holds<Same<NodeExecutionState, "pending" | "executing" | "completed" | "error" | "skipped">>,
  Holds<Same<HealthResult["status"], "ok" | "degraded" | "down" | "error">>,
  Holds<Same<EnvironmentInfo["type"], "desktop" | "browser">>,
  Holds<
    Same<keyof ErrorRecoveryStrategy, "retryable" | "retryDelayMs" | "maxRetries" | "alternatives" | "suggestions">
  >,
  Holds<
    Same<
      keyof ConductorExecutionContext,
      "nodeId" | "executionId" | "variables" | "input" | "parentContext" | "slowMo" | "debug"
    >
  >,
  // What a caller hands over, in each of its forms.
  Holds<Fits<{ transport: "local"; concurrency: number; timeout: number }, ConductorConfig>>,
  Holds<
    Fits<{ transport: ConductorTransport; logLevel: "debug"; maxRetries: number; retryDelay: number }, ConductorConfig>
  >,
  Holds<Fits<true, NonNullable<ConductorExecutionContext["debug"]>>>,
  Holds<
    Fits<
      {
        simulateError: { nodeId: "random"; errorType: "generic" | "timeout" | "network" | "validation" | "permission" };
      },
      NonNullable<ConductorExecutionContext["debug"]>
    >
  >,
  Holds<Fits<{ retries: number; timeout: number; fallback: string }, ExecutionOptions>>,
  Holds<
    Fits<
      {
        timeout: number;
        maxMemory: number;
        maxRetries: number;
        parallel: boolean;
        debugMode: boolean;
        errorStrategy: "fail" | "continue" | "retry";
      },
      ExecutionConfig
    >
  >,
  Holds<Fits<SavedFlow, NodeDefinition>>,
  Holds<Fits<NodeProgressEvent, ProgressEvent>>,
  Holds<Fits<number, NonNullable<NodeProgressEvent["nodes"][number]["duration"]>>>,
];

// Results are of one flat type, whatever ran.
export type Results = [
  Holds<Same<ReturnType<typeof conductor.node.run>, Promise<ExecutionResult>>>,
  Holds<Same<ReturnType<typeof conductor.flow.run>, Promise<ExecutionResult>>>,
];

// A function of an API is handed on without its object.
export const run: (node: NodeDefinition) => Promise<ExecutionResult> = conductor.node.run;
export const unsubscribe: () => void = conductor.node.onProgress(({ progress }) => progress.toFixed());

/** Advice for each way an execution can end. */
export async function advice(node: NodeDefinition): Promise<string | undefined> {
  const result = await conductor.node.run(node);
  if (result.error === undefined) return undefined;
  const { code, message, recovery }: ExecutionError = result.error;
  return recovery?.suggestions?.join(" ") ?? `${code}: ${message}`;
}

/** Whatever was thrown, told apart by a guard. */
export function codeOf(thrown: unknown): root.ErrorCode {
  return root.isExecutionError(thrown) ? thrown.code : root.ErrorCode.UNKNOWN_ERROR;
}
