import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";

import type { CsvLayout, NativeTable, WorkbookLayout, WorkbookSheet } from "@atomiton/conductor-native";

import { codeOf, messageOf, NodeError } from "../../contract/error.js";
import { kindOf } from "../../data/kind.js";
import { warnOfLostDigitsIn } from "../../data/lost-digits.js";
import type { NodeWork } from "../../library/work.js";
import { warnOfText } from "../../machine/doubtful-text.js";
import { checkFile } from "../../machine/readable-file.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { firstStrangeByte, type StrangeByte } from "../../machine/strange-byte.js";
import { StreamedRows } from "../../machine/streamed-rows.js";
import { TEXT_ENCODINGS, textOfBytes } from "../../machine/text-encoding.js";
import { cancellable } from "../../table/addon.js";
import {
  attachCount,
  attachStream,
  attachTable,
  demandTable,
  recordsOf,
  tableBehind,
} from "../../table/table-output.js";
import { type Columns, columnsOf, likelyThousands, typedRecords } from "./cell-types.js";
import { type CsvText, warnOfDuplicateHeaders, warnOfTitle } from "./doubtful-csv.js";
import { formatOf, isWorkbookFormat, type TableFormat } from "./format.js";
import {
  refuseEncoding,
  refuseFirstRow,
  refuseSheetSettings,
  refuseStream,
  SHEET,
  warnOfTextSettings,
} from "./ignored.js";
import { jsonRecords } from "./json-records.js";
import { delimiterDoubt, firstLine, lineOfRow } from "./likely-delimiter.js";
import { dataOf, pathOf, type SpreadsheetParameters } from "./parameters.js";
import { readParquetFile } from "./parquet/file.js";
import { headersOf } from "./write.js";

type Work = NodeWork<SpreadsheetParameters>;

/** Of rows that are looked at for how their cells are separated. */
const FEW_BYTES = 1024;

/** A file, or what stands in for one. */
interface Source {
  path?: string;
  data?: string | Uint8Array;
}

/**
 * Reads a table from a file, from text or from bytes. The records of a table of text are made only when they are read.
 *
 * Fails with INVALID_PARAMETERS (no data, a form that is not supported, no such sheet), EXECUTION_FAILED (`File not found: p`,
 * and what there is close by), DESERIALIZATION_FAILED (naming row, cell or line) or MEMORY_LIMIT_EXCEEDED.
 */
export async function readSpreadsheet(work: Work): Promise<object> {
  const warn = (rule: string, message: string) => work.warn(rule, message);
  if (work.parameters.sheets !== undefined) {
    throw new NodeError("INVALID_PARAMETERS", "`sheets` are written; a sheet to read is named by `sheetName`");
  }
  const named = pathOf(work);
  const path = named === undefined ? undefined : await rootedPath(work.files, named);
  const data = path === undefined ? dataOf(work) : undefined;
  if (path === undefined && data === undefined) {
    throw new NodeError("INVALID_PARAMETERS", "No spreadsheet data provided. Please provide filePath or raw data.");
  }
  const format = formatOf(work.parameters.format, named, data);
  if (path !== undefined) await checkFile(path, named as string);
  if (path === undefined && typeof data !== "string" && !(data instanceof Uint8Array)) {
    refuseStream(work.parameters, "records");
    refuseFirstRow(work.parameters, "records");
    refuseSheetSettings(work.parameters, "records");
    warnOfTextSettings(work.parameters, "records", warn);
    return fromRecords(data, work);
  }
  refuseStream(work.parameters, path === undefined ? "data" : format);
  refuseEncoding(work.parameters, format);
  refuseFirstRow(work.parameters, format);
  const source: Source = path === undefined ? { data: data as string | Uint8Array } : { path };
  if (format !== "csv" && format !== "tsv") warnOfTextSettings(work.parameters, format, warn);
  if (isWorkbookFormat(format)) return readWorkbook(work, source, format);
  refuseSheetSettings(work.parameters, format);
  if (format === "parquet") return readParquet(work, source, named);
  return format === "json" || format === "jsonl" ? readJson(work, source, format) : readCsv(work, source, format);
}

