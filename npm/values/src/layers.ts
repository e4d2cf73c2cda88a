/** Nodes of the library put their data into objects of their own; here such a layer is told from data. */
import { isRecord } from "./kind.js";
import { LIBRARY_OUTPUTS } from "./library-outputs.js";

/** How deep outputs of nodes are looked for inside outputs of nodes. */
const MOST_LAYERS = 8;
const ROUTED = Symbol.for("@atomiton/routed");

/** The keys of each type's output. */
const outputs: readonly ReadonlySet<string>[] = /* @__PURE__ */ LIBRARY_OUTPUTS.map((keys) => new Set(keys.split(" ")));

/**
 * The data in what a node gave: without `{ result: … }`, `{ records: … }` and the `value` of a routed output, in as many
 * layers as there are. Data that has a `result` or `records` of its own stays whole, see {@link isLayer}.
 *
 * @param isWhole says of what is to be handed on as it is although it is a layer
 */
export function withoutLayers(value: unknown, isWhole: (value: unknown) => boolean = () => false): unknown {
  let data = value;
  for (let depth = 0; depth < MOST_LAYERS && !isWhole(data) && isLayer(data); depth++) {
    if (ROUTED in data && Object.hasOwn(data, "value")) data = data["value"];
    else data = data[heldBy(data)];
  }
  return data;
}

/**
 * Whether an object is what a node put around its data: a routed output, or one with `result`, or a list as `records`, beside
 * which there are only keys that some type of the library has beside it. With any other key it is data, of which the
 * rest would be lost.
 */
export function isLayer(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  if (ROUTED in value) return true;
  const held = heldBy(value);
  if (!Object.hasOwn(value, held)) return false;
  const keys = Object.keys(value);
  // One type gives each of them, but none gives both.
  if (keys.includes("records") && keys.includes("result")) return false;
  return keys.length === 1 || outputs.some((known) => known.has(held) && keys.every((key) => known.has(key)));
}

function heldBy(value: Record<string, unknown>): "records" | "result" {
  return Object.hasOwn(value, "records") && Array.isArray(value["records"]) ? "records" : "result";
}
