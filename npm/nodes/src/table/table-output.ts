import type { NativeTable, RecordsText } from "@atomiton/conductor-native";
import type { RowsAt } from "../sandbox/sandbox.js";

/** Bytes of JSON text that are made of rows at once. */
const BYTES_PER_BATCH = 256 * 1024;

const tables = new WeakMap<object, NativeTable>();

/**
 * Gives `output` an own enumerable property whose array of records is made from the table when it is first read.
 * From then on the array is the truth, because its reader may have changed it, and the table is let go.
 */
export function attachTable<T extends object>(output: T, key: string, table: NativeTable): T {
  table.account();
  attachLazily(output, key, () => recordsOf(table));
  tables.set(output, table);
  return output;
}

/** Gives `output` an own enumerable property that is computed when it is first read, also if it is frozen by then. */
export function attachLazily<T extends object>(output: T, key: string, compute: () => unknown): T {
  let held: { value: unknown } | undefined;
  const settle = (value: unknown): void => {
    tables.delete(output);
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

/** The table behind an output, as long as its records were not read. Never reads them itself. */
export function tableBehind(output: unknown): NativeTable | undefined {
  return typeof output === "object" && output !== null ? tables.get(output) : undefined;
}

/** A value as it crosses into a sandbox: `null` for a table, whose rows follow at `path` if the code reads them. */
export function withoutRows(value: unknown, path: string[], rowsAt: RowsAt[]): unknown {
  const table = tableBehind(value);
  if (!table) return value;
  rowsAt.push({ path, rows: () => recordBatches(table) });
  return null;
}

/** All rows as plain objects of strings. */
export function recordsOf(table: NativeTable): Record<string, string>[] {
  const records: Record<string, string>[] = [];
  for (const { text } of recordBatches(table)) {
    for (const record of JSON.parse(text) as Record<string, string>[]) records.push(record);
  }
  return records;
}

/** All rows as JSON arrays of objects of strings, made one after the other. */
export function* recordBatches(table: NativeTable): Generator<RecordsText, void, undefined> {
  const count = table.rowCount;
  for (let start = 0; start < count; ) {
    const batch = table.recordsText(start, BYTES_PER_BATCH);
    yield batch;
    start += batch.count;
  }
}
