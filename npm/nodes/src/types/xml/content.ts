/** What elements hold, as fields. */
import { losesDigits } from "../../data/decimal.js";
import { numberOf } from "../../data/field.js";
import { type Row, setField } from "../../data/rows.js";

/** The fields of an element beside those of its attributes, `@…`, and of the elements in it. */
export const TEXT = "#text";
/** In mixed content the order: text as it is, `{ element: name }` for the next element of that name. */
export const CONTENT = "#content";
/** What the parser calls text in CDATA. */
export const CDATA = "#cdata";
export const SPACE = "@xml:space";

/** Something in an element as the parser gives it: its name with what is in it, and `:@` with attributes. */
export type Parsed = Readonly<Record<string, unknown>>;

/** How values are read. */
export interface Reading {
  /** Names of elements that are always lists. */
  lists: ReadonlySet<string>;
  /** Whether text that spells a number becomes one. */
  numbers: boolean;
}

/** The elements at the top of a document, by their names; those of one name are a list. */
export function documentFields(nodes: readonly Parsed[], reading: Reading): Row {
  return elementFields(nodes.filter(isElement), false, reading);
}

/**
 * The value of an element: its text, or an object of its attributes, elements and text. Blanks are kept in mixed content, which
 * has text beside elements, in all that is inside of it, below `xml:space="preserve"` and in CDATA; elsewhere those between
 * elements and at the ends of text are left out.
 */
function elementValue(nodes: readonly Parsed[], attributes: Row, isKept: boolean, reading: Reading): unknown {
  const space = attributes[SPACE];
  const keeps = space === "preserve" || (isKept && space !== "default");
  const elements = nodes.filter(isElement);
  const isMixed = elements.length > 0 && nodes.some((node) => isKeptText(node, keeps));
  const fields: Row = {};
  for (const [name, text] of Object.entries(attributes)) setField(fields, name, read(String(text), reading));
  Object.assign(fields, elementFields(elements, keeps || isMixed, reading));
  if (elements.length === 0) {
    const text = leafText(nodes, keeps);
    if (Object.keys(fields).length === 0) return read(text, reading);
    if (text !== "") fields[TEXT] = read(text, reading);
  } else if (isMixed) {
    fields[TEXT] = nodes.map((node) => textOf(node) ?? "").join("");
    fields[CONTENT] = orderOf(nodes);
  }
  return fields;
}

function elementFields(elements: readonly Parsed[], isKept: boolean, reading: Reading): Row {
  const fields: Row = {};
  for (const element of elements) {
    const name = nameOf(element);
    const attributes = (element[":@"] ?? {}) as Row;
    const value = elementValue(element[name] as readonly Parsed[], attributes, isKept, reading);
    const before = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (Array.isArray(before)) before.push(value);
    else if (Object.hasOwn(fields, name)) setField(fields, name, [before, value]);
    else setField(fields, name, reading.lists.has(name) ? [value] : value);
  }
  return fields;
}

/** Text, and elements by their names; text that CDATA or a comment cut in pieces is whole. */
function orderOf(nodes: readonly Parsed[]): unknown[] {
  const order: unknown[] = [];
  for (const node of nodes) {
    const [text, before] = [textOf(node), order.at(-1)];
    if (text === undefined) order.push({ element: nameOf(node) });
    else if (typeof before === "string") order[order.length - 1] = before + text;
    else order.push(text);
  }
  return order;
}

function nameOf(node: Parsed): string {
  return Object.keys(node).find((key) => key !== ":@") as string;
}

function isElement(node: Parsed): boolean {
  return textOf(node) === undefined;
}

/** The text of what is no element. */
function textOf(node: Parsed): string | undefined {
  if (Object.hasOwn(node, TEXT)) return String(node[TEXT]);
  if (!Object.hasOwn(node, CDATA)) return undefined;
  return (node[CDATA] as readonly Parsed[]).map((part) => String(part[TEXT])).join("");
}

function isKeptText(node: Parsed, keeps: boolean): boolean {
  const text = textOf(node) ?? "";
  return text !== "" && (keeps || Object.hasOwn(node, CDATA) || !isBlank(text));
}

/** Text without the blanks at its ends, unless these are in CDATA. */
function leafText(nodes: readonly Parsed[], keeps: boolean): string {
  const texts = nodes.map((node) => textOf(node) ?? "");
  if (keeps) return texts.join("");
  const [first, last] = [nodes[0], nodes.at(-1)];
  if (first && Object.hasOwn(first, TEXT)) texts[0] = withoutBlanks(texts[0] as string, true, false);
  if (last && Object.hasOwn(last, TEXT)) texts.push(withoutBlanks(texts.pop() as string, false, true));
  return texts.join("");
}

/** Whether a reader would leave out blanks at the ends of text that is alone in an element. */
export function hasBlankEnds(text: string): boolean {
  return BLANKS.has(text[0]) || BLANKS.has(text.at(-1));
}

const BLANKS: ReadonlySet<string | undefined> = new Set([" ", "\t", "\n", "\r"]);

function withoutBlanks(text: string, atStart: boolean, atEnd: boolean): string {
  let [start, end] = [0, text.length];
  while (atStart && start < end && BLANKS.has(text[start])) start++;
  while (atEnd && start < end && BLANKS.has(text[end - 1])) end--;
  return text.slice(start, end);
}

export function isBlank(text: string): boolean {
  return withoutBlanks(text, true, false) === "";
}

/** Text that spells a number as that number, where that is asked for and nothing of it is lost. */
function read(text: string, { numbers }: Reading): unknown {
  if (!numbers || !/^[+-]?(?:0(?!\d)|[1-9]|\.\d)/.test(text) || losesDigits(text)) return text;
  return numberOf(text) ?? text;
}
