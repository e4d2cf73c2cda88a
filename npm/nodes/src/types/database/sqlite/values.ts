/** Values of SQLite: how they are bound, and what they become. Nothing loses digits. */
import type { SqliteColumn } from "@atomiton/conductor-native";

import { messageOf, NodeError } from "../../../contract/error.js";
import { foundText } from "../../../contract/issues.js";
import { isPlainObject } from "../../../data/input.js";
import type { Field } from "../session.js";

const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n];

/**
 * A value as the addon takes it in JSON. Truth values are 1 and 0, times are text in ISO 8601, lists and objects are JSON.
 *
 * @param placeOf names the value in errors
 * @throws NodeError TYPE_MISMATCH for what SQLite has no value for
 */
export function handedOver(value: unknown, placeOf: () => string): unknown {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      if ((value as unknown as { isWellFormed(): boolean }).isWellFormed()) return value;
      throw mismatch(placeOf, "is text with half of a character, which UTF-8 cannot hold");
    case "number":
      if (Number.isFinite(value)) return value;
      if (Number.isNaN(value)) throw mismatch(placeOf, "is NaN, which SQLite would make null of");
      return { real: String(value) };
    case "bigint":
      if (value >= LEAST && value <= MOST) return { integer: String(value) };
      throw mismatch(placeOf, `is ${value}, and SQLite has whole numbers of 64 bits; hand it over as text`);
    case "object":
      return value === null ? null : ofObject(value, placeOf);
    case "undefined":
      return null;
    default:
      throw mismatch(placeOf, `is a ${typeof value}`);
  }
}

function ofObject(value: object, placeOf: () => string): unknown {
  if (value instanceof Date) {
    if (!Number.isNaN(value.getTime())) return value.toISOString();
    throw mismatch(placeOf, "is no valid time");
  }
  if (value instanceof ArrayBuffer) return { bytes: Buffer.from(value).toString("base64") };
  if (ArrayBuffer.isView(value)) {
    return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  }
  if (!Array.isArray(value) && !isPlainObject(value)) throw mismatch(placeOf, `is ${foundText(value)}`);
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw mismatch(placeOf, `cannot be written as JSON: ${messageOf(error)}`);
  }
}

function mismatch(placeOf: () => string, what: string): NodeError {
  return new NodeError("TYPE_MISMATCH", `${placeOf()} ${what}`, { retry: false });
}

/** The columns of an answer. What a column of a table declares is its type; a value that is worked out has none. */
export function fieldsOf(columns: readonly SqliteColumn[]): Field[] {
  return columns.map(({ name, declared }) => {
    const type = (declared ?? "any").toLowerCase();
    return { name, type, isJson: type === "json", makesNumbers: declared != null && makesNumbers(type) };
  });
}

/** Whether SQLite gives a column of the type numbers for text that spells one: by words in its name, as its documentation has them. */
function makesNumbers(type: string): boolean {
  return type.includes("int") || !/char|clob|text|blob/.test(type);
}

/** What cells of a column become; `undefined` for what they are. */
export type Convert = ((value: unknown) => unknown) | undefined;

/** By column: JSON and truth values where its table declares them, and text where numbers would lose digits. */
export function convertersOf(columns: readonly SqliteColumn[]): Convert[] {
  return columns.map(({ declared, isWide }) => {
    const type = declared?.toLowerCase();
    if (type === "json") return (value) => (typeof value === "string" ? jsonOf(value) : value);
    if (type === "boolean" || type === "bool") return (value) => (value === 1 ? true : value === 0 ? false : value);
    return isWide ? (value) => (typeof value === "number" ? String(value) : value) : undefined;
  });
}

/** Text that is no JSON stays what it is. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
