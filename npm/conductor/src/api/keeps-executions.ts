/** The key under which a conductor says so. */
export const KEEPS: unique symbol = Symbol.for("@atomiton/keeps-executions") as never;

/** Whether a conductor keeps its executions in a store; `undefined` for one that does not say. */
export function keepsExecutions(conductor: object): boolean | undefined {
  return (conductor as { [KEEPS]?: boolean })[KEEPS];
}
