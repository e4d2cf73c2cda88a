/** The key under which a conductor says so. */
export const PERSISTS: unique symbol = Symbol.for("@atomiton/keeps-executions") as never;

/** Whether a conductor keeps its executions in a store; `undefined` for one that does not say. */
export function persistsExecutions(conductor: object): boolean | undefined {
  return (conductor as { [PERSISTS]?: boolean })[PERSISTS];
}

/** The key of what has a conductor leave executions of others to others, as it is about to end. */
export const DRAINS: unique symbol = Symbol.for("@atomiton/drains-executions") as never;

/** Has a conductor take up no executions of its store any more but those that callers wait for here; it is shut down next. */
export async function drainExecutions(conductor: object): Promise<void> {
  await (conductor as { [DRAINS]?: () => Promise<void> })[DRAINS]?.();
}
