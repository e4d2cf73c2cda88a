/** What those who follow executions from outside are told. */
import { isObject } from "@atomiton/values";
import type { ErrorCode } from "./errors.js";
import type { ExecutionResult, NodeExecutionState } from "./execution.js";
import type { Eta } from "./graph.js";
import type { ExecutionId, NodeId } from "./ids.js";

/** A pace in ms at which a person can follow a run. Runs have no pace by default; this is for editors that offer one. */
export const DEFAULT_SLOWMO_MS = 250;

/** The least that is told about a node. */
export interface ProgressNodeSnapshot {
  id: NodeId;
  name: string;
  state: NodeExecutionState;
  /** Between start and end in ms, once the node is over. */
  duration?: number;
  error?: string;
}

/** Everything that is told about a node. */
export interface ProgressNode extends ProgressNodeSnapshot {
  type: string;
  /** How much the node counts in the overall progress. */
  weight: number;
  /** Ids of the nodes that edges come from, one entry per edge. */
  dependencies: string[];
  dependents: string[];
  /** From 0. */
  level: number;
  /** 0–100. */
  progress: number;
  message?: string;
  /** ms since the epoch. */
  startTime?: number;
  endTime?: number;
}

/** The shape of the graph that is run. */
export interface ProgressGraphMetadata {
  /** Ids by level. */
  executionOrder: string[][];
  criticalPath: string[];
  /** `expected` where `criticalPath` comes from earlier executions of the flow; missing where it does not. */
  criticalPathKind?: "expected";
  totalWeight: number;
  /** The size of the largest level, at least 1. */
  maxParallelism: number;
  edges: { from: string; to: string }[];
}

/** How far an execution is. */
export interface ProgressEvent {
  /** The first node that is executing; empty when none is. */
  nodeId: NodeId;
  /** Overall, 0–100. */
  progress: number;
  message: string;
  nodes: ProgressNodeSnapshot[];
  graph: ProgressGraphMetadata;
}

/** How far an execution is, in full. Valid as {@link ProgressEvent}. */
export interface NodeProgressEvent extends ProgressEvent {
  executionId: ExecutionId;
  nodes: ProgressNode[];
  /** How long the execution still takes, as `ExecutionGraphState` has it. */
  eta?: Eta | undefined;
}

/** An execution succeeded. */
export interface NodeCompleteEvent {
  /** The node that was run. */
  nodeId: NodeId;
  executionId: ExecutionId;
  result: ExecutionResult;
  /** `result.data`. */
  output: unknown;
  /** ms since the epoch. */
  timestamp: number;
}

/** An execution failed. */
export interface NodeErrorEvent {
  /** The node that failed. */
  nodeId: NodeId;
  executionId: ExecutionId;
  /** What went wrong, in words. */
  error: string;
  code?: ErrorCode;
  /** ms since the epoch. */
  timestamp: number;
}

/** A flow was saved. */
export interface FlowSavedEvent {
  id: string;
  name: string;
  /** ISO 8601. */
  savedAt: string;
  /** `id`, as older code calls it. */
  flowId: string;
  /** `savedAt` in ms since the epoch. */
  timestamp: number;
}

/**
 * Whether a value from outside can be read as a progress event: ids, names, states and messages are strings, figures are
 * numbers, lists are lists. Never throws, whatever the value does when it is looked at.
 */
export function isValidProgressEvent(value: unknown): value is ProgressEvent {
  try {
    if (!isObject(value)) return false;
    const { nodeId, progress, message, nodes, graph } = value;
    return (
      typeof nodeId === "string" &&
      typeof progress === "number" &&
      typeof message === "string" &&
      Array.isArray(nodes) &&
      isEvery(nodes, isNode) &&
      isGraph(graph)
    );
  } catch {
    return false;
  }
}

function isNode(value: unknown): boolean {
  if (!isObject(value)) return false;
  return typeof value.id === "string" && typeof value.name === "string" && typeof value.state === "string";
}

function isGraph(value: unknown): boolean {
  if (!isObject(value)) return false;
  return (
    Array.isArray(value.executionOrder) &&
    Array.isArray(value.criticalPath) &&
    Array.isArray(value.edges) &&
    typeof value.totalWeight === "number" &&
    typeof value.maxParallelism === "number"
  );
}

/** As `every`, but holes count too, and no method of the list is trusted. */
function isEvery(list: unknown[], test: (entry: unknown) => boolean): boolean {
  for (let index = 0; index < list.length; index++) {
    if (!test(list[index])) return false;
  }
  return true;
}
