import { NodeError } from "../contract/error.js";
import { foundText } from "../contract/issues.js";
import { compareDigits, losesDigits, wholeOrNumber } from "./decimal.js";
import { fieldOf, isEmpty, numberOf, textOf, valuesOf } from "./field.js";
import { kindOf } from "./kind.js";
import { warnOfLostSum } from "./lost-digits.js";
import { percentile } from "./percentile.js";
import { foundTextAdvice, memberText } from "./spelled-numbers.js";
import { Sum } from "./sum.js";
import { doubtOfTextOrder } from "./text-order.js";

/** One computation over a group of items. */
export interface Aggregate {
  operation: "count" | "sum" | "avg" | "min" | "max" | "countDistinct" | "median" | "percentile";
  field?: string;
  /** Of a percentile, 0–100. */
  percent?: number;
  as?: string;
}

/** What to group by and what to compute; every aggregate has its name. */
export interface Aggregation {
  groupBy: string[];
  aggregates: (Aggregate & { as: string })[];
}

/**
 * Completes an aggregation: names are `as`, else `<operation>_<field>`, such as `p95_ms` of a percentile, else `count`.
 *
 * @throws NodeError INVALID_PARAMETERS for an aggregate that lacks a field or a percent, or has a percent that it does not take, and for
 *   two results of one name.
 */
export function aggregationOf(
  groupBy: string | readonly string[] | undefined,
  aggregates: readonly Aggregate[],
): Aggregation {
  const keys = groupBy === undefined ? [] : typeof groupBy === "string" ? [groupBy] : [...groupBy];
  const named = aggregates.map((aggregate) => {
    if (aggregate.field === undefined && aggregate.operation !== "count") {
      throw new NodeError("INVALID_PARAMETERS", `The aggregate ${aggregate.operation} needs a field`);
    }
    const isPercentile = aggregate.operation === "percentile";
    if (isPercentile !== (aggregate.percent !== undefined)) {
      throw new NodeError(
        "INVALID_PARAMETERS",
        isPercentile
          ? "The aggregate percentile needs `percent`, a number from 0 to 100"
          : `\`percent\` is for the aggregate percentile; leave it out of ${aggregate.operation}`,
      );
    }
    const operation = isPercentile ? `p${aggregate.percent}` : aggregate.operation;
    const name = aggregate.field === undefined ? operation : `${operation}_${aggregate.field}`;
    return { ...aggregate, as: aggregate.as ?? name };
  });
  const names = [...keys, ...named.map(({ as }) => as)];
  const twice = names.find((name, position) => names.indexOf(name) !== position);
  if (twice !== undefined)
    throw new NodeError("INVALID_PARAMETERS", `Two results would be called "${twice}"; name one with "as"`);
  return { groupBy: keys, aggregates: named };
}

/**
 * One object per group, in the order of the groups' first items; without `groupBy` exactly one. Empty values are left
 * out of everything but a count without a field. Sums that lose digits of whole numbers are warned of.
 *
 * @throws NodeError TYPE_MISMATCH where a sum, an average, a median or a percentile meets what is no finite number. Sums that pass the
 *   largest number are `Infinity`.
 */
export function aggregate(
  items: readonly unknown[],
  aggregation: Aggregation,
  warn: (rule: string, message: string) => void,
): Record<string, unknown>[] {
  const totals = new Totals(aggregation);
  for (const item of items) totals.add(item);
  return totals.results(items, warn);
}

/** {@link aggregate} of items that are added one after the other. */
export class Totals {
  readonly #aggregation: Aggregation;
  readonly #groups = new Map<string, { values: unknown[]; tallies: Tally[] }>();
  #position = 0;

  constructor(aggregation: Aggregation) {
    this.#aggregation = aggregation;
    if (aggregation.groupBy.length === 0) this.#begin("[]", []);
  }

  #begin(key: string, values: unknown[]): { values: unknown[]; tallies: Tally[] } {
    const group = { values, tallies: this.#aggregation.aggregates.map(tallyOf) };
    this.#groups.set(key, group);
    return group;
  }

