import { extname } from "node:path";
import { writeAtomically, writeThrough } from "@atomiton/storage/files";
import { NodeError } from "../../contract/error.js";
import { textOf } from "../../data/field.js";
import { isPlainObject, ownValue } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { cancellable } from "../../table/addon.js";
import { tableBehind } from "../../table/table-output.js";

/** What separates cells in the files that are called so. */
const DELIMITERS: Readonly<Record<string, string>> = { ".csv": ",", ".tsv": "\t" };

/**
 * Writes content to a file, whole or not at all, and returns its size in bytes. Text and bytes are written as they are;
 * a table or a list of objects as CSV where the file is called `.csv` or `.tsv`, or where a delimiter is given; everything
 * else as indented JSON.
 *
 * @throws NodeError TYPE_MISMATCH for what is no content
 */
export async function writeContent(
  path: string,
  content: unknown,
  signal: AbortSignal | undefined,
  delimiter: string | undefined = DELIMITERS[extname(path).toLowerCase()],
): Promise<number> {
  const table = tableBehind(content);
  if (table) {
    return writeAtomically(path, (beside) =>
      cancellable(signal, (addon, cancel) => addon.writeTable(table, beside, delimiter, cancel)),
    );
  }
  const bytes = bytesOf(content, delimiter);
  return writeAtomically(path, (beside, mode) => writeThrough(beside, bytes, mode));
}

function bytesOf(content: unknown, delimiter: string | undefined): string | Uint8Array {
  if (typeof content === "string" || content instanceof Uint8Array) return content;
  if (content === undefined || typeof content === "function" || typeof content === "symbol") {
    const received = content === undefined ? "undefined" : kindOf(content);
    throw new NodeError(
      "TYPE_MISMATCH",
      `The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${received}`,
    );
  }
  if (delimiter !== undefined && Array.isArray(content) && content.every(isPlainObject))
    return csvOf(content, delimiter);
  try {
    return JSON.stringify(content, null, 2);
  } catch (error) {
    throw new NodeError("TYPE_MISMATCH", "The content cannot be written as JSON", { cause: error });
  }
}

function csvOf(records: Record<string, unknown>[], delimiter: string): string {
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const cell = (value: unknown): string => {
    const text = textOf(value);
    return /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns, ...records.map((record) => columns.map((column) => ownValue(record, column)))];
  // A line of one empty cell would be an empty line, which readers skip.
  return lines
    .map((line) => `${line.length === 1 && textOf(line[0]) === "" ? '""' : line.map(cell).join(delimiter)}\n`)
    .join("");
}
