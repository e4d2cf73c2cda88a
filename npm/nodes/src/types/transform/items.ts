import { NodeError } from "../../contract/error.js";
import { aggregate } from "../../data/aggregate.js";
import { doubtsOfFirst, doubtsOfNothing } from "../../data/doubtful-answers.js";
import { doubtsOfCode } from "../../data/doubtful-code.js";
import { type Doubt, doubtsOfFields, doubtsOfFilter } from "../../data/doubtful-conditions.js";
import { fieldOf, textOf } from "../../data/field.js";
import { warnOfLostDigits } from "../../data/lost-digits.js";
import { doubtsOfNaN } from "../../data/not-a-number.js";
import { sorted } from "../../data/order.js";
import { memberText } from "../../data/spelled-numbers.js";
import { doubtsOfAdding } from "../../data/text-added.js";
import { doubtOfKeys, doubtsOfText, MOST_LOOKED_AT } from "../../data/text-among-numbers.js";
import { type Condition, predicateOf } from "../../data/where.js";
import { plainParameter } from "../../sandbox/parameter-list.js";
import { type Items, isFunctionText, isIdentityText } from "../../sandbox/user-function.js";
import { aggregationFor, groupFieldOf, initialOf, type Transformation, type TransformParameters } from "./execute.js";

/** Transforms an array. Items are never cloned, but for what user code makes of them. */
export async function transformItems(items: readonly unknown[], transformation: Transformation): Promise<unknown> {
  const { parameters, code, warn } = transformation;
  for (const { rule, message } of doubtsOfOperation(items, parameters)) warn(rule, message);
  const doubts = doubtsOfFunction(items, transformation);
  for (const { rule, message } of [...doubts, ...doubtsOfSums(items, transformation)]) warn(rule, message);
  warnOfLostDigits(items, keysOf(parameters), warn);
  switch (parameters.operation) {
    case "map":
      if (isIdentityText(code)) return [...items];
      if (!isFunctionText(code)) return items.map((item) => pathOf(item, code));
      return mapped(items, (position) => items[position], transformation, doubts);
    case "filter": {
      if (parameters.where) return filterBy(items, parameters.where, transformation);
      if (isIdentityText(code)) return items.filter(Boolean);
      if (!isFunctionText(code)) return items.filter((item) => pathOf(item, code));
      return (await keptBy(items, transformation)).map((position) => items[position]);
    }
    case "reduce":
      if (isFunctionText(code)) return reduced(items, transformation);
      throw new NodeError("INVALID_PARAMETERS", "reduce needs a function of (acc, item, index)");
    case "sort": {
      const { sortKey, sortDirection } = parameters;
      const keyOf = sortKey === undefined ? (item: unknown) => item : (item: unknown) => fieldOf(item, sortKey);
      const doubt = doubtOfKeys(items.slice(0, MOST_LOOKED_AT).map(keyOf), sortKey);
      if (doubt !== undefined) warn(doubt.rule, doubt.message);
      return sorted(items, keyOf, sortDirection === "desc");
    }
    case "group":
      return grouped(items, groupFieldOf(parameters));
    case "flatten":
      if (items.length > 0 && !items.some(Array.isArray)) {
        const message = `Nothing was flattened: none of the ${items.length} items is a list`;
        warn(
          "nothing-to-flatten",
          `${message}. Lists in a field of them are taken out by \`map\` with the name of the field`,
        );
      }
      return items.flat(parameters.flattenDepth);
    case "unique":
      return unique(items, parameters.uniqueKey, warn);
    case "reverse":
      return [...items].reverse();
    case "limit":
      return items.slice(0, parameters.limitCount);
    case "skip":
      return items.slice(parameters.skipCount);
    case "slice":
      return items.slice(parameters.sliceStart, parameters.sliceEnd);
    case "aggregate":
      return aggregate(items, aggregationFor(parameters, warn), warn);
  }
}

/** Fields by which an operation tells items apart. */
export function keysOf({ operation, sortKey, uniqueKey, groupKey, groupBy }: TransformParameters): string[] {
  const keys = { unique: uniqueKey, group: groupKey ?? sortKey, aggregate: groupBy ?? groupKey };
  return operation in keys ? [keys[operation as keyof typeof keys] ?? []].flat() : [];
}

/** Fields that an operation works by and no item has. Of a table that is an error. */
export function doubtsOfOperation(items: Iterable<unknown>, parameters: TransformParameters): Doubt[] {
  const { operation, sortKey, uniqueKey, groupKey, groupBy, aggregates } = parameters;
  const doubts = (purpose: string, ...fields: (string | undefined)[]) =>
    doubtsOfFields(
      fields.filter((field) => field !== undefined),
      items,
      purpose,
    );
  switch (operation) {
    case "sort":
      return doubts("sortKey", sortKey);
    case "unique":
      return doubts("uniqueKey", uniqueKey);
    case "group":
      return doubts(groupKey === undefined ? "sortKey" : "groupKey", groupKey ?? sortKey);
    case "aggregate":
      return [
        ...doubts("groupBy", ...[groupBy ?? groupKey].flat()),
        ...doubts("field", ...(aggregates ?? []).map(({ field }) => field)),
      ];
    default:
      return [];
  }
}

