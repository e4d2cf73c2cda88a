/**
 * Conditions that cannot have been meant as they are: they compare numbers with text, or a field that no item has. And
 * other operations on such fields.
 */
import { meantText } from "../contract/close-names.js";
import { fieldOf, isEmpty, numberOf, textOf, valuesOf } from "./field.js";
import { isPlainObject } from "./input.js";
import { likelyPaths } from "./likely-paths.js";
import { lostDigitsOfOperand } from "./lost-digits.js";
import { doubtOfTextOrder } from "./text-order.js";
import type { Condition } from "./where.js";

/** What a node warns of: the kind, and the words. */
export interface Doubt {
  rule:
    | "types-differ"
    | "missing-field"
    | "lost-digits"
    | "not-a-number"
    | "empty-result"
    | "not-a-truth-value"
    | "text-added"
    | "no-initial"
    | "mixed-kinds"
    | "compared-as-text";
  message: string;
}

/** Items that are looked at. */
const MOST_ITEMS = 10_000;
/** Characters of a value that are shown. */
const MOST_SHOWN = 40;

const ORDER: ReadonlySet<string> = new Set(["gt", "gte", "lt", "lte"]);
/** Letters in which a slip of the finger differs at the most. */
const MOST_SLIPS = 2;
/** Those that say something of items without the field too. */
const OF_NOTHING: ReadonlySet<string> = new Set(["ne", "isEmpty", "isNotEmpty"]);
const SAME: ReadonlySet<string> = new Set(["eq", "in"]);

/**
 * The doubtful ones among the conditions of a filter.
 *
 * @param items what was filtered; looked at only where a condition may be doubtful
 * @param keptNone whether nothing was left; otherwise only fields that are probably misspelt are in doubt, and orders of numbers
 *   and words
 * @param haveFields whether it is known that the items have all the fields, as rows of a table do
 */
export function doubtsOfFilter(
  where: readonly Condition[],
  items: () => Iterable<unknown>,
  keptNone: boolean,
  haveFields = false,
): Doubt[] {
  return where.flatMap((condition) => {
    const lost = doubtOfDigits(condition);
    if (lost !== undefined) return lost;
    const like = haveFields ? undefined : likeOfMissing(condition.field, items(), condition.operator);
    if (like !== undefined && like.length > 0) return missing(condition, like, false);
    const kind = kindOfOperand(condition);
    const ordered = doubtOfOrder(condition, kind, items());
    if (ordered !== undefined) return ordered;
    if (!keptNone && !(kind === "text" && ORDER.has(condition.operator))) return [];
    return doubtOf(condition, kind, items(), false);
  });
}

/** What is compared: the operand, and the values of the items. */
function* withOperand({ field, value }: Condition, items: Iterable<unknown>): Generator<unknown> {
  yield value;
  yield* valuesOf(items, field);
}

/** The doubtful ones among conditions on one object, which may well be false as they are meant. */
export function doubtsOfObject(where: readonly Condition[], item: unknown): Doubt[] {
  return where.flatMap((condition) => {
    const kind = kindOfOperand(condition);
    return doubtOfDigits(condition) ?? doubtOfOrder(condition, kind, [item]) ?? doubtOf(condition, kind, [item], true);
  });
}

/** What is doubtful of an order of text: dates, times or amounts, which have another one. */
function doubtOfOrder(
  condition: Condition,
  kind: "number" | "text" | undefined,
  items: Iterable<unknown>,
): Doubt | undefined {
  if (kind !== "text" || !ORDER.has(condition.operator)) return undefined;
  return doubtOfTextOrder(withOperand(condition, items), condition.field);
}

/**
 * What is doubtful of an operation on fields that no item has: it leaves all as it was, or puts all together.
 *
 * @param purpose what the fields are for, such as `sortKey`
 */
export function doubtsOfFields(fields: readonly string[], items: Iterable<unknown>, purpose: string): Doubt[] {
  return fields.flatMap((field) => {
    const like = likeOfMissing(field, items);
    if (like === undefined) return [];
    const hint = meantText(like);
    return {
      rule: "missing-field" as const,
      message: `No item has a field \`${field}\`, which is the \`${purpose}\`${hint}`,
    };
  });
}

