/** Stored flows as they were run last. */
import type { NodeDefinition } from "../types/definition.js";

/** Flows that are known, those that were run last. */
const MOST = 64;

/**
 * Gives the flow that was run before for one that is loaded again and has not changed: what was found out about it, such as its
 * outline and its warnings, is known by the object.
 */
export class KnownFlows {
  readonly #flows = new Map<string, NodeDefinition>();

  /** @param loaded the flow of this id as it is stored now: those who asked at the same time have one object */
  of(id: string, loaded: NodeDefinition): NodeDefinition {
    const known = this.#flows.get(id);
    this.#flows.delete(id);
    // A node may have changed the one that it was run in.
    const flow = known !== undefined && isSame(known, loaded) ? known : loaded;
    this.#flows.set(id, flow);
    if (this.#flows.size > MOST) this.#flows.delete(this.#flows.keys().next().value as string);
    return flow;
  }
}

/** Whether two values are the same, as far as they are plain lists and objects; of others nothing is said. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((part, at) => isSame(part, other[at]));
  }
  const prototype: unknown = Object.getPrototypeOf(one);
  if (prototype !== Object.prototype || Object.getPrototypeOf(other) !== prototype) return false;
  const keys = Object.keys(one);
  // The order of keys is seen by nodes that write objects.
  const others = Object.keys(other);
  if (keys.length !== others.length) return false;
  return keys.every((key, at) => key === others[at] && isSame(Reflect.get(one, key), Reflect.get(other, key)));
}