async function readWorkbook(
  { parameters, signal, warn }: Work,
  { path, data }: Source,
  format: TableFormat,
): Promise<object> {
  const { sheetName, sheetIndex, firstRow = 1, hasHeaders, skipEmptyLines, types } = parameters;
  const range = firstRow > 1 ? `${firstRow}:` : parameters.range;
  const layout: WorkbookLayout = {
    hasHeaders,
    skipEmptyLines,
    typed: types === "auto",
    ...(sheetName && { sheetName }),
    ...(sheetIndex !== undefined && { sheetIndex }),
    ...(range && { range }),
  };
  const sheet = await cancellable(signal, (addon, cancel) =>
    addon.readWorkbook(path ?? bufferOf(data), layout, cancel),
  );
  const headers = sheet.table?.headers ?? sheet.headers;
  if (firstRow > 1 && headers.length === 0) {
    throw new NodeError("INVALID_PARAMETERS", `The table cannot begin in row ${firstRow}: nothing is there`);
  }
  warnOfTitle(headers, hasHeaders, warn);
  const { sheetName: name, sheetNames, formulasWithoutResult: count, firstWithoutResult: first } = sheet;
  const { numbersWithoutDigits: numbers, firstWithoutDigits: firstNumber } = sheet;
  if (count > 0) {
    const formulas = count === 1 ? `The formula in ${first} has` : `${count} formulas, the first in ${first}, have`;
    warn(
      "formula-without-result",
      `${formulas} no result in the file and read as empty; open the workbook in a spreadsheet program and save it`,
    );
  }
  if (numbers > 0) {
    const cells = numbers === 1 ? `The cell ${firstNumber} holds` : `${numbers} cells, the first ${firstNumber}, hold`;
    warn(
      "lost-digits",
      `${cells} whole numbers beyond ${Number.MAX_SAFE_INTEGER}: sheets keep 15 digits of a number, the others are lost. Have such cells written as text`,
    );
  }
  return Object.assign(rowsOf(sheet), { format, sheetName: name, sheetNames });
}

function rowsOf({ table, text, headers, rowCount }: WorkbookSheet): object {
  if (table) return tableOutput(table);
  return { records: JSON.parse(text ?? "[]") as unknown, headers, rowCount };
}

async function readCsv(work: Work, source: Source, format: TableFormat): Promise<object> {
  const { path, data } = source;
  const { parameters, signal } = work;
  const { hasHeaders, skipEmptyLines, types } = parameters;
  const delimiter = parameters.delimiter ?? (format === "tsv" ? "\t" : ",");
  const { firstRow = 1 } = parameters;
  const layout: CsvLayout = { delimiter, hasHeaders, skipEmptyLines, firstRow };
  const warn = (rule: string, message: string) => work.warn(rule, message);
  const explained = async (error: unknown) => {
    const told = await withFirstRow(await withDelimiter(error, layout, path, data), layout, path, data);
    throw await withEncoding(told, path, data);
  };
  if (parameters.stream && path !== undefined) {
    const rows = await StreamedRows.open(path, layout, signal).catch(explained);
    warnOfDelimiter(work, delimiter, rows.headers, []);
    await warnOfDuplicateHeaders(rows.headers, { path, data: "" }, layout, warn);
    warnOfTitle(rows.headers, hasHeaders, warn);
    const output = Object.assign(attachStream({}, "records", rows), { headers: rows.headers });
    return Object.assign(
      attachCount(output, "rowCount", () => rows.countNow()),
      sheetFacts(delimiter),
    );
  }
  const decoded = await decodedText(work, source);
  const table = await cancellable(signal, (addon, cancel) =>
    path === undefined || decoded !== undefined
      ? addon.parseTable(decoded ?? (typeof data === "string" ? data : bufferOf(data)), layout, cancel)
      : addon.readTable(path, layout, cancel),
  ).catch(explained);
  const start = table.headers.length === 1 && table.rowCount > 0 ? table.recordsText(0, FEW_BYTES).text : "[]";
  warnOfDelimiter(work, delimiter, table.headers, JSON.parse(start) as Record<string, string>[]);
  const text: CsvText = decoded === undefined ? { path, data: data ?? "" } : { path: undefined, data: decoded };
  await warnOfDuplicateHeaders(table.headers, text, layout, warn);
  warnOfTitle(table.headers, hasHeaders, warn);
  warnOfText(table.doubts, table.headers.length, table.rowCount, warn);
  if (types !== "auto") return Object.assign(tableOutput(table), sheetFacts(delimiter));
  const records = recordsOf(table);
  const columns = columnsOf(records);
  if (delimiter === ";") warnOfThousands(columns, warn);
  const { headers, rowCount } = table;
  return { records: typedRecords(records, columns), headers, rowCount, ...sheetFacts(delimiter) };
}

