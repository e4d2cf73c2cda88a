import { open } from "node:fs/promises";
import { extname } from "node:path";
import { writeAtomically, writeThrough } from "@atomiton/storage/files";
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { bytesOfBase64 } from "../../machine/base64.js";
import { StreamedItems } from "../../machine/streamed-items.js";
import { StreamedRows } from "../../machine/streamed-rows.js";
import { bytesOfText, type TextEncodingName } from "../../machine/text-encoding.js";
import { yamlText } from "../../machine/yaml.js";
import { cancellable } from "../../table/addon.js";
import { plainValue } from "../../table/port-value.js";
import { demandTable, streamBehind, type Taker, tableBehind } from "../../table/table-output.js";
import { cellsOf, columnsOf, csvText } from "./csv.js";

/** The forms in which a file is read and written. */
export type ContentFormat = "text" | "lines" | "bytes" | "base64" | "json" | "yaml";

/** How content is written. */
export interface ContentForm {
  /** Without it, what the content is decides. */
  format?: ContentFormat | undefined;
  encoding?: TextEncodingName | undefined;
  /** What separates cells, where rows are to be CSV. */
  delimiter?: string | undefined;
  /** What values that are neither text, bytes nor rows of CSV become instead of indented JSON; `jsonl` has a line for each item of a list. */
  valuesAs?: "yaml" | "jsonl" | undefined;
  /** Whether nothing may be there, see `writeAtomically`. */
  isNew?: boolean;
}

/** What separates cells in the files that are called so. */
const DELIMITERS: Readonly<Record<string, string>> = { ".csv": ",", ".tsv": "\t" };

/** What values become in the files that are called so. */
const VALUES_AS: Readonly<Record<string, ContentForm["valuesAs"]>> = {
  ".yaml": "yaml",
  ".yml": "yaml",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
};

/** What the name of a file says of its content. */
export function formByName(path: string): Pick<ContentForm, "delimiter" | "valuesAs"> {
  const ending = extname(path).toLowerCase();
  return { delimiter: DELIMITERS[ending], valuesAs: VALUES_AS[ending] };
}

/**
 * Writes content to a file, whole or not at all, and returns its size in bytes. Without a format text and bytes are written as
 * they are; a table or a list of objects as CSV where there is a delimiter; everything else as YAML, as lines of JSON or as indented JSON.
 *
 * @throws NodeError TYPE_MISMATCH for what is no content, or not of the format; SERIALIZATION_FAILED for what the encoding or
 *   YAML has no form for
 */
export async function writeContent(path: string, given: unknown, taker: Taker, form: ContentForm): Promise<number> {
  const { format, encoding = "utf-8", delimiter, valuesAs = "json", isNew = false } = form;
  const stream = writableStream(given);
  const isPlain = format === undefined && encoding === "utf-8" && valuesAs !== "yaml";
  const rowsAs = delimiter ?? valuesAs;
  if (stream !== undefined && isPlain) return (await writeStream(path, stream, rowsAs, taker, isNew)).size;
  const content = await demandTable(given, taker);
  const table = tableBehind(content);
  if (table && isPlain) {
    return writeAtomically(
      path,
      (beside) => cancellable(taker.signal, (addon, cancel) => addon.writeTable(table, beside, rowsAs, cancel)),
      { isNew },
    );
  }
  const bytes = await bytesOf(plainValue(content), form);
  return writeAtomically(path, (beside, mode) => writeThrough(beside, bytes, mode), { isNew });
}

/** The stream behind content that can be written as it comes: rows, or items that are all records. */
export function writableStream(content: unknown): StreamedRows | StreamedItems | undefined {
  const stream = streamBehind(content);
  if (stream instanceof StreamedItems) return stream.facts.areRecords ? stream : undefined;
  return stream instanceof StreamedRows ? stream : undefined;
}

/** Writes what is streamed to a file, whole or not at all; `form` as the addon's `writeTable` takes it. */
export async function writeStream(
  path: string,
  stream: StreamedRows | StreamedItems,
  form: string,
  taker: Taker,
  isNew: boolean,
): Promise<{ size: number; count: number; headers: readonly string[] }> {
  if (stream instanceof StreamedItems) {
    const { count, fields } = stream.facts;
    const size = await writeAtomically(path, (beside, mode) => writeItems(beside, stream, form, taker, mode), {
      isNew,
    });
    return { size, count, headers: fields };
  }
  let count = 0;
  const write = async (beside: string) => {
    const written = await stream.write(taker, beside, form);
    count = written.count;
    return written.size;
  };
  const size = await writeAtomically(path, write, { isNew });
  return { size, count, headers: stream.headers };
}

