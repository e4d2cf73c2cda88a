/** The conductor for Node and Electron's main process, with the node library. */
import { createRequire } from "node:module";
import { nodeTypes } from "@atomiton/nodes/definitions";
import { getNodeExecutable } from "@atomiton/nodes/executables";
import { type Conductor, createConductorIn } from "../api/conductor.js";
import type { ConductorConfig } from "../api/settings.js";
import type { ReactHooks } from "../api/store.js";
import { useNativeBackend } from "../engine/native.js";

const engine = useNativeBackend();
const nodeExecutorFactory = { getNodeExecutable };

const schemas = () => Object.fromEntries([...nodeTypes].map(([type, { parameterSchema }]) => [type, parameterSchema]));

// Only applications that use the store's hook have React.
const react = () => createRequire(import.meta.url)("react") as ReactHooks;

/** Makes a conductor that runs nodes in this process. */
export function createConductor(config: ConductorConfig = {}): Conductor {
  // Whoever brings node types of their own knows more types than the library.
  const closed = config.nodeExecutorFactory === undefined;
  return createConductorIn(
    { engine, schemas, closed, react },
    {
      ...config,
      nodeExecutorFactory: config.nodeExecutorFactory ?? nodeExecutorFactory,
    },
  );
}

export type { Conductor, Conductor as DesktopConductor, FlowApi, NodeApi, SystemApi } from "../api/conductor.js";
export type { ConductorConfig, ConductorTransport, HealthResult } from "../api/settings.js";
export type { ExecutionGraphStore } from "../api/store.js";
export type { NodeExecutable, NodeExecutorFactory } from "../engine/executables.js";
export {
  analyseFlow,
  type FlowAnalysis,
  type FlowNodeTypes,
  type FlowProblem,
  FlowTextError,
  problemText,
  readFlow,
  validateFlow,
  writeFlow,
} from "../engine/flows.js";
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
export type * from "../types/definition.js";
export type { ErrorRecoveryStrategy, ExecutionError } from "../types/errors.js";
export type * from "../types/execution.js";
export type * from "../types/graph.js";
export type { ExecutionId, NodeId } from "../types/ids.js";
