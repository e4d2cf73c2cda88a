import { unwrap } from "../data/input.js";
import { listOrSelf, recordsOf, tableBehind } from "./table-output.js";

/**
 * The list that a value is, or that a node put something around; `undefined` for other values. The records of a table are
 * made for the caller: the output that is backed by the table stays as it is.
 */
export function listIn(value: unknown): unknown[] | undefined {
  const data = unwrap(value);
  const table = tableBehind(data);
  if (table) return recordsOf(table);
  const list = listOrSelf(data);
  return Array.isArray(list) ? (list as unknown[]) : undefined;
}
