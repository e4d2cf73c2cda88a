/** The shapes of what callers hold and are given, the same at every entry point. */
export type {
  AnySchema,
  DefinedNode,
  FileAccess,
  JsonSchema,
  NetworkAccess,
  NodeCall,
  NodeLog,
  NodeTypeDefinition,
  StandardSchema,
} from "@atomiton/nodes";
export type { Conductor, Execute } from "../api/conductor.js";
export type { DebugController } from "../api/debug-controller.js";
export type { ExecutionViews } from "../api/execution-views.js";
export type { FlowEngine } from "../api/flow-store.js";
export type { ConductorConfig } from "../api/settings.js";
export type { ExecutionGraphStore } from "../api/store.js";
export type {
  FlowBuilder,
  FlowOptions,
  LoopOutput,
  LoopParameters,
  NodeOptions,
  TrySections,
} from "../builder/flow.js";
export type { Expression } from "../builder/types.js";
export type { EngineInfo } from "../engine/backend.js";
export type { NodeExecutable, NodeExecutorFactory } from "../engine/executables.js";
export type {
  CompletedEvent,
  CompletedHandler,
  ConductorEventEmitter,
  ErrorEvent,
  ErrorHandler,
  ProgressHandler,
  StartedEvent,
  StartedHandler,
  Unsubscribe,
} from "../events/emitter.js";
export type { AuthApi, AuthSession, AuthUser, OwnSession, UserSession } from "../services/auth.js";
export type { FlowApi } from "../services/flow.js";
export type { ActiveExecution, ExecutionEvents, NodeApi, ValidationResult } from "../services/node.js";
export type { NodesApi } from "../services/nodes.js";
export type { StorageApi } from "../services/storage.js";
export type { SystemApi } from "../services/system.js";
export type * from "../types/definition.js";
export type * from "../types/diff.js";
export type { EnvironmentInfo } from "../types/environment-info.js";
export type { ErrorRecoveryStrategy, ExecutionError } from "../types/errors.js";
export type * from "../types/execution.js";
export type * from "../types/execution-log.js";
export type * from "../types/export.js";
export type * from "../types/flow.js";
export type * from "../types/fork.js";
export type * from "../types/graph.js";
export type { ExecutionId, NodeId } from "../types/ids.js";
export type * from "../types/node-type.js";
export type * from "../types/progress-event.js";
export type * from "../types/question.js";
export type * from "../types/replay.js";
export type * from "../types/request.js";
export type * from "../types/transport.js";
export type * from "../types/worker.js";
