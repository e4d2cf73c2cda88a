import { extname } from "node:path";
import { NodeError } from "../../contract/error.js";

/** The forms of files that are read. */
export type TableFormat = WorkbookFormat | "csv" | "tsv" | "json" | "jsonl";
export type WorkbookFormat = "xlsx" | "xls" | "xlsb" | "ods";

const BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ["tab", "tsv"],
  ["xlsm", "xlsx"],
  ["ndjson", "jsonl"],
  ...["csv", "tsv", "xlsx", "xls", "xlsb", "ods", "fods", "json", "jsonl", "parquet"].map(
    (name) => [name, name] as [string, string],
  ),
]);

/** How ZIP archives and the older compound files begin: bytes that do so are a workbook. */
const WORKBOOK_MAGIC = ["504b0304", "d0cf11e0"];

/**
 * The form of a file: what the parameter says, else what the end of its name says, else CSV.
 *
 * @throws NodeError INVALID_PARAMETERS for a form that is not supported
 */
export function formatOf(given: string | undefined, path: string | undefined, data?: unknown): TableFormat {
  const isWorkbook = given === undefined && data instanceof Uint8Array && isWorkbookData(data);
  const format = given ?? (isWorkbook ? "xlsx" : (formatOfName(path) ?? "csv"));
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

/** The form that the end of a name says, if it says one. */
export function formatOfName(path: string | undefined): string | undefined {
  return path === undefined ? undefined : BY_EXTENSION.get(extname(path).slice(1).toLowerCase());
}

/** Whether the form is that of a workbook, with sheets and typed cells. */
export function isWorkbookFormat(format: TableFormat): format is WorkbookFormat {
  return ["xlsx", "xls", "xlsb", "ods"].includes(format);
}

function isWorkbookData(data: Uint8Array): boolean {
  const start = Buffer.from(data.buffer, data.byteOffset, Math.min(4, data.byteLength)).toString("hex");
  return WORKBOOK_MAGIC.includes(start);
}