/** The fields that may be meant by one that no item has; `undefined` where some item has it, or may have it. */
function likeOfMissing(field: string, items: Iterable<unknown>, operator?: string): string[] | undefined {
  let seen = 0;
  let first: unknown;
  for (const item of items) {
    if (seen++ === MOST_ITEMS || fieldOf(item, field) !== undefined) return undefined;
    if (seen === 1) first = item;
  }
  if (seen === 0) return undefined;
  return isPlainObject(first) ? likelyIn(first, field, operator) : [];
}

/** Where that a field is missing is an answer, as of `stoppedAt` beside `startedAt`, only slips of the finger are in doubt. */
function likelyIn(item: object, field: string, operator: string | undefined): string[] {
  return likelyPaths(field, item, operator !== undefined && OF_NOTHING.has(operator) ? MOST_SLIPS : undefined);
}

function doubtOfDigits({ field, operator, value }: Condition): Doubt | undefined {
  const message = lostDigitsOfOperand(`${field} ${operator}`, value);
  return message === undefined ? undefined : { rule: "lost-digits", message };
}

/** What the field is compared with; `undefined` where it may be compared with anything. */
function kindOfOperand({ operator, value }: Condition): "number" | "text" | undefined {
  const operands = operator === "in" && Array.isArray(value) ? (value as unknown[]) : [value];
  if (!ORDER.has(operator) && !SAME.has(operator)) return undefined;
  if (operands.length > 0 && operands.every((each) => typeof each === "number")) return "number";
  const isWords = (each: unknown) => typeof each === "string" && each !== "" && numberOf(each) === undefined;
  return operands.length > 0 && operands.every(isWords) ? "text" : undefined;
}

function doubtOf(
  condition: Condition,
  kind: "number" | "text" | undefined,
  items: Iterable<unknown>,
  isOne: boolean,
): Doubt | [] {
  const { field, operator } = condition;
  const differs = kind === "number" ? isText : kind === "text" ? isNumber : undefined;
  let [seen, different, others] = [0, 0, 0];
  let sample: unknown;
  let like: string[] = [];
  for (const item of items) {
    if (seen++ === MOST_ITEMS) break;
    const value = fieldOf(item, field);
    if (value === undefined) {
      if (seen === 1 && isPlainObject(item)) like = likelyIn(item, field, operator);
      continue;
    }
    if (isEmpty(value) || !differs?.(value)) {
      others++;
      // Numbers among words, an empty value: the comparison makes sense for some.
      if (!isEmpty(value)) return [];
    } else if (different++ === 0) sample = value;
  }
  if (seen === 0) return [];
  if (different === 0) return others > 0 ? [] : missing(condition, like, isOne);
  // Of one object, that it is not the same is an answer.
  if (isOne && SAME.has(operator)) return [];
  return { rule: "types-differ", message: differentText(condition, kind, sample, isOne) };
}

function missing({ field, operator }: Condition, like: string[], isOne: boolean): Doubt | [] {
  // One object may lack a field that others have, and that a field is missing may be an answer.
  if ((isOne || OF_NOTHING.has(operator)) && like.length === 0) return [];
  // To ask whether one object has it is meant so.
  if (isOne && OF_NOTHING.has(operator) && operator !== "ne") return [];
  const hint = meantText(like);
  const who = isOne ? "The object has no field" : "No item has a field";
  const holds = operator === "ne" || operator === "isEmpty" ? "always holds" : "never holds";
  return { rule: "missing-field", message: `${who} \`${field}\`, so that \`${field} ${operator}\` ${holds}${hint}` };
}

function differentText(
  { field, operator, value }: Condition,
  kind: "number" | "text" | undefined,
  sample: unknown,
  isOne: boolean,
): string {
  const operand = Array.isArray(value) ? `[${value.slice(0, 5).map(shown).join(", ")}]` : shown(value);
  const comparison = `\`${field} ${operator} ${operand}\``;
  const where = isOne ? "" : " in every item";
  return kind === "number"
    ? `${comparison} compares a number with text: \`${field}\` is text${where}, such as ${shown(sample)}. Make it a number first, or compare it with text`
    : `${comparison} compares text with a number: \`${field}\` is a number${where}, such as ${shown(sample)}. Write a number as it is, without words or units`;
}

function isNumber(value: unknown): boolean {
  return numberOf(value) !== undefined;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && numberOf(value) === undefined;
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : textOf(value);
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`;
}
