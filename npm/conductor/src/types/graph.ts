/** What a store, and whoever listens to progress, sees of a run. */

import type { NodeExecutionState } from "./execution.js";
import type { ExecutionId, NodeId } from "./ids.js";

/** One node. Objects are frozen and keep their identity while nothing about the node changes. */
export interface ExecutionGraphNode {
  id: NodeId;
  name: string;
  type: string;
  weight: number;
  /** Ids of the nodes that edges come from, in edge order; one entry per edge. */
  dependencies: string[];
  dependents: string[];
  /** From 0. */
  level: number;
  state: NodeExecutionState;
  /** 0–100. */
  progress: number;
  message?: string;
  /** ms since the epoch. */
  startTime?: number;
  endTime?: number;
  /** Between start and end, in ms. */
  duration?: number;
  error?: string;
  /** The nodes of a group. */
  nodes?: ExecutionGraphNode[];
}

/** All nodes of a run, with the run itself. Frozen; its parts are worked out when they are read. */
export interface ExecutionGraphState {
  /** The direct children of the node that is run; a leaf itself. */
  nodes: Map<string, ExecutionGraphNode>;
  edges: { from: string; to: string }[];
  /** Ids by level. */
  executionOrder: string[][];
  criticalPath: string[];
  totalWeight: number;
  /** The size of the largest level, at least 1. */
  maxParallelism: number;
  isExecuting: boolean;
  startTime: number | null;
  endTime: number | null;
  /** Overall progress, 0–100. */
  cachedProgress: number;
  executionId?: ExecutionId;
  nodeId?: NodeId;
}
