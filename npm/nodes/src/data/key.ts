/**
 * Keys by which rows are matched, grouped and told apart.
 *
 * Two values are the same key when they are equal, and
 * - a number and the text that is exactly how JavaScript writes it: 7 and "7", 0.5 and "0.5", but not "07", "7.0" or " 7";
 * - a date and its ISO text in UTC with milliseconds, which is what JSON makes of it;
 * - lists and objects with the same content, whatever the order of an object's fields.
 *
 * `null`, a missing field, NaN and an invalid date are no value. `true` and "true" differ, as do text in other letter case.
 */
import { NodeError } from "../contract/error.js";
import { fieldOf } from "./field.js";
import { isPlainObject } from "./input.js";
import { kindOf } from "./kind.js";

/** How deep lists and objects may lie inside each other. */
const DEEPEST = 64;
/** Begins the keys of what is neither text nor a number; text that begins with it gets another one in front. */
const MARK = "\0";
const NO_VALUE = `${MARK}none`;

/** Numbers of objects that are no data, such as functions: they are equal only to themselves. */
const identities = new WeakMap<object, number>();
let lastIdentity = 0;

/** The key of a value; `undefined` where it is no value. */
export function keyOfValue(value: unknown): string | undefined {
  return keyAt(value, 0);
}

/** Gives the key that rows have in these fields; `undefined` where one of the fields has no value. */
export function keysOfAll(fields: readonly string[]): (row: unknown) => string | undefined {
  const [only] = fields;
  if (fields.length === 1 && only !== undefined) return (row) => keyOfValue(fieldOf(row, only));
  return (row) => {
    let key = "";
    for (const field of fields) {
      const part = keyOfValue(fieldOf(row, field));
      if (part === undefined) return undefined;
      key += `${part.length}:${part}`;
    }
    return key;
  };
}

/** Gives the key that rows have in these fields, where fields without a value are equal to each other. */
export function keysOfGroups(fields: readonly string[]): (row: unknown) => string {
  const [only] = fields;
  if (fields.length === 1 && only !== undefined) return (row) => keyOfValue(fieldOf(row, only)) ?? NO_VALUE;
  return (row) => {
    let key = "";
    for (const field of fields) {
      const part = keyOfValue(fieldOf(row, field)) ?? NO_VALUE;
      key += `${part.length}:${part}`;
    }
    return key;
  };
}

/** The key of a whole item. A field without a value is as good as none. */
export function keyOfItem(item: unknown): string {
  return keyOfValue(item) ?? NO_VALUE;
}

function keyAt(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case "string":
      return value.startsWith(MARK) ? MARK + value : value;
    case "number":
      if (Number.isFinite(value)) return String(value);
      return Number.isNaN(value) ? undefined : `${MARK}${value}`;
    case "bigint":
      return String(value);
    case "boolean":
      return `${MARK}${value}`;
    case "undefined":
      return undefined;
    case "object":
      return value === null ? undefined : keyOfObject(value, depth);
    default:
      throw new NodeError("TYPE_MISMATCH", `A key cannot be ${kindOf(value)}`);
  }
}

function keyOfObject(value: object, depth: number): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (depth >= DEEPEST) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `Values are compared to a depth of ${DEEPEST} lists and objects, found deeper ones`,
    );
  }
  if (Array.isArray(value)) return `${MARK}[${value.map((item) => within(keyAt(item, depth + 1))).join("")}`;
  if (!isPlainObject(value)) return `${MARK}#${identityOf(value)}`;
  let key = `${MARK}{`;
  for (const name of Object.keys(value).sort()) {
    const part = keyAt(value[name], depth + 1);
    if (part !== undefined) key += within(name) + within(part);
  }
  return key;
}

/** A key inside another one: its length says where it ends. */
function within(key: string | undefined): string {
  return key === undefined ? "-" : `${key.length}:${key}`;
}

function identityOf(value: object): number {
  let identity = identities.get(value);
  if (identity === undefined) {
    identity = ++lastIdentity;
    identities.set(value, identity);
  }
  return identity;
}
