/** The statuses of executions that a store keeps. */
export { EXECUTION_STATUSES } from "@atomiton/storage/browser";

const FINISHED: readonly string[] = ["completed", "failed", "cancelled"];

/** Whether an execution of this status is over. */
export function isFinished(status: string): boolean {
  return FINISHED.includes(status);
}

/** What began an execution that was forked from another, which is its parent. */
export const FORKED = "fork";

/** Whether an execution is a part of another, and goes on with that. */
export function isPart({ parentId, trigger }: { parentId?: string; trigger: string }): boolean {
  return parentId !== undefined && trigger !== FORKED;
}
