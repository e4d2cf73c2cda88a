/** Going on with what an earlier process left unfinished. */
import type { StoredExecution } from "@atomiton/storage";

import type { ExecutionResult } from "./execution.js";

/** Executions of a store that go on, those that cannot, and those that wait. */
export interface Recovery {
  resumed: { executionId: string; flowId: string; result: Promise<ExecutionResult> }[];
  blocked: { executionId: string; reason: string }[];
  /** They ask for a label that this process does not offer, and are left as they are to processes that do; with the reason in words. */
  elsewhere: { executionId: string; flowId: string; reason: string }[];
  /** They go on when they are resumed. */
  paused: { executionId: string; flowId: string }[];
  /** How many sleep until a later time, at which they go on by themselves. */
  sleeping: number;
  /** How many wait for people: `executions.waiting()` has their questions. */
  waiting: number;
}

/** Names those of unfinished executions that are to go on, by their ids. */
export type ChooseExecutions = (
  executions: readonly StoredExecution[],
) => readonly string[] | PromiseLike<readonly string[]>;

/** How an execution is to go on. */
export interface ResumeOptions {
  /**
   * It goes on although node types of this process have other major versions than it began with, with those from then on, and so do
   * executions that are parts of it. Default: it is blocked then.
   */
  anyVersion?: boolean;
}
