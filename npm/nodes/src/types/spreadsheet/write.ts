import type { NativeTable } from "@atomiton/conductor-native";
import { writeAtomically, writeThrough } from "@atomiton/storage/files";

import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { textOf } from "../../data/field.js";
import { findData, handleValue, isPlainObject, ownValue, type PlainObject, unwrap } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { warnOfNestedRows, writableRows } from "../../data/loop-rows.js";
import { shownNames } from "../../data/rows.js";
import { warnOfLeftOut } from "../../library/chosen-data.js";
import type { NodeWork } from "../../library/work.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { StreamedItems } from "../../machine/streamed-items.js";
import { writeOver } from "../../machine/writing-over.js";
import { cancellable } from "../../table/addon.js";
import { demandTable, recordsOf, tableBehind } from "../../table/table-output.js";
import { writableStream, writeContent, writeStream } from "../file-system/content.js";
import { typedRecords } from "./cell-types.js";
import { formatOf, type TableFormat } from "./format.js";
import { refuseUnused, SHEET, warnOfWriting } from "./ignored.js";
import { dataOf, pathOf, type SpreadsheetParameters } from "./parameters.js";
import { parquetBytes } from "./parquet/file.js";
import { columnsToWrite } from "./parquet/write-columns.js";
import { checkSheetNames } from "./sheet-names.js";
import { sheetsOf } from "./sheets.js";

/** Days from the first day of sheets to that of JavaScript. */
const DAYS_BEFORE_EPOCH = 25_569;
const MS_PER_DAY = 86_400_000;

/** Rows to write: a table, or records. */
interface Rows {
  /** As they arrived. */
  data: unknown;
  table: NativeTable | undefined;
  headers: readonly string[];
  count: number;
  records(): readonly PlainObject[];
}

/**
 * Writes the records that arrive to a file, whole or not at all.
 *
 * Fails with INVALID_PARAMETERS (no path, a form or a setting that cannot be written, more than a sheet takes) or
 * TYPE_MISMATCH (no records).
 */
export async function writeSpreadsheet(work: NodeWork<SpreadsheetParameters>): Promise<object> {
  const { parameters } = work;
  const path = pathOf(work);
  if (path === undefined) throw new NodeError("INVALID_PARAMETERS", "`path` is required to write a spreadsheet");
  const { overwrite } = parameters;
  const format = formatOf(parameters.format, path);
  refuseUnused(parameters, format);
  warnOfWriting(parameters, format, path, (rule, message) => work.warn(rule, message));
  const sheets = sheetsIn(work);
  if (sheets !== undefined) return writeSheets(work, sheets, path, format);
  if (parameters.sheetName !== undefined) checkSheetNames([parameters.sheetName]);
  const given = dataOf(work);
  const stream = writableStream(given);
  if (stream !== undefined && isStreamed(format, parameters)) {
    const form = format === "json" || format === "jsonl" ? format : delimiterOf(parameters, format);
    const place = await rootedPath(work.files, path);
    const warn = (rule: string, message: string) => work.warn(rule, message);
    if (stream instanceof StreamedItems && format !== "json" && format !== "jsonl") warnOfNestedRows(stream, warn);
    const { size, count, headers } = await writeOver(work, { place, path, overwrite }, (isNew) =>
      writeStream(place, stream, form, work, isNew),
    );
    if (count === 0) work.warn("empty-table", `There were no records to write to \`${path}\``);
    return { result: path, path, format, headers: [...headers], rowCount: count, size, success: true };
  }
  const data = await demandTable(given, work);
  const rows = rowsOf(data);
  if (format !== "json" && format !== "jsonl") warnOfNestedRows(data, (rule, message) => work.warn(rule, message));
  if (rows.count === 0) work.warn("empty-table", `There were no records to write to \`${path}\``);
  const place = await rootedPath(work.files, path);
  const size = await writeOver(work, { place, path, overwrite }, (isNew) => write(place, rows, format, work, isNew));
  const { headers, count } = rows;
  return { result: path, path, format, headers, rowCount: count, size, success: true };
}

/** The rows of several sheets by their names; `undefined` where one sheet is written. */
function sheetsIn(work: NodeWork<SpreadsheetParameters>): unknown {
  const sheets = unwrap(handleValue(work.input, "sheets")) ?? work.parameters.sheets;
  if (sheets === undefined) return undefined;
  if (work.parameters.data !== undefined || work.parameters.sheetName !== undefined) {
    const other = work.parameters.data === undefined ? "sheetName" : "data";
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`sheets\` and \`${other}\` cannot be given together: \`sheets\` has all names and rows`,
    );
  }
  warnOfLeftOut(work, "sheets", findData(work.input, ["data", "content", "records"]));
  return sheets;
}

