/** Values as text that is the same for the same content, and only then. */
import { isPlainJson, type Json, type Loss, toJson } from "../../executions/tagged-json.js";

/** Why an output cannot be reused, for people. */
export class NotReusable extends Error {
  override readonly name = "NotReusable";
}

/** Rows that a value stands for without having made objects of them. */
export interface BackingRows {
  headers: readonly string[];
  /** The rows as JSON texts, each an array of objects. */
  texts(): Iterable<string>;
}

/** The rows behind an object whose records were not read, or that they are a `stream`; `undefined` for any other object. */
export type RowsBehind = (value: object) => BackingRows | "stream" | undefined;

/** What is written in the place of an object that stands for rows: of the rows, and of its other fields. */
type WriteRows = (rows: BackingRows, fields: Json, rowsKey: string) => Json;

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
    const beside = found === "stream" ? undefined : besideRows(object);
    if (found === "stream") problem ??= `${name} is a stream, whose rows are read when a node needs them`;
    else if (beside === undefined) problem ??= `${name} has rows beside other fields that are made when they are read`;
    else return rows(found, toJson(beside.fields, lose, write), beside.rowsKey);
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

/** The fields of an object beside the one that rows are made for when it is read; `undefined` where that is not one alone. */
function besideRows(object: object): { fields: Record<string, unknown>; rowsKey: string } | undefined {
  const fields: Record<string, unknown> = {};
  const made: string[] = [];
  for (const [key, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
    if (get === undefined) fields[key] = value;
    else made.push(key);
  }
  return made.length === 1 ? { fields, rowsKey: made[0] as string } : undefined;
}
