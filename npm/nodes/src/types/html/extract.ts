/** Reads the fields of HTML. */
import { closeNames, meantText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import type { Pace } from "../../contract/pace.js";
import { numberOf } from "../../data/field.js";
import { absolute, baseOf } from "./addresses.js";
import {
  type HtmlDocument,
  type HtmlElement,
  type HtmlNode,
  type HtmlRoot,
  innerHtml,
  readHtml,
  textOf,
} from "./document.js";
import type { Field } from "./fields.js";
import { type Selection, selectionOf } from "./selection.js";

/** Characters of all values together. */
const MOST_TEXT = 100_000_000;

type Warn = (rule: string, message: string) => void;

/** A field, and what was found of it. */
interface Reader {
  field: Field;
  selection: Selection | undefined;
  /** Characters that may still be read; one for all fields. */
  budget: { left: number };
  matches: number;
  values: number;
  /** What relative addresses start from. */
  base: URL | undefined;
  unresolved: { count: number; first: string };
  /** A match without the attribute. */
  bare: HtmlElement | undefined;
  unread: { count: number; first: string };
}

/** The record of a document, or the records of the elements that `each` selects. */
export async function extract(
  text: string,
  fields: readonly Field[],
  { each, base: given }: { each?: string | undefined; base?: string | undefined },
  warn: Warn,
  pace: Pace,
): Promise<Record<string, unknown> | Record<string, unknown>[]> {
  const document = await readHtml(text, pace);
  const base = baseOf(document.root, given);
  const budget = { left: MOST_TEXT };
  const readers = fields.map((field): Reader => {
    const { name, selector } = field;
    const place = `The selector of \`fields.${name}\``;
    const selection = selector === undefined ? undefined : selectionOf(selector, place, document, text.length);
    const none = () => ({ count: 0, first: "" });
    const start = { matches: 0, values: 0, bare: undefined, unread: none(), unresolved: none() };
    return { field, selection, budget, base, ...start };
  });
  if (each === undefined) {
    const record = recordOf(readers, document.root);
    tell(readers, undefined, warn);
    return record;
  }
  const elements = elementsOf(each, document, text.length, warn);
  const records: Record<string, unknown>[] = [];
  for (const element of elements) {
    records.push(recordOf(readers, element));
    if (pace.isDue()) await pace.rest();
  }
  if (elements.length > 0) tell(readers, elements.length, warn);
  return records;
}

function elementsOf(each: string, document: HtmlDocument, length: number, warn: Warn): HtmlElement[] {
  const elements = selectionOf(each, "The selector `each`", document, length).in(document.root);
  if (elements.length === 0)
    warn("selector-without-match", `\`each\` selects nothing: there is no \`${each}\`, so that there are no records`);
  return elements;
}

function recordOf(readers: readonly Reader[], where: HtmlRoot | HtmlElement): Record<string, unknown> {
  return Object.fromEntries(readers.map((reader) => [reader.field.name, fieldValue(reader, where)]));
}

function fieldValue(reader: Reader, where: HtmlRoot | HtmlElement): unknown {
  const { field, selection } = reader;
  const found = selection?.in(where) ?? ("attribs" in where ? [where] : where.children.filter(isElement));
  reader.matches += found.length;
  if (!field.all) return found[0] === undefined ? null : read(reader, found[0]);
  return found.map((element) => read(reader, element));
}

function read(reader: Reader, element: HtmlElement): unknown {
  const { attribute, html, as } = reader.field;
  if (html) return counted(reader, innerHtml(element));
  const text = attribute === undefined ? counted(reader, textOf(element)) : attributeOf(element, attribute);
  if (text === undefined) {
    reader.bare ??= element;
    return null;
  }
  reader.values++;
  if (as === "text") return attribute === undefined ? text : addressed(reader, text, attribute);
  const number = numberOf(text);
  if (number === undefined && reader.unread.count++ === 0) reader.unread.first = text;
  return number ?? null;
}

/** An attribute, with its addresses made absolute where the base is known. */
function addressed({ base, unresolved }: Reader, text: string, attribute: string): string {
  if (base === undefined) return text;
  const found = absolute(text, attribute, base);
  if (found === undefined && unresolved.count++ === 0) unresolved.first = text;
  return found ?? text;
}

/** Elements inside each other have their text in common: a small page of many of them gives text without end. */
function counted({ budget }: Reader, text: string): string {
  budget.left -= text.length;
  if (budget.left >= 0) return text;
  throw new NodeError(
    "MEMORY_LIMIT_EXCEEDED",
    `The records have more than ${MOST_TEXT} characters; select smaller elements, which do not lie inside each other`,
  );
}

function attributeOf({ attribs }: HtmlElement, name: string): string | undefined {
  const lower = name.toLowerCase();
  return Object.hasOwn(attribs, lower) ? attribs[lower] : Object.hasOwn(attribs, name) ? attribs[name] : undefined;
}

function isElement(node: HtmlNode): node is HtmlElement {
  return "attribs" in node;
}

/** Says what was not found at all, and what is no number. */
function tell(readers: readonly Reader[], records: number | undefined, warn: Warn): void {
  const where = records === undefined ? "" : ` in any of ${records} ${records === 1 ? "record" : "records"}`;
  for (const { field, matches, values, bare, unread, unresolved } of readers) {
    const { name, selector, attribute } = field;
    if (matches === 0) {
      warn(
        "selector-without-match",
        `\`fields.${name}\` selects nothing: there is no \`${selector ?? "element"}\`${where}`,
      );
    } else if (values === 0 && bare !== undefined) {
      const known = Object.keys(bare.attribs);
      const close = closeNames(attribute as string, known);
      const shown = known.slice(0, 10).map((each) => `\`${each}\``);
      const hint = meantText(close, `; there ${shown.length === 0 ? "are none" : `is ${shown.join(", ")}`}`);
      warn("missing-attribute", `No match of \`fields.${name}\` has an attribute \`${attribute}\`${hint}`);
    }
    if (unresolved.count > 0) {
      const are =
        unresolved.count === 1
          ? "is no address and stays as it is written"
          : "are no addresses and stay as they are written";
      warn(
        "not-an-address",
        `${unresolved.count} of ${values} values of \`fields.${name}\` ${are}, such as ${excerpt(unresolved.first)}`,
      );
    }
    if (unread.count > 0) {
      const shown = excerpt(unread.first);
      warn(
        "not-a-number",
        `${unread.count} of ${values} values of \`fields.${name}\` ${unread.count === 1 ? "is" : "are"} no number, such as ${shown}, and became null; read text, and make numbers of it with \`transform\``,
      );
    }
  }
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
