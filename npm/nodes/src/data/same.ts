import { NodeError } from "../contract/error.js";
import { isPlainObject, ownValue } from "./input.js";

/** How deep lists and objects may lie inside each other. */
const DEEPEST = 64;

/**
 * Whether two values hold the same. Numbers and text that spells them differ; dates and their ISO text, which is what JSON
 * makes of them, are the same, as are null and what is missing. The order of an object's fields does not count.
 *
 * @throws NodeError TYPE_MISMATCH for values nested too deep
 */
export function isSame(one: unknown, other: unknown, depth = 0): boolean {
  const [left, right] = [plain(one), plain(other)];
  if (left === right || (Number.isNaN(left) && Number.isNaN(right))) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (depth >= DEEPEST) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `Values are compared to a depth of ${DEEPEST} lists and objects, found deeper ones`,
    );
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, at) => isSame(item, right[at], depth + 1));
  }
  if (!isPlainObject(left) || !isPlainObject(right)) return false;
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => isSame(ownValue(left, name), ownValue(right, name), depth + 1));
}

function plain(value: unknown): unknown {
  if (value === undefined) return null;
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value;
}
