import type { NativeTable } from "@atomiton/conductor-native";

/** Rows turned into objects at a time: bounds the JSON text that exists at once. */
const ROWS_PER_CHUNK = 4096;

const tables = new WeakMap<object, NativeTable>();

/**
 * Gives `output` an own enumerable property whose array of records is made from the table when it is first read.
 * From then on the array is the truth, because whoever read it may have changed it, and the table is let go.
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

/** The table behind an output, as long as nobody has read its records. Never reads them itself. */
export function tableBehind(output: unknown): NativeTable | undefined {
  return typeof output === "object" && output !== null ? tables.get(output) : undefined;
}

/** All rows as plain objects of strings. */
export function recordsOf(table: NativeTable): Record<string, string>[] {
  const count = table.rowCount;
  const records: Record<string, string>[] = [];
  while (records.length < count) {
    for (const record of JSON.parse(table.recordsJson(records.length, ROWS_PER_CHUNK)) as Record<string, string>[]) {
      records.push(record);
    }
  }
  return records;
}