/** Cells are separated by `;` where commas are decimal ones: a point is then mostly between thousands. */
function warnOfThousands(columns: Columns, warn: (rule: string, message: string) => void): void {
  const names = likelyThousands(columns);
  if (names.length === 0) return;
  warn(
    "likely-thousands",
    `${names.map((name) => `\`${name}\``).join(", ")}: numbers such as 1.234 were read as decimals. In a file separated by \`;\` they are mostly thousands: read it with \`types: text\` and take the points out, as in \`Number(row.amount.replaceAll(".", ""))\``,
  );
}

/** Warns where all cells of a row are in one, by the first rows. */
function warnOfDelimiter(
  { parameters, warn }: Work,
  delimiter: string,
  headers: readonly string[],
  records: readonly Record<string, string>[],
): void {
  if (headers.length !== 1) return;
  const [name = ""] = headers;
  const cells = records.map((record) => record[name] ?? "");
  const [first, second] = parameters.hasHeaders ? [name, ...cells] : cells;
  const doubt = first === undefined ? undefined : delimiterDoubt(first, second, delimiter);
  if (doubt !== undefined) warn("wrong-delimiter", `In what was read ${doubt}`);
}

/** The failure of a file whose first row is one cell, with the delimiter that was probably meant. */
async function withDelimiter(
  error: unknown,
  { delimiter, firstRow }: CsvLayout,
  path: string | undefined,
  data: string | Uint8Array = "",
): Promise<unknown> {
  if (codeOf(error) !== "DESERIALIZATION_FAILED") return error;
  const line = await firstLine(path, data, firstRow);
  const doubt = line.includes(delimiter) ? undefined : delimiterDoubt(line, undefined, delimiter);
  if (doubt === undefined) return error;
  return new NodeError("DESERIALIZATION_FAILED", `${messageOf(error)}: in the first row ${doubt}`, { cause: error });
}

/** The failure of a row that is wider than the headers, with what to do where these are a title. */
async function withFirstRow(
  error: unknown,
  { hasHeaders, skipEmptyLines, firstRow = 1 }: CsvLayout,
  path: string | undefined,
  data: string | Uint8Array = "",
): Promise<unknown> {
  const told = Number(/^Row (\d+) has text in cell/.exec(messageOf(error))?.[1]);
  if (!hasHeaders || codeOf(error) !== "DESERIALIZATION_FAILED" || !(told > firstRow)) return error;
  // Messages count the lines that are rows.
  const row = skipEmptyLines ? await lineOfRow(path, data, firstRow, told) : told;
  if (row === undefined) return error;
  return new NodeError("DESERIALIZATION_FAILED", messageOf(error), {
    cause: error,
    advice: [
      "Put quotes around cells that hold the delimiter, and look at that row.",
      `If row ${row} names the columns, and what is above is a title, set \`firstRow: ${row}\`.`,
    ],
    retry: false,
  });
}

async function readJson(work: Work, source: Source, format: "json" | "jsonl"): Promise<object> {
  const { parameters, signal, warn } = work;
  const { path, data } = source;
  const bytes = path === undefined ? bufferOf(data) : await readFile(path, { ...(signal && { signal }) });
  const text = (await decodedText(work, source)) ?? (await utf8Text(bytes));
  const records = jsonRecords(text, format);
  warnOfLostDigitsIn(text, path === undefined ? "The data" : `\`${path}\``, warn);
  return { ...listOutput(asked(records, parameters)), format, sheetName: SHEET, sheetNames: [SHEET] };
}

