/** The service that runs nodes. */
import type { NodeDefinition, TypedFlow } from "../types/definition.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import type { ExecutionId } from "../types/ids.js";
import type { LiveView } from "../types/live-view.js";
import type { NodeCompleteEvent, NodeErrorEvent, NodeProgressEvent } from "../types/progress-event.js";
import { type Declaration, named, type Unsubscribe, whole } from "./declaration.js";
import { executeSchema, validateSchema, viewSchema } from "./schemas.js";

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
  /**
   * Stops an execution and those that it started, at once. An unknown id is no error, nor is a server that cannot be reached, of
   * which the console is told; a server that refuses is.
   */
  cancel(executionId: string): Promise<void>;
  /** Lets an execution start no further node; what runs goes on. An unknown id is no error. */
  pause(executionId: string): Promise<void>;
  /** Goes on after a pause. */
  resume(executionId: string): Promise<void>;
  /** The executions that are not over. */
  active(): Promise<ActiveExecution[]>;
  /**
   * How an execution looks, and with the `cursor` of an answer what is new since. Answers when there is news, after 20 s at most.
   * With `""` it answers at once, and one that begins in the next 30 s is told from its beginning: it is waited for as long by
   * questions without a cursor, as is one that is about to begin. Of any other nothing is known: `{ cursor: "" }`, at once.
   * Once `signal` fires it answers with what there is; over a transport it rejects with `CANCELLED`, and the other side goes on until
   * its answer. `store` follows executions elsewhere by this.
   */
  view(executionId: string, after?: string, signal?: AbortSignal): Promise<LiveView>;
  /** The result of an execution that another program started, or that this one forgot about. */
  attach(executionId: string): Promise<ExecutionResult>;
}

/** Events of executions; those of `flow` are the same. */
export const executionEvents: Declaration<ExecutionEvents>["events"] = {
  onProgress: { event: "progress", role: "viewer", ofExecutions: true },
  onComplete: { event: "completed", role: "viewer", ofExecutions: true },
  onError: { event: "error", role: "viewer", ofExecutions: true },
};

/** Older pages send the bare id; what is no id is answered as an unknown execution. */
export const node: Declaration<NodeApi> = {
  channel: "node",
  subject: "node operations",
  size: "data",
  methods: {
    run: {
      command: "execute",
      role: "runner",
      wire: named("node", "context"),
      schema: executeSchema,
      targets: "router",
      awaitsExecution: true,
    },
    validate: { role: "viewer", wire: named("node"), schema: validateSchema },
    cancel: { role: "runner", wire: whole, targets: "everywhere", answers: "nothing" },
    pause: { role: "runner", wire: whole, targets: "everywhere", answers: "nothing" },
    resume: { role: "runner", wire: whole, targets: "everywhere", answers: "nothing" },
    active: { role: "viewer", targets: "router", answers: "list" },
    view: { role: "viewer", wire: named("executionId", "after"), schema: viewSchema },
    attach: { role: "viewer", wire: whole, targets: "router", awaitsExecution: true },
  },
  events: executionEvents,
  commands: { health: { role: "viewer" } },
  notices: { started: { role: "viewer" }, cancelled: { role: "viewer" } },
};
