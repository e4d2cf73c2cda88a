/** Where the code of nodes comes from. */

import type { NodeExecutable } from "@atomiton/nodes";

export type { NodeExecutable } from "@atomiton/nodes";

/** Finds the code for a type. */
export interface NodeExecutorFactory {
  getNodeExecutable(type: string): NodeExecutable | undefined;
}

const ROUTED = Symbol.for("@atomiton/routed");

/** The handles on which a value is carried, if its maker named them. */
export function routedHandles(value: unknown): readonly string[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const handles = (value as { [ROUTED]?: unknown })[ROUTED];
  // A copy: listing them may throw, and must not do so half-way through an answer.
  return Array.isArray(handles) ? [...(handles as string[])] : undefined;
}

/** Whether a value has to be waited for. May throw what a hostile value throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
