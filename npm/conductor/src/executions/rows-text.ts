/** Rows of native tables in JSON text, without objects that are made of them. */
import { type Json, type Loss, toJson } from "./tagged-json.js";

/** Rows that a value stands for without having made objects of them. */
export interface BackingRows {
  /** At which key of the object the records would be. */
  key: string;
  headers: readonly string[];
  /** The rows as JSON texts, each an array of objects. */
  texts(): Iterable<string>;
}

/** The rows behind an object whose records were not read, or that they are a `stream`; `undefined` for any other object. */
export type RowsBehind = (value: object) => BackingRows | "stream" | undefined;

/** The fields of an object; those of `standIns` are not read. */
export function fieldsWith(object: object, standIns: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(object).map((key) => [
      key,
      Object.hasOwn(standIns, key) ? standIns[key] : (object as Record<string, unknown>)[key],
    ]),
  );
}

/** The keys of an object whose values are made when they are read. */
function madeWhenRead(object: object): string[] {
  return Object.keys(object).filter((key) => Object.getOwnPropertyDescriptor(object, key)?.get !== undefined);
}

/** Puts rows into a JSON text: marks stand for them until all else is text. */
export class RowsText {
  readonly #written = new Map<string, string>();

  /** What stands for rows in a value that becomes text. */
  mark({ texts }: BackingRows): string {
    const mark = `rows ${this.#written.size} ${crypto.randomUUID()}`;
    const inner = Array.from(texts(), (text) => text.slice(1, -1)).filter((text) => text !== "");
    this.#written.set(JSON.stringify(mark), `[${inner.join(",")}]`);
    return mark;
  }

  /** The text with the rows in it. */
  in(text: string): string {
    let whole = text;
    for (const [mark, rows] of this.#written) whole = whole.replace(mark, () => rows);
    return whole;
  }
}

/**
 * A value for JSON whose objects that stand for rows are not read: `rows` gets those of tables. Of a stream nothing is kept;
 * `leave` is told of each field that is left out, by its path, and gives what stands there.
 */
export function toJsonWithRows(
  value: unknown,
  lose: (loss: Loss) => void,
  rowsBehind: RowsBehind,
  rows: RowsText,
  leave: (path: string) => string,
): Json {
  const around = new Set<object>();
  const write = (object: object, path: string): Json | undefined => {
    const found = rowsBehind(object);
    if (found === undefined) return undefined;
    if (around.has(object)) {
      lose({ path, what: "a reference to an object that it is part of" });
      return null;
    }
    const table = found === "stream" ? undefined : found;
    // A column of this name would be taken for a tag.
    if (table?.headers.includes("$type")) return undefined;
    const standIns: Record<string, string> = {};
    for (const key of madeWhenRead(object)) {
      // Beside the rows there are counts of rows, for which a file would be read.
      standIns[key] = key === table?.key ? rows.mark(table) : leave(path === "" ? key : `${path}.${key}`);
    }
    const fields = fieldsWith(object, standIns);
    around.add(object);
    try {
      const inner = (loss: Loss) => lose({ ...loss, path: `${path}${loss.path}` });
      return toJson(fields, inner, (part, at) => (part === fields ? undefined : write(part, `${path}${at}`)));
    } finally {
      around.delete(object);
    }
  };
  return toJson(value, lose, write);
}
