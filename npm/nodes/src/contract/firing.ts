/** How a run is told what began it, where a trigger did: by the input of its flow. */
import { isPlainObject, type PlainObject } from "../data/input.js";
import { routed } from "./routed.js";

/** The input of a run that a trigger began. */
export interface FiringInput {
  trigger: FiredTrigger;
  /** What the node of the trigger hands on. */
  data: PlainObject;
}

/** The trigger that fired. */
export interface FiredTrigger {
  /** Id of its node. */
  node: string;
  /** Type of its node. */
  type: string;
  /** Names the firing among those of its trigger. */
  key: string;
  /** Further facts, such as what other execution caused it. */
  [fact: string]: unknown;
}

/** What began a run, by the input of its flow; `undefined` for a run that no trigger began. */
export function firingOf(input: unknown): FiringInput | undefined {
  if (!isPlainObject(input)) return undefined;
  const { trigger, data } = input;
  if (!isPlainObject(trigger) || typeof trigger.node !== "string") return undefined;
  return { trigger: trigger as FiredTrigger, data: isPlainObject(data) ? data : {} };
}

/**
 * What the node of a trigger gives, by the input of its flow: what its trigger found; where another one fired, an object that leaves by
 * no handle, so that what follows it alone is skipped; `undefined` in a run that no trigger began.
 */
export function triggered(input: unknown, nodeId: unknown): PlainObject | undefined {
  const firing = firingOf(input);
  if (firing === undefined) return undefined;
  return firing.trigger.node === nodeId ? firing.data : routed({}, []);
}
