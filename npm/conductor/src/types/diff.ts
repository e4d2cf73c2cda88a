/** What two executions differ in. */
import type { NodeExecutionState } from "./execution.js";
import type { ExecutionId } from "./ids.js";

/** A place at which two values differ. */
export interface ValueDifference {
  /** JSON pointer to the place; empty for the value as a whole. */
  path: string;
  /** Of a node in loops: the rounds around it, the outermost first, from 0, as in `3.0`. */
  round?: string;
  /** The values in short, as JSON with a word for what JSON lacks; missing on the side that has no such value. */
  a?: string;
  b?: string;
}

/** Places at which values differ. */
export interface ValueDifferences {
  differences: ValueDifference[];
  /** How many more there are; missing for none. */
  more?: number;
}

/** How a node stood in one of the executions. */
export interface ComparedNode {
  state: NodeExecutionState;
  /** In ms. */
  duration?: number;
  /** Tries; 0 for a node that did not begin. */
  attempts: number;
  /** What it gave was taken over from another execution. */
  reused?: true;
  error?: string;
}

/** A node in both executions; where a side is missing, its flow has no such node. */
export interface NodeDifference extends ValueDifferences {
  /** The ids of the groups around it and its own, as in `group/node`. */
  path: string;
  a?: ComparedNode;
  b?: ComparedNode;
}

/** One of two executions. */
export interface ComparedExecution {
  executionId: ExecutionId;
  flowId: string;
  status: string;
  /** In ms; missing while it is not over. */
  duration?: number;
  /** The execution that it is a part of, or was forked from. */
  parentId?: string;
}

/**
 * What two executions differ in: every node of both, in the order of the first, then those that only the second one has. Of a
 * node, of the input and of the variables 20 places are told at most, and 1,000 of all nodes.
 */
export interface ExecutionDiff {
  a: ComparedExecution;
  b: ComparedExecution;
  input: ValueDifferences;
  variables: ValueDifferences;
  nodes: NodeDifference[];
}
