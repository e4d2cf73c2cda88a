/** Rows into a table. */
import type { FieldDef } from "pg";

import { throwIfAborted } from "../../contract/abort.js";
import { closeNames, namesText } from "../../contract/close-names.js";
import { NodeError, retryOf } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { quotedName, quotedTable } from "./names.js";
import type { Answer, Session } from "./session.js";
import { isJson } from "./values.js";

/** Values that one statement may have. */
const MOST_VALUES = 65_535;
/** Rows of one statement; more make it no faster. */
const MOST_ROWS = 5000;

/** What is inserted, and how. */
export interface Insertion {
  table: string;
  rows: readonly PlainObject[];
  onConflict: "error" | "ignore" | "update";
  keys: readonly string[];
  returning: readonly string[];
  signal: AbortSignal | undefined;
  progress: ((percent: number, message?: string) => void) | undefined;
}

/**
 * Inserts all rows in one transaction.
 *
 * @throws NodeError INVALID_PARAMETERS (columns and keys that do not fit), TYPE_MISMATCH (rows that do not), CANCELLED,
 *   EXECUTION_FAILED naming the row where the database tells it
 */
export async function insertRows(session: Session, insertion: Insertion): Promise<Answer> {
  const { rows, table, signal, progress } = insertion;
  const columns = columnsOf(rows);
  checkKeys(insertion, columns);
  const known = (await session.run(`select * from ${quotedTable(table)} limit 0`)).fields;
  checkColumns(columns, known, table);
  const jsonColumns = new Set(known.filter(isJson).map(({ name }) => name));
  const size = Math.min(MOST_ROWS, Math.floor(MOST_VALUES / columns.length));
  const answer: Answer = { rows: [], fields: [], count: 0 };
  await session.run("begin");
  for (let start = 0; start < rows.length; start += size) {
    throwIfAborted(signal);
    const batch = await insertBatch(session, insertion, columns, jsonColumns, start, size);
    for (const row of batch.rows) answer.rows.push(row);
    answer.fields = batch.fields;
    answer.count += batch.count;
    progress?.((99 * Math.min(start + size, rows.length)) / rows.length, `${answer.count} of ${rows.length} rows`);
  }
  await commit(session, insertion);
  return answer;
}

/** The columns of all rows, in the order in which they turn up. */
function columnsOf(rows: readonly PlainObject[]): string[] {
  const columns = new Set<string>();
  for (const row of rows) for (const column of Object.keys(row)) columns.add(column);
  return [...columns];
}

async function insertBatch(
  session: Session,
  { table, rows, onConflict, keys, returning }: Insertion,
  columns: readonly string[],
  jsonColumns: ReadonlySet<string>,
  start: number,
  size: number,
): Promise<Answer> {
  const values: unknown[] = [];
  /** Of each value its row and column, for errors. */
  const places: string[] = [];
  const tuples = rows.slice(start, start + size).map((row, offset) => {
    const cells = columns.map((column) => {
      const value = Object.hasOwn(row, column) ? row[column] : undefined;
      if (value === undefined) return "default";
      values.push(boundValue(value, jsonColumns.has(column)));
      places.push(`row ${start + offset}, column \`${column}\``);
      return `$${values.length}`;
    });
    return `(${cells.join(",")})`;
  });
  const names = columns.map(quotedName).join(",");
  const back = returning.length === 0 ? "" : ` returning ${returning.map(quotedName).join(",")}`;
  const sql = `insert into ${quotedTable(table)} (${names}) values ${tuples.join(",")}${conflictText(onConflict, keys, columns)}${back}`;
  try {
    return await session.run(sql, values);
  } catch (error) {
    throw placed(error, places);
  }
}

/** A value for a column of JSON stays what it is, text as well: `"5"` is no number. Null is that of the database. */
function boundValue(value: unknown, isForJson: boolean): unknown {
  return isForJson && value !== null ? JSON.stringify(value) : value;
}

