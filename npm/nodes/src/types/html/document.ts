import serialize from "dom-serializer";
import { DomHandler, Parser } from "htmlparser2";

import { NodeError } from "../../contract/error.js";
import type { Pace } from "../../contract/pace.js";

/** What stands in a document. */
export type HtmlNode = DomHandler["dom"][number];
/** An element with its attributes. */
export type HtmlElement = Extract<HtmlNode, { attribs: object }>;

/** What has all nodes of a document below it. */
export type HtmlRoot = DomHandler["root"];

/** A document, and how large it is. */
export interface HtmlDocument {
  root: HtmlRoot;
  /** Elements inside each other, at the most. */
  deepest: number;
  /** Nodes beside each other, at the most. */
  widest: number;
}

/** Elements inside each other; what looks for text goes down step by step. */
const MOST_LEVELS = 1000;
const MOST_ELEMENTS = 2_000_000;
/** Characters that are read at once. */
const PIECE = 64 * 1024;

/** Elements that stand for themselves, so that text before and after them is not one word. */
const BLOCKS = new Set(
  (
    "address article aside blockquote br button caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 " +
    "h4 h5 h6 header hr li main nav ol option p pre section select summary table tbody td tfoot th thead tr ul"
  ).split(" "),
);
/** Elements whose text is not for reading, unless they are what is looked for. */
const SILENT = new Set(["script", "style", "template"]);

/**
 * Reads HTML as browsers do, which takes everything.
 *
 * @throws NodeError DESERIALIZATION_FAILED for what is too deep or too much, CANCELLED
 */
export async function readHtml(text: string, pace: Pace): Promise<HtmlDocument> {
  const handler = new Bounded();
  const parser = new Parser(handler);
  for (let start = 0; start < text.length; start += PIECE) {
    parser.write(text.slice(start, start + PIECE));
    await pace.rest();
  }
  parser.end();
  return { root: handler.root, deepest: handler.deepest, widest: handler.widest };
}

class Bounded extends DomHandler {
  deepest = 0;
  widest = 0;
  #elements = 0;

  override onopentag(name: string, attributes: Record<string, string>): void {
    const depth = this.tagStack.length;
    if (depth > MOST_LEVELS) throw tooMuch(`${MOST_LEVELS} elements inside each other`);
    if (++this.#elements > MOST_ELEMENTS) throw tooMuch(`${MOST_ELEMENTS} elements`);
    super.onopentag(name, attributes);
    this.deepest = Math.max(this.deepest, depth);
    this.widest = Math.max(this.widest, this.tagStack[depth - 1]?.children.length ?? 0);
  }
}

function tooMuch(what: string): NodeError {
  return new NodeError("DESERIALIZATION_FAILED", `The HTML has more than ${what}`, { retry: false });
}

/** The text of an element as people read it: blanks as one, and one between blocks. */
export function textOf(element: HtmlElement): string {
  const pieces: string[] = [];
  // What is still to be read, the next last.
  const open: (HtmlNode | string)[] = [...element.children].reverse();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node === "string") pieces.push(node);
    else if (node.type === "text") pieces.push((node as { data: string }).data);
    else if ("children" in node) {
      const { children } = node;
      const name = "name" in node ? node.name : "";
      if (SILENT.has(name)) continue;
      const space = BLOCKS.has(name);
      if (space) open.push(" ");
      for (let i = children.length - 1; i >= 0; i--) open.push(children[i] as HtmlNode);
      if (space) open.push(" ");
    }
  }
  return pieces.join("").replace(/\s+/g, " ").trim();
}

/** What is inside of an element, as HTML. */
export function innerHtml(element: HtmlElement): string {
  return serialize(element.children, { encodeEntities: "utf8" });
}
