/** JSON that is the same text for equal data. */
import { NodeError } from "../contract/error.js";
import { isPlainObject } from "./input.js";
import { kindOf } from "./kind.js";

/** Deeper data would overflow the stack. */
const MOST_LEVELS = 400;

/**
 * A value as JSON without blanks, the keys of objects in the order of their UTF-16 code units as RFC 8785 has it. Members
 * that are `undefined` are left out, dates are their ISO text.
 *
 * @throws NodeError TYPE_MISMATCH naming the path of what JSON has no word for: NaN, bytes, functions, cycles …
 */
export function canonicalJson(value: unknown): string {
  const pieces: string[] = [];
  write(value, [], pieces);
  return pieces.join("");
}

function write(value: unknown, path: (string | number)[], pieces: string[]): void {
  if (path.length > MOST_LEVELS) throw refused(path.slice(0, 3), `data of more than ${MOST_LEVELS} levels, or a cycle`);
  if (value === null || typeof value === "string" || typeof value === "boolean") {
    pieces.push(JSON.stringify(value));
  } else if (typeof value === "number") {
    if (!Number.isFinite(value)) throw refused(path, String(value));
    pieces.push(JSON.stringify(value));
  } else if (Array.isArray(value)) {
    pieces.push("[");
    for (let i = 0; i < value.length; i++) {
      if (i > 0) pieces.push(",");
      write(value[i] ?? null, [...path, i], pieces);
    }
    pieces.push("]");
  } else if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused(path, "a date that there is not");
    pieces.push(JSON.stringify(value));
  } else if (isPlainObject(value)) {
    let separator = "{";
    for (const key of Object.keys(value).sort()) {
      if (value[key] === undefined) continue;
      pieces.push(separator, JSON.stringify(key), ":");
      write(value[key], [...path, key], pieces);
      separator = ",";
    }
    pieces.push(separator === "{" ? "{}" : "}");
  } else {
    throw refused(path, ArrayBuffer.isView(value) ? "bytes" : kindOf(value));
  }
}

function refused(path: readonly (string | number)[], found: string): NodeError {
  const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  return new NodeError("TYPE_MISMATCH", `JSON has no word for \`data${place}\`, which is ${found}`);
}