/** Writes records to a new file, batch by batch, as {@link textFor} makes text of all, and through to the disk. */
async function writeItems(
  path: string,
  items: StreamedItems,
  form: string,
  taker: Taker,
  mode: number | undefined,
): Promise<number> {
  const file = await open(path, "wx", mode);
  const isJson = form === "json";
  const columns = [...items.facts.fields];
  try {
    if (!isJson && form !== "jsonl") await file.writeFile(csvText([columns], form));
    let isFirst = true;
    for await (const batch of items.batches(taker)) {
      if (batch.length === 0) continue;
      if (isJson) {
        // Without the brackets and line ends around all.
        await file.writeFile(`${isFirst ? "[" : ","}${jsonText(batch, 2).slice(1, -2)}`);
      } else {
        await file.writeFile(
          form === "jsonl" ? linesOfJson(batch) : csvText(cellsOf(batch as PlainObject[], columns), form),
        );
      }
      isFirst = false;
    }
    if (isJson) await file.writeFile(isFirst ? "[]" : "\n]");
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Content as the bytes of a file of that name, as {@link writeContent} writes it. */
export async function contentBytes(path: string, content: unknown): Promise<Uint8Array> {
  return bytesOf(plainValue(content), formByName(path));
}

async function bytesOf(content: unknown, form: ContentForm): Promise<Uint8Array> {
  const { format, encoding = "utf-8" } = form;
  if (format === "bytes" || format === "base64") return binary(content, format);
  if (format === undefined && content instanceof Uint8Array) return content;
  return bytesOfText(await textFor(content, form), encoding);
}

async function textFor(content: unknown, { format, delimiter, valuesAs }: ContentForm): Promise<string> {
  if (typeof content === "string" && (format === undefined || format === "text")) return content;
  refuseNothing(content);
  if (format === "text") {
    if (typeof content === "number" || typeof content === "boolean") return String(content);
    throw mismatch("`format: text` takes text", foundText(content));
  }
  if (format === "lines") return textOfLines(content);
  if (content instanceof Uint8Array) throw mismatch(`\`format: ${format}\` takes a value`, "bytes");
  const isTable = format === undefined && delimiter !== undefined && Array.isArray(content);
  if (isTable && content.every(isPlainObject)) {
    const columns = columnsOf(content);
    return csvText([columns], delimiter) + csvText(cellsOf(content, columns), delimiter);
  }
  const as = format ?? valuesAs;
  if (as === "yaml") return yamlText(jsonText(content));
  return as === "jsonl" ? linesOfJson(content) : jsonText(content, 2);
}

/** A line of text for each item, with its end. */
function textOfLines(content: unknown): string {
  if (!Array.isArray(content)) throw mismatch("`format: lines` takes a list of texts", foundText(content));
  const lines = content.map((item: unknown, index) => {
    if (typeof item === "string" ? item.includes("\n") : typeof item !== "number" && typeof item !== "boolean") {
      const found = typeof item === "string" ? "a text with a line break in it" : foundText(item);
      throw mismatch("`format: lines` takes a list of texts, a line each", `${found} at [${index}]`);
    }
    return `${item}\n`;
  });
  return lines.join("");
}

function binary(content: unknown, format: "bytes" | "base64"): Uint8Array {
  if (content instanceof Uint8Array) return content;
  if (format === "bytes") throw mismatch("`format: bytes` takes bytes", foundText(content));
  const bytes = typeof content === "string" ? bytesOfBase64(content) : undefined;
  if (bytes === undefined) throw mismatch("`format: base64` takes base64 text", foundText(content));
  return bytes;
}

function mismatch(words: string, found: string): NodeError {
  return new NodeError("TYPE_MISMATCH", `${words}, found ${found}`);
}

/** Refuses what is no content. */
export function refuseNothing(content: unknown): void {
  if (content !== undefined && typeof content !== "function" && typeof content !== "symbol") return;
  const received = content === undefined ? "undefined" : kindOf(content);
  throw new NodeError(
    "TYPE_MISMATCH",
    `The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${received}`,
  );
}

/** JSON Lines: a line for each item of a list, or one for any other value. */
export function linesOfJson(content: unknown): string {
  const items: readonly unknown[] = Array.isArray(content) ? content : [content];
  // As in a list, what JSON has no form for is null.
  return items.map((item) => `${(jsonText(item) as string | undefined) ?? "null"}\n`).join("");
}

/** JSON of content. */
export function jsonText(content: unknown, indent?: number): string {
  try {
    return JSON.stringify(content, null, indent);
  } catch (error) {
    throw new NodeError("TYPE_MISMATCH", "The content cannot be written as JSON", { cause: error });
  }
}
