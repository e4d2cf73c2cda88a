import { XMLParser, XMLValidator } from "fast-xml-parser";

import { messageOf, NodeError } from "../../contract/error.js";
import { strangeCharacter } from "./characters.js";
import { CDATA, documentFields, type Parsed } from "./content.js";

/** Elements inside each other. */
export const MOST_LEVELS = 200;

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Reads XML. Nothing outside of the text is looked at, and no entities but those of XML itself are replaced.
 *
 * @throws NodeError DESERIALIZATION_FAILED with line and column where these are known
 */
export function parseXml(source: string, lists: readonly string[], numbers: boolean): Record<string, unknown> {
  const text = source.charCodeAt(0) === 0xfeff ? source.slice(1) : source;
  if (text.trim() === "") throw unreadable("there is no text");
  const strange = strangeCharacter(text);
  if (strange !== undefined) {
    throw unreadable(`the character ${strange.name} is not allowed`, placeOf(text, strange.at));
  }
  const found = XMLValidator.validate(text);
  if (found !== true) throw unreadable(shortened(found.err.msg), found.err);
  const parser = new XMLParser({
    preserveOrder: true,
    trimValues: false,
    cdataPropName: CDATA,
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    ignoreDeclaration: true,
    ignorePiTags: true,
    parseTagValue: false,
    parseAttributeValue: false,
    jPath: false,
    maxNestedTags: MOST_LEVELS,
    onDangerousProperty: (name) => name,
    processEntities: { enabled: true },
    entityDecoder: new Entities(text),
  });
  try {
    return demandOneRoot(documentFields(parser.parse(text) as Parsed[], { lists: new Set(lists), numbers }));
  } catch (error) {
    if (error instanceof NodeError) throw error;
    throw unreadable(wordsOf(messageOf(error)), undefined, error);
  }
}

/** The validator looks for it only behind elements that have an end tag. */
function demandOneRoot(document: Record<string, unknown>): Record<string, unknown> {
  const roots = Object.entries(document).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map(() => name) : [name],
  );
  if (roots.length === 1) return document;
  const found = roots.slice(0, 5).map((name) => `\`${name}\``);
  throw unreadable(`there must be one outermost element, found ${found.length === 0 ? "none" : found.join(", ")}`);
}

/** Replaces entities; those that a document defines itself are refused, since few bytes of them can make gigabytes. */
class Entities {
  constructor(private readonly text: string) {}

  addInputEntities(entities: Record<string, unknown>): void {
    const [name] = Object.keys(entities);
    if (name === undefined) return;
    throw unreadable(
      `it defines entities of its own (\`${name}\`), which are not replaced here`,
      this.#placeOf("<!ENTITY"),
    );
  }

  setExternalEntities(): void {}
  setXmlVersion(): void {}
  reset(): void {}

  decode(text: string): string {
    if (!text.includes("&")) return text;
    return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|([^;&\s]{1,50}));/g, (all, decimal, hexadecimal, name) => {
      if (name !== undefined) {
        const known = Object.hasOwn(ENTITIES, name as string) ? ENTITIES[name as string] : undefined;
        if (known === undefined) throw unreadable(`the entity \`${all}\` is not known`, this.#placeOf(all));
        return known;
      }
      const code = decimal === undefined ? Number.parseInt(hexadecimal as string, 16) : Number(decimal);
      const isCharacter = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
      const character = isCharacter ? String.fromCodePoint(code) : "\u0000";
      if (strangeCharacter(character) !== undefined) throw unreadable(`\`${all}\` is no character`, this.#placeOf(all));
      return character;
    });
  }

  #placeOf(part: string): { line: number; col: number } | undefined {
    const at = this.text.indexOf(part);
    return at < 0 ? undefined : placeOf(this.text, at);
  }
}

function unreadable(why: string, place?: { line: number; col: number }, cause?: unknown): NodeError {
  const at = place === undefined ? "" : ` (line ${place.line}, column ${place.col})`;
  return new NodeError("DESERIALIZATION_FAILED", `The XML cannot be read: ${why}${at}`, { cause, retry: false });
}

function placeOf(text: string, at: number): { line: number; col: number } {
  let [line, start] = [1, 0];
  for (let end = text.indexOf("\n"); end >= 0 && end < at; end = text.indexOf("\n", end + 1)) {
    line++;
    start = end + 1;
  }
  return { line, col: at - start + 1 };
}

function wordsOf(message: string): string {
  if (message.includes("Maximum nested tags")) return `more than ${MOST_LEVELS} elements are inside each other`;
  const name = /Invalid name: "([^"]*)"/.exec(message)?.[1];
  if (name !== undefined)
    return `an element or attribute is called \`${name}\`, which objects have a meaning of their own for`;
  return shortened(message);
}

function shortened(message: string): string {
  return message.length > 300 ? `${message.slice(0, 300)}…` : message.replace(/\.$/, "");
}
