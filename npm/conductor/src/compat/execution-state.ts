/** What is kept about an execution by hand, step by step. */

/** Where an execution, or a node of it, stands. */
export type ExecutionStateStatus = (typeof STATUSES)[number];

/** Every status there is. */
export const STATUSES = ["pending", "running", "paused", "completed", "failed", "cancelled"] as const;

/** An execution. */
export interface ExecutionState {
  executionId: string;
  /** The flow. */
  blueprintId: string;
  status: ExecutionStateStatus;
  startTime: Date;
  endTime?: Date;
  /** By node id. */
  nodeStates: Map<string, NodeState>;
  variables: Map<string, unknown>;
  /** In the order in which they were made. */
  checkpoints: Checkpoint[];
}

/** A node of an execution. */
export interface NodeState {
  nodeId: string;
  status: ExecutionStateStatus;
  /** When it was first running. */
  startTime?: Date;
  /** When it first completed or failed. */
  endTime?: Date;
  lastError?: Error;
  /** Errors that were recorded. */
  retryCount: number;
}

/** The variables of an execution at one moment. */
export interface Checkpoint {
  timestamp: Date;
  /** The node that it was made for. */
  nodeId: string;
  /** A copy of the map; the values themselves are shared with the execution. */
  state: Map<string, unknown>;
}

/** An execution that was started now. */
export function createExecutionState(executionId: string, blueprintId: string): ExecutionState {
  return {
    executionId,
    blueprintId,
    status: "pending",
    startTime: new Date(),
    nodeStates: new Map(),
    variables: new Map(),
    checkpoints: [],
  };
}

/** Whether an execution is under way: running or paused, but not one that is still to start. */
export function isActive({ status }: ExecutionState): boolean {
  return status === "running" || status === "paused";
}
