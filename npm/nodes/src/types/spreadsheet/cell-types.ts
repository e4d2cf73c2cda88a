import { MOST_DIGITS } from "../../data/decimal.js";
import { isPlainObject } from "../../data/input.js";
import { type Row, setField } from "../../data/rows.js";

/** Text that looks like a number; its parts are sign, whole part, decimal point, decimals and exponent. */
const NUMBER = /^([-+]?)(?=\.?\d)(\d*)(\.?)(\d*)([eE][-+]?\d+)?$/;

/** Digits that stand apart, as in `1.234,56`: those beside them are in the same notation. */
const SEPARATED = /^[-+]?\d[\d.,' ]*\d$/;

/** What the text of a field spells in all records. */
interface Column {
  /** Some number would not come back as it was written. */
  hasLosses: boolean;
  hasZerosAtEnd: boolean;
  /** Digits behind the decimal point, of those that have one. */
  places: number;
  hasUnevenPlaces: boolean;
  /** Each number is one to three digits, with a point and three more if need be: `5`, `1.234`. */
  isGrouped: boolean;
}

/** What the fields of records spell, as far as text looks like numbers. */
export type Columns = ReadonlyMap<string, Readonly<Column>>;

/**
 * Records whose cells are what they spell: numbers, true and false; empty cells are `null`. Other items stay as they are. The numbers
 * of a field stay text where one of them would lose something: zeros before it, a sign, a decimal comma, digits, or an exponent as
 * identifiers have it. Zeros at the end of decimals are the places of amounts where all decimals of the field have as many; beside others
 * they are probably those of versions, which stay. `nodes-native/src/table/workbook/number_column.rs` has the same rule for
 * workbooks that are written.
 */
export function typedRecords(records: readonly Row[], columns?: Columns): Row[];
export function typedRecords(records: readonly unknown[], columns?: Columns): unknown[];
export function typedRecords(records: readonly unknown[], columns = columnsOf(records)): unknown[] {
  return records.map((record) => {
    if (!isPlainObject(record)) return record;
    const typed: Row = Object.create(Object.getPrototypeOf(record) as object | null);
    for (const [key, cell] of Object.entries(record)) {
      setField(typed, key, typeof cell === "string" ? typedCell(cell, columns.get(key)) : cell);
    }
    return typed;
  });
}

/**
 * Fields whose decimals all have three places behind one to three digits, and some a zero at the end, as `1.234` and `2.500`: where people
 * write decimals with a comma, these are thousands.
 */
export function likelyThousands(columns: Columns): string[] {
  return [...columns].flatMap(([name, column]) =>
    column.isGrouped && column.hasZerosAtEnd && isNumbers(column) && column.places === 3 ? [name] : [],
  );
}

/** By name, the fields in which some text looks like a number. */
export function columnsOf(records: readonly unknown[]): Columns {
  const columns = new Map<string, Column>();
  for (const record of records) {
    if (!isPlainObject(record)) continue;
    for (const [key, cell] of Object.entries(record)) {
      if (typeof cell !== "string" || !mayBeNumber(cell)) continue;
      const parts = NUMBER.exec(cell);
      if (parts === null && !SEPARATED.test(cell)) continue;
      let column = columns.get(key);
      if (column === undefined) {
        column = { hasLosses: false, hasZerosAtEnd: false, places: 0, hasUnevenPlaces: false, isGrouped: true };
        columns.set(key, column);
      }
      if (parts === null || !isKept(cell, parts)) column.hasLosses = true;
      else note(column, parts);
    }
  }
  return columns;
}

/** Whether a number comes back as it was written, but for zeros at its end and the form of an exponent. */
function isKept(cell: string, [, sign, whole = "", point, decimals = "", exponent]: string[]): boolean {
  const hasZeroBefore = whole.length > 1 && whole.startsWith("0");
  if (sign === "+" || whole === "" || (point !== "" && decimals === "") || hasZeroBefore) return false;
  if (point === "" && exponent === undefined) return whole.length <= MOST_DIGITS && cell !== "-0";
  const significant = (whole + decimals).replace(/^0+|0+$/g, "").length;
  const number = Number(cell);
  if (exponent === undefined) return significant <= MOST_DIGITS || String(number) === cell;
  if (point === "" && !exponent.includes("-")) return false;
  return Number.isFinite(number) && (number !== 0) === significant > 0 && significant <= MOST_DIGITS + 2;
}

function note(column: Column, [, , whole = "", , decimals = "", exponent]: string[]): void {
  column.isGrouped &&= whole.length <= 3 && exponent === undefined && (decimals === "" || whole !== "0");
  if (decimals === "" || exponent !== undefined) return;
  // `1.0` is how programs write a whole number among decimals.
  column.hasZerosAtEnd ||= decimals.length > 1 && decimals.endsWith("0");
  column.places ||= decimals.length;
  column.hasUnevenPlaces ||= column.places !== decimals.length;
}

function isNumbers({ hasLosses, hasZerosAtEnd, hasUnevenPlaces }: Column): boolean {
  return !hasLosses && !(hasZerosAtEnd && hasUnevenPlaces);
}

function mayBeNumber(cell: string): boolean {
  const first = cell.charCodeAt(0);
  // A digit, or one of + - .
  return (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
}

function typedCell(cell: string, column: Column | undefined): unknown {
  if (cell === "") return null;
  if (mayBeNumber(cell)) {
    // Without the sign of a zero.
    return column && isNumbers(column) && NUMBER.test(cell) ? Number(cell) + 0 : cell;
  }
  const lower = cell.toLowerCase();
  if (lower === "true" || lower === "false") return lower === "true";
  return cell;
}
