/** Text among numbers, which an order of numbers leaves out or compares as text, without anything that fails. */
import { foundText } from "../contract/issues.js";
import type { Doubt } from "./doubtful-conditions.js";
import { fieldOf, isEmpty, numberOf } from "./field.js";
import { doubtOfTextOrder } from "./text-order.js";
import { type Condition, predicateOf, type Where } from "./where.js";

/** Rows that are looked at: to look at all of a large table takes as long as to filter it. */
export const MOST_LOOKED_AT = 10_000;

const ORDER: ReadonlySet<string> = new Set(["gt", "gte", "lt", "lte"]);

/** The conditions that order by a number, each with the others beside it. */
export function ordersOfNumbers({ where }: Where): { condition: Condition; others: Condition[] }[] {
  return where
    .filter(({ operator, value }) => ORDER.has(operator) && numberOf(value) !== undefined)
    .map((condition) => ({ condition, others: where.filter((other) => other !== condition) }));
}

/**
 * Of the first items, those that a filter left out, or compared as text, because their field is no number; those that its other
 * conditions decide do not count. `total`: how many items there are, where the first ones are given alone.
 */
export function doubtsOfText(filter: Where, items: readonly unknown[], total = items.length): Doubt[] {
  const first = items.slice(0, MOST_LOOKED_AT);
  return ordersOfNumbers(filter).flatMap(({ condition, others }) => {
    const holds = predicateOf({ where: others, match: filter.match });
    const texts = first.filter(
      (item) => isText(fieldOf(item, condition.field)) && holds(item) === (filter.match === "all"),
    );
    return textDoubt(condition, texts.length, fieldOf(texts[0], condition.field), total);
  });
}

/** The same for a count of items, of which one has this value. `total`: those that there are, as far as that is known. */
export function textDoubt(
  { field, operator, value }: Condition,
  count: number,
  sample: unknown,
  total: number,
): Doubt[] {
  if (count === 0) return [];
  const among = total < MOST_LOOKED_AT ? "" : ` of the first ${MOST_LOOKED_AT.toLocaleString("en")}`;
  const items = `${count} ${count === 1 ? "item" : "items"}${among}`;
  const what =
    typeof value === "string"
      ? `compared ${items} as text, because \`${field}\` is no number there`
      : `left out ${items} whose \`${field}\` is ${typeof sample === "string" ? "text that is " : ""}no number`;
  const message = `\`${field} ${operator} ${foundText(value)}\` ${what}, such as ${foundText(sample)}. Clean the field first, or keep such items out with a condition of their own`;
  return [{ rule: "types-differ", message }];
}

/** What is doubtful of keys to sort by: numbers and text, so that all are compared as text, or text of another order than its own. */
export function doubtOfKeys(keys: readonly unknown[], field: string | undefined): Doubt | undefined {
  return mixedKeys(keys, field) ?? doubtOfTextOrder(keys, field);
}

function mixedKeys(keys: readonly unknown[], field: string | undefined): Doubt | undefined {
  let [number, text]: unknown[] = [];
  for (const key of keys) {
    if (isText(key)) text ??= key;
    else if (!isEmpty(key)) number ??= key;
    if (number !== undefined && text !== undefined) return mixedText(field, number, text);
  }
  return undefined;
}

function mixedText(field: string | undefined, number: unknown, text: unknown): Doubt {
  const what = field === undefined ? "The items are" : `\`${field}\` holds`;
  const message = `${what} numbers and text (${foundText(number)}, ${foundText(text)}), so that all are compared as text, "10" before "9". Clean the field first, or take the node \`sort\`, which has numbers before text`;
  return { rule: "mixed-kinds", message };
}

/** Whether a value is something else than a number, or text that spells one. */
function isText(value: unknown): boolean {
  return Number.isNaN(value) || (typeof value === "string" && value !== "" && numberOf(value) === undefined);
}
