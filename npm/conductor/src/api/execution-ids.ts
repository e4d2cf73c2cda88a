/** How ids of executions tell which of them are inside of others. */

/** Whether an id is that of an execution, or of one inside of it, such as `exec_1/fallback` inside of `exec_1`. */
export function isInside(id: unknown, executionId: string): boolean {
  return typeof id === "string" && (id === executionId || id.startsWith(`${executionId}/`));
}
