/** Requests: running a stored flow by its id. */
import type { ExecutionError } from "./errors.js";
import type { ConductorExecutionContext, DebugOptions, RunWarning } from "./execution.js";
import type { ExecutionId, NodeId } from "./ids.js";

/** What is to be done when a node fails: end the flow, go on with what does not depend on it, or try it again. */
export type ErrorStrategy = "fail" | "continue" | "retry";

/** What a request asks for beside the flow. Times in ms. */
export interface ExecutionOptions {
  /** Further attempts for nodes that do not say themselves. */
  retries?: number;
  /** Deadline of the execution. */
  timeout?: number;
  /**
   * What to answer instead when the flow fails: `"cached-data"` for the last good outputs of the same flow, inputs and
   * variables since the last login, logout or switch of transports, `{ flowId }` for another flow with the same inputs,
   * or anything else, which then is the outputs themselves.
   */
  fallback?: unknown;
}

/** The same, as older code says it, and how to run. */
export interface ExecutionConfig {
  timeout?: number;
  /** In MiB, 128 at the least. Executions are held to it where a server isolates them; one in this process cannot be, which a warning says. */
  maxMemory?: number;
  /** As `options.retries`. */
  maxRetries?: number;
  /** Nodes in flight at once; `true` for as many as the machine has processors, `false` for one. */
  parallel?: boolean | number;
  /** Writes what nodes log to the console. */
  debugMode?: boolean;
  errorStrategy?: ErrorStrategy;
}

/** What of a context a request may say. */
export type RequestContext = Partial<
  Pick<ConductorExecutionContext, "executionId" | "variables" | "parentContext" | "slowMo">
> & { debug?: DebugOptions | boolean; [key: string]: unknown };

/** The same under an older name. */
export type ExecutionContext = RequestContext;

interface RequestFields {
  /** The input of the flow. */
  inputs?: Record<string, unknown>;
  context?: RequestContext;
  options?: ExecutionOptions;
  config?: ExecutionConfig;
  /**
   * What is said about the execution, such as `{ customer: "acme", ticket: 42 }`: texts, numbers, booleans, null, lists and plain
   * objects, 16 KiB of JSON at most. Nodes do not see it. With a `store` it is kept with the execution, without secrets and what the
   * flow's `redact` names; `executions.get` shows it, and `executions.list({ tags: ["customer:acme"] })` finds the execution by
   * it. What cannot be kept fails the request with SERIALIZATION_FAILED, what is too large with INVALID_PARAMETERS.
   */
  metadata?: Record<string, unknown>;
}

/** Names a stored flow and what to run it with. The flow's id has three names; the first that is given counts. */
export type ExecutionRequest = RequestFields &
  (
    | { flowId: string; compositeId?: string; blueprintId?: string }
    | { flowId?: undefined; compositeId: string; blueprintId?: string }
    | { flowId?: undefined; compositeId?: undefined; blueprintId: string }
  );

/** Facts about an execution that a request led to. */
export interface ExecutionMetadata {
  executionId: ExecutionId;
  /** The flow that was asked for. */
  flowId: string;
  /** In ms, with waiting for further attempts and the fallback. */
  duration: number;
  /** Ids in plan order. */
  executedNodes: NodeId[];
  /** The most attempts that one node took; over a transport that had to be asked again, the calls. At least 1. */
  attempts: number;
  /** Where the outputs come from when the flow failed. */
  fallbackUsed?: "cached-data" | "value" | "flow";
  /** What went wrong: of a failed execution its error, of a fallback what it stands in for. */
  error?: ExecutionError;
  /** As in the result of an execution. */
  warnings?: RunWarning[];
}

/** How a request ended. */
export interface RequestResult {
  success: boolean;
  /** Outputs by node id; with a fallback, what it gave (in `{ result }` when that is no object). Missing after a failure. */
  outputs?: Record<string, unknown>;
  /** Output of the flow, which is that of its last node. */
  data?: unknown;
  /** The message of the error. */
  error?: string;
  metadata?: ExecutionMetadata;
}
