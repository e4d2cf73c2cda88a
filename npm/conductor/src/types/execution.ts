/** What goes into an execution and what comes out of it. */
import type { ExecutionError } from "./errors.js";
import type { RetryRecord } from "./graph.js";
import type { ExecutionId, NodeId } from "./ids.js";

/** Where an execution stands. */
export type ExecutionStatus = "pending" | "running" | "completed" | "failed" | "cancelled";

/** Where a node stands. */
export type NodeExecutionState = "pending" | "executing" | "completed" | "error" | "skipped";

/** Kinds of simulated errors. */
export type SimulatedErrorType = "generic" | "timeout" | "network" | "validation" | "permission";

/** Lets a node fail or dawdle, to see what an application makes of it. */
export interface DebugOptions {
  /** Fails a node, given by id or `"random"` for any one, instead of running it. */
  simulateError?: {
    nodeId: NodeId | "random";
    errorType: SimulatedErrorType;
    message?: string;
    /** Wait in ms before it fails. */
    delayMs?: number;
  };
  /** Starts a node late. */
  simulateLongRunning?: { nodeId: NodeId | "random"; delayMs: number };
}

/** What an execution is told, and what executables see of it. */
export interface ConductorExecutionContext {
  nodeId: NodeId;
  executionId: ExecutionId;
  /** Shared by all nodes of an execution, by reference. */
  variables: Record<string, unknown>;
  /** By target handle for a node within a flow; whatever the caller gave for the node that is run. */
  input?: Record<string, unknown>;
  parentContext?: ConductorExecutionContext;
  /** Pace in ms for watching; a node takes about twice this. */
  slowMo?: number;
  /** `true` only asks for debug output. */
  debug?: DebugOptions | boolean;
}

/** Something that did not keep a run from going on, and that its author should know of. */
export interface RunWarning {
  /** What kind of thing it is, in kebab case, such as `empty-name`. */
  rule: string;
  message: string;
  /** The node that it is about. */
  nodeId: string;
  /** JSON pointer into the flow, where its definition is what it is about. */
  path?: string;
  /** How often a node said the same; missing for once. */
  count?: number;
}

/** How an execution ended. */
export interface ExecutionResult<T = unknown> {
  success: boolean;
  /** Output of the node that was run; for a group, of its last node. */
  data?: T;
  error?: ExecutionError | undefined;
  /** In ms. */
  duration?: number;
  /** Ids in plan order. */
  executedNodes?: NodeId[];
  context?: ConductorExecutionContext;
  /**
   * What the flow was warned of, and what its nodes warned of while they ran, in that order: 100 of the nodes' at most,
   * then one that says how many more there were. Missing without warnings.
   */
  warnings?: RunWarning[] | undefined;
  /** In a fork: ids of the nodes that were not run, because what they gave before still holds. Missing where all were. */
  reused?: NodeId[];
  /** Worked out when it is read. */
  trace?: ExecutionTrace;
  /**
   * Outputs by node id, at every depth (of a leaf: its own); of nodes that share an id, the outermost's. With
   * `keepOutputs: "last"`, only what is left of them. From a worker, only those that can be cloned; `undefined` when the
   * run ended without a word from it. Not an own property: copies do not carry it.
   */
  readonly outputs?: Record<string, unknown> | undefined;
}

/** What happened in an execution. Times are ms since the epoch. */
export interface ExecutionTrace {
  executionId: ExecutionId;
  rootNodeId: NodeId;
  startTime: number;
  endTime?: number;
  duration?: number;
  config: { slowMo?: number };
  events: TraceEvent[];
  /** The direct children of the node that was run; of a leaf, itself. */
  nodes: NodeExecutionTrace[];
  /** Tries that failed and were followed by others, the first 10,000; missing where there were none. */
  retries?: RetryRecord[];
  /** As in the result. */
  warnings?: RunWarning[];
}

/** One entry of a trace. */
export interface TraceEvent {
  timestamp: number;
  type: "started" | "progress" | "state-change" | "completed" | "error";
  /**
   * Of `progress`, with `message` what the node's executable said then; of what all executables of a run said in a million
   * characters at most, what came after that is missing.
   */
  data: Record<string, unknown>;
}

/** The same, as earlier versions call it. */
export type ExecutionTraceEvent = TraceEvent;

/** What happened to one node. */
export interface NodeExecutionTrace {
  nodeId: NodeId;
  nodeName: string;
  nodeType: string;
  startTime: number;
  endTime?: number;
  duration?: number;
  state: NodeExecutionState;
  /** 0–100. */
  progress: number;
  /** How many outputs of it and of the nodes inside it were taken from the cache. */
  cached?: number;
  /** Why an output of it was neither taken from the cache nor kept there, although that was asked for. */
  notCached?: string;
  /** In a fork: it was not run, what it gave is that of the execution that was forked; of a group, all in it that ran. */
  reused?: true;
  events: TraceEvent[];
  childTraces?: NodeExecutionTrace[];
}
