const routedHandles: unique symbol = Symbol.for("@atomiton/routed") as never;

/**
 * Marks an output as routed: only edges whose `sourceHandle` is among `handles` carry it, what depends on the others
 * alone is skipped. Returns the same object; the mark is not enumerable.
 */
export function routed<T extends object>(value: T, handles: string[]): T {
  return Object.defineProperty(value, routedHandles, { value: Object.freeze([...handles]), configurable: true });
}

/** Whether an output was marked by {@link routed}. */
export function isRouted(value: unknown): boolean {
  return routesOf(value) !== undefined;
}

/** The handles an output was routed to. */
export function routesOf(value: unknown): readonly string[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as { [routedHandles]?: readonly string[] })[routedHandles];
}
