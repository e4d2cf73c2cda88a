/** Lists of records put together: by position, or by keys. */
import { closeNames, namesText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import type { Pace } from "../../contract/pace.js";
import { fieldOf, isEmpty, textOf } from "../../data/field.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";

/** What a handle brought, as a list. */
export interface NamedList {
  handle: string;
  list: readonly unknown[];
}

type Warn = (rule: string, message: string) => void;

/** Fields that a message lists. */
const MOST_FIELDS = 12;

/** Rows of records that came together, and where their fields had different values. */
class Rows {
  readonly #overwritten = new Map<string, { count: number; first: string }>();

  /** Lays fields over a row. Later ones count; where they differ from earlier ones is told. */
  lay(row: Map<string, unknown>, fields: Iterable<[string, unknown]>, place: () => string): void {
    for (const [field, value] of fields) {
      const before = row.get(field);
      // What replaces nothing is no loss.
      if (before !== undefined && before !== null && before !== value && textOf(before) !== textOf(value)) {
        const told = this.#overwritten.get(field);
        if (told === undefined) this.#overwritten.set(field, { count: 1, first: place() });
        else told.count++;
      }
      row.set(field, value);
    }
  }

  tell(warn: Warn): void {
    for (const [field, { count, first }] of this.#overwritten) {
      const others = count === 1 ? "" : ` and in ${count - 1} other ${count === 2 ? "row" : "rows"}`;
      warn(
        "overwritten-field",
        `The field \`${field}\` has different values in ${first}${others}; the last one is kept. Rename it before, or choose which counts with \`order\``,
      );
    }
  }
}

/** The rows of all lists at the same position as one; items that are no objects stand under the name of their handle. */
export async function byPosition(
  lists: readonly NamedList[],
  fills: boolean,
  warn: Warn,
  pace: Pace,
): Promise<PlainObject[]> {
  const length = lists.reduce((most, { list }) => Math.max(most, list.length), 0);
  if (!fills && lists.some(({ list }) => list.length !== length)) {
    const lengths = lists.map(({ handle, list }) => `\`${handle}\` ${list.length}`).join(", ");
    throw new NodeError(
      "TYPE_MISMATCH",
      `The lists have different lengths: ${lengths}; set \`shorter: fill\` to have null where rows are missing`,
    );
  }
  const missing = lists.map(({ handle, list }) => (list.length < length ? emptyRow(handle, list) : []));
  const rows = new Rows();
  const result: PlainObject[] = [];
  for (let position = 0; position < length; position++) {
    const row = new Map<string, unknown>();
    for (const [index, { handle, list }] of lists.entries()) {
      const fields =
        position < list.length ? fieldsOf(handle, list[position]) : (missing[index] as [string, unknown][]);
      rows.lay(
        row,
        position < list.length ? fields : fields.filter(([field]) => !row.has(field)),
        () => `row ${position}`,
      );
    }
    result.push(Object.fromEntries(row));
    if (pace.isDue()) await pace.rest();
  }
  rows.tell(warn);
  return result;
}

/** The fields of a list's rows with null in them. */
function emptyRow(handle: string, list: readonly unknown[]): [string, unknown][] {
  const fields = new Set<string>();
  for (const row of list) for (const [field] of fieldsOf(handle, row)) fields.add(field);
  if (list.length === 0) fields.add(handle);
  return Array.from(fields, (field) => [field, null]);
}

function fieldsOf(handle: string, row: unknown): [string, unknown][] {
  return isPlainObject(row) ? Object.entries(row) : [[handle, row]];
}

/** Records with the same values of `keys` as one, in the order of the first of them. Records without a key stay alone. */
export async function byKey(
  lists: readonly NamedList[],
  keys: readonly string[],
  warn: Warn,
  pace: Pace,
): Promise<PlainObject[]> {
  const rows = new Rows();
  const result: Map<string, unknown>[] = [];
  const byKeys = new Map<string, Map<string, unknown>>();
  for (const { handle, list } of lists) {
    demandKeys(handle, list, keys);
    const seen = new Set<string>();
    let [repeated, keyless] = [0, 0];
    let example = "";
    for (const [position, record] of list.entries()) {
      if (!isPlainObject(record)) throw noRecord(handle, position, record);
      const values = keys.map((key) => fieldOf(record, key));
      const key = JSON.stringify(values.map(textOf));
      const isKeyless = values.some(isEmpty);
      let row = isKeyless ? undefined : byKeys.get(key);
      if (row === undefined) {
        row = new Map();
        result.push(row);
        if (isKeyless) keyless++;
        else byKeys.set(key, row);
      }
      if (!isKeyless && seen.has(key) && repeated++ === 0) example = values.map(textOf).join(", ");
      seen.add(key);
      rows.lay(row, keyed(record, row, keys), () => `the records of key ${shortened(values.map(textOf).join(", "))}`);
      if (pace.isDue()) await pace.rest();
    }
    const names = namesText(keys).replace(" or ", " and ");
    if (repeated > 0)
      warn(
        "duplicate-key",
        `${counted(repeated, "record")} of \`${handle}\` ${repeated === 1 ? "has" : "have"} a key (${names}) that another one has, such as ${shortened(example)}; they became one`,
      );
    if (keyless > 0)
      warn(
        "empty-key",
        `${counted(keyless, "record")} of \`${handle}\` ${keyless === 1 ? "has" : "have"} no value in ${names}, and ${keyless === 1 ? "was" : "were"} put together with none`,
      );
  }
  rows.tell(warn);
  return result.map((row) => Object.fromEntries(row) as PlainObject);
}

/** The fields of a record, where the row has its keys already without those: 7 and the text `7` do not differ. */
function keyed(record: PlainObject, row: ReadonlyMap<string, unknown>, keys: readonly string[]): [string, unknown][] {
  const fields = Object.entries(record);
  return row.size === 0 ? fields : fields.filter(([field]) => !(keys.includes(field) && row.has(field)));
}

/** Refuses a list no record of which has one of the keys: nothing in it would find its like. */
function demandKeys(handle: string, list: readonly unknown[], keys: readonly string[]): void {
  const [first] = list;
  if (!isPlainObject(first)) return;
  for (const key of keys) {
    if (list.some((record) => fieldOf(record, key) !== undefined)) continue;
    const names = Object.keys(first);
    const close = closeNames(key, names);
    const shown = names.slice(0, MOST_FIELDS).map((name) => `\`${name}\``);
    const more = names.length > MOST_FIELDS ? ` and ${names.length - MOST_FIELDS} more` : "";
    const hint = close.length > 0 ? `Did you mean ${namesText(close)}?` : `There are ${shown.join(", ")}${more}`;
    throw new NodeError(
      "INVALID_PARAMETERS",
      `No record of \`${handle}\` has the field \`${key}\` of \`keys\`. ${hint}`,
    );
  }
}

function noRecord(handle: string, position: number, found: unknown): NodeError {
  return new NodeError(
    "TYPE_MISMATCH",
    `Only records can be merged by key, but item ${position} of \`${handle}\` is ${kindOf(found)}`,
  );
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

function shortened(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
