/** Rows into a table. */
import { throwIfAborted } from "../../contract/abort.js";
import { closeNames, meantText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { quotedName, quotedTable } from "./names.js";
import type { Answer, Field, Session } from "./session.js";

/** Text that spells a number with a sign or zeros before it, as codes and telephone numbers do. */
const FORMED = /^(?:\+\d|-?0\d)[\d.]*$/;

/** What is inserted, and how. */
export interface Insertion {
  table: string;
  rows: readonly PlainObject[];
  onConflict: "error" | "ignore" | "update";
  keys: readonly string[];
  returning: readonly string[];
  signal: AbortSignal | undefined;
  warn(rule: string, message: string): void;
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
  const name = quotedTable(table);
  const known = await session.fieldsOf(name);
  checkColumns(columns, known, table);
  warnOfChangedText(insertion, columns, known);
  const jsonColumns = new Set(known.filter(({ isJson }) => isJson).map(({ name }) => name));
  const conflict = conflictText(insertion, columns);
  const returning =
    insertion.returning.length === 0 ? "" : ` returning ${insertion.returning.map(quotedName).join(",")}`;
  const size = session.batchSize(columns.length);
  const answer: Answer = { rows: [], fields: [], count: 0 };
  await session.begin();
  for (let start = 0; start < rows.length; start += size) {
    throwIfAborted(signal);
    const values = rows
      .slice(start, start + size)
      .map((row) => columns.map((column) => boundValue(row, column, jsonColumns.has(column))));
    const batch = await session.insert({ table: name, columns, rows: values, start, conflict, returning });
    for (const row of batch.rows) answer.rows.push(row);
    answer.fields = batch.fields;
    answer.count += batch.count;
    progress?.((99 * Math.min(start + size, rows.length)) / rows.length, `${answer.count} of ${rows.length} rows`);
  }
  await session.commit(insertion.onConflict !== "error");
  return answer;
}

/** The columns of all rows, in the order in which they turn up. */
function columnsOf(rows: readonly PlainObject[]): string[] {
  const columns = new Set<string>();
  for (const row of rows) for (const column of Object.keys(row)) columns.add(column);
  return [...columns];
}

/** A value for a column of JSON stays what it is, text as well: `"5"` is no number. Null is that of the database. */
function boundValue(row: PlainObject, column: string, isForJson: boolean): unknown {
  const value = Object.hasOwn(row, column) ? row[column] : undefined;
  return isForJson && value !== null && value !== undefined ? JSON.stringify(value) : value;
}

function conflictText({ onConflict, keys }: Insertion, columns: readonly string[]): string {
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
        `Row ${position + 1} has no \`${missing}\`, which an update would set to its default; give all rows the same columns`,
      );
    }
    const key = JSON.stringify(keys.map((name) => String(row[name])));
    const before = seen.get(key);
    if (before !== undefined) {
      throw new NodeError(
        "TYPE_MISMATCH",
        `Rows ${before + 1} and ${position + 1} have the same key ${key}; which one is to stay?`,
      );
    }
    seen.set(key, position);
  }
}

function checkColumns(columns: readonly string[], known: readonly Field[], table: string): void {
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

/** Warns of text that a column of numbers does not keep as it is. */
function warnOfChangedText(
  { rows, table, warn }: Insertion,
  columns: readonly string[],
  known: readonly Field[],
): void {
  for (const { name, type, makesNumbers } of known) {
    if (makesNumbers !== true || !columns.includes(name)) continue;
    const changed = rows.map((row) => row[name]).find((value) => typeof value === "string" && FORMED.test(value));
    if (changed === undefined) continue;
    warn(
      "changed-text",
      `The column \`${name}\` of ${table} is declared ${type}, so that ${JSON.stringify(changed)} is kept as ${Number(changed)}; declare it as text where its form counts`,
    );
  }
}

function hintOf(name: string, names: readonly string[]): string {
  const close = closeNames(name, names);
  return meantText(close);
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
  throw new NodeError(
    "TYPE_MISMATCH",
    `Row ${strange + 1} must be an object by column, found ${foundText(rows[strange])}`,
  );
}
