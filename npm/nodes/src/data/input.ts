import { isLayer, isRecord as isPlainObject, withoutLayers } from "@atomiton/values";
import { isRouted } from "../contract/routed.js";
import { isBacked } from "../table/table-output.js";

export { isPlainObject };

/** A plain object, as JSON knows them. */
export type PlainObject = Record<string, unknown>;

/**
 * Finds a node's data in what its edges brought: under the first of `names` that is there, then under `input`, then
 * under `default`, then, if there is just one handle, under that. An input that is itself data is taken as it is.
 * What another node put around its data is taken off by `dataIn`.
 */
export function findData(input: unknown, names: readonly string[], dataIn = unwrap): unknown {
  if (!isPlainObject(input) || isBacked(input) || isRouted(input)) return dataIn(input);
  for (const name of [...names, "input", "default"]) {
    const value = ownValue(input, name);
    if (value !== undefined) return dataIn(value);
  }
  const keys = Object.keys(input);
  if (isLayer(input)) return dataIn(input);
  const only = keys.length === 1 ? input[keys[0] as string] : undefined;
  return Array.isArray(only) || isBacked(only) || isLayer(only) ? dataIn(only) : undefined;
}

/**
 * The item of the round, for a node that stands first in a loop and so gets `{ item, index }`, without what another node put
 * around it; `undefined` for other input.
 */
export function itemOfRound(input: unknown): unknown {
  if (!isPlainObject(input) || Object.keys(input).length !== 2 || !Number.isInteger(ownValue(input, "index")))
    return undefined;
  return unwrap(ownValue(input, "item"));
}

/** The value under a handle, as it came; `undefined` where the input is no object or has no such handle. */
export function handleValue(input: unknown, name: string): unknown {
  return isPlainObject(input) ? ownValue(input, name) : undefined;
}

/**
 * Takes off what nodes put around their data, as expressions do. An output backed by a table is returned as the output, so
 * that looking makes no records.
 */
export function unwrap(value: unknown): unknown {
  return withoutLayers(value, isBacked);
}

/** The value of a property that the object itself has. */
export function ownValue(object: PlainObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
