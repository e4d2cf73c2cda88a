/**
 * The value of a field of an item: an own property of that name, or, where the name has dots, the end of the path
 * of own properties (array positions count as such). `undefined` for a missing one.
 */
export function fieldOf(item: unknown, field: string): unknown {
  if (typeof item !== "object" || item === null) return undefined;
  if (Object.hasOwn(item, field)) return (item as Record<string, unknown>)[field];
  if (!field.includes(".")) return undefined;
  let value: unknown = item;
  for (const key of field.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** The values of a field of items, one after the other. */
export function* valuesOf(items: Iterable<unknown>, field: string): Generator<unknown> {
  for (const item of items) yield fieldOf(item, field);
}

/**
 * The number a value is or spells, with the digits that a number keeps. Text counts when all of it, but for spaces around, is a finite decimal (`-1.5e3`);
 * `0x10`, `1,000` and `Infinity` do not. The native library has the same rule for cells.
 */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number" || typeof value === "bigint") return finite(Number(value));
  if (
    typeof value !== "string" ||
    !/^[\t\n\f\r ]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[\t\n\f\r ]*$/.test(value)
  )
    return undefined;
  return finite(Number(value));
}

function finite(number: number): number | undefined {
  return Number.isFinite(number) ? number : undefined;
}

/** A value as text to compare and to group by. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "" : value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Whether there is nothing in a value: missing, `null`, empty text or an empty array. */
export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}
