/** How an execution looks while it goes on, as it crosses to other threads, processes and machines: numbers, and what nodes say. */
import type { Eta, NodeAttempts, NodeRounds } from "./graph.js";

/** What happens to a node beyond its state; plain data that can be cloned. */
export interface NodeActivity {
  attempts?: NodeAttempts;
  rounds?: NodeRounds;
  handled?: true;
  cancelled?: true;
  /** Each answer so far was taken over from another execution. */
  inherited?: boolean;
  /** Of a loop: what went wrong in one of its rounds. */
  error?: string;
  /** How many of its outputs were made by other attempts. */
  cached?: number;
  /** Why an output of it was not kept for others. */
  notCached?: string;
}

/** What nodes say of themselves, by their indices in the outline. */
export interface NodeReports {
  /** `percent` is 0–100. */
  reports: [node: number, report: { percent: number; message?: string | undefined }][];
  /** Messages of the errors with which they failed. */
  errors: [node: number, message: string][];
  activities: [node: number, activity: NodeActivity][];
}

/** What stays the same while a flow runs: its outline, with the answers of the engine about it. */
export interface LiveShape {
  words: number[];
  names: string[];
  edges: number;
  nodes: { type: string; name: string }[];
  /** Levels, critical path and weights of the children of the node that is run. */
  scope: number[];
  /** Weight and level of each node. */
  levels: number[];
}

/**
 * What is new about how an execution looks: all of it, or the changes since what was told before. `conductor.node.store` makes its
 * states of it; its parts are those of the engine, and change with it.
 */
export interface LiveView {
  /** Where this ends, for the next question; empty where the execution is not known. */
  cursor: string;
  /** With the whole view, unless the cursor of the question says that it is known. */
  shape?: LiveShape;
  /** The whole view, as the engine writes it; `null` for what has not come. */
  numbers?: (number | null)[];
  /** Four numbers for each change: the node, its state with the percents, the step of the animation, and when, in ms since the epoch. */
  changes?: number[];
  told?: NodeReports;
  isPaused?: true;
  /** What earlier executions make expect: how long it still takes, and its critical path. */
  eta?: Eta;
  expectedPath?: string[];
  /** Once it is over; times are ms since the epoch. */
  end?: { startTime: number; endTime: number; hasSucceeded: boolean };
}
