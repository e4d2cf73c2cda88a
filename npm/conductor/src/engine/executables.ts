/** Where the code of nodes comes from. */

import type { NodeExecutable } from "@atomiton/nodes";

export type { NodeExecutable } from "@atomiton/nodes";

/** An executable that may return its output at once. */
// biome-ignore lint/suspicious/noExplicitAny: each type has parameters of its own
export type AnyExecutable = NodeExecutable<any, unknown>;

/** Finds the code for a type. */
export interface NodeExecutorFactory {
  getNodeExecutable(type: string): AnyExecutable | undefined;
}

/** Executables of one execution, and of the flows inside of it. */
export interface ExecutionExecutables extends NodeExecutorFactory {
  /** Bytes that nodes may take. */
  readonly memory: number;
  /** Why none of them can be carried out any more, and the node at which that was found; missing while they can. */
  readonly lost: { error: Error; nodeId: string | undefined } | undefined;
  /** Told once they are lost. */
  onLost: (() => void) | undefined;
  /** The execution is over here. */
  end(): void;
}

/** Keeps executions of a conductor apart from its process. */
export interface Isolates {
  /** A conductor is made with it. Throws INVALID_PARAMETERS where another one was. */
  take(): void;
  /** Executables in the place of the `usual` ones; `undefined` for an execution that is not kept apart. */
  executablesOf(executionId: string, usual: NodeExecutorFactory): ExecutionExecutables | undefined;
  /** Whether nodes of a type may not connect in the executions that are kept apart. */
  cutsOff(type: string): boolean;
  /** The conductor ended. */
  close(): Promise<void>;
}

const ROUTED = Symbol.for("@atomiton/routed");

/** The handles on which a value is carried, if its maker named them. */
export function routedHandles(value: unknown): readonly string[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const handles = (value as { [ROUTED]?: unknown })[ROUTED];
  // A copy: listing them may throw, and must not do so half-way through an answer.
  return Array.isArray(handles) ? [...(handles as string[])] : undefined;
}

const CARRIED = Symbol.for("@atomiton/carried");

/** What the handles of a routed value carry, where that is values of their own. */
export function carriedApart(value: unknown): ReadonlyMap<string, unknown> | undefined {
  const carried = (value as { [CARRIED]?: unknown })[CARRIED];
  return carried instanceof Map ? carried : undefined;
}

/** An output, and the values of their own that its handles carry. */
export function carriedParts(output: unknown): unknown[] {
  return [output, ...((routedHandles(output) && carriedApart(output)?.values()) ?? [])];
}

const ENDING = Symbol.for("@atomiton/ends-run");
const LEFT_OVER = Symbol.for("@atomiton/left-over");

/** A value with marks that it lost on its way, between threads or over a store. */
export function markedAgain(value: unknown, { handles, carried, ends = false, leftOver = 0 }: RouteMarks): unknown {
  if (handles === undefined || typeof value !== "object" || value === null) return value;
  Object.defineProperty(value, ROUTED, { value: Object.freeze([...handles]), configurable: true });
  if (ends) Object.defineProperty(value, ENDING, { value: true });
  if (leftOver !== 0) Object.defineProperty(value, LEFT_OVER, { value: leftOver });
  return carried === undefined ? value : Object.defineProperty(value, CARRIED, { value: carried });
}

/** The marks of a routed value, as they go beside it. */
export interface RouteMarks {
  /** The run ends with it. */
  ends?: boolean;
  handles?: readonly string[];
  carried?: ReadonlyMap<string, unknown>;
  /** How many things fit none of the other handles, and go by `default`. */
  leftOver?: number;
}

/** The marks of a value, as they go beside it; none for one that is not routed, or cannot be looked into. */
export function marksOf(value: unknown): RouteMarks {
  try {
    const handles = routedHandles(value);
    if (handles === undefined) return {};
    const carried = carriedApart(value);
    const leftOver = leftOverIn(value);
    const ends = endsRun(value);
    return {
      handles,
      ...(ends && { ends }),
      ...(carried !== undefined && { carried }),
      ...(leftOver > 0 && { leftOver }),
    };
  } catch {
    return {};
  }
}

/** How many things a routed value sends by `default` because they fit none of its other handles. */
export function leftOverIn(value: unknown): number {
  const count = (value as { [LEFT_OVER]?: unknown })[LEFT_OVER];
  // A store keeps it as JSON, and what says it may be code that broke out.
  return Number.isSafeInteger(count) && (count as number) > 0 ? (count as number) : 0;
}

/** Whether the run is to end with a routed value, by the will of its maker. */
export function endsRun(value: unknown): boolean {
  return (value as { [ENDING]?: unknown })[ENDING] === true;
}

/** What an edge that leaves a value by a handle brings: the value, unless its maker said otherwise. */
export function carriedBy(value: unknown, handle: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  try {
    const carried = (value as { [CARRIED]?: unknown })[CARRIED];
    return carried instanceof Map && carried.has(handle) ? carried.get(handle) : value;
  } catch {
    return value;
  }
}

/** Whether a value has to be waited for. May throw what a hostile value throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
