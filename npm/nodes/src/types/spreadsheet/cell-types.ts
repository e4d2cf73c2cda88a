import { MOST_DIGITS } from "../../data/decimal.js";
import { isPlainObject } from "../../data/input.js";
import { type Row, setField } from "../../data/rows.js";

/** Records whose cells are what they spell: exact numbers, true and false; empty cells are `null`. Other items stay as they are. */
export function typedRecords(records: readonly Row[]): Row[];
export function typedRecords(records: readonly unknown[]): unknown[];
export function typedRecords(records: readonly unknown[]): unknown[] {
  return records.map((record) => {
    if (!isPlainObject(record)) return record;
    const typed: Row = Object.create(Object.getPrototypeOf(record) as object | null);
    for (const [key, cell] of Object.entries(record)) {
      setField(typed, key, typeof cell === "string" ? typedCell(cell) : cell);
    }
    return typed;
  });
}

/** Text is a number only if it is exactly how the number is written, so that `007` and `1.50` lose nothing. */
function typedCell(cell: string): unknown {
  if (cell === "") return null;
  if (
    /^-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?$/.test(cell) &&
    cell !== "-0" &&
    cell.replace(/\D/g, "").length <= MOST_DIGITS
  ) {
    return Number(cell);
  }
  const lower = cell.toLowerCase();
  if (lower === "true" || lower === "false") return lower === "true";
  return cell;
}
