/** What a cache keeps of an output: the value, which handles carry it, and what its node warned of. */
import { type RowsBehind, RowsText } from "../../executions/rows-text.js";
import { fromJson, type Json } from "../../executions/tagged-json.js";
import { type Marks, marked, marksText } from "../durable/marks.js";
import { contentText, isPlain, NotReusable } from "./content.js";

/** Raised when entries are written otherwise. */
const FORMAT = 1;

/** An output as it is taken. */
export interface TakenOutput {
  value: unknown;
  warnings: { rule: string; message: string }[];
}

type Entry = [format: number, isPlain: 0 | 1, warnings: TakenOutput["warnings"], content: Json, marks?: Marks];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The text of an entry. Rows of tables are written without making objects of them.
 *
 * @throws NotReusable for a value that has no form as text
 */
export function entryText({ value, warnings }: TakenOutput, rowsBehind: RowsBehind | undefined): string {
  const rows = new RowsText();
  const text = contentText(value, "its output", rowsBehind, (found, fields) => {
    if (found.headers.includes("$type")) throw new NotReusable("its output has rows with a column `$type`");
    return { ...(fields as Record<string, Json>), [found.key]: rows.mark(found) };
  });
  const whole = rows.in(text);
  const marks = marksText(value, (carried) => contentText(carried, "what its output carries", rowsBehind, noRows));
  return `[${FORMAT},${isPlain(value, rowsBehind) ? 1 : 0},${JSON.stringify(warnings)},${whole}${marks}]`;
}

function noRows(): Json {
  throw new NotReusable("what its output carries has rows that no objects were made of");
}

/** The bytes that are kept of an entry's text. */
export function entryBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The output of an entry; each call makes it anew. Throws for bytes that are none, or of another version. */
export function takenFrom(bytes: Uint8Array): TakenOutput {
  const [format, plain, warnings, content, marks] = JSON.parse(decoder.decode(bytes)) as Entry;
  if (format !== FORMAT) throw new TypeError(`Entries of format ${String(format)} are not known`);
  return { value: marked(plain === 1 ? content : fromJson(content), marks), warnings };
}
