/** Values as text that is the same for the same content, and only then. */
import { type BackingRows, fieldsWith, type RowsBehind } from "../../executions/rows-text.js";
import { isPlainJson, type Json, type Loss, toJson } from "../../executions/tagged-json.js";

/** Why an output cannot be reused, for people. */
export class NotReusable extends Error {
  override readonly name = "NotReusable";
}

/** What is written in the place of an object that stands for rows: of the rows, and of its fields, where null is in their place. */
type WriteRows = (rows: BackingRows, fields: Json) => Json;

/**
 * A value as JSON text with tags. The order of keys counts, because nodes can tell it.
 *
 * @param name of the value, in messages
 * @throws NotReusable naming the place of what has no form as text
 */
export function contentText(value: unknown, name: string, rowsBehind: RowsBehind | undefined, rows: WriteRows): string {
  if (isReadable(value, name, rowsBehind)) return JSON.stringify(value);
  let problem: string | undefined;
  const lose = ({ path, what }: Loss) => {
    const told = what.startsWith(INSTANCE) ? what.slice(INSTANCE.length).replace(/;.*/, "") : what;
    problem ??= `${name}${path === "" ? "" : `, at ${path},`} is ${told}`;
  };
  const write = (object: object): Json | undefined => {
    const found = rowsBehind?.(object);
    if (found === undefined) return undefined;
    if (found !== "stream") return rows(found, toJson(fieldsWith(object, { [found.key]: null }), lose, write));
    problem ??= `${name} is a stream, whose rows are read when a node needs them`;
    return null;
  };
  const text = JSON.stringify(toJson(value, lose, write));
  if (problem !== undefined) throw new NotReusable(problem);
  return text;
}

function isReadable(value: unknown, name: string, rowsBehind: RowsBehind | undefined): boolean {
  try {
    return isPlain(value, rowsBehind);
  } catch {
    throw new NotReusable(`${name} cannot be read`);
  }
}

/** Whether JSON takes a value as it is, and no rows are behind it. */
export function isPlain(value: unknown, rowsBehind: RowsBehind | undefined): boolean {
  return isPlainJson(value, 0, rowsBehind && ((object) => rowsBehind(object) !== undefined));
}

/** How losses of instances begin, of which the fields alone would be left. */
const INSTANCE = "that it is ";