  /** @throws NodeError TYPE_MISMATCH */
  add(item: unknown): void {
    const { groupBy, aggregates } = this.#aggregation;
    const values = groupBy.map((field) => fieldOf(item, field));
    const key = groupBy.length === 0 ? "[]" : JSON.stringify(values.map((value) => [typeof value, textOf(value)]));
    const group = this.#groups.get(key) ?? this.#begin(key, values);
    for (let i = 0; i < aggregates.length; i++) {
      const { field } = aggregates[i] as Aggregate;
      (group.tallies[i] as Tally).add(field === undefined ? true : fieldOf(item, field), this.#position);
    }
    this.#position++;
  }

  /** The groups; `items` are all that were added. */
  results(items: Iterable<unknown>, warn: (rule: string, message: string) => void): Record<string, unknown>[] {
    return resultsOf(this.#aggregation, this.#groups, items, warn);
  }
}

function resultsOf(
  { groupBy, aggregates }: Aggregation,
  groups: ReadonlyMap<string, { values: unknown[]; tallies: Tally[] }>,
  items: Iterable<unknown>,
  warn: (rule: string, message: string) => void,
): Record<string, unknown>[] {
  warnOfKinds(groupBy, groups.values(), items, warn);
  aggregates.forEach(({ operation, field }, at) => {
    const isLost = [...groups.values()].some(({ tallies }) => tallies[at]?.lostDigits?.());
    if (isLost) warnOfLostSum(operation, field, warn);
    if (isExtreme({ operation }) && field !== undefined) {
      const doubt = doubtOfTextOrder(valuesOf(items, field), field);
      if (doubt !== undefined) warn(doubt.rule, doubt.message);
    }
    warnOfMixed(
      Array.from(groups.values(), ({ tallies }) => tallies[at]),
      operation,
      field,
      warn,
    );
  });
  return Array.from(groups.values(), ({ values, tallies }) => {
    const entries: [string, unknown][] = groupBy.map((field, i) => [field, values[i]]);
    for (const [i, { as }] of aggregates.entries()) entries.push([as, (tallies[i] as Tally).result()]);
    return Object.fromEntries(entries);
  });
}

/** Warns of groups that differ only in that one has a number and the other one the text that spells it. */
function warnOfKinds(
  groupBy: readonly string[],
  groups: Iterable<{ values: readonly unknown[] }>,
  [first]: Iterable<unknown>,
  warn: (rule: string, message: string) => void,
): void {
  const seen = new Map<string, readonly unknown[]>();
  for (const { values } of groups) {
    const key = JSON.stringify(values.map(textOf));
    const other = seen.get(key);
    if (other === undefined) {
      seen.set(key, values);
      continue;
    }
    const at = values.findIndex((value, place) => typeof value !== typeof other[place]);
    // Nothing and empty text may well be two things.
    if (isEmpty(values[at]) || isEmpty(other[at])) continue;
    const kinds = `${foundText(other[at])} and ${foundText(values[at])}`;
    warn(
      "types-differ",
      `\`${groupBy[at]}\` is ${kinds}, which are groups of their own; make both the same first, such as by \`String(${memberText(groupBy[at] as string, first)})\` in a \`transform\``,
    );
    return;
  }
}

/** Whether there is a `min` or a `max`. */
export function hasExtremes({ aggregates }: Aggregation): boolean {
  return aggregates.some(isExtreme);
}

/** Warns of a `min` or `max` that compares text with numbers, as {@link aggregate} does, and computes nothing else. */
export function warnOfExtremes(
  items: readonly unknown[],
  { groupBy, aggregates }: Aggregation,
  warn: (rule: string, message: string) => void,
): void {
  aggregate(items, { groupBy, aggregates: aggregates.filter(isExtreme) }, warn);
}

function isExtreme({ operation }: Aggregate): boolean {
  return operation === "min" || operation === "max";
}

function warnOfMixed(
  tallies: readonly (Tally | undefined)[],
  operation: string,
  field: string | undefined,
  warn: (rule: string, message: string) => void,
): void {
  const mixed = tallies.map((tally) => tally?.mixed?.()).find((found) => found !== undefined);
  if (mixed === undefined) return;
  const [number, other] = mixed;
  const what = `\`${operation}\` of \`${field}\` met ${foundText(number)} and ${foundText(other)}`;
  const advice = "Clean the field first, or filter such items out";
  warn(
    typeof other === "number" ? "not-a-number" : "mixed-kinds",
    `${what}, so that all are compared as text, "10" before "9". ${advice}`,
  );
}

/** An aggregate in the making. */
export interface Tally {
  /**
   * Adds the value of an item; empty ones do not count.
   *
   * @throws NodeError TYPE_MISMATCH where a sum, an average, a median or a percentile meets what is no finite number
   */
  add(value: unknown, position: number): void;
  result(): unknown;
  /** Of what is made of numbers: whether digits of whole numbers were lost. */
  lostDigits?(): boolean;
  /** Of a least or greatest value: a number and something else, where both were among the values. */
  mixed?(): [number: unknown, other: unknown] | undefined;
}

/** Begins an aggregate. */
export function tallyOf(spec: Aggregate): Tally {
  const { operation } = spec;
  switch (operation) {
    case "count": {
      let count = 0;
      return { add: (value) => void (isEmpty(value) || count++), result: () => count };
    }
    case "countDistinct": {
      const seen = new Set<string>();
      return { add: (value) => void (isEmpty(value) || seen.add(textOf(value))), result: () => seen.size };
    }
    case "sum":
    case "avg": {
      const sum = new Sum();
      let count = 0;
      return {
        add: ofNumbers(spec, (number, value) => {
          sum.add(number, value);
          count++;
        }),
        result: () => (operation === "sum" ? sum.value : count === 0 ? null : sum.mean(count)),
        lostDigits: () => sum.lostDigits,
      };
    }
    case "median":
    case "percentile": {
      const numbers: number[] = [];
      let lostDigits = false;
      return {
        add: ofNumbers(spec, (number, value) => {
          numbers.push(number);
          if (typeof value !== "number" && losesDigits(String(value))) lostDigits = true;
        }),
        result: () => percentile(numbers, spec.percent ?? 50) ?? null,
        lostDigits: () => lostDigits,
      };
    }
    case "min":
    case "max":
      return extreme(operation === "max");
  }
}

/** Adds values as numbers. */
function ofNumbers(spec: Aggregate, add: (number: number, value: unknown) => void): Tally["add"] {
  return (value, position) => {
    if (isEmpty(value)) return;
    const number = numberOf(value);
    if (number === undefined) throw notANumber(spec, value, position);
    add(number, value);
  };
}

function extreme(greatest: boolean): Tally {
  const sign = greatest ? 1 : -1;
  let number: number | undefined;
  let best: unknown;
  let text: string | undefined;
  let other: unknown;
  return {
    add(value) {
      if (isEmpty(value)) return;
      const own = numberOf(value);
      if (own === undefined) other ??= value;
      else if (number === undefined || sign * (own - number || compareDigits(value, best)) > 0) {
        number = own;
        best = value;
      }
      const words = textOf(value);
      if (text === undefined || (greatest ? words > text : words < text)) text = words;
    },
    mixed: () => (number === undefined || other === undefined ? undefined : [best, other]),
    result: () => (other === undefined && number !== undefined ? wholeOrNumber(best, number) : (text ?? null)),
  };
}

function notANumber({ operation, field }: Aggregate, value: unknown, position: number): NodeError {
  const found =
    typeof value === "number"
      ? `${value}, not a finite number`
      : `${typeof value === "string" ? "text" : kindOf(value)}, not a number`;
  const advice = typeof value === "string" ? foundTextAdvice(value, field ?? "") : "";
  return new NodeError(
    "TYPE_MISMATCH",
    `Cannot take the ${operation} of field "${field}": item ${position} holds ${found}${advice}`,
  );
}
