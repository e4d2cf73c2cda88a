import type { NativeTable, RecordsText } from "@atomiton/conductor-native";
import { NodeError } from "../contract/error.js";
import type { RowsAt } from "../sandbox/sandbox.js";

/** Bytes of JSON text that are made of rows at once. */
export const BYTES_PER_BATCH = 256 * 1024;

/** Rows of which a list of records is made of a stream at most. */
const MOST_STREAMED = 10_000_000;

const tables = new WeakMap<object, NativeTable>();
/** Streams, and what makes the property of their output what it is given. */
const streams = new WeakMap<object, { stream: Stream; settle: (value: unknown) => void }>();
/** The properties that have the rows of outputs that are or were streams. */
const keys = new WeakMap<object, string>();
/** The properties that have the rows of outputs that were tables from the start. */
const tableKeys = new WeakMap<object, string>();

/** Rows that are read when they are needed. */
export interface Stream {
  /** All rows: a table, or a list where cells do not say what they are. */
  rows(taker: Taker): Promise<NativeTable | unknown[]>;
  /** The same while the thread waits. */
  rowsNow(): NativeTable | unknown[];
}

/** What takes rows: the work of a node, as far as streams need it. */
export interface Taker {
  readonly signal: AbortSignal | undefined;
  readonly progress?: ((percent: number, message?: string) => void) | undefined;
  warn(rule: string, message: string): void;
}

/** Gives `output` a property whose records are made of a stream when it is first read, if nothing has taken the stream's rows until then. */
export function attachStream<T extends object>(output: T, key: string, stream: Stream): T {
  const settle = attachComputed(output, key, () => {
    const rows = tables.get(output) ?? stream.rowsNow();
    return Array.isArray(rows) ? rows : streamedRecords(rows);
  });
  streams.set(output, { stream, settle });
  keys.set(output, key);
  return output;
}

/**
 * The records of a table that was made of a stream.
 *
 * @throws NodeError MEMORY_LIMIT_EXCEEDED
 */
export function streamedRecords(table: NativeTable): unknown[] {
  demandFew(table.rowCount);
  return recordsOf(table);
}

/** Refuses to make a list of too many rows. */
export function demandFew(count: number): void {
  if (count <= MOST_STREAMED) return;
  throw new NodeError(
    "MEMORY_LIMIT_EXCEEDED",
    `The stream has ${count} rows, more than the ${MOST_STREAMED} of which a list of records is made; filter or aggregate them first, or write them to a file`,
  );
}

/** The stream behind an output, as long as nothing has made a table or records of it. */
export function streamBehind(output: unknown): Stream | undefined {
  return typeof output === "object" && output !== null ? streams.get(output)?.stream : undefined;
}

/** Whether an output is backed by a table or a stream, so that to read its records is to make them. */
export function isBacked(output: unknown): boolean {
  return typeof output === "object" && output !== null && (tables.has(output) || streams.has(output));
}

/**
 * Makes the table, or the list, of an output that is backed by a stream, off the thread of JavaScript as far as that can be. Gives the
 * output, or the list where its rows are one.
 */
export async function demandTable(output: unknown, taker: Taker): Promise<unknown> {
  const stream = streamBehind(output);
  if (stream === undefined) return listOrSelf(output);
  const rows = await stream.rows(taker);
  if (streamBehind(output) === stream) hold(output as object, rows);
  return listOrSelf(output);
}

/** A value; of the output of a stream whose rows became a list, that. */
export function listOrSelf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || isBacked(value)) return value;
  const key = keys.get(value);
  return key === undefined ? value : (value as Record<string, unknown>)[key];
}

function hold(output: object, rows: NativeTable | unknown[]): NativeTable | undefined {
  if (Array.isArray(rows)) {
    streams.get(output)?.settle(rows);
    return undefined;
  }
  rows.account();
  tables.set(output, rows);
  streams.delete(output);
  return rows;
}

/**
 * Gives `output` an own enumerable property whose array of records is made from the table when it is first read.
 * From then on the array is the truth, because its reader may have changed it, and the table is let go.
 */
export function attachTable<T extends object>(output: T, key: string, table: NativeTable): T {
  table.account();
  attachLazily(output, key, () => recordsOf(table));
  tables.set(output, table);
  tableKeys.set(output, key);
  return output;
}

