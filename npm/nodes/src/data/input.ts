import { isRecord as isPlainObject } from "@atomiton/values";
import { isRouted } from "../contract/routed.js";
import { isBacked } from "../table/table-output.js";

export { isPlainObject };

/** A plain object, as JSON knows them. */
export type PlainObject = Record<string, unknown>;

/**
 * Finds a node's data in what its edges brought: under the first of `names` that is there, then under `input`, then
 * under `default`, then, if there is just one handle, under that. An input that is itself data is taken as it is.
 * What another node put around its data is taken off.
 */
export function findData(input: unknown, names: readonly string[]): unknown {
  if (!isPlainObject(input) || isBacked(input) || isRouted(input)) return unwrap(input);
  for (const name of [...names, "input", "default"]) {
    const value = ownValue(input, name);
    if (value !== undefined) return unwrap(value);
  }
  const keys = Object.keys(input);
  if (isOutput(input)) return unwrap(input);
  const only = keys.length === 1 ? input[keys[0] as string] : undefined;
  return Array.isArray(only) || isOutput(only) ? unwrap(only) : undefined;
}

/** The value under a handle, as it came; `undefined` where the input is no object or has no such handle. */
export function handleValue(input: unknown, name: string): unknown {
  return isPlainObject(input) ? ownValue(input, name) : undefined;
}

/**
 * Takes off what a node put around its data: `{result: …}`, `{records: …}`, the `value` of a routed output. Once, since data may
 * have such fields of its own; twice for a sub-flow, whose result is the output of a node. An output backed by a table is returned
 * as the output, so that looking makes no records.
 */
export function unwrap(output: unknown): unknown {
  const value = isPlainObject(output) && isRouted(output) && Object.hasOwn(output, "value") ? output["value"] : output;
  if (isBacked(value) || !isOutput(value)) return value;
  const data = Object.hasOwn(value, "records") ? value["records"] : value["result"];
  return isOfSubFlow(value) ? unwrap(data) : data;
}

/**
 * The same for what no node need have put out: parameters, and the items of loops. Taken off is only what has nothing beside it, and
 * what is around the records of a spreadsheet.
 */
export function unwrapAny(value: unknown): unknown {
  if (!isOutput(value) || isRouted(value) || isBacked(value)) return unwrap(value);
  const isAlone = Object.keys(value).length === 1;
  return isAlone || (Object.hasOwn(value, "records") && Object.hasOwn(value, "headers")) || isOfSubFlow(value)
    ? unwrap(value)
    : value;
}

/** What edges brought over a handle, without what a node put around it. */
export function unwrapAt(handle: string, value: unknown): unknown {
  return handle === "item" ? unwrapAny(value) : unwrap(value);
}

function isOfSubFlow(value: PlainObject): boolean {
  return typeof value["flow"] === "string" && Object.hasOwn(value, "result") && Object.keys(value).length === 2;
}

function isOutput(value: unknown): value is PlainObject {
  if (!isPlainObject(value)) return false;
  return isRouted(value) || Object.hasOwn(value, "result") || Array.isArray(ownValue(value, "records"));
}

/** The value of a property that the object itself has. */
export function ownValue(object: PlainObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
