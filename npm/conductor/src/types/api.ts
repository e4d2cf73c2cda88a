/** What callers hold: the same in every environment. Every method works without its object. */
import type { NodeDefinition, TypedFlow } from "./definition.js";
import type { ConductorExecutionContext, ExecutionResult } from "./execution.js";
import type {
  FlowDefinition,
  FlowDeletedEvent,
  FlowList,
  FlowReceipt,
  FlowTemplate,
  FlowToSave,
  ListFlowsOptions,
  SavedFlow,
  SaveFlowOptions,
} from "./flow.js";
import type { ExecutionId } from "./ids.js";
import type { FlowSavedEvent, NodeCompleteEvent, NodeErrorEvent, NodeProgressEvent } from "./progress-event.js";
import type { OpenQuestion } from "./question.js";
import type { HealthResult } from "./transport.js";

/** Ends a subscription. */
export type Unsubscribe = () => void;

/** What is wrong with a node, in words. */
export interface ValidationResult {
  valid: boolean;
  errors: string[];
  /** What the node asks for in vain, although it can be run; missing where there is nothing. */
  warnings?: string[];
}

/** An execution that is not over. */
export interface ActiveExecution {
  executionId: ExecutionId;
  nodeId: string;
  /** ms since the epoch. */
  startTime: number;
  /** It starts nothing more until it is resumed; missing when it goes on. */
  paused?: true;
}

/** Progress, ends and failures of all executions. */
export interface ExecutionEvents {
  /** At most every 100 ms for each execution, and once at its end. */
  onProgress(callback: (event: NodeProgressEvent) => void): Unsubscribe;
  onComplete(callback: (event: NodeCompleteEvent) => void): Unsubscribe;
  onError(callback: (event: NodeErrorEvent) => void): Unsubscribe;
}

/** Runs nodes. */
export interface NodeApi extends ExecutionEvents {
  /** Runs a node, or with children a flow. Rejects only for a node without id, and only where it runs in this process. */
  run<Output = unknown>(
    node: TypedFlow<Output>,
    context?: Partial<ConductorExecutionContext>,
  ): Promise<ExecutionResult<Output>>;
  run<Output = unknown>(
    node: NodeDefinition,
    context?: Partial<ConductorExecutionContext>,
  ): Promise<ExecutionResult<Output>>;
  /** Checks a node and everything in it, parameters included. */
  validate(node: NodeDefinition): Promise<ValidationResult>;
  /** Stops an execution and those that it started, at once. An unknown id is no error. */
  cancel(executionId: string): Promise<void>;
  /** Lets an execution start no further node; what runs goes on. An unknown id is no error. */
  pause(executionId: string): Promise<void>;
  /** Goes on after a pause. */
  resume(executionId: string): Promise<void>;
  /** The executions that are not over. */
  active(): Promise<ActiveExecution[]>;
  /** The result of an execution that another program started, or that this one forgot about. */
  attach(executionId: string): Promise<ExecutionResult>;
}

/** Executions that wait for people. */
export interface ExecutionsApi {
  /** The questions that are open: all of them, or those of an execution and of the flows inside of it. */
  waiting(executionId?: string): Promise<OpenQuestion[]>;
  /**
   * Answers a question, by its id or by that of an execution which asks only one. Rejects with NODE_NOT_FOUND where no such
   * question is open, and with INVALID_PARAMETERS for an answer that does not fit, which leaves it open, and for an execution
   * that asks several things.
   */
  answer(id: string, answer: unknown): Promise<void>;
  /** Calls back for each question when it is asked. */
  onQuestion(callback: (question: OpenQuestion) => void): Unsubscribe;
}

/** Runs flows, which are nodes with children, and knows the templates. */
export interface FlowApi extends ExecutionEvents {
  /** Like `node.run`, but rejects a node without children. */
  run<Output = unknown>(
    flow: TypedFlow<Output>,
    context?: Partial<ConductorExecutionContext>,
  ): Promise<ExecutionResult<Output>>;
  run<Output = unknown>(
    flow: NodeDefinition,
    context?: Partial<ConductorExecutionContext>,
  ): Promise<ExecutionResult<Output>>;
  listTemplates(): Promise<{ templates: FlowTemplate[] }>;
  /** A template by its id or its short name, such as `hello-world`. Rejects for an unknown id. */
  getTemplate(id: string): Promise<{ definition: FlowDefinition }>;
  /** The definition of a template, or of a saved flow. Rejects when there is neither. */
  loadFlow(id: string): Promise<FlowDefinition>;
}

/** Keeps flows. */
export interface StorageApi {
  /** Saves a flow under its id, or under a new one. Rejects a flow without nodes. */
  saveFlow(flow: FlowToSave, options?: SaveFlowOptions): Promise<FlowReceipt>;
  /** Rejects when there is no such flow. */
  loadFlow(id: string): Promise<SavedFlow>;
  listFlows(options?: ListFlowsOptions): Promise<FlowList>;
  /** Rejects when there is no such flow. */
  deleteFlow(id: string): Promise<void>;
  onFlowSaved(callback: (event: FlowSavedEvent) => void): Unsubscribe;
  onFlowDeleted(callback: (event: FlowDeletedEvent) => void): Unsubscribe;
}

/** A user who is logged in. */
export interface AuthUser {
  id?: string;
  username: string;
  email?: string;
  roles?: string[];
  [key: string]: unknown;
}

/** What logging in gives. */
export interface AuthSession {
  token: string;
  user?: AuthUser;
  /** ISO 8601, or ms since the epoch. */
  expiresAt?: string | number;
  [key: string]: unknown;
}

/** Sessions with a server. */
export interface AuthApi {
  /** Rejects wrong credentials with `Invalid credentials`. */
  login(credentials: { username: string; password: string }): Promise<AuthSession>;
  /** Forgets the token once the server has ended the session, or at once where there is no server. Rejects where one refuses. */
  logout(): Promise<void>;
  /** Null when no user is logged in. */
  getCurrentUser(): Promise<AuthUser | null>;
  refreshToken(): Promise<AuthSession>;
  onAuthExpired(callback: (event?: unknown) => void): Unsubscribe;
}

/** About the system that runs things. */
export interface SystemApi {
  health(): Promise<HealthResult>;
  /** In the desktop application, after a question to the user. Rejects elsewhere. */
  restart(): Promise<void>;
}

/** Where this program runs, and what it can do there. */
export interface EnvironmentInfo {
  type: "desktop" | "browser";
  isDesktop: boolean;
  /** Whether executions can be started. */
  hasTransport: boolean;
  capabilities: {
    nodeExecution: boolean;
    localStorage: boolean;
    sessionStorage: boolean;
    fileSystem: boolean;
    cloudExecution: boolean;
  };
  details: { userAgent: string; platform: string };
}

/** What callers hold, by name. */
export interface Services {
  node: NodeApi;
  executions: ExecutionsApi;
  flow: FlowApi;
  storage: StorageApi;
  auth: AuthApi;
  system: SystemApi;
}
