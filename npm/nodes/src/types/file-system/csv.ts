/** Rows as lines of CSV, and the first row of a file. */
import { textOf } from "../../data/field.js";
import { ownValue, type PlainObject } from "../../data/input.js";

/** The fields of records, in the order in which they are first seen. */
export function columnsOf(records: readonly PlainObject[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))];
}

/** Of each record the values of the columns. */
export function cellsOf(records: readonly PlainObject[], columns: readonly string[]): unknown[][] {
  return records.map((record) => columns.map((column) => ownValue(record, column)));
}

/** Rows as text, each with the end of its line. */
export function csvText(rows: readonly (readonly unknown[])[], delimiter: string, end = "\n"): string {
  const cell = (value: unknown): string => {
    const text = textOf(value);
    return /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  // A line of one empty cell would be an empty line, which readers skip.
  return rows
    .map((row) => `${row.length === 1 && textOf(row[0]) === "" ? '""' : row.map(cell).join(delimiter)}${end}`)
    .join("");
}

/** The cells of the first row that is no empty line, and how it ends; `undefined` where the text has no such row. */
export function firstRow(text: string, delimiter: string): { cells: string[]; end: "\n" | "\r\n" } | undefined {
  const cells: string[] = [];
  let [cell, isQuoted] = ["", false];
  for (let at = text.search(/[^\r\n]/); at >= 0 && at < text.length; at++) {
    const character = text[at] as string;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') cell += text[++at];
      else isQuoted = false;
    } else if (character === '"' && cell === "") isQuoted = true;
    else if (character === delimiter) {
      cells.push(cell);
      cell = "";
    } else if (character === "\n" || character === "\r") {
      return { cells: [...cells, cell], end: character === "\r" ? "\r\n" : "\n" };
    } else cell += character;
  }
  return text.trim() === "" ? undefined : { cells: [...cells, cell], end: "\n" };
}
