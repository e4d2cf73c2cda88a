/** Files as views, whose types are found out by all that is in them. */
import { resolve } from "node:path";

import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { checkFile } from "../../machine/readable-file.js";
import { typesOfText } from "./column-types.js";
import type { Engine } from "./engine.js";
import { demandDistinct, quotedName, quotedText } from "./names.js";

/** The form of a file by the end of its name. */
const FORMATS = {
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
  json: "json",
  jsonl: "jsonl",
  ndjson: "jsonl",
  parquet: "parquet",
} as const;

/** Text that stands for null in no file: else empty cells would be null before their column is known. */
const NO_NULL = "\u0001no null\u0001";

/** How cells of text are read, and what is told. */
export interface FileOptions {
  types: "auto" | "text";
  warn(rule: string, message: string): void;
}

/**
 * Makes a view of a file.
 *
 * @returns the path that the engine reads
 * @throws NodeError EXECUTION_FAILED (no such file, or one that cannot be read), INVALID_PARAMETERS (a form that is not
 *   supported, columns that SQL cannot tell apart)
 */
export async function viewOfFile(engine: Engine, name: string, path: unknown, options: FileOptions): Promise<string> {
  if (typeof path !== "string" || path.trim() === "") {
    throw new NodeError("INVALID_PARAMETERS", `\`files.${name}\` must be a path, found ${foundText(path)}`);
  }
  const format = formatOf(name, path);
  const whole = resolve(path);
  // Characters by which DuckDB would look for several files.
  if (/[*?[\]{}]/.test(whole)) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`files.${name}\` must be one file, without any of * ? [ ] { }: ${path}`,
    );
  }
  await checkFile(path, path);
  if (format === "csv" || format === "tsv") {
    await viewOfText(engine, name, whole, format === "tsv" ? "\t" : ",", path, options);
  } else {
    await engine.connection.run(`create view ${quotedName(name)} as from ${readerOf(format, whole)}`);
  }
  return whole;
}

/**
 * Makes a view of CSV text in a file; see {@link viewOfFile}.
 *
 * @param subject what has the columns, for people
 */
export async function viewOfText(
  { connection }: Engine,
  name: string,
  path: string,
  delimiter: "," | "\t",
  subject: string,
  { types, warn }: FileOptions,
): Promise<void> {
  const read = (header: boolean): string =>
    `read_csv(${quotedText(path)}, header = ${header}, all_varchar = true, delim = ${quotedText(delimiter)}, quote = '"', ` +
    `escape = '"', comment = '', skip = 0, nullstr = ${quotedText(NO_NULL)}, encoding = 'utf-8', null_padding = false)`;
  const [first = []] = (await connection.runAndReadAll(`from ${read(false)} limit 1`)).getRows() as string[][];
  const header = first.map((cell) => cell ?? "");
  if (header.length === 0)
    throw new NodeError("EXECUTION_FAILED", `${subject} is empty: it has no row with names of columns`);
  demandDistinct(header, subject);
  const [only = ""] = header;
  if (header.length === 1 && /[;\t|]/.test(only)) {
    warn(
      "one-column",
      `${subject} has one column, \`${only.slice(0, 80)}\`; is it separated by something else than ${delimiter === "," ? "commas" : "tabs"}?`,
    );
  }
  const source = read(true);
  const found = types === "auto" ? await typesOfText(connection, source, header) : new Map<string, string>();
  const cells = header.map((column) => {
    const cell = quotedName(column);
    if (types === "text") return cell;
    const type = found.get(column);
    const value = `nullif(${cell}, '')`;
    return `${type === undefined ? value : `cast(${value} as ${type})`} as ${cell}`;
  });
  await connection.run(`create view ${quotedName(name)} as select ${cells.join(", ")} from ${source}`);
}

function readerOf(format: "json" | "jsonl" | "parquet", path: string): string {
  if (format === "parquet") return `read_parquet(${quotedText(path)})`;
  const layout = format === "json" ? "array" : "newline_delimited";
  // All of it is looked at, so that no late value is of another type than its column.
  return `read_json(${quotedText(path)}, format = '${layout}', records = true, sample_size = -1, maximum_object_size = 67108864)`;
}

function formatOf(name: string, path: string): (typeof FORMATS)[keyof typeof FORMATS] {
  const [, extension = "", packed] = /\.([a-z]+)(\.gz)?$/i.exec(path) ?? [];
  const format = FORMATS[extension.toLowerCase() as keyof typeof FORMATS];
  if (format !== undefined && !(format === "parquet" && packed !== undefined)) return format;
  throw new NodeError(
    "INVALID_PARAMETERS",
    `\`files.${name}\` must end in .csv, .tsv, .parquet, .json, .jsonl or .ndjson, found ${foundText(path)}`,
    { advice: ["Read other files with their own nodes, such as spreadsheet, and lead an edge here."], retry: false },
  );
}
