/** What CSV text says that its author hardly meant. */
import { open } from "node:fs/promises";
import type { CsvLayout, NativeTable } from "@atomiton/conductor-native";
import { foundText } from "../../contract/issues.js";
import { cancellable } from "../../table/addon.js";
import { firstLine } from "./likely-delimiter.js";

type Warn = (rule: string, message: string) => void;

/** CSV text: a file, or what stands in for one. */
export interface CsvText {
  path: string | undefined;
  data: string | Uint8Array;
}

/** Of the last row, to find the cell in which the text ends. */
const LAST_ROW_BYTES = 1;
/** Of the text, to find what it ends with. */
const END_BYTES = 64;

/** Warns of columns of one name, of which all but the first are read under other names. */
export async function warnOfDuplicateHeaders(
  headers: readonly string[],
  { path, data }: CsvText,
  layout: CsvLayout,
  warn: Warn,
): Promise<void> {
  const known = new Set(headers);
  // Names that are met again get numbers; a file may also have such names.
  if (!layout.hasHeaders || !headers.some((name) => known.has(/^(.*)_\d+$/s.exec(name)?.[1] ?? ""))) return;
  const line = await firstLine(path, data, layout.firstRow);
  const table = await cancellable(undefined, (addon, cancel) =>
    addon.parseTable(line, { ...layout, hasHeaders: false, firstRow: 1 }, cancel),
  ).catch(() => undefined);
  if (table === undefined || table.rowCount === 0) return;
  const [row = {}] = JSON.parse(table.recordsText(0, 1).text) as Record<string, string>[];
  const seen = new Set<string>();
  const again = new Set<string>();
  for (const name of Object.values(row)) (seen.has(name) ? again : seen).add(name);
  if (again.size === 0) return;
  const renamed = headers.filter((name) => !seen.has(name));
  warn(
    "duplicate-headers",
    `Several columns are called ${listed([...again])}; those after the first are read as ${listed(renamed)}`,
  );
}

/** Of all rows, those that may lack cells by mistake: programs that leave out empty cells at the end do so in many rows. */
const FEW_SHORT = 0.1;
const ALWAYS_FEW = 3;

/** Warns of a few rows that lack cells at their end, which are read as empty ones. */
export function warnOfShortRows(table: NativeTable, warn: Warn): void {
  const { shortRows, firstShortRow, headers, rowCount } = table;
  if (shortRows === 0 || shortRows > Math.max(ALWAYS_FEW, rowCount * FEW_SHORT)) return;
  const rows =
    shortRows === 1 ? `Row ${firstShortRow} has` : `${shortRows} rows, the first of them row ${firstShortRow}, have`;
  warn(
    "short-rows",
    `${rows} fewer cells than the ${headers.length} columns, and what is missing is read as empty. Look whether the file was cut short, or a cell left out`,
  );
}

/** Warns where all columns but the first are without a name, so that a title was probably taken for the names. */
export function warnOfTitle(headers: readonly string[], hasHeaders: boolean, warn: Warn): void {
  const [title = "", ...others] = headers;
  // `column1` is what a first cell without text is called, and what a table without headers has.
  if (
    !hasHeaders ||
    others.length < 2 ||
    title === "column1" ||
    !others.every((name, at) => name === `column${at + 2}`)
  )
    return;
  warn(
    "unnamed-columns",
    `The row of the headers names no column but the first, ${foundText(title)}. If it is a title above the table, say with \`firstRow\` in which row the headers are`,
  );
}

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

/**
 * Warns of a quote that is never closed, which takes the rest of the text into one cell: the last cell has line breaks, and the text
 * does not end with the quote that would close it.
 */
export async function warnOfUnclosedQuote(
  table: NativeTable,
  text: CsvText,
  { delimiter }: CsvLayout,
  warn: Warn,
): Promise<void> {
  const { headers, rowCount } = table;
  const last =
    rowCount === 0
      ? Object.fromEntries(headers.map((name) => [name, name]))
      : (JSON.parse(table.recordsText(rowCount - 1, LAST_ROW_BYTES).text) as Record<string, string>[])[0];
  const [column = "", cell = ""] = Object.entries(last ?? {}).findLast(([, each]) => each !== "") ?? [];
  const breaks = cell.split(/\r\n|\r|\n/).length - 1;
  if (breaks === 0) return;
  // Cells behind it may be empty.
  let end = await endOf(text);
  while (end.endsWith(delimiter)) end = end.slice(0, -delimiter.length).trimEnd();
  if (end.endsWith('"')) return;
  warn(
    "unclosed-quote",
    `A quote is opened and never closed: the cell ${rowCount === 0 ? "of a header" : `of \`${column}\` in the last row`} has the rest of the text, ${breaks} line ${breaks === 1 ? "break" : "breaks"} of it. It begins with ${JSON.stringify(cell.slice(0, 40))}; close the quote, or write it twice where it belongs to the cell`,
  );
}

/** The end of the text without line breaks and blanks. */
async function endOf({ path, data }: CsvText): Promise<string> {
  if (path === undefined) {
    const end = data.slice(-END_BYTES);
    return (typeof end === "string" ? end : new TextDecoder("latin1").decode(end)).trimEnd();
  }
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, END_BYTES);
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, size - length);
    return new TextDecoder("latin1").decode(buffer.subarray(0, bytesRead)).trimEnd();
  } finally {
    await file.close();
  }
}
