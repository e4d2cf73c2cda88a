/** The executables of triggers: nodes at the start of a flow that hand on what began it. */
import type { NodeExecutable } from "../contract/executable.js";
import { triggered } from "../contract/firing.js";
import { isPlainObject, type PlainObject } from "../data/input.js";
import type { NodeType } from "../definition/node-type.js";
import { executable, type NodeWork } from "./work.js";

/**
 * The executable of a trigger. Where it began the run, it hands on what the trigger found; where another one did, nothing leaves
 * it, and what depends on it alone is skipped.
 *
 * @param byHand its output in a run that no trigger began, made of the input of the flow
 */
export function trigger<P>(
  nodeType: NodeType,
  byHand: (input: PlainObject, work: NodeWork<P>) => object,
): NodeExecutable {
  return executable<P>(nodeType, async (work) => {
    const { input, nodeId } = work;
    return triggered(input, nodeId) ?? byHand(isPlainObject(input) ? input : {}, work);
  });
}
