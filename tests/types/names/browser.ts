/** `@atomiton/conductor/browser`: every name. */

import type {
  ConductorConfig,
  ConductorExecutionContext,
  ConductorTransport,
  ErrorRecoveryStrategy,
  ExecutionError,
  ExecutionId,
  ExecutionResult,
  ExecutionStatus,
  FlowProblem,
  FlowSavedEvent,
  HealthResult,
  NodeCompleteEvent,
  NodeDefinition,
  NodeErrorEvent,
  NodeExecutionState,
  NodeExecutorFactory,
  NodeProgressEvent,
  ProgressEvent,
  ProgressGraphMetadata,
  ProgressNodeSnapshot,
  TransportConfig,
} from "@atomiton/conductor/browser";
import * as browser from "@atomiton/conductor/browser";

import type { Holds, Same, Untyped } from "./check.js";

/** The types of this entry point by name. */
export interface Types {
  ConductorConfig: ConductorConfig;
  ConductorExecutionContext: ConductorExecutionContext;
  ConductorTransport: ConductorTransport;
  ErrorCode: browser.ErrorCode;
  ErrorRecoveryStrategy: ErrorRecoveryStrategy;
  ExecutionError: ExecutionError;
  ExecutionId: ExecutionId;
  ExecutionResult: ExecutionResult;
  ExecutionStatus: ExecutionStatus;
  FlowSavedEvent: FlowSavedEvent;
  HealthResult: HealthResult;
  NodeCompleteEvent: NodeCompleteEvent;
  NodeErrorEvent: NodeErrorEvent;
  NodeExecutionState: NodeExecutionState;
  NodeExecutorFactory: NodeExecutorFactory;
  NodeProgressEvent: NodeProgressEvent;
  ProgressEvent: ProgressEvent;
  ProgressGraphMetadata: ProgressGraphMetadata;
  ProgressNodeSnapshot: ProgressNodeSnapshot;
  TransportConfig: TransportConfig;
}

type Conductor = typeof browser.conductor;

export const values = browser satisfies {
  DEFAULT_SLOWMO_MS: number;
  ErrorCode: Record<browser.ErrorCode, browser.ErrorCode>;
  conductor: Conductor;
  createConductor(config?: ConductorConfig): Conductor;
  createConductorInstance(config?: ConductorConfig): Conductor;
  createExecutionId(id?: string): ExecutionId;
  isValidProgressEvent(value: unknown): value is ProgressEvent;
  readFlow(text: string, format?: "yaml" | "json"): NodeDefinition;
  validateFlow(flow: NodeDefinition): FlowProblem[];
  toExecutionId(id: string): ExecutionId;
};

const { auth, flow, getEnvironment, inBrowser, inDesktop, node, nodes, storage, system } = browser.conductor;
const environment = getEnvironment();

export type Statements = [
  Holds<Same<Untyped<Types>, never>>,
  Holds<Same<Awaited<ReturnType<typeof node.validate>>, { valid: boolean; errors: string[]; warnings?: string[] }>>,
  Holds<Same<Awaited<ReturnType<typeof node.cancel>>, void>>,
  Holds<Same<Awaited<ReturnType<typeof nodes.get>>["type" | "effects"], string>>,
  Holds<Same<NonNullable<Awaited<ReturnType<typeof nodes.list>>[number]["refused"]>["message"], string>>,
  Holds<Same<typeof flow.onProgress, typeof node.onProgress>>,
  Holds<Same<typeof inBrowser | typeof inDesktop | typeof environment.isDesktop, boolean>>,
  Holds<
    Same<
      keyof typeof environment.capabilities,
      "nodeExecution" | "localStorage" | "sessionStorage" | "fileSystem" | "cloudExecution"
    >
  >,
  Holds<Same<keyof typeof environment.details, "userAgent" | "platform">>,
];

// Every subscription ends with what subscribing returned.
export const unsubscribes: (() => void)[] = [
  node.onProgress((event: NodeProgressEvent) => event.graph.maxParallelism),
  node.onComplete((event: NodeCompleteEvent) => event.output === event.result.data),
  node.onError((event: NodeErrorEvent) => event.error.length),
  storage.onFlowSaved((event: FlowSavedEvent) => [event.id, event.name, event.savedAt, event.flowId, event.timestamp]),
  auth.onAuthExpired(() => system.restart()),
];

export const { templates } = await flow.listTemplates();
export const lines: string[] = templates.map(
  ({ id, name, description = "", nodeCount }) => `${id} ${name} ${description} ${nodeCount}`,
);
export const { flows, total } = await storage.listFlows({
  limit: 50,
  offset: 0,
  sortBy: "updatedAt",
  sortOrder: "asc",
});
export const saved: string[] = flows.map(
  ({ id, name, nodeCount, savedAt }) => `${id} ${name} ${nodeCount + total} ${savedAt}`,
);
