/** The items over which a node with children runs them. */
import type { NodeDefinition } from "../types/definition.js";

/** What one look at a scope's items gave. */
export interface Items {
  /** All items known so far beyond those known before. */
  items: unknown[];
  /** More may follow. */
  more: boolean;
  /** How many there will be in all; missing while that is open. */
  total?: number | undefined;
}

/** What an executable's `items` returned, in one form. */
export function toItems(answer: unknown): Items {
  if (Array.isArray(answer)) return { items: answer, more: false };
  const { items, more, total } = (answer ?? {}) as { items?: unknown; more?: unknown; total?: unknown };
  if (!Array.isArray(items)) throw new TypeError("Items must be an array, or an object with an array `items`");
  return { items, more: more === true, total: typeof total === "number" ? total : undefined };
}

/** Rounds of a counted loop that are listed at once: a large count must not fill memory before its first round. */
const ROUNDS = 4096;

/** Rounds that can be told apart. */
const MAX_ROUNDS = 2 ** 32 - 2;

/**
 * The items that a loop's parameters and input name, for a type whose executable does not tell.
 *
 * @param known how many were told before
 */
export function itemsOf(node: NodeDefinition, input: unknown, known: number): Items {
  const parameters = node.parameters ?? {};
  if (parameters.loopType === "times" || (parameters.loopType === undefined && parameters.array === undefined)) {
    const count = Number(parameters.count ?? 10);
    if (!Number.isInteger(count) || count < 0 || count > MAX_ROUNDS) {
      throw new RangeError(`Loop count must be a whole number, got ${count}`);
    }
    const length = Math.min(count - known, ROUNDS);
    return { items: Array.from({ length }, (_, round) => known + round), more: known + length < count, total: count };
  }
  const given = parameters.array ?? found(input);
  if (!Array.isArray(given)) throw new TypeError("Loop needs an array: parameter `array` or input `array`");
  return { items: given, more: false };
}

/** The array in an input: by its key, or the only array that came in. */
function found(input: unknown): unknown {
  if (Array.isArray(input)) return input;
  if (typeof input !== "object" || input === null) return undefined;
  const values = input as Record<string, unknown>;
  for (const key of ["array", "items", "data", "input", "default"]) {
    const value = values[key];
    if (Array.isArray(value)) return value;
    if (typeof value === "object" && value !== null) {
      const { records, result, results } = value as Record<string, unknown>;
      for (const inner of [records, results, result]) if (Array.isArray(inner)) return inner;
    }
  }
  return undefined;
}