async function readParquet(
  { parameters, signal, warn }: Work,
  { path, data }: Source,
  named: string | undefined,
): Promise<object> {
  const source = path === undefined ? { bytes: bufferOf(data) } : { path };
  const what = named === undefined ? "The data" : `\`${named}\``;
  const { columns, rows, lostDigits } = await readParquetFile(source, what, signal);
  const records = rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])));
  if (lostDigits.length > 0) {
    const names = lostDigits.map((name) => `\`${name}\``).join(", ");
    warn("lost-digits", `${names} of ${what} has numbers with more digits than a number keeps, and is read as text`);
  }
  return {
    records: asked(records, parameters),
    headers: columns,
    rowCount: rows.length,
    format: "parquet",
    sheetName: SHEET,
    sheetNames: [SHEET],
  };
}

/** The text of a file, or of bytes, where an encoding is given; `undefined` for UTF-8, which is read as it is. */
async function decodedText({ parameters, signal }: Work, { path, data }: Source): Promise<string | undefined> {
  const { encoding = "utf-8" } = parameters;
  if (encoding === "utf-8" || typeof data === "string") return undefined;
  const bytes = path === undefined ? bufferOf(data) : await readFile(path, { ...(signal && { signal }) });
  return textOfBytes(bytes, encoding, path === undefined ? "The data" : `\`${path}\``);
}

/** The failure of text that is not UTF-8, with the first such byte and the encoding that was probably meant. */
async function withEncoding(error: unknown, path: string | undefined, data: Source["data"]): Promise<unknown> {
  if (codeOf(error) !== "DESERIALIZATION_FAILED" || typeof data === "string") return error;
  const strange = await firstStrangeByte(path === undefined ? [bufferOf(data)] : createReadStream(path));
  return strange === undefined ? error : notUtf8Failure(messageOf(error), strange, error);
}

function notUtf8Failure(words: string, { value, offset, line, likely }: StrangeByte, cause: unknown): NodeError {
  const byte = `0x${value.toString(16).padStart(2, "0").toUpperCase()}`;
  return new NodeError(
    "DESERIALIZATION_FAILED",
    `${words}: the byte ${byte} in line ${line} (byte ${offset} of all) is not UTF-8`,
    {
      cause,
      advice: [`Set \`encoding: ${likely}\`, which it probably is, or another one of ${TEXT_ENCODINGS.join(", ")}.`],
      retry: false,
    },
  );
}

function utf8Text(bytes: Uint8Array): Promise<string> | string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    return firstStrangeByte([bytes]).then((strange) => {
      throw strange ? notUtf8Failure("The file is not UTF-8 text", strange, error) : error;
    });
  }
}

/** Data that is rows already is handed on as it is, but for text that `types` says to read. */
async function fromRecords(given: unknown, work: Work): Promise<object> {
  const { parameters } = work;
  const data = await demandTable(given, work);
  const table = tableBehind(data);
  if (table)
    return Object.assign(parameters.types === "auto" ? typedOutput(table) : tableOutput(table), sheetFacts(","));
  if (!Array.isArray(data)) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `Spreadsheet data must be text, bytes or an array of records, not ${kindOf(data)}`,
    );
  }
  return { ...listOutput(asked(data, parameters)), ...sheetFacts(",") };
}

/** Records with what their text spells, where `types` asks for it. */
function asked(records: readonly unknown[], { types }: SpreadsheetParameters): readonly unknown[] {
  return types === "auto" ? typedRecords(records) : records;
}

function tableOutput(table: NativeTable): object {
  const { headers, rowCount } = table;
  return Object.assign(attachTable({}, "records", table), { headers, rowCount });
}

function typedOutput(table: NativeTable): object {
  const { headers, rowCount } = table;
  return { records: typedRecords(recordsOf(table)), headers, rowCount };
}

function listOutput(records: readonly unknown[]): object {
  return { records, headers: headersOf(records), rowCount: records.length };
}

function sheetFacts(delimiter: string): object {
  const separation = delimiter === "," ? {} : { delimiter };
  return { format: "csv", sheetName: SHEET, sheetNames: [SHEET], ...separation };
}

function bufferOf(data: string | Uint8Array = ""): Buffer {
  return typeof data === "string" ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
