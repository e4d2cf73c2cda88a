/** The state of a run as stores and progress listeners see it. */

import type { NodeExecutionState } from "./execution.js";
import type { ExecutionId, NodeId } from "./ids.js";

/** The tries of a node of which one has failed. */
export interface NodeAttempts {
  /** The latest, from 1. */
  number: number;
  /** How many there may be. */
  of?: number;
  /** Why the last one failed, in short. */
  error?: string;
  /** When the next one begins, in ms since the epoch; missing while one goes on. */
  retryAt?: number;
}

/** The rounds of a loop. */
export interface NodeRounds {
  done: number;
  /** Missing while more may be told of. */
  total?: number;
  /** Those that go on. */
  active: number;
}

/** A try that failed and was followed by another. Times are ms since the epoch. */
export interface RetryRecord {
  timestamp: number;
  nodeId: NodeId;
  /** Of the node's own call; in a loop it tells the round. */
  executionId: ExecutionId;
  /** The try that failed, from 1. */
  number: number;
  /** How many there may be. */
  of: number;
  /** Why, in short. */
  error: string;
  /** When the next one was to begin. */
  retryAt: number;
}

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
  /** Of a node that failed at least once. */
  attempts?: NodeAttempts;
  /** Of a loop that has begun. */
  rounds?: NodeRounds;
  /** Its failure went on along an edge on the handle `error`, and ended nothing else. */
  handled?: true;
  /**
   * It did not fail by itself: it was stopped, because another node failed or the run was cancelled. One that is `skipped`
   * was stopped because the group around it was over without its branch.
   */
  cancelled?: true;
  /** How many of its outputs were taken from the cache; more than one in a loop. */
  cached?: number;
  /** In a fork: it was not run, what it gave is that of the execution that was forked; of a group, all in it that ran. */
  reused?: true;
  /** The nodes of a group. */
  nodes?: ExecutionGraphNode[];
}

/**
 * How long a run still takes, estimated from the last completed executions of its flow. Times are ms from when it is read; in an event
 * that came from another process, from when that was sent.
 */
export interface Eta {
  /** From the medians of the nodes that are under way or to come. */
  ms: number;
  /** From their lower quartiles. */
  low: number;
  /** From their upper quartiles. */
  high: number;
  /** How many executions it is made from, at least 2. */
  basis: number;
  /** How many nodes that are under way or to come no execution tells of; they count as 0 ms. Missing where all nodes are known. */
  unknown?: number;
}

/** All nodes of a run, with the run itself. Frozen; its parts are worked out when they are read. */
export interface ExecutionGraphState {
  /** The direct children of the node that is run; a leaf itself. */
  nodes: Map<string, ExecutionGraphNode>;
  edges: { from: string; to: string }[];
  /** Ids by level. */
  executionOrder: string[][];
  /**
   * Once the run is over, the path that took longest. Before, the one that is expected to, from what nodes took in the last completed
   * executions of the flow, where the conductor has a store with any; else the heaviest by weight.
   */
  criticalPath: string[];
  /** Which of the three `criticalPath` is; missing in a graph made by hand. */
  criticalPathKind?: "measured" | "expected" | "estimated";
  totalWeight: number;
  /** The size of the largest level, at least 1. */
  maxParallelism: number;
  isExecuting: boolean;
  /** It starts nothing more until it is resumed; missing when it goes on. */
  isPaused?: true;
  startTime: number | null;
  endTime: number | null;
  /** Overall progress, 0–100. */
  cachedProgress: number;
  /**
   * How long the run still takes, worked out when it is read, at most every 250 ms. Only where the conductor has a store with at
   * least 2 completed executions of the flow; missing or `undefined` while the run is paused, while a question of it is open or may
   * come by a `wait-for-input`, and once it is over.
   */
  eta?: Eta | undefined;
  executionId?: ExecutionId;
  nodeId?: NodeId;
}