/** Fields that code reads, or a property path leads to, and no item has. */
export function doubtsOfFunction(items: Iterable<unknown>, { parameters, code }: Transformation): Doubt[] {
  const { operation, where } = parameters;
  if (operation !== "map" && operation !== "reduce" && (operation !== "filter" || where)) return [];
  if (isIdentityText(code)) return [];
  if (!isFunctionText(code)) return doubtsOfFields([code.trim().replace(/^item\./, "")], items, "transformFunction");
  const name = plainParameter(code, operation === "reduce" ? 1 : 0);
  return name === undefined ? [] : doubtsOfCode(code, name, items, "transformFunction");
}

/**
 * Has user code make new items.
 *
 * @param itemAt gives an item by its position
 * @param told what was told of the code before, which may be why its results are in doubt as well
 */
export async function mapped(
  items: Items,
  itemAt: (position: number) => unknown,
  { code, userFunction, signal, warn }: Transformation,
  told: readonly Doubt[],
): Promise<unknown[]> {
  const results = await userFunction.map(items);
  if (told.length > 0) return results;
  const unanswered = results.every((result) => result === undefined) ? results.length : 0;
  // Code that names NaN means it.
  const doubts = /\bNaN\b/.test(code) ? [] : await doubtsOfNaN(results, itemAt, signal);
  for (const { rule, message } of [...doubtsOfNothing(code, unanswered), ...doubts]) warn(rule, message);
  return results;
}

/** Has user code choose items, by their positions. */
export async function keptBy(items: Items, { code, userFunction, warn }: Transformation): Promise<number[]> {
  const { kept, unanswered } = await userFunction.positions(items);
  for (const { rule, message } of doubtsOfNothing(code, unanswered)) warn(rule, message);
  return kept;
}

/** Has user code make one value of all items. */
export async function reduced(items: Items, transformation: Transformation): Promise<unknown> {
  const { parameters, code, userFunction, warn } = transformation;
  const initial = initialOf(parameters);
  const last = await userFunction.reduce(items, initial);
  const doubts = initial === undefined ? doubtsOfFirst(last) : [];
  const count = typeof items === "function" ? 1 : items.length;
  for (const { rule, message } of last === undefined ? doubtsOfNothing(code, count) : doubts) warn(rule, message);
  return last;
}

/** Fields that code adds and that are text in every item. */
export function doubtsOfSums(items: Iterable<unknown>, { parameters, code }: Transformation): Doubt[] {
  const { operation, where } = parameters;
  if (operation !== "map" && operation !== "reduce" && (operation !== "filter" || where)) return [];
  if (!isFunctionText(code)) return [];
  return doubtsOfAdding(code, () => {
    const names = new Map<string, Iterable<unknown>>();
    const name = plainParameter(code, operation === "reduce" ? 1 : 0);
    if (name !== undefined) names.set(name, items);
    const initial = operation === "reduce" ? initialOf(parameters) : undefined;
    const accumulator = initial === undefined ? undefined : plainParameter(code, 0);
    if (accumulator !== undefined) names.set(accumulator, [initial?.value]);
    return names;
  });
}

function filterBy(
  items: readonly unknown[],
  where: readonly Condition[],
  { parameters, warn }: Transformation,
): unknown[] {
  const filter = { where, match: parameters.match };
  const kept = items.filter(predicateOf(filter));
  const doubts = doubtsOfFilter(where, () => items, kept.length === 0);
  for (const { rule, message } of doubts.length > 0 ? doubts : doubtsOfText(filter, items)) warn(rule, message);
  return kept;
}

/** The end of a property path, which may begin with `item`. */
export function pathOf(item: unknown, path: string): unknown {
  const trimmed = path.trim();
  if (trimmed === "item") return item;
  const found = valueAt(item, trimmed);
  return found === undefined && trimmed.startsWith("item.") ? valueAt(item, trimmed.slice(5)) : found;
}

/** A field of an item, or the length of a text, which is no field. */
function valueAt(item: unknown, path: string): unknown {
  const found = fieldOf(item, path);
  if (found !== undefined) return found;
  const text = path === "length" ? item : path.endsWith(".length") ? fieldOf(item, path.slice(0, -7)) : undefined;
  return typeof text === "string" ? text.length : undefined;
}

function grouped(items: readonly unknown[], field: string): Record<string, unknown[]> {
  const groups = new Map<string, unknown[]>();
  for (const item of items) {
    const value = fieldOf(item, field);
    const key = value === undefined || value === null ? String(value) : textOf(value);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return Object.fromEntries(groups);
}

function unique(items: readonly unknown[], field: string | undefined, warn: Transformation["warn"]): unknown[] {
  const seen = new Set<unknown>();
  let hasNumbers = false;
  let hasText = false;
  const kept = items.filter((item) => {
    const key = keyOf(field === undefined ? item : fieldOf(item, field));
    if (seen.has(key)) return false;
    seen.add(key);
    hasNumbers ||= typeof key === "number";
    hasText ||= typeof key === "string";
    return true;
  });
  if (!hasNumbers || !hasText) return kept;
  for (const key of seen) {
    if (typeof key !== "number" || !seen.has(String(key))) continue;
    const [what, read] = field === undefined ? ["An item", "item"] : [`\`${field}\``, memberText(field, items[0])];
    warn(
      "types-differ",
      `${what} is ${key} and "${key}", which count as different; make both the same first, such as by \`String(${read})\` in a \`transform\``,
    );
    break;
  }
  return kept;
}

/** Equal data has equal keys; what is no data is only equal to itself. */
function keyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  try {
    return `json:${JSON.stringify(value)}`;
  } catch {
    return value;
  }
}
