/** The places at which two values differ, as tagged JSON has them. */
import type { ValueDifference } from "../types/diff.js";
import { type Json, tagOf } from "./tagged-json.js";

/** Characters of a value that are told. */
const LONGEST = 120;

/** Goes through two values and tells each place at which they differ, in the order of the first one. Takes as long as they are large. */
export function jsonDifferences(
  a: Json | undefined,
  b: Json | undefined,
  tell: (difference: Omit<ValueDifference, "round">) => void,
  path = "",
): void {
  const [tagA, tagB] = [tagOf(a), tagOf(b)];
  if (tagA !== undefined || tagB !== undefined) {
    const [inA, inB] = [tagA?.value, tagB?.value];
    if (tagA?.type === tagB?.type && tagA?.type === "Object") return jsonDifferences(inA, inB, tell, path);
    if (tagA?.type === tagB?.type && tagA?.type === "Map") return fields(entries(inA), entries(inB), tell, path);
    if (JSON.stringify(a) !== JSON.stringify(b)) tell(difference(path, a, b));
  } else if (Array.isArray(a) && Array.isArray(b)) {
    for (let at = 0; at < Math.max(a.length, b.length); at++) jsonDifferences(a[at], b[at], tell, `${path}/${at}`);
  } else if (isFields(a) && isFields(b)) {
    fields(new Map(Object.entries(a)), new Map(Object.entries(b)), tell, path);
  } else if (a !== b) tell(difference(path, a, b));
}

function fields(
  a: ReadonlyMap<string, Json>,
  b: ReadonlyMap<string, Json>,
  tell: (difference: ValueDifference) => void,
  path: string,
): void {
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    jsonDifferences(a.get(key), b.get(key), tell, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  }
}

/** Values of a map; a key that is no text stands as its JSON. */
function entries(map: Json | undefined): Map<string, Json> {
  return new Map(
    (map as [Json, Json][]).map(([key, value]) => [typeof key === "string" ? key : JSON.stringify(key), value]),
  );
}

function isFields(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function difference(path: string, a: Json | undefined, b: Json | undefined): ValueDifference {
  return { path, ...(a !== undefined && { a: shown(a) }), ...(b !== undefined && { b: shown(b) }) };
}

function shown(value: Json): string {
  const tag = tagOf(value);
  const text = tag === undefined ? JSON.stringify(value) : `${tag.type} ${JSON.stringify(tag.value ?? null)}`;
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (${text.length} characters)`;
}