function conflictText(
  onConflict: Insertion["onConflict"],
  keys: readonly string[],
  columns: readonly string[],
): string {
  if (onConflict === "error") return "";
  const target = keys.length === 0 ? "" : ` (${keys.map(quotedName).join(",")})`;
  const changed = columns.filter((column) => !keys.includes(column)).map(quotedName);
  if (onConflict === "ignore" || changed.length === 0) return ` on conflict${target} do nothing`;
  return ` on conflict${target} do update set ${changed.map((name) => `${name}=excluded.${name}`).join(",")}`;
}

function checkKeys({ rows, onConflict, keys }: Insertion, columns: readonly string[]): void {
  if (columns.length === 0) throw new NodeError("TYPE_MISMATCH", "The rows have no columns");
  const strange = keys.find((key) => !columns.includes(key));
  if (strange !== undefined) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`keys\` has \`${strange}\`, which no row has${hintOf(strange, columns)}`,
    );
  }
  if (onConflict !== "update") return;
  if (keys.length === 0) throw new NodeError("INVALID_PARAMETERS", "`onConflict: update` needs `keys`");
  const seen = new Map<string, number>();
  for (const [position, row] of rows.entries()) {
    const missing = columns.find((column) => !Object.hasOwn(row, column) || row[column] === undefined);
    if (missing !== undefined) {
      throw new NodeError(
        "TYPE_MISMATCH",
        `Row ${position} has no \`${missing}\`, which an update would set to its default; give all rows the same columns`,
      );
    }
    const key = JSON.stringify(keys.map((name) => String(row[name])));
    const before = seen.get(key);
    if (before !== undefined) {
      throw new NodeError(
        "TYPE_MISMATCH",
        `Rows ${before} and ${position} have the same key ${key}; which one is to stay?`,
      );
    }
    seen.set(key, position);
  }
}

function checkColumns(columns: readonly string[], known: readonly FieldDef[], table: string): void {
  const names = known.map(({ name }) => name);
  const strange = columns.find((column) => !names.includes(column));
  if (strange === undefined) return;
  const has = `; it has ${names
    .slice(0, 20)
    .map((name) => `\`${name}\``)
    .join(", ")}`;
  throw new NodeError(
    "INVALID_PARAMETERS",
    `The table ${table} has no column \`${strange}\`${has}${hintOf(strange, names)}`,
  );
}

function hintOf(name: string, names: readonly string[]): string {
  const close = closeNames(name, names);
  return close.length > 0 ? `. Did you mean ${namesText(close)}?` : "";
}

/** An error with the row it is about, where the database tells which value it is. */
function placed(error: unknown, places: readonly string[]): unknown {
  if (!(error instanceof NodeError)) return error;
  const { where } = (error.cause ?? {}) as { where?: string };
  const [, number] = /parameter \$(\d+)/.exec(where ?? "") ?? [];
  const place = number === undefined ? undefined : places[Number(number) - 1];
  if (place === undefined) return error;
  return new NodeError("EXECUTION_FAILED", `${place}: ${error.message}`, { cause: error.cause, retry: retryOf(error) });
}

async function commit(session: Session, { onConflict }: Insertion): Promise<void> {
  try {
    await session.run("commit");
  } catch (error) {
    if (onConflict !== "error") throw error;
    throw new NodeError(
      "EXECUTION_FAILED",
      "The connection broke at the end: whether the rows are there is not known",
      {
        cause: error,
        advice: ["Look whether the rows are there before you run it again, or set `onConflict` and `keys`."],
        retry: false,
      },
    );
  }
}

/**
 * The rows of what came in: a list of objects, or one.
 *
 * @throws NodeError INVALID_PARAMETERS where nothing came in, TYPE_MISMATCH naming the row
 */
export function rowsOf(data: unknown): PlainObject[] {
  if (data === undefined || data === null) {
    throw new NodeError("INVALID_PARAMETERS", "There are no rows to insert: give the node `rows`");
  }
  const rows = Array.isArray(data) ? (data as unknown[]) : [data];
  const strange = rows.findIndex((row) => !isPlainObject(row));
  if (strange === -1) return rows as PlainObject[];
  throw new NodeError("TYPE_MISMATCH", `Row ${strange} must be an object by column, found ${foundText(rows[strange])}`);
}
