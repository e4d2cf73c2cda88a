import { extname } from "node:path";
import { NodeError } from "../../contract/error.js";

/** The forms of files that are read. */
export type TableFormat = "csv" | "tsv" | "xlsx" | "xls" | "xlsb" | "ods" | "json" | "jsonl";

const BY_EXTENSION: Readonly<Record<string, string>> = {
  tab: "tsv",
  xlsm: "xlsx",
  ndjson: "jsonl",
  ...Object.fromEntries(
    ["tsv", "xlsx", "xls", "xlsb", "ods", "fods", "json", "jsonl", "parquet"].map((name) => [name, name]),
  ),
};

/** How ZIP archives and the older compound files begin: bytes that do so are a workbook. */
const WORKBOOK_MAGIC = ["504b0304", "d0cf11e0"];

/**
 * The form of a file: what the parameter says, else what the end of its name says, else CSV.
 *
 * @throws NodeError INVALID_PARAMETERS for a form that is not supported
 */
export function formatOf(given: string | undefined, path: string | undefined, data?: unknown): TableFormat {
  const isWorkbook = given === undefined && data instanceof Uint8Array && isWorkbookData(data);
  const format = given ?? (isWorkbook ? "xlsx" : (BY_EXTENSION[extensionOf(path)] ?? "csv"));
  if (format === "fods") {
    throw new NodeError("INVALID_PARAMETERS", "The format fods is not supported; save the sheet as ODS or CSV");
  }
  if (format === "parquet") {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "The format parquet is not supported; save the table as CSV or JSON Lines",
    );
  }
  return format as TableFormat;
}

/** Whether the form is that of a workbook, with sheets and typed cells. */
export function isWorkbookFormat(format: TableFormat): boolean {
  return ["xlsx", "xls", "xlsb", "ods"].includes(format);
}

function isWorkbookData(data: Uint8Array): boolean {
  const start = Buffer.from(data.buffer, data.byteOffset, Math.min(4, data.byteLength)).toString("hex");
  return WORKBOOK_MAGIC.includes(start);
}

function extensionOf(path: string | undefined): string {
  return path === undefined ? "" : extname(path).slice(1).toLowerCase();
}