async function writeSheets(
  work: NodeWork<SpreadsheetParameters>,
  given: unknown,
  path: string,
  format: TableFormat,
): Promise<object> {
  const { parameters, signal } = work;
  if (format !== "xlsx") throw new NodeError("INVALID_PARAMETERS", `\`sheets\` are for xlsx; ${format} has one table`);
  if (!isPlainObject(given)) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `\`sheets\` must be an object with the rows of each sheet by its name, found ${foundText(given)}`,
    );
  }
  const names = Object.keys(given);
  if (names.length === 0)
    throw new NodeError("INVALID_PARAMETERS", "`sheets` is empty; a workbook has one sheet at least");
  checkSheetNames(names);
  const sheets: Rows[] = [];
  for (const name of names) {
    const data = await demandTable(writableRows(given[name]), work);
    const rows = rowsOf(data, `The sheet "${name}"`);
    warnOfNestedRows(data, (rule, message) => work.warn(rule, message));
    if (rows.count === 0)
      work.warn("empty-table", `There were no records to write to the sheet "${name}" of \`${path}\``);
    sheets.push(rows);
  }
  const text = JSON.stringify(sheets.map((rows, at) => sheetOf(rows, names[at] as string)));
  const place = await rootedPath(work.files, path);
  const write = async (beside: string) => {
    const size = await cancellable(signal, (addon, cancel) =>
      addon.writeRecordsWorkbook(text, beside, parameters.types !== "text", cancel),
    );
    warnOfSheets(await sheetsOf(place), names, work);
    return size;
  };
  const { overwrite } = parameters;
  const size = await writeOver(work, { place, path, overwrite }, (isNew) => writeAtomically(place, write, { isNew }));
  const rowCount = sheets.reduce((sum, { count }) => sum + count, 0);
  const headers = [...new Set(sheets.flatMap((rows) => rows.headers))];
  return { result: path, path, format, headers, rowCount, size, success: true, sheetNames: names };
}

async function write(
  path: string,
  rows: Rows,
  format: TableFormat,
  work: NodeWork<SpreadsheetParameters>,
  isNew: boolean,
): Promise<number> {
  const { parameters, signal } = work;
  const { types, sheetName = SHEET } = parameters;
  if (format === "csv" || format === "tsv") {
    return writeContent(path, rows.data, work, { delimiter: delimiterOf(parameters, format), isNew });
  }
  if (format === "xlsx") {
    const typed = types !== "text";
    const { table } = rows;
    const written = async (beside: string) => {
      const size = await cancellable(signal, (addon, cancel) =>
        table
          ? addon.writeTableWorkbook(table, beside, sheetName, typed, cancel)
          : addon.writeRecordsWorkbook(JSON.stringify([sheetOf(rows, sheetName)]), beside, typed, cancel),
      );
      // As late as can be: another node may write the same file meanwhile.
      warnOfSheets(await sheetsOf(path), [sheetName], work);
      return size;
    };
    return writeAtomically(path, written, { isNew });
  }
  const records = types === "auto" ? typedRecords(rows.records()) : rows.records();
  if (format === "parquet") {
    const bytes = await parquetBytes(
      columnsToWrite(records, rows.headers, (rule, message) => work.warn(rule, message)),
      signal,
    );
    return writeAtomically(path, (beside, mode) => writeThrough(beside, bytes, mode), { isNew });
  }
  const text =
    format === "json"
      ? JSON.stringify(records, null, 2)
      : records.map((record) => `${JSON.stringify(record)}\n`).join("");
  return writeAtomically(path, (beside, mode) => writeThrough(beside, text, mode), { isNew });
}

/** Warns of sheets that go because a workbook is written over that had them. */
function warnOfSheets(
  before: readonly string[],
  written: readonly string[],
  work: NodeWork<SpreadsheetParameters>,
): void {
  if (work.parameters.overwrite !== undefined) return;
  const kept = new Set(written.map((name) => name.toLowerCase()));
  const gone = before.filter((name) => !kept.has(name.toLowerCase()));
  if (gone.length === 0) return;
  const [what, are] = gone.length === 1 ? ["the sheet", "is"] : ["the sheets", "are"];
  work.warn(
    "replaced-sheets",
    `\`${pathOf(work)}\` had ${what} ${shownNames(gone)}, which ${are} gone: a workbook is written whole. Write all sheets with one node, by \`sheets\`, or each to a file of its own`,
  );
}

/** Whether rows can be written as they come; a workbook is written as a whole, and cells are read as numbers in memory. */
function isStreamed(format: TableFormat, { types }: SpreadsheetParameters): boolean {
  return format === "csv" || format === "tsv" || ((format === "json" || format === "jsonl") && types !== "auto");
}

function delimiterOf({ delimiter }: SpreadsheetParameters, format: TableFormat): string {
  return delimiter ?? (format === "tsv" ? "\t" : ",");
}

function rowsOf(data: unknown, what = "A spreadsheet"): Rows {
  const table = tableBehind(data);
  if (table) return { data, table, headers: table.headers, count: table.rowCount, records: () => recordsOf(table) };
  if (data === undefined) throw new NodeError("TYPE_MISMATCH", "There are no records to write: nothing arrived");
  if (!Array.isArray(data)) {
    throw new NodeError("TYPE_MISMATCH", `${what} is written from a list of records, not from ${kindOf(data)}`);
  }
  const wrong = data.findIndex((record) => !isPlainObject(record));
  if (wrong !== -1) {
    throw new NodeError("TYPE_MISMATCH", `Record ${wrong} of the list is ${kindOf(data[wrong])}, not an object`);
  }
  const records = data as PlainObject[];
  return { data, table: undefined, headers: headersOf(records), count: records.length, records: () => records };
}

/** All fields of records, as first met. */
export function headersOf(records: readonly unknown[]): string[] {
  const headers = new Set<string>();
  for (const record of records) {
    if (isPlainObject(record)) for (const key of Object.keys(record)) headers.add(key);
  }
  return [...headers];
}

/** A sheet as the addon takes it. */
function sheetOf({ headers, records }: Rows, name: string): object {
  const rows = records().map((record) => headers.map((header) => sheetValue(ownValue(record, header))));
  return { name, headers, rows };
}

/** A value as a cell of a sheet takes it: a date as days, lists and objects as JSON. */
function sheetValue(value: unknown): unknown {
  if (value instanceof Date && !Number.isNaN(value.getTime())) {
    return { date: value.getTime() / MS_PER_DAY + DAYS_BEFORE_EPOCH };
  }
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value === null || typeof value === "number" || typeof value === "boolean") return value;
  return textOf(value);
}