/** Gives `output` an own enumerable property that is counted when it is first read, and a number from then on. Its records stay as they are. */
export function attachCount<T extends object>(output: T, key: string, count: () => number): T {
  let held: number | undefined;
  return Object.defineProperty(output, key, {
    enumerable: true,
    configurable: true,
    get() {
      held ??= count();
      if (Object.getOwnPropertyDescriptor(output, key)?.configurable === true) {
        Object.defineProperty(output, key, { value: held, enumerable: true, configurable: true });
      }
      return held;
    },
  });
}

/** Gives `output` an own enumerable property that is computed when it is first read, also if it is frozen by then. */
export function attachLazily<T extends object>(output: T, key: string, compute: () => unknown): T {
  attachComputed(output, key, compute);
  return output;
}

/** The same; gives what makes the property a value. */
function attachComputed(output: object, key: string, compute: () => unknown): (value: unknown) => void {
  let held: { value: unknown } | undefined;
  const settle = (value: unknown): void => {
    tables.delete(output);
    streams.delete(output);
    if (Object.getOwnPropertyDescriptor(output, key)?.configurable === false) held = { value };
    else Object.defineProperty(output, key, { value, enumerable: true, configurable: true, writable: true });
  };
  Object.defineProperty(output, key, {
    enumerable: true,
    configurable: true,
    get() {
      if (held) return held.value;
      const value = compute();
      settle(value);
      return value;
    },
    set(value: unknown) {
      if (Object.isFrozen(output)) throw new TypeError(`Cannot assign to read only property '${key}' of object`);
      settle(value);
    },
  });
  return settle;
}

/**
 * The table behind an output, as long as its records were not read. Never reads them itself; of a stream it makes the table, or the
 * list that {@link listOrSelf} then gives, while the thread waits.
 */
export function tableBehind(output: unknown): NativeTable | undefined {
  if (typeof output !== "object" || output === null) return undefined;
  const stream = streamBehind(output);
  return stream ? hold(output, stream.rowsNow()) : tables.get(output);
}

/** Rows that no objects were made of. */
export interface BackingRows {
  /** At which key of the output the records would be. */
  readonly key: string;
  readonly headers: readonly string[];
  /** The rows as JSON texts, each an array of objects. */
  texts(): Iterable<string>;
}

/** The rows behind an output whose records were not read, or that they are a `stream`, which is left one. Makes nothing of them. */
export function rowsBehind(output: unknown): BackingRows | "stream" | undefined {
  if (typeof output !== "object" || output === null) return undefined;
  if (streams.has(output)) return "stream";
  const table = tables.get(output);
  if (table === undefined) return undefined;
  return {
    key: (tableKeys.get(output) ?? keys.get(output)) as string,
    headers: table.headers,
    *texts() {
      for (const { text } of recordBatches(table)) yield text;
    },
  };
}

/** A value as it crosses into a sandbox: `null` for a table, whose rows follow at `path` if the code reads them. */
export function withoutRows(value: unknown, path: string[], rowsAt: RowsAt[]): unknown {
  const table = tableBehind(value);
  if (!table) return listOrSelf(value);
  rowsAt.push({ path, rows: () => recordBatches(table) });
  return null;
}

/** Rows that are made text by the addon. */
export type NativeRows = Pick<NativeTable, "rowCount" | "recordsText">;

/** All rows as plain objects of strings. */
export function recordsOf(table: NativeRows): Record<string, string>[] {
  const records: Record<string, string>[] = [];
  for (const { text } of recordBatches(table)) {
    for (const record of JSON.parse(text) as Record<string, string>[]) records.push(record);
  }
  return records;
}

/** All rows, made as far as they are asked for. */
export function* recordsIn(table: NativeRows): Generator<unknown> {
  for (const { text } of recordBatches(table)) yield* JSON.parse(text) as unknown[];
}

/** All rows as JSON arrays of objects of strings, made one after the other. */
export function* recordBatches(table: NativeRows): Generator<RecordsText, void, undefined> {
  const count = table.rowCount;
  for (let start = 0; start < count; ) {
    const batch = table.recordsText(start, BYTES_PER_BATCH);
    yield batch;
    start += batch.count;
  }
}
