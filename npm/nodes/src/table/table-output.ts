import type { NativeTable, RecordsText } from "@atomiton/conductor-native";
import { NodeError } from "../contract/error.js";
import type { RowsAt } from "../sandbox/sandbox.js";

/** Bytes of JSON text that are made of rows at once. */
const BYTES_PER_BATCH = 256 * 1024;

/** Rows of which a list of records is made of a stream at most. */
const MOST_STREAMED = 10_000_000;

const tables = new WeakMap<object, NativeTable>();
const streams = new WeakMap<object, Stream>();
/** At which key of an output its records are made. */
const keys = new WeakMap<object, string>();

/** Rows that are read when they are needed. */
export interface Stream {
  readonly headers: readonly string[];
  /** All rows as a table. */
  table(taker: Taker): Promise<NativeTable>;
  /** The same while the thread waits. */
  tableNow(): NativeTable;
}

/** What takes rows: the work of a node, as far as streams need it. */
export interface Taker {
  readonly signal: AbortSignal | undefined;
  readonly progress?: ((percent: number, message?: string) => void) | undefined;
  warn(rule: string, message: string): void;
}

/** Gives `output` a property whose records are made of a stream when it is first read, if nothing has taken the stream's rows until then. */
export function attachStream<T extends object>(output: T, key: string, stream: Stream): T {
  attachLazily(output, key, () => {
    const table = tableBehind(output) as NativeTable;
    if (table.rowCount <= MOST_STREAMED) return recordsOf(table);
    throw new NodeError(
      "MEMORY_LIMIT_EXCEEDED",
      `The stream has ${table.rowCount} rows, more than the ${MOST_STREAMED} of which a list of records is made; filter or aggregate them first, or write them to a file`,
    );
  });
  streams.set(output, stream);
  keys.set(output, key);
  return output;
}

/** The stream behind an output, as long as nothing has made a table or records of it. */
export function streamBehind(output: unknown): Stream | undefined {
  return typeof output === "object" && output !== null ? streams.get(output) : undefined;
}

/** Whether an output is backed by a table or a stream, so that to read its records is to make them. */
export function isBacked(output: unknown): boolean {
  return typeof output === "object" && output !== null && (tables.has(output) || streams.has(output));
}

/** Makes the table of an output that is backed by a stream, off the thread of JavaScript. */
export async function demandTable(output: unknown, taker: Taker): Promise<void> {
  const stream = streamBehind(output);
  if (stream === undefined) return;
  const table = await stream.table(taker);
  if (streamBehind(output) === stream) hold(output as object, table);
}

function hold(output: object, table: NativeTable): NativeTable {
  table.account();
  tables.set(output, table);
  streams.delete(output);
  return table;
}

/**
 * Gives `output` an own enumerable property whose array of records is made from the table when it is first read.
 * From then on the array is the truth, because its reader may have changed it, and the table is let go.
 */
export function attachTable<T extends object>(output: T, key: string, table: NativeTable): T {
  table.account();
  attachLazily(output, key, () => recordsOf(table));
  tables.set(output, table);
  keys.set(output, key);
  return output;
}

/** Gives `output` an own enumerable property that is counted when it is first read. Its records stay as they are. */
export function attachCount<T extends object>(output: T, key: string, count: () => number): T {
  let held: number | undefined;
  return Object.defineProperty(output, key, {
    enumerable: true,
    configurable: true,
    get() {
      held ??= count();
      return held;
    },
  });
}

/** Gives `output` an own enumerable property that is computed when it is first read, also if it is frozen by then. */
export function attachLazily<T extends object>(output: T, key: string, compute: () => unknown): T {
  let held: { value: unknown } | undefined;
  const settle = (value: unknown): void => {
    tables.delete(output);
    streams.delete(output);
    if (Object.getOwnPropertyDescriptor(output, key)?.configurable === false) held = { value };
    else Object.defineProperty(output, key, { value, enumerable: true, configurable: true, writable: true });
  };
  return Object.defineProperty(output, key, {
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
}

/**
 * The table behind an output, as long as its records were not read. Never reads them itself; of a stream it makes the table
 * while the thread waits.
 */
export function tableBehind(output: unknown): NativeTable | undefined {
  if (typeof output !== "object" || output === null) return undefined;
  const stream = streams.get(output);
  return stream ? hold(output, stream.tableNow()) : tables.get(output);
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
    key: keys.get(output) as string,
    headers: table.headers,
    *texts() {
      for (const { text } of recordBatches(table)) yield text;
    },
  };
}

/** A value as it crosses into a sandbox: `null` for a table, whose rows follow at `path` if the code reads them. */
export function withoutRows(value: unknown, path: string[], rowsAt: RowsAt[]): unknown {
  const table = tableBehind(value);
  if (!table) return value;
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
