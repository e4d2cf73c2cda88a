/** The parts of values as `executions/tagged-json.ts` and `durable/secret-references.ts` write them, by the names that paths have for them. */

import type { Json } from "../../executions/tagged-json.js";
import { isBytes } from "../../executions/tagged-json.js";
import { fromBase64 } from "../../types/base64.js";

/** What becomes of a value. */
export interface Change {
  /** Of a part of it; `isIndex`: it is named by its place in a list. */
  part(name: string, part: Json, isIndex: boolean): Json;
  /** Of a text in it that is no part, such as a key. */
  text(text: string): string;
  /** What stands for a value one of whose texts would be another. */
  whole(): Json;
}

type Fields = Record<string, Json>;

const TYPE = "$type";
const utf8 = new TextDecoder();

/** A value with its parts changed; scalars stay as they are. */
export function changed(json: Json, change: Change): Json {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((part, at) => change.part(String(at), part, true));
  if (!Object.hasOwn(json, TYPE)) return fieldsChanged(json, change);
  const { [TYPE]: type, value } = json;
  switch (type) {
    case "Object":
      return { ...json, value: fieldsChanged(value as Fields, change) };
    case "Set":
      return { ...json, value: (value as Json[]).map((part, at) => change.part(String(at), part, true)) };
    case "Map":
    case "secret-keys":
      return { ...json, value: (value as [Json, Json][]).map((entry) => entryChanged(entry, change)) };
    case "Error": {
      const { name, message, stack, fields, ...rest } = value as Fields;
      const error: Fields = {
        name: textChanged(name, change),
        message: textChanged(message, change),
        stack: textChanged(stack, change),
        ...(rest.cause !== undefined && { cause: change.part("cause", rest.cause, false) }),
        fields: changed(fields as Json, change),
      };
      return { ...json, value: error };
    }
    default:
      return textsOf(json).some((text) => change.text(text) !== text) ? change.whole() : json;
  }
}

function entryChanged([key, part]: [Json, Json], change: Change): Json {
  const isNamed = typeof key !== "object" || key === null;
  const name = isNamed ? String(key) : "";
  return [isNamed ? textChanged(key, change) : change.part("", key, false), change.part(name, part, false)];
}

function fieldsChanged(fields: Fields, change: Change): Fields {
  const entries: [string, Json][] = [];
  const keys = new Set<string>();
  for (const [name, part] of Object.entries(fields)) {
    const key = change.text(name);
    let free = key;
    // Two keys may become the same one.
    for (let number = 2; keys.has(free); number++) free = `${key} ${number}`;
    keys.add(free);
    entries.push([free, change.part(name, part, false)]);
  }
  return Object.fromEntries(entries);
}

function textChanged(json: Json | undefined, change: Change): Json {
  return typeof json === "string" ? change.text(json) : (json ?? null);
}

/** All texts of a value, numbers among them, and bytes as the text that they may be. */
export function textsOf(json: Json): string[] {
  const texts: string[] = [];
  const add = (value: Json, key?: string) => {
    if (typeof value === "string" && key !== TYPE) texts.push(value);
    else if (typeof value === "number") texts.push(String(value));
    else if (Array.isArray(value)) for (const part of value) add(part);
    else if (typeof value === "object" && value !== null) {
      const { [TYPE]: type, value: content } = value;
      // Beside text it names secrets.
      if (type === "secret") return addLiteral(content);
      if (isBytes(type) && typeof content === "string") texts.push(utf8.decode(fromBase64(content)));
      else for (const [name, part] of Object.entries(value)) add(part, name);
    }
  };
  const addLiteral = (part: Json | undefined) => {
    if (typeof part === "string") texts.push(part);
    else if (Array.isArray(part)) for (const inner of part) addLiteral(inner);
    else if (typeof part === "object" && part !== null) addLiteral(part.base64);
  };
  add(json);
  return texts;
}
