/** Rows as nodes get them: lists of records, or tables. */
import type { NativeTable } from "@atomiton/conductor-native";

import { closeNames, meantText } from "../contract/close-names.js";
import { NodeError } from "../contract/error.js";
import { inBatches } from "../contract/pace.js";
import { listOrSelf, recordsOf, tableBehind } from "../table/table-output.js";
import { fieldOf } from "./field.js";
import { findData, handleValue, isPlainObject, unwrap } from "./input.js";
import { kindOf } from "./kind.js";
import { likelyPaths } from "./likely-paths.js";

/** One row: fields by name. */
export type Row = Record<string, unknown>;

/** Rows that a node may give. */
export const MOST_ROWS = 10_000_000;
/** Names that are told. */
const MOST_NAMES = 20;

/**
 * The rows that came in, over whichever handle.
 *
 * @throws NodeError TYPE_MISMATCH where none came, or something else than a list of records
 */
export function rowsOf(input: unknown): Row[] {
  return demandRecords(listOf(input), "row ");
}

/**
 * The list that came in, over whichever handle; its items may be anything.
 *
 * @throws NodeError TYPE_MISMATCH where none came, or no list
 */
export function listOf(input: unknown): readonly unknown[] {
  const data = rowsIn(input);
  if (data === undefined) {
    throw new NodeError("TYPE_MISMATCH", `No rows came in; ${broughtText(input)}. Lead an edge with rows to \`data\``);
  }
  return demandList(data, "The input");
}

/** The table that came in, over whichever handle; `undefined` where something else did. */
export function tableOf(input: unknown): NativeTable | undefined {
  return tableBehind(rowsIn(input));
}

function rowsIn(input: unknown): unknown {
  return findData(input, ["data", "items", "records"]);
}

/**
 * The rows that came in over one handle of several.
 *
 * @throws NodeError TYPE_MISMATCH where none came, or something else than a list of records
 */
export function rowsAt(input: unknown, handle: string): Row[] {
  const data = unwrap(handleValue(input, handle));
  if (data === undefined) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `The input \`${handle}\` is missing; ${broughtText(input)}. Lead an edge to it with \`targetHandle: ${handle}\`; where there is one, the node that it leads from was skipped, or gave nothing`,
    );
  }
  return demandRecords(demandList(data, `The input \`${handle}\``), `row \`${handle}\` `);
}

/** Sets a field of a record that the caller made, also one of a name such as `__proto__`. */
export function setField(row: Row, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(row, name, { value, writable: true, enumerable: true, configurable: true });
  } else row[name] = value;
}

/** A record of the names with the same value each. */
export function filledRow(names: Iterable<string>, value: unknown): Row {
  const row: Row = {};
  for (const name of names) setField(row, name, value);
  return row;
}

/**
 * The names of all fields of all rows, in the order in which they are first seen.
 *
 * @throws NodeError CANCELLED
 */
export async function fieldNames(rows: readonly Row[], signal: AbortSignal | undefined): Promise<Set<string>> {
  const names = new Set<string>();
  await inBatches(rows.length, signal, (from, to) => addNames(rows, names, from, to));
  return names;
}

/**
 * The fields among these that no row has, each with a sentence that says which there are.
 *
 * @param purpose what the fields are for, such as `by`
 * @param where the rows are from, if there are several inputs
 */
export function missingFields(
  rows: readonly Row[],
  fields: readonly string[],
  purpose: string,
  where = "",
): { field: string; message: string }[] {
  if (rows.length === 0) return [];
  const missing = fields.filter((field) => !rows.some((row) => fieldOf(row, field) !== undefined));
  if (missing.length === 0) return [];
  const found = new Set<string>();
  addNames(rows, found, 0, rows.length);
  const names = [...found];
  return missing.map((field) => {
    const close = closeNames(field, names);
    const like = close.length > 0 ? close : likelyPaths(field, rows[0] as Row);
    const hint = meantText(like);
    return {
      field,
      message: `No row${where} has a field \`${field}\`, which \`${purpose}\` names; there are ${shownNames(names)}${hint}`,
    };
  });
}

/**
 * Demands that some row has each of the fields; of no rows at all nothing is demanded.
 *
 * @throws NodeError INVALID_PARAMETERS naming the fields there are
 */
export function demandFields(rows: readonly Row[], fields: readonly string[], purpose: string, where = ""): void {
  const [first] = missingFields(rows, fields, purpose, where);
  if (first !== undefined) throw new NodeError("INVALID_PARAMETERS", first.message);
}

/**
 * Demands that a list of fields names each once.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function demandDifferent(fields: readonly string[], purpose: string): void {
  const twice = fields.find((field, position) => fields.indexOf(field) !== position);
  if (twice !== undefined) throw new NodeError("INVALID_PARAMETERS", `\`${purpose}\` names \`${twice}\` twice`);
}

/** A count as people write it. */
export function countText(count: number): string {
  return count.toLocaleString("en-US");
}

/** Names of fields as messages show them. */
export function shownNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const shown = names.slice(0, MOST_NAMES).map((name) => `\`${name}\``);
  return names.length > MOST_NAMES ? `${shown.join(", ")} and ${names.length - MOST_NAMES} more` : shown.join(", ");
}

function addNames(rows: readonly Row[], names: Set<string>, from: number, to: number): void {
  for (let position = from; position < to; position++) {
    for (const name of Object.keys(rows[position] as Row)) names.add(name);
  }
}

function demandList(data: unknown, subject: string): readonly unknown[] {
  const table = tableBehind(data);
  if (table) return recordsOf(table);
  const list = listOrSelf(data);
  if (Array.isArray(list)) return list;
  throw new NodeError("TYPE_MISMATCH", `${subject} must be a list of records, not ${kindOf(data)}`);
}

function demandRecords(list: readonly unknown[], subject: string): Row[] {
  for (let position = 0; position < list.length; position++) {
    const row = list[position];
    if (typeof row === "object" && row !== null && !Array.isArray(row)) continue;
    throw new NodeError(
      "TYPE_MISMATCH",
      `Each row must be a record with fields, but ${subject}${position} is ${kindOf(row)}`,
    );
  }
  return list as Row[];
}

function broughtText(input: unknown): string {
  const handles = isPlainObject(input) ? Object.keys(input) : [];
  return handles.length === 0 ? "nothing came in" : `what came in is on ${shownNames(handles)}`;
}
