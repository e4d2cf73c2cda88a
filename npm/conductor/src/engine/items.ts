/** The items over which a node with children runs them. */
import type { LoopItems } from "@atomiton/nodes";

import type { NodeDefinition } from "../types/definition.js";
import { routedHandles } from "./executables.js";

/** What one look at a scope's items gave. */
export interface Items extends LoopItems {
  /** There is nothing to loop over: the children run once, as those of a group. */
  once?: boolean;
  /** No list came to a loop over one, which counts its rounds instead. */
  counted?: boolean;
}

/** What an executable's `items` returned, in one form. */
export function toItems(answer: unknown): Items {
  if (Array.isArray(answer)) return { items: answer, more: false };
  const { items, more, total, once, counted, keeps } = (answer ?? {}) as Record<keyof Items, unknown>;
  if (!Array.isArray(items)) throw new TypeError("Items must be an array, or an object with an array `items`");
  return {
    items,
    more: more === true,
    total: typeof total === "number" ? total : undefined,
    ...(once === true && { once }),
    ...(counted === true && { counted }),
    ...((keeps === "last" || keeps === "none") && { keeps }),
  };
}

/** Rounds of a counted loop that are listed at once: a large count must not fill memory before its first round. */
const ROUNDS = 4096;

/** Rounds that can be told apart. */
const MAX_ROUNDS = 2 ** 32 - 2;

/**
 * The items that a loop's parameters and input name, for a type whose executable does not tell.
 *
 * @param known how many were told before
 * @param most how many are wanted at most
 */
export function itemsOf(node: NodeDefinition, input: unknown, known: number, most = Number.POSITIVE_INFINITY): Items {
  const parameters = node.parameters ?? {};
  const found = listed(parameters, input, known, most);
  return parameters.collectResults === false && found.once !== true ? { ...found, keeps: "none" } : found;
}

function listed(parameters: Record<string, unknown>, input: unknown, known: number, most: number): Items {
  const { loopType, array, count: rounds, batchSize } = parameters;
  if (loopType === undefined && array === undefined && rounds === undefined) {
    const items = found(input);
    if (Array.isArray(items)) return part(items, batchSize, known, most);
    return { items: [undefined], more: false, once: true };
  }
  const onlyCounts = loopType === "times" || (loopType === undefined && array === undefined);
  const given = onlyCounts ? undefined : (array ?? found(input));
  if (onlyCounts || (given == null && rounds !== undefined)) {
    const count = Number(rounds ?? 10);
    if (!Number.isInteger(count) || count < 0 || count > MAX_ROUNDS) {
      throw new RangeError(`Loop count must be a whole number, got ${count}`);
    }
    const length = Math.min(count - known, ROUNDS, most);
    return {
      items: Array.from({ length }, (_, round) => known + round),
      more: known + length < count,
      total: count,
      ...(!onlyCounts && { counted: true }),
    };
  }
  if (!Array.isArray(given)) throw new TypeError("Loop needs an array: parameter `array` or input `array`");
  return part(given, batchSize, known, most);
}

/** Items of a list, or lists of `batchSize` of them, from one position on. */
function part(list: unknown[], batchSize: unknown, known: number, most: number): Items {
  if (batchSize === undefined || batchSize === null) {
    if (known === 0 && most >= list.length) return { items: list, more: false };
    const items = list.slice(known, known + most);
    return { items, more: known + items.length < list.length, total: list.length };
  }
  const size = Number(batchSize);
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new RangeError(`The batch size of a loop must be a whole number from 1 on, got ${String(batchSize)}`);
  }
  const total = Math.ceil(list.length / size);
  const length = Math.min(total - known, most);
  const items = Array.from({ length }, (_, batch) => list.slice((known + batch) * size, (known + batch + 1) * size));
  return { items, more: known + length < total, total };
}

/** The array in an input: by its key, or the only array that came in. */
function found(input: unknown): unknown {
  if (Array.isArray(input)) return input;
  if (typeof input !== "object" || input === null) return undefined;
  const values = input as Record<string, unknown>;
  for (const key of ["array", "items", "data", "input", "default"]) {
    const list = listIn(values[key]);
    if (list !== undefined) return list;
  }
  return undefined;
}

/** How deep outputs of nodes are looked for inside outputs of nodes. */
const MOST_WRAPPINGS = 8;

/** A list, or the one inside what nodes put around their data: `records` of a table, `results`, `result`, a routed `value`. */
function listIn(value: unknown): unknown[] | undefined {
  let data = value;
  for (let depth = 0; depth < MOST_WRAPPINGS; depth++) {
    if (Array.isArray(data)) return data;
    if (typeof data !== "object" || data === null) return undefined;
    const { records, results, result, value: routed } = data as Record<string, unknown>;
    const lists = [records, results, result].find(Array.isArray);
    data = lists ?? result ?? (routedHandles(data) === undefined ? undefined : routed);
  }
  return undefined;
}
