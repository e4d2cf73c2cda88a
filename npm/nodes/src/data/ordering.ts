/** The order of rows by several fields. */

import { NodeError } from "../contract/error.js";
import { foundText } from "../contract/issues.js";
import { inBatches } from "../contract/pace.js";
import { compareDigits, wholeOrNumber } from "./decimal.js";
import type { Doubt } from "./doubtful-conditions.js";
import { fieldOf, isEmpty, numberOf, textOf, valuesOf } from "./field.js";
import { instantOf, namesZone } from "./instant.js";
import type { Row } from "./rows.js";
import { doubtOfTextOrder } from "./text-order.js";

/** How the values of a field are compared. */
export type ComparedAs = "auto" | "number" | "text" | "date";

/** A field to order by. */
export interface OrderBy {
  field: string;
  direction: "asc" | "desc";
  nulls: "first" | "last";
  as: ComparedAs;
}

/** Compares two rows by their positions. */
export type Compare = (one: number, other: number) => number;

/** What a value is to a comparison; what is less comes first. */
const NOTHING = 0;
const NUMBER = 1;
const TEXT = 2;

/** The values of a field of all rows, ready to be compared. */
export interface Column {
  /** Whether a row has no value. */
  isNothing(position: number): boolean;
  /** Ascending; only for rows that have a value. */
  compare: Compare;
  /** The value of a row: a number where text spells one and is compared as such; else, and where a number loses digits, as it is. */
  valueAt(position: number): unknown;
  /** A clause, where numbers and text are mixed and the order does not say how they are compared. */
  mixed: string | undefined;
  /** What is doubtful of text that is compared as such, though the order does not say so. */
  textOrder: Doubt | undefined;
}

/**
 * Reads a field of all rows for comparisons.
 *
 * @throws NodeError TYPE_MISMATCH naming the row where a value is not of the kind asked for, or has no order; CANCELLED
 */
export async function columnOf(
  rows: readonly Row[],
  field: string,
  as: ComparedAs,
  signal: AbortSignal | undefined,
): Promise<Column> {
  const ranks = new Uint8Array(rows.length);
  const numbers = new Float64Array(rows.length);
  const texts: string[] = [];
  const samples: string[] = [];
  const readAs = as === "auto" && (await areMoments(rows, field, signal)) ? "date" : as;
  await inBatches(rows.length, signal, (from, to) => {
    for (let position = from; position < to; position++) {
      const value = fieldOf(rows[position], field);
      const read = isNothing(value) ? undefined : comparable(value, readAs, field, position);
      if (typeof read === "number") numbers[position] = read;
      const isSpelled = typeof read === "number" && readAs !== "date" && typeof value !== "number";
      texts.push(typeof read === "string" ? read : isSpelled ? String(value) : "");
      const rank = read === undefined ? NOTHING : typeof read === "number" ? NUMBER : TEXT;
      ranks[position] = rank;
      samples[rank] ??= `${foundText(value)} in row ${position}`;
    }
  });
  return {
    isNothing: (position) => ranks[position] === NOTHING,
    compare(one, other) {
      const rank = ranks[one] as number;
      const difference = rank - (ranks[other] as number);
      if (difference !== 0) return difference;
      if (rank !== NUMBER) return orderOf(texts[one] as string, texts[other] as string);
      const order = orderOf(numbers[one] as number, numbers[other] as number);
      if (order !== 0 || texts[one] === texts[other]) return order;
      return compareDigits(texts[one] || numbers[one], texts[other] || numbers[other]);
    },
    valueAt(position) {
      const value = fieldOf(rows[position], field);
      const isSpelled = typeof value === "string" && ranks[position] === NUMBER && readAs !== "date";
      return isSpelled ? wholeOrNumber(value, numbers[position] as number) : value;
    },
    mixed:
      samples[NUMBER] === undefined || samples[TEXT] === undefined
        ? undefined
        : `\`${field}\` holds numbers and text (${samples[NUMBER]}, ${samples[TEXT]}): numbers come before text`,
    textOrder:
      as === "auto" && samples[TEXT] !== undefined && samples[NUMBER] === undefined
        ? doubtOfTextOrder(valuesOf(rows, field), field)
        : undefined,
  };
}

