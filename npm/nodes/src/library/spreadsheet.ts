import { stat } from "node:fs/promises";
import { extname, resolve } from "node:path";

import type { CsvLayout, NativeTable } from "@atomiton/conductor-native";

import { NodeError } from "../contract/error.js";
import { findData, handleValue, isPlainObject, unwrap } from "../data/input.js";
import { kindOf } from "../data/kind.js";
import { spreadsheet } from "../definition/types/spreadsheet.js";
import { MISSING_PATH_ADVICE, missingPathText } from "../machine/missing-path.js";
import { cancellable } from "../table/addon.js";
import { attachTable, tableBehind } from "../table/table-output.js";
import { executable, type NodeWork } from "./work.js";

interface Parameters {
  path?: string;
  filePath?: string;
  data?: unknown;
  format?: string;
  sheetName?: string;
  sheetIndex?: number;
  hasHeaders: boolean;
  range?: string;
  delimiter?: string;
  skipEmptyLines: boolean;
}

/** A CSV file is a workbook of one sheet. */
const SHEET = "Sheet1";

/**
 * Reads CSV or TSV from a file or from text. The records are made from the native table only if somebody reads them.
 *
 * Fails with INVALID_PARAMETERS (no data, another format, no such sheet), EXECUTION_FAILED (`File not found: p`, and what there is close by) or
 * DESERIALIZATION_FAILED (naming the row).
 */
export const spreadsheetNode = executable<Parameters>(spreadsheet, async (work) => {
  const { parameters, signal } = work;
  const path = pathOf(work);
  const data = path === undefined ? dataOf(work) : undefined;
  if (path === undefined && data === undefined) {
    throw new NodeError("INVALID_PARAMETERS", "No spreadsheet data provided. Please provide filePath or raw data.");
  }
  checkFormat(parameters, path);
  checkSheet(parameters);
  const delimiter = parameters.delimiter ?? (extension(path) === "tsv" ? "\t" : ",");
  const { hasHeaders, skipEmptyLines } = parameters;
  const layout: CsvLayout = { delimiter, hasHeaders, skipEmptyLines };
  if (path !== undefined) {
    await checkFile(path);
    return outputOf(await cancellable(signal, (addon, cancel) => addon.readTable(path, layout, cancel)), delimiter);
  }
  if (typeof data === "string" || data instanceof Uint8Array) {
    const text = typeof data === "string" ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return outputOf(await cancellable(signal, (addon, cancel) => addon.parseTable(text, layout, cancel)), delimiter);
  }
  return fromRecords(data);
});

function outputOf(table: NativeTable, delimiter: string): object {
  const output = attachTable({}, "records", table);
  const { headers, rowCount } = table;
  const separation = delimiter === "," ? {} : { delimiter };
  return Object.assign(output, {
    headers,
    rowCount,
    format: "csv",
    sheetName: SHEET,
    sheetNames: [SHEET],
    ...separation,
  });
}

/** Data that is rows already is handed on as it is. */
function fromRecords(data: unknown): object {
  const table = tableBehind(data);
  if (table) return outputOf(table, ",");
  if (!Array.isArray(data)) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `Spreadsheet data must be text, bytes or an array of records, not ${kindOf(data)}`,
    );
  }
  const headers = [...new Set(data.flatMap((record) => (isPlainObject(record) ? Object.keys(record) : [])))];
  return { records: data, headers, rowCount: data.length, format: "csv", sheetName: SHEET, sheetNames: [SHEET] };
}

/** `path` and `filePath` are what ports are called, `file` what callers of a flow call its input. */
function pathOf({ input, parameters }: NodeWork<Parameters>): string | undefined {
  for (const name of ["path", "filePath", "file"]) {
    const value = unwrap(handleValue(input, name));
    if (typeof value === "string" && value !== "") return value;
  }
  return parameters.path ?? parameters.filePath;
}

function dataOf({ input, parameters }: NodeWork<Parameters>): unknown {
  return findData(input, ["data", "content", "records"]) ?? parameters.data;
}

function extension(path: string | undefined): string {
  return path === undefined ? "" : extname(path).slice(1).toLowerCase();
}

function checkFormat({ format }: Parameters, path: string | undefined): void {
  const others = ["xlsx", "xlsm", "xls", "xlsb", "ods", "fods"];
  const found = format ?? (others.includes(extension(path)) ? extension(path) : "csv");
  if (found !== "csv") {
    throw new NodeError("INVALID_PARAMETERS", `The format ${found} is not supported; save the sheet as CSV or TSV`);
  }
}

function checkSheet({ sheetName, sheetIndex, range }: Parameters): void {
  if (sheetName !== undefined && sheetName !== "" && sheetName !== SHEET) {
    throw new NodeError("INVALID_PARAMETERS", `Sheet "${sheetName}" not found. Available sheets: ${SHEET}`);
  }
  if (sheetIndex !== undefined && sheetIndex > 0) {
    throw new NodeError("INVALID_PARAMETERS", `Sheet index ${sheetIndex} out of range. Workbook has 1 sheets.`);
  }
  if (range !== undefined && range !== "") {
    throw new NodeError("INVALID_PARAMETERS", "A range can be read from workbooks only, not from CSV");
  }
}

async function checkFile(path: string): Promise<void> {
  const facts = await stat(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR")
      throw new NodeError("EXECUTION_FAILED", `File not found: ${path} (${await missingPathText(path)})`, {
        cause: error,
        advice: MISSING_PATH_ADVICE,
      });
    throw error;
  });
  if (facts.isFile()) return;
  const what = facts.isDirectory() ? " but a folder" : "";
  throw new NodeError("EXECUTION_FAILED", `Path is not a file${what}: ${resolve(path)}`, {
    advice: MISSING_PATH_ADVICE,
  });
}
