/** Adds to the end of files. */
import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { inTurnOfFile } from "@atomiton/storage/files";

import { closeNames, meantText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { DELIMITERS } from "../../data/delimiters.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { shownNames } from "../../data/rows.js";
import { bytesOfText, type TextEncodingName, textOfBytes } from "../../machine/text-encoding.js";
import { plainValue } from "../../table/port-value.js";
import type { Taker } from "../../table/table-output.js";
import { formByName, linesOfJson, refuseNothing } from "./content.js";
import { cellsOf, columnsOf, csvText, firstRow } from "./csv.js";

/** Bytes in which a file has to name its columns. */
const LONGEST_HEADER = 1024 * 1024;

/** A file that is added to. */
interface Target {
  path: string;
  /** How the flow names it. */
  name: string;
  encoding: TextEncodingName;
}

/**
 * Adds content to the end of a file, which is made where it is missing, and returns the file's size in bytes. Text and bytes
 * are added as they are; records become rows of a CSV or TSV file, under the columns that it has; everything else is added as
 * lines of JSON: a list as one line for each item. What this process adds to one file is added one after the other.
 *
 * @throws NodeError TYPE_MISMATCH for what is no content, no rows or has columns that the file has not;
 *   DESERIALIZATION_FAILED for a file that is not text of the encoding; Error where there is something else than a file
 */
export async function appendContent(
  path: string,
  content: unknown,
  { name, encoding = "utf-8", warn }: { name: string; encoding?: TextEncodingName | undefined; warn: Taker["warn"] },
): Promise<number> {
  const target = { path, name, encoding };
  const plain = plainValue(content);
  // A pipe would be waited for.
  const facts = await stat(path).catch(() => undefined);
  if (facts && !facts.isFile()) throw new Error(`Path is not a file: ${path}`);
  await mkdir(dirname(path), { recursive: true });
  return inTurnOfFile(path, async () => {
    const added = plain instanceof Uint8Array ? plain : bytesOfText(await textFor(plain, target, warn), encoding);
    const file = await open(path, "a");
    try {
      await file.appendFile(added);
      await file.sync();
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  });
}

async function textFor(content: unknown, target: Target, warn: Taker["warn"]): Promise<string> {
  if (typeof content === "string") return content;
  refuseNothing(content);
  const items: readonly unknown[] = Array.isArray(content) ? content : [content];
  const { delimiter } = formByName(target.name);
  if (delimiter === undefined) return linesOfJson(content);
  const strange = items.findIndex((item) => !isPlainObject(item));
  if (strange === -1) return rowsFor(items as PlainObject[], target, delimiter, warn);
  throw new NodeError(
    "TYPE_MISMATCH",
    `Rows of \`${target.name}\` are objects by column, found ${foundText(items[strange])}${Array.isArray(content) ? ` as item ${strange + 1}` : ""}`,
    { advice: ["Append objects or text, or lines of JSON to a file whose name ends in .jsonl."], retry: false },
  );
}

async function rowsFor(
  records: readonly PlainObject[],
  target: Target,
  delimiter: string,
  warn: Taker["warn"],
): Promise<string> {
  if (records.length === 0) {
    warn("empty-table", `There were no records to append to \`${target.name}\``);
    return "";
  }
  const given = columnsOf(records);
  const { head, endsLine } = await startOf(target);
  const found = layoutOf(head, delimiter, given);
  if (found === undefined) return csvText([given, ...cellsOf(records, given)], delimiter);
  const { columns } = found;
  refuseStrange(given, columns, target.name);
  const missing = columns.filter((column) => !given.includes(column));
  if (missing.length > 0) {
    warn(
      "missing-column",
      `No row that was appended to \`${target.name}\` has ${shownNames(missing)}: the cells are empty`,
    );
  }
  return (endsLine ? "" : found.end) + csvText(cellsOf(records, columns), found.delimiter, found.end);
}

/** How a file separates cells: as its name says, or as the columns of the rows show. */
function layoutOf(head: string, usual: string, given: readonly string[]) {
  const layouts = [usual, ...DELIMITERS].map((delimiter) => ({ delimiter, row: firstRow(head, delimiter) }));
  const fitting = layouts.find(({ row }) => row !== undefined && given.every((column) => row.cells.includes(column)));
  const { delimiter, row } = fitting ?? (layouts[0] as (typeof layouts)[number]);
  return row && { delimiter, columns: row.cells, end: row.end };
}

function refuseStrange(given: readonly string[], columns: readonly string[], name: string): void {
  const refused = (words: string, advice: string) => {
    throw new NodeError("TYPE_MISMATCH", `Nothing was appended to \`${name}\`: ${words}`, {
      advice: [advice],
      retry: false,
    });
  };
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  if (twice !== undefined)
    refused(`it has two columns \`${twice}\``, "Give each column of the file a name of its own.");
  const strange = given.filter((column) => !columns.includes(column));
  if (strange.length === 0) return;
  const close = closeNames(strange[0] as string, columns);
  const hint = meantText(close);
  refused(
    `it has no column ${shownNames(strange)}; its first row is ${shownNames(columns)}${hint}`,
    "Give the rows the columns of the file, such as with `edit-fields`, or write to another one.",
  );
}

/** The text with which a file begins, and whether its last line is ended. */
async function startOf({ path, name, encoding }: Target): Promise<{ head: string; endsLine: boolean }> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return { head: "", endsLine: true };
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(Math.min(size, LONGEST_HEADER)),
      position: 0,
    });
    const bytes = buffer.subarray(0, bytesRead);
    // What is cut off in the middle of a character would be no text.
    const lines =
      bytesRead < size ? bytes.subarray(0, bytes.lastIndexOf(0x0a) + (encoding === "utf-16le" ? 2 : 1)) : bytes;
    if (size > 0 && lines.length === 0) {
      throw new NodeError(
        "DESERIALIZATION_FAILED",
        `The first line of \`${name}\` has more than ${LONGEST_HEADER} bytes`,
      );
    }
    const end = Buffer.alloc(Math.min(size, 2));
    await file.read({ buffer: end, position: size - end.length });
    const head = textOfBytes(lines, encoding, `\`${name}\``);
    const [last, other] = encoding === "utf-16le" ? [end.at(-2), end.at(-1)] : [end.at(-1), end.at(-2)];
    const endsLine = last === 0x0a && (!encoding.startsWith("utf-16") || other === 0);
    return { head, endsLine: size === 0 || endsLine };
  } finally {
    await file.close();
  }
}
