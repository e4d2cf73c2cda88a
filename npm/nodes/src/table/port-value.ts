import { handleValue, unwrap } from "../data/input.js";
import { isBacked } from "./table-output.js";

/** The value under a handle without what nodes put around their data; of a table its records. `undefined` for none. */
export function portValue(input: unknown, name: string): unknown {
  return plainValue(unwrap(handleValue(input, name)));
}

/** A value as it is; of an output backed by a table its records, which are made by that. */
export function plainValue(data: unknown): unknown {
  if (!isBacked(data)) return data;
  const output = data as { records?: unknown; result?: unknown };
  return "records" in output ? output.records : output.result;
}
