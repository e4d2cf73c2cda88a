import { XMLBuilder } from "fast-xml-parser";

import { NodeError } from "../../contract/error.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { strangeCharacter } from "./characters.js";
import { MOST_LEVELS } from "./parse.js";

const NAME = /^[\p{L}_:][\p{L}\p{N}\p{M}_.:·-]*$/u;
const TEXT = "#text";

/** How the text looks. */
export interface XmlStyle {
  declaration: boolean;
  indent: boolean;
}

/**
 * The text of a document: an object with one field, the outermost element.
 *
 * @throws NodeError TYPE_MISMATCH naming the path of what cannot be written
 */
export function buildXml(document: PlainObject, { declaration, indent }: XmlStyle): string {
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    textNodeName: TEXT,
    suppressBooleanAttributes: false,
    format: indent,
    // A document with all its levels has been looked through.
    maxNestedTags: MOST_LEVELS + 10,
  });
  const text = builder.build(writable(document, [])) as string;
  return `${declaration ? `<?xml version="1.0" encoding="UTF-8"?>${indent ? "\n" : ""}` : ""}${text}`;
}

/** A copy of elements in which everything can be written; the builder itself writes names as they are. */
function writable(elements: PlainObject, path: readonly string[]): PlainObject {
  if (path.length > MOST_LEVELS) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `XML cannot be made of more than ${MOST_LEVELS} objects inside each other, or of a cycle`,
    );
  }
  const entries: [string, unknown][] = [];
  for (const [key, value] of Object.entries(elements)) {
    if (value === undefined) continue;
    const place = [...path, key];
    if (key === TEXT || key.startsWith("@")) {
      if (key !== TEXT) demandName(key.slice(1), place);
      if (value !== null) entries.push([key, textFor(value, place)]);
    } else {
      demandName(key, place);
      entries.push([
        key,
        Array.isArray(value) ? value.map((each, at) => content(each, [...place, String(at)])) : content(value, place),
      ]);
    }
  }
  return Object.fromEntries(entries);
}

function content(value: unknown, path: readonly string[]): unknown {
  if (value === null || value === undefined) return "";
  if (isPlainObject(value)) return writable(value, path);
  if (Array.isArray(value)) throw refused(path, "a list in a list; give the inner one a name");
  return textFor(value, path);
}

function textFor(value: unknown, path: readonly string[]): string {
  const text = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : plainText(value);
  if (text === undefined) throw refused(path, typeof value === "number" ? String(value) : kindOf(value));
  const strange = strangeCharacter(text);
  if (strange === undefined) return text;
  throw refused(path, `text with the character ${strange.name}`);
}

function plainText(value: unknown): string | undefined {
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  return typeof value === "number" && Number.isFinite(value) ? String(value) : undefined;
}

function demandName(name: string, path: readonly string[]): void {
  if (NAME.test(name)) return;
  const found = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
  const rule = "a name begins with a letter or _, and has letters, digits, - _ . and : in it";
  throw new NodeError(
    "TYPE_MISMATCH",
    `XML has no element or attribute called ${found} (\`${pathText(path.slice(0, -1))}\`): ${rule}`,
  );
}

function refused(path: readonly string[], found: string): NodeError {
  return new NodeError("TYPE_MISMATCH", `XML cannot be made of \`${pathText(path)}\`, which is ${found}`);
}

function pathText(path: readonly string[]): string {
  return ["data", ...path.slice(0, 20)].join(".");
}
