/** New executions from old ones. */
import type { NodeDefinition } from "./definition.js";
import type { ExecutionId, NodeId } from "./ids.js";

/**
 * In what a fork is another execution than the one that it is forked from. Nodes are named by id; where several have the same
 * one, by the ids of the groups around them and theirs, as in `group/node`.
 */
export interface ForkChanges {
  /** Nodes that run anew, with all that is in them and all that depends on them. */
  from?: string | readonly string[];
  /**
   * A step of the old execution's replay: only what nodes gave up to it is taken over, all else runs anew. From 0, which takes over
   * nothing, to the `length` of the replay, which is the whole execution.
   */
  fromStep?: number;
  /** Loops, and the round from which on each runs anew: from 0 to the last one that gave something. Of a loop inside another one, in each round of that. */
  fromRound?: Record<string, number>;
  /** Parameters by node and name, over those of the flow. */
  parameters?: Record<string, Record<string, unknown>>;
  /** In the place of what the old execution was given. */
  input?: Record<string, unknown>;
  /** By name, over those of the old execution. */
  variables?: Record<string, unknown>;
  /** The flow as it was edited; its id is that of the flow of the old execution. */
  flow?: NodeDefinition;
  /** The id of the new execution. */
  executionId?: string;
}

/** A fork that has begun. */
export interface ForkedExecution {
  executionId: ExecutionId;
  flowId: NodeId;
}
