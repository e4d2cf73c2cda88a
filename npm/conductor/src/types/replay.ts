/** Executions as they were at any of their steps. */
import type { NodeDefinition } from "./definition.js";
import type { ExecutionError } from "./errors.js";
import type { NodeExecutionState } from "./execution.js";
import type { LeftOutOfExport } from "./export.js";

/** A node at one moment. Never written to. */
export interface ReplayNode {
  readonly id: string;
  /** The ids that lead to it, such as `loop/pay`: ids are unique only within a group. */
  readonly path: string;
  readonly name: string;
  readonly type: string;
  /** How many groups are around it, the flow not counted. */
  readonly depth: number;
  /** Of a node inside a loop, that of the round in which it changed last. */
  readonly state: NodeExecutionState;
  /** 0–100. */
  readonly progress: number;
  /** The try that it is at, from 1; 0 before it began. */
  readonly attempts: number;
  /** ms since the epoch. */
  readonly startTime?: number;
  readonly endTime?: number;
}

/** An execution at one of its steps. It stays what it is when the replay goes on. */
export interface ReplayMoment {
  /** From 0, before anything happened, to the `length` of the replay. */
  readonly step: number;
  /** ms since the epoch. */
  readonly time: number;
  /** What the step was: `answered` for answers of nodes. Missing at step 0. */
  readonly kind?: "started" | "timer" | "answered" | "progress" | "paused" | "resumed" | "cancelled" | "taken-over";
  /** Progress of the whole execution, 0–100. */
  readonly progress: number;
  /** Paths of the nodes that changed in this step. */
  readonly changed: readonly string[];
  /** All nodes in the order of the flow, groups before the nodes inside them. */
  readonly nodes: readonly ReplayNode[];
  /** A node by its id or path; where several have an id, the outermost one. Throws INVALID_PARAMETERS for one that there is not. */
  node(nodeId: string): ReplayNode;
  /**
   * The output that a node had at this moment; `undefined` where it had none. The same object each time: do not change it.
   * Throws INVALID_PARAMETERS for a node that there is not, and for a group inside a loop whose output is not recorded by itself.
   */
  value(nodeId: string): unknown;
  /** The error with which a node had failed at this moment; `undefined` where it had not. */
  error(nodeId: string): ExecutionError | undefined;
}

/** A recorded execution, to be stepped through. Nothing is run, and nothing is written. */
export interface Replay {
  readonly executionId: string;
  /** As the execution began with it. */
  readonly flow: NodeDefinition;
  /** How it stood when it was read: `completed`, `running`, … */
  readonly status: string;
  /** What was left out when it was exported, so that `[redacted]` stands in its place; missing where nothing was. */
  readonly leftOut?: LeftOutOfExport;
  /** Steps of its journal. */
  readonly length: number;
  /** Where the replay stands; at first at step 0. */
  readonly moment: ReplayMoment;
  /** Goes to a step: a whole number from 0 to `length`. Throws INVALID_PARAMETERS for any other. */
  at(step: number): ReplayMoment;
  /** One step on; at the end the replay stays there. */
  forward(): ReplayMoment;
  /** One step back; at step 0 it stays there. */
  back(): ReplayMoment;
  /** The output of a node where the replay stands: `moment.value(nodeId)`. */
  value(nodeId: string): unknown;
  /** The error of a node where the replay stands: `moment.error(nodeId)`. */
  error(nodeId: string): ExecutionError | undefined;
}
