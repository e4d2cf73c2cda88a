/** Settings that have no meaning for what is read or written: told, so that none is ignored without a word. */
import { extname } from "node:path";
import { NodeError } from "../../contract/error.js";
import { formatOfName, isWorkbookFormat, type TableFormat, type WorkbookFormat } from "./format.js";
import type { SpreadsheetParameters } from "./parameters.js";

type Warn = (rule: string, message: string) => void;

/** A file without sheets is a workbook of one. */
export const SHEET = "Sheet1";

/** What is read where it is no workbook: a form of file, or records that arrive. */
export type SheetlessSource = Exclude<TableFormat, WorkbookFormat> | "records";

const NAMES = {
  csv: "CSV",
  tsv: "TSV",
  json: "JSON",
  jsonl: "JSON Lines",
  parquet: "Parquet",
  records: "a list of records",
} as const;

/** Forms whose files often bear the ending of the other. */
const KIN: Readonly<Record<string, string>> = { csv: "tsv", tsv: "csv", json: "jsonl", jsonl: "json" };

/**
 * Refuses settings that only workbooks have.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function refuseSheetSettings(
  { sheetName, sheetIndex, range }: SpreadsheetParameters,
  source: SheetlessSource,
): void {
  if (sheetName !== undefined && sheetName !== "" && sheetName !== SHEET) {
    throw new NodeError("INVALID_PARAMETERS", `Sheet "${sheetName}" not found. Available sheets: ${SHEET}`);
  }
  if (sheetIndex !== undefined && sheetIndex > 0) {
    throw new NodeError("INVALID_PARAMETERS", `Sheet index ${sheetIndex} out of range. Workbook has 1 sheets.`);
  }
  if (range !== undefined && range !== "") {
    throw new NodeError("INVALID_PARAMETERS", `A range can be read from workbooks only, not from ${NAMES[source]}`);
  }
}

/**
 * Refuses a first row for what has no rows of cells, and beside a range, which says it as well.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function refuseFirstRow({ firstRow, range }: SpreadsheetParameters, source: TableFormat | "records"): void {
  if (firstRow === undefined) return;
  const refused = (why: string) => {
    throw new NodeError("INVALID_PARAMETERS", `\`firstRow\` cannot be given here: ${why}`);
  };
  if (range !== undefined && range !== "")
    refused(`\`range\` says where the table begins: write it as in \`A${firstRow}:D\`, and leave \`firstRow\` out`);
  if (source === "records" || source === "json" || source === "jsonl" || source === "parquet")
    refused(`the records of ${NAMES[source]} have no rows above them`);
}

/**
 * Refuses to stream what is no file of text cells.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function refuseStream({ stream, types }: SpreadsheetParameters, source: TableFormat | "data" | "records"): void {
  if (!stream) return;
  const refused = (why: string) => {
    throw new NodeError("INVALID_PARAMETERS", `\`stream\` is for CSV and TSV files: ${why}`);
  };
  if (source === "data" || source === "records") refused("these are data that are in memory already; leave it out");
  else if (source !== "csv" && source !== "tsv")
    refused(`${source} is read as a whole; save it as CSV, or leave \`stream\` out`);
  else if (types === "auto")
    refused("the rows of a stream are text; leave `types: auto` out, filters and aggregates know numbers all the same");
}

/**
 * Refuses an encoding for what is no text, and for what is read as a stream.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function refuseEncoding({ encoding, stream }: SpreadsheetParameters, format: TableFormat): void {
  if (encoding === undefined || encoding === "utf-8") return;
  const refused = (why: string) => {
    throw new NodeError("INVALID_PARAMETERS", `\`encoding\` cannot be given here: ${why}`);
  };
  if (isWorkbookFormat(format) || format === "parquet") refused(`${format} is no text`);
  if (stream) refused("a stream is read as UTF-8; leave `stream` out, or save the file as UTF-8");
}

/** Warns of settings of text that is read, where a workbook or records are. */
export function warnOfTextSettings(
  { delimiter, hasHeaders, skipEmptyLines }: SpreadsheetParameters,
  source: TableFormat | "records",
  warn: Warn,
): void {
  const ignored = (name: string, why: string) => warn("ignored-parameter", `\`${name}\` is ignored: ${why}`);
  const isWorkbook = source !== "records" && isWorkbookFormat(source);
  const what = isWorkbook ? `a workbook (${source})` : NAMES[source];
  if (delimiter !== undefined && delimiter !== ",") ignored("delimiter", `${what} has no delimiter`);
  if (isWorkbook) return;
  if (!hasHeaders) ignored("hasHeaders", `the records of ${what} have names for their fields`);
  if (!skipEmptyLines) ignored("skipEmptyLines", `${what} has no rows that are empty lines`);
}

/**
 * Refuses settings that a written file cannot follow.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function refuseUnused(parameters: SpreadsheetParameters, format: TableFormat): void {
  const { firstRow, range, sheetIndex, sheetName, delimiter, types, stream, encoding } = parameters;
  const refused = (name: string, why: string) => {
    throw new NodeError("INVALID_PARAMETERS", `\`${name}\` cannot be given here: ${why}`);
  };
  if (["xls", "xlsb", "ods"].includes(format)) {
    throw new NodeError("INVALID_PARAMETERS", `The format ${format} can be read, but not written; write xlsx instead`);
  }
  if (firstRow !== undefined) refused("firstRow", "a table is written from the first row on");
  if (range !== undefined && range !== "") refused("range", "a file is written whole");
  if (stream) refused("stream", "the node that reads a file says so; what it streams is written in batches without it");
  if (sheetIndex !== undefined) refused("sheetIndex", "a sheet is written by its name");
  if (encoding !== undefined && encoding !== "utf-8")
    refused("encoding", "tables are written as UTF-8; `file-system` writes text in others");
  if (sheetName !== undefined && !isWorkbookFormat(format)) refused("sheetName", `${format} has no sheets`);
  if (delimiter !== undefined && format !== "csv" && format !== "tsv")
    refused("delimiter", `${format} has no delimiter`);
  if (types === "auto" && (format === "csv" || format === "tsv")) refused("types", `all cells of ${format} are text`);
}

/** Warns of settings that a written file does not follow, and of a name that says another form than is written. */
export function warnOfWriting(
  { hasHeaders }: SpreadsheetParameters,
  format: TableFormat,
  path: string,
  warn: Warn,
): void {
  if (!hasHeaders && !["json", "jsonl", "parquet"].includes(format)) {
    warn("ignored-parameter", "`hasHeaders` is ignored: the first row that is written names the columns");
  }
  const named = formatOfName(path);
  if (named === undefined || named === format || KIN[format] === named) return;
  const ending = extname(path);
  warn(
    "format-mismatch",
    `\`${path}\` is written as ${format}, which \`format\` says, and its name ends in ${ending}, ` +
      `by which other programs take it for ${named}; change the ending or \`format\``,
  );
}
