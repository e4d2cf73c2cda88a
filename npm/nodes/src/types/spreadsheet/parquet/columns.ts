/** What the values of a column of a Parquet file become. */
import type { ParquetParsers, SchemaElement, SchemaTree } from "hyparquet";

import { toBase64 } from "../../../data/base64.js";
import { exactNumber, MOST_DIGITS } from "../../../data/decimal.js";
import { Refused } from "./refused.js";

/** Turns the values of one column into those of JSON. */
export interface Column {
  name: string;
  /** A value as JSON has it. */
  take(value: unknown): unknown;
  /** A number that `take` gave as text, with all of its digits. */
  textOf(value: number): string;
  /** A number of the column was left as text, because it has more digits than a number keeps. */
  losesDigits: boolean;
}

/** Times as the text that stands in for them: of nested values too, whose kinds are not known here. */
export const PARSERS: Partial<ParquetParsers> = {
  dateFromDays: (days) => dayText(days),
  timestampFromMilliseconds: (count) => timeText(BigInt(count) * 1_000_000n, 3),
  timestampFromMicroseconds: (count) => timeText(BigInt(count) * 1000n, 6),
  timestampFromNanoseconds: (count) => timeText(BigInt(count), 9),
};

/**
 * The columns of a file. Of decimals and times of top-level columns the kind is taken out of the schema, so that their values
 * arrive with all of their digits.
 *
 * @throws Refused for kinds of values that would lose something
 */
export function columnsOf(tree: SchemaTree): Column[] {
  return tree.children.map((child) => columnOf(child));
}

function columnOf(tree: SchemaTree): Column {
  const { element, children } = tree;
  const column: Column = { name: element.name, take: (value) => value, textOf: String, losesDigits: false };
  const losesDigits = () => {
    column.losesDigits = true;
  };
  column.take = (value) => plain(value, losesDigits);
  if (children.length > 0 || element.repetition_type === "REPEATED") {
    refuseLossyInside(tree, element.name);
    return column;
  }
  const scale = decimalScale(element);
  const unit = timeUnit(element);
  if (scale !== undefined) {
    raw(element);
    column.textOf = (value) => value.toFixed(scale);
    column.take = (value) => (isMissing(value) ? null : decimal(wholeOf(value), scale, losesDigits));
  } else if (unit !== undefined) {
    const zone = isUtc(element) ? "Z" : "";
    raw(element);
    column.take = (value) =>
      isMissing(value) ? null : `${timeText(BigInt(value as bigint) * unit.ns, unit.digits)}${zone}`;
  } else if (element.converted_type === "TIME_MILLIS" || element.converted_type === "TIME_MICROS" || isTime(element)) {
    const digits = element.type === "INT32" ? 3 : timeOfDayDigits(element);
    raw(element);
    column.take = (value) => (isMissing(value) ? null : timeOfDay(BigInt(value as bigint), digits));
  }
  return column;
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** A value without a kind of its own: as JSON has it, also what is inside. */
function plain(value: unknown, losesDigits: () => void): unknown {
  if (isMissing(value)) return null;
  if (typeof value === "bigint") {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    losesDigits();
    return String(value);
  }
  if (typeof value !== "object") return value;
  if (value instanceof Uint8Array) return toBase64(value);
  const within = (each: unknown) => plain(each, losesDigits);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as unknown[], within);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, within(each)]));
}

/** Takes the kind away, so that values arrive as they are stored. */
function raw(element: SchemaElement): void {
  delete element.converted_type;
  delete element.logical_type;
}

function decimalScale({ converted_type, logical_type, scale = 0 }: SchemaElement): number | undefined {
  if (logical_type?.type === "DECIMAL") return logical_type.scale;
  return converted_type === "DECIMAL" ? scale : undefined;
}

function wholeOf(value: unknown): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value as number | bigint);
  let whole = 0n;
  for (const byte of value) whole = whole * 256n + BigInt(byte);
  return value.length > 0 && (value[0] as number) > 127 ? whole - 256n ** BigInt(value.length) : whole;
}

function decimal(whole: bigint, scale: number, losesDigits: () => void): number | string {
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, "0");
  const cut = digits.length - scale;
  const text = `${whole < 0n ? "-" : ""}${digits.slice(0, cut)}${scale > 0 ? `.${digits.slice(cut)}` : ""}`;
  const number = exactNumber(text);
  if (number === undefined) losesDigits();
  return number ?? text;
}

function timeUnit({ converted_type, logical_type }: SchemaElement): { ns: bigint; digits: number } | undefined {
  const unit =
    logical_type?.type === "TIMESTAMP" ? logical_type.unit : /^TIMESTAMP_(.*)$/.exec(converted_type ?? "")?.[1];
  if (unit === undefined) return undefined;
  if (unit.startsWith("MILLI")) return { ns: 1_000_000n, digits: 3 };
  return unit.startsWith("MICRO") ? { ns: 1000n, digits: 6 } : { ns: 1n, digits: 9 };
}

/** Times of the older kind are of UTC. */
function isUtc({ logical_type }: SchemaElement): boolean {
  return logical_type?.type !== "TIMESTAMP" || logical_type.isAdjustedToUTC;
}

function isTime({ logical_type }: SchemaElement): boolean {
  return logical_type?.type === "TIME";
}

function timeOfDayDigits({ logical_type }: SchemaElement): number {
  return logical_type?.type === "TIME" && logical_type.unit.startsWith("NANO") ? 9 : 6;
}

function dayText(days: number): string {
  const date = new Date(days * 86_400_000);
  return Number.isNaN(date.getTime()) ? String(days) : yearText(date.toISOString().slice(0, -14));
}

/** A moment as ISO text without a zone, with as many digits of a second as it has. */
function timeText(ns: bigint, digits: number): string {
  const perSecond = 1_000_000_000n;
  const part = ((ns % perSecond) + perSecond) % perSecond;
  const date = new Date(Number((ns - part) / 1_000_000n));
  if (Number.isNaN(date.getTime())) return String(ns);
  return `${yearText(date.toISOString().slice(0, -5))}${fraction(part, digits)}`;
}

/** Years before 0 and after 9999 have a sign in ISO text. */
function yearText(text: string): string {
  return text.replace(/^\+0*(?=\d{4})/, "");
}

function timeOfDay(count: bigint, digits: number): string {
  const perSecond = 10n ** BigInt(digits);
  const seconds = Number(count / perSecond);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  return `${clock}${fraction((count % perSecond) * 10n ** BigInt(9 - digits), digits)}`;
}

function fraction(ns: bigint, digits: number): string {
  const text = String(ns).padStart(9, "0").slice(0, digits).replace(/0+$/, "");
  return text === "" ? "" : `.${text}`;
}

/** Inside of lists and groups values have no column of their own: what would lose something there is refused. */
function refuseLossyInside({ element, children, path }: SchemaTree, column: string): void {
  const { precision = 0 } = element;
  if (decimalScale(element) !== undefined && children.length === 0 && precision > MOST_DIGITS) {
    throw new Refused(
      "DESERIALIZATION_FAILED",
      `column \`${column}\` holds decimals of ${precision} digits in lists or groups (${path.join(".")}), which would lose some; read it with \`sql\` and cast them to text`,
    );
  }
  for (const child of children) refuseLossyInside(child, column);
}
