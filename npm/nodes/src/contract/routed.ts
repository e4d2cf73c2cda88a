const routedHandles: unique symbol = Symbol.for("@atomiton/routed") as never;

/**
 * Marks an output as routed: only edges whose `sourceHandle` is among `handles` carry it, what depends on the others
 * alone is skipped. Returns the same object; the mark is not enumerable.
 */
export function routed<T extends object>(value: T, handles: string[]): T {
  return Object.defineProperty(value, routedHandles, { value: Object.freeze([...handles]), configurable: true });
}

/** Where an output has what each of its handles carries, for the conductor. */
const carriedValues: unique symbol = Symbol.for("@atomiton/carried") as never;

/**
 * The same, where each handle carries a value of its own: an edge that leaves by one of `carried` brings that instead of the
 * whole output. Other readers of the output, such as expressions with `nodes`, see `value`.
 */
export function routedApart<T extends object>(value: T, carried: ReadonlyMap<string, unknown>): T {
  return Object.defineProperty(routed(value, [...carried.keys()]), carriedValues, { value: carried });
}

/** Where an output says how many things fit none of its other handles and go by `default`, for the conductor. */
const leftOver: unique symbol = Symbol.for("@atomiton/left-over") as never;

/** Notes how many things a routed output sends by `default` because they fit no other handle: where no edge leaves by it, they are lost. */
export function withLeftOver<T extends object>(value: T, count: number): T {
  return Object.defineProperty(value, leftOver, { value: count });
}

/** Where an output says that the run ends with it, for the conductor. */
const endingRun: unique symbol = Symbol.for("@atomiton/ends-run") as never;

/** Marks an output as the last one of its run: nothing more begins, and the run has succeeded with it. */
export function endsRun<T extends object>(value: T): T {
  return Object.defineProperty(routed(value, []), endingRun, { value: true });
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
