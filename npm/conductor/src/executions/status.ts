/** The statuses of executions that a store keeps. */
export { EXECUTION_STATUSES } from "@atomiton/storage/browser";

const FINISHED: readonly string[] = ["completed", "failed", "cancelled"];

/** Whether an execution of this status is over. */
export function isFinished(status: string): boolean {
  return FINISHED.includes(status);
}