/**
 * Reads a field of all rows for a least or greatest value. Mixed values are warned of, and NaN, which counts as empty.
 *
 * @throws NodeError as {@link columnOf}
 */
export async function columnOfExtremes(
  rows: readonly Row[],
  field: string,
  signal: AbortSignal | undefined,
  warn: (rule: string, message: string) => void,
): Promise<Column> {
  const column = await columnOf(rows, field, "auto", signal);
  if (column.mixed !== undefined)
    warn("mixed-kinds", `${column.mixed}. Clean the field first, or filter such rows out`);
  if (column.textOrder !== undefined) warn(column.textOrder.rule, column.textOrder.message);
  let count = 0;
  for (const row of rows) if (Number.isNaN(fieldOf(row, field))) count++;
  if (count > 0) {
    const which = count === 1 ? "1 row, which counts" : `${count} rows, which count`;
    warn("not-a-number", `\`${field}\` is NaN in ${which} as empty. Look at how it is made, or filter such rows out`);
  }
  return column;
}

/**
 * Gives the order of rows by several fields, of which later ones count where earlier ones are equal. Mixed fields are
 * warned of.
 *
 * @throws NodeError as {@link columnOf}
 */
export async function comparisonOf(
  rows: readonly Row[],
  by: readonly OrderBy[],
  signal: AbortSignal | undefined,
  warn: (rule: string, message: string) => void,
): Promise<Compare> {
  const parts: { column: Column; sign: number; nothing: number }[] = [];
  for (const { field, direction, nulls, as } of by) {
    const column = await columnOf(rows, field, as, signal);
    if (column.mixed !== undefined)
      warn("mixed-kinds", `${column.mixed}. Say how to compare them with \`as\`, or clean the field first`);
    if (column.textOrder !== undefined) warnOfTextOrder(column.textOrder, warn);
    parts.push({ column, sign: direction === "desc" ? -1 : 1, nothing: nulls === "first" ? -1 : 1 });
  }
  return (one, other) => {
    for (const { column, sign, nothing } of parts) {
      const lacks = column.isNothing(one);
      if (lacks !== column.isNothing(other)) return lacks ? nothing : -nothing;
      const order = lacks ? 0 : column.compare(one, other);
      if (order !== 0) return sign * order;
    }
    return 0;
  };
}

/** Warns of text that is ordered as such, though the order does not say so. */
export function warnOfTextOrder({ rule, message }: Doubt, warn: (rule: string, message: string) => void): void {
  warn(rule, `${message}. Say \`as: text\` where it is meant`);
}

/** Whether a value is nothing, or may be ordered as a time, which it is where all of its column may. */
export function mayBeMoment(value: unknown): boolean {
  return isEmpty(value) || value instanceof Date || namesZone(value);
}

function orderOf<T extends number | string>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function isNothing(value: unknown): boolean {
  return isEmpty(value) || Number.isNaN(value) || (value instanceof Date && Number.isNaN(value.getTime()));
}

/** Whether all values are dates, or text that spells a moment with its zone: as text, other zones come in the wrong order. */
async function areMoments(rows: readonly Row[], field: string, signal: AbortSignal | undefined): Promise<boolean> {
  let all = true;
  await inBatches(rows.length, signal, (from, to) => {
    for (let position = from; position < to && all; position++) {
      all = mayBeMoment(fieldOf(rows[position], field));
    }
  });
  return all;
}

function comparable(value: unknown, as: ComparedAs, field: string, position: number): number | string {
  const isObject = typeof value === "object" && !(value instanceof Date);
  const read = isObject ? undefined : READERS[as](value);
  if (read !== undefined) return read;
  const kind = { auto: "a number, text or a date", number: "a number", text: "text", date: "a date" }[as];
  const where = `\`${field}\` of row ${position} is ${foundText(value)}`;
  throw new NodeError(
    "TYPE_MISMATCH",
    `Rows cannot be ordered by \`${field}\`: ${where}, but must be ${kind} or empty`,
  );
}

const READERS: Readonly<Record<ComparedAs, (value: unknown) => number | string | undefined>> = {
  auto: (value) => anyNumber(value) ?? textOf(value),
  number: anyNumber,
  text: textOf,
  date: instantOf,
};

/** Infinite ones have their place in an order too. */
function anyNumber(value: unknown): number | undefined {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : numberOf(value);
}
