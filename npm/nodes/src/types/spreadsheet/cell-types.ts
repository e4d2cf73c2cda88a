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
  /** All decimals have one to three digits before the point, of which the first is no zero. */
  isGrouped: boolean;
}

/**
 * Records whose cells are what they spell: numbers, true and false; empty cells are `null`. Other items stay as they are. The numbers
 * of a field stay text where one of them would lose something: zeros before it, a sign, an exponent, a decimal comma, digits. Zeros at the end of decimals
 * are the places of amounts where all decimals of the field have as many; beside others they are probably those of versions, which stay.
 * `bindings-node/src/nodes/table/workbook/number_column.rs` has the same rule for workbooks that are written.
 */
export function typedRecords(records: readonly Row[]): Row[];
export function typedRecords(records: readonly unknown[]): unknown[];
export function typedRecords(records: readonly unknown[]): unknown[] {
  const columns = columnsOf(records);
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
 * Fields whose decimals all have three places behind one to three digits, such as `1.234`: where people write decimals with a comma, these are
 * thousands.
 */
export function likelyThousands(records: readonly Row[]): string[] {
  return [...columnsOf(records)].flatMap(([name, column]) =>
    column.isGrouped && !column.hasLosses && column.places === 3 && !column.hasUnevenPlaces ? [name] : [],
  );
}

/** By name, the fields in which some text looks like a number. */
function columnsOf(records: readonly unknown[]): Map<string, Column> {
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
      if (parts === null) column.hasLosses = true;
      else note(column, cell, parts);
    }
  }
  return columns;
}

function note(column: Column, cell: string, [, sign, whole = "", point, decimals = "", exponent]: string[]): void {
  const isPlain = sign !== "+" && whole !== "" && exponent === undefined && (point === "" || decimals !== "");
  const isNegativeZero = sign === "-" && !/[1-9]/.test(cell);
  const hasZeroBefore = whole.length > 1 && whole.startsWith("0");
  if (!isPlain || isNegativeZero || hasZeroBefore || whole.length + decimals.length > MOST_DIGITS) {
    column.hasLosses = true;
  } else if (decimals !== "") {
    column.hasZerosAtEnd ||= decimals.endsWith("0");
    column.places ||= decimals.length;
    column.hasUnevenPlaces ||= column.places !== decimals.length;
    column.isGrouped &&= whole.length <= 3 && whole !== "0";
  }
}

function mayBeNumber(cell: string): boolean {
  const first = cell.charCodeAt(0);
  // A digit, or one of + - .
  return (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
}

function typedCell(cell: string, column: Column | undefined): unknown {
  if (cell === "") return null;
  if (mayBeNumber(cell)) {
    const isNumbers = column && !column.hasLosses && !(column.hasZerosAtEnd && column.hasUnevenPlaces);
    return isNumbers && NUMBER.test(cell) ? Number(cell) : cell;
  }
  const lower = cell.toLowerCase();
  if (lower === "true" || lower === "false") return lower === "true";
  return cell;
}
