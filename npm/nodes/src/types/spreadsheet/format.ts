import { extname } from "node:path";
import { NodeError } from "../../contract/error.js";

/** The forms of files that are read. */
export type TableFormat = WorkbookFormat | "csv" | "tsv" | "json" | "jsonl" | "parquet";
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
/** How Parquet files begin: PAR1. */
const PARQUET_MAGIC = "50415231";

/**
 * The form of a file: what the parameter says, else what the end of its name says, else CSV.
 *
 * @throws NodeError INVALID_PARAMETERS for a form that is not supported
 */
export function formatOf(given: string | undefined, path: string | undefined, data?: unknown): TableFormat {
  const format = given ?? (data instanceof Uint8Array ? formatOfBytes(data) : undefined) ?? formatOfName(path) ?? "csv";
  if (format === "fods") {
    throw new NodeError("INVALID_PARAMETERS", "The format fods is not supported; save the sheet as ODS or CSV");
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

function formatOfBytes(data: Uint8Array): string | undefined {
  const start = Buffer.from(data.buffer, data.byteOffset, Math.min(4, data.byteLength)).toString("hex");
  if (start === PARQUET_MAGIC) return "parquet";
  return WORKBOOK_MAGIC.includes(start) ? "xlsx" : undefined;
}
