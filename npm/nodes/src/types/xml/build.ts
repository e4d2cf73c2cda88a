import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { strangeCharacter } from "./characters.js";
import { CONTENT, hasBlankEnds, isBlank, SPACE, TEXT } from "./content.js";
import { MOST_LEVELS } from "./parse.js";

const NAME = /^[\p{L}_:][\p{L}\p{N}\p{M}_.:·-]*$/u;
const INDENT = "  ";

/** How the text looks. */
export interface XmlStyle {
  declaration: boolean;
  indent: boolean;
}

type Path = readonly string[];

/** Something in an element: text, or an element with its name. */
type Part = { text: string } | { name: string; value: unknown; path: Path };

/**
 * The text of a document: an object with one field, the outermost element.
 *
 * @throws NodeError TYPE_MISMATCH naming the path of what cannot be written
 */
export function buildXml(document: PlainObject, { declaration, indent }: XmlStyle): string {
  const pieces: string[] = [];
  if (declaration) pieces.push(`<?xml version="1.0" encoding="UTF-8"?>${indent ? "\n" : ""}`);
  for (const part of partsOf(document, []))
    if ("name" in part) writeElement(part, pieces, { line: indent ? "\n" : "", isKept: false });
  if (indent) pieces.push("\n");
  return pieces.join("");
}

/** Where an element stands. */
interface Around {
  /** The line break and the indentation of its line; empty for none. */
  line: string;
  /** Whether readers keep blanks there anyway. */
  isKept: boolean;
}

function writeElement(part: { name: string; value: unknown; path: Path }, pieces: string[], around: Around): void {
  const { name, value, path } = part;
  if (path.length > MOST_LEVELS) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `XML cannot be made of more than ${MOST_LEVELS} objects inside each other, or of a cycle`,
    );
  }
  pieces.push(`<${name}`);
  if (!isPlainObject(value)) {
    const text = value === null || value === undefined ? "" : textFor(value, path);
    pieces.push(">", !around.isKept && hasBlankEnds(text) ? cdata(text) : escaped(text), `</${name}>`);
    return;
  }
  for (const [key, content] of Object.entries(value)) {
    if (!key.startsWith("@") || content === undefined || content === null) continue;
    const place = [...path, key];
    demandName(key.slice(1), place);
    pieces.push(` ${key.slice(1)}="${escapedValue(textFor(content, place))}"`);
  }
  pieces.push(">");
  const parts = partsOf(value, path);
  // A line break beside text would become a part of it.
  const isInline = value[SPACE] === "preserve" || parts.some((each) => "text" in each);
  const line = isInline || around.line === "" ? "" : around.line + INDENT;
  const texts = parts.flatMap((each) => ("text" in each ? each.text : []));
  const isLeaf = texts.length === parts.length;
  const keeps = value[SPACE] === "preserve" || (around.isKept && value[SPACE] !== "default");
  const isMixed = !isLeaf && texts.some((text) => !isBlank(text));
  // Readers take blanks for what they are in CDATA alone, where nothing else beside them is text.
  const isCdata = !keeps && (isLeaf ? hasBlankEnds(texts.join("")) : texts.length > 0 && !isMixed);
  for (const each of parts) {
    if ("text" in each) pieces.push(isCdata ? cdata(each.text) : escaped(each.text));
    else {
      pieces.push(line);
      writeElement(each, pieces, { line, isKept: keeps || isMixed || isCdata });
    }
  }
  if (parts.length > 0 && line !== "") pieces.push(around.line);
  pieces.push(`</${name}>`);
}

/** What is in an element, in order. */
function partsOf(element: PlainObject, path: Path): Part[] {
  const parts: Part[] = [];
  for (const [key, value] of Object.entries(element)) {
    if (value === undefined || key.startsWith("@") || key === CONTENT) continue;
    const place = [...path, key];
    if (key === TEXT) {
      const text = value === null ? "" : textFor(value, place);
      if (text !== "") parts.push({ text });
      continue;
    }
    demandName(key, place);
    if (!Array.isArray(value)) parts.push({ name: key, value, path: place });
    else {
      value.forEach((each: unknown, at) => {
        if (Array.isArray(each)) throw refused([...place, String(at)], "a list in a list; give the inner one a name");
        parts.push({ name: key, value: each, path: [...place, String(at)] });
      });
    }
  }
  return element[CONTENT] === undefined ? parts : ordered(parts, element[CONTENT], [...path, CONTENT]);
}

/** The same parts in the order that mixed content says, which must be of all of them. */
function ordered(parts: readonly Part[], content: unknown, path: Path): Part[] {
  if (!Array.isArray(content)) throw refused(path, `${kindOf(content)}, and no list of text and elements`);
  const elements = new Map<string, Part[]>();
  let text: string | undefined;
  for (const part of parts) {
    if ("text" in part) text = part.text;
    else elements.set(part.name, [...(elements.get(part.name) ?? []), part]);
  }
  const result = content.map((each: unknown, at): Part => {
    if (typeof each === "string") return { text: textFor(each, [...path, String(at)]) };
    const name = isPlainObject(each) ? each["element"] : undefined;
    const next = typeof name === "string" ? elements.get(name)?.shift() : undefined;
    if (next !== undefined) return next;
    if (typeof name !== "string") {
      throw refused([...path, String(at)], `${foundText(each)}; it must be text or \`{ element: name }\``);
    }
    throw refused([...path, String(at)], `another element \`${name}\` than there are; add it, or leave it out here`);
  });
  const [left] = [...elements.values()].flat();
  if (left !== undefined && "name" in left) {
    throw refused(path, `without an element \`${left.name}\` that is there; add it to the list, or leave the list out`);
  }
  const own = result.map((part) => ("text" in part ? part.text : "")).join("");
  if (text !== undefined && text !== own) {
    throw refused(path, `a list whose text is not \`${TEXT}\`; change the text in the list and leave \`${TEXT}\` out`);
  }
  return result.filter((part) => !("text" in part) || part.text !== "");
}

function textFor(value: unknown, path: Path): string {
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

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Readers make a line break of a carriage return that stands as it is. */
function escaped(text: string): string {
  return text.replace(/[&<>\r]/g, (found) => ESCAPES[found] ?? "&#13;");
}

function cdata(text: string): string {
  // A carriage return and the end of CDATA cannot stand in it.
  return `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>").replaceAll("\r", "]]>&#13;<![CDATA[")}]]>`;
}

/** In values of attributes, readers make blanks of tabs and line breaks. */
function escapedValue(text: string): string {
  return text.replace(/[&<>"\t\n\r]/g, (found) => ESCAPES[found] ?? `&#${found.charCodeAt(0)};`);
}

function demandName(name: string, path: Path): void {
  if (NAME.test(name)) return;
  const found = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
  const rule = "a name begins with a letter or _, and has letters, digits, - _ . and : in it";
  throw new NodeError(
    "TYPE_MISMATCH",
    `XML has no element or attribute called ${found} (\`${pathText(path.slice(0, -1))}\`): ${rule}`,
  );
}

function refused(path: Path, found: string): NodeError {
  return new NodeError("TYPE_MISMATCH", `XML cannot be made of \`${pathText(path)}\`, which is ${found}`);
}

function pathText(path: Path): string {
  return ["data", ...path.slice(0, 20)].join(".");
}
