/** Rows that a loop gathered, as the nodes that write rows take them. */
import { withoutLayers } from "@atomiton/values";
import { isBacked, recordsOf, tableBehind } from "../table/table-output.js";
import { isPlainObject, type PlainObject, unwrap } from "./input.js";

/**
 * The data in what a node gave, as {@link unwrap} finds it. Where that are the results of a loop, and all of them nothing but
 * `{ result: … }` around an object, it is these objects, and where all of them are tables, the rows of these: they are the rows that
 * the flow's author means. Code and templates go on seeing what the rounds gave.
 */
export function writableRows(value: unknown): unknown {
  const gathered = withoutLayers(value, (layer) => isBacked(layer) || isOfLoop(layer));
  const data = unwrap(gathered);
  if (!isOfLoop(gathered)) return data;
  if (areNested(data)) return data.map(({ result }) => result);
  return areTables(data) ? data.flatMap(recordsIn) : data;
}

/** Whether rows have nothing but objects or lists as `result`, which a table would show as JSON. */
export function warnOfNestedRows(rows: unknown, warn: (rule: string, message: string) => void): void {
  if (typeof rows !== "object" || rows === null || !(Symbol.iterator in rows)) return;
  let hasRows = false;
  for (const row of rows as Iterable<unknown>) {
    hasRows = true;
    if (!isOnlyResult(row) || typeof row.result !== "object" || row.result === null) return;
  }
  if (!hasRows) return;
  warn(
    "nested-result",
    "All rows have only the field `result`, with objects or lists in it, which are written as JSON into one column. They come from a loop: put a `transform` with `transformFunction: result` before this node, and one with `operation: flatten` where they are lists",
  );
}

/** Whether a value is what a node that gives nothing beside its result puts around it. */
export function isOnlyResult(value: unknown): value is { result: unknown } {
  return isPlainObject(value) && !isBacked(value) && Object.hasOwn(value, "result") && Object.keys(value).length === 1;
}

function isOfLoop(value: unknown): value is PlainObject {
  // Looking at the result of an output backed by a table would make its records.
  if (!isPlainObject(value) || isBacked(value)) return false;
  return typeof value["iterationCount"] === "number" && Array.isArray(value["result"]);
}

function areTables(data: unknown): data is { records: unknown[] }[] {
  return Array.isArray(data) && data.length > 0 && data.every(isTable);
}

/** Whether a value is what a node that reads tables gives. */
function isTable(value: unknown): boolean {
  return (
    isBacked(value) || (isPlainObject(value) && Array.isArray(value["records"]) && Array.isArray(value["headers"]))
  );
}

/** Leaves a table that was not read as it is. */
function recordsIn(output: { records: unknown[] }): unknown[] {
  const table = tableBehind(output);
  return table === undefined ? output.records : recordsOf(table);
}

function areNested(data: unknown): data is { result: PlainObject }[] {
  return (
    Array.isArray(data) && data.every((row) => isOnlyResult(row) && isPlainObject(row.result) && !isBacked(row.result))
  );
}
