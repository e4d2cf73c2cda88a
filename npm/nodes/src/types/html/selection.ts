import { compile, selectAll } from "css-select";

import { messageOf, NodeError } from "../../contract/error.js";
import type { HtmlDocument, HtmlElement, HtmlNode, HtmlRoot } from "./document.js";

/** Siblings among which a selector may count: for each of them all before it are looked at. */
const MOST_SIBLINGS = 20_000;
/** Text times depth, which is about what is looked at by a selector that looks inside of every element. */
const MOST_INSIDE = 2e9;

/** A selector that can be asked. */
export interface Selection {
  /** The matches below, in the order of the document. */
  in(parent: HtmlRoot | HtmlElement): HtmlElement[];
}

/**
 * Reads a selector.
 *
 * @param place the parameter that has it, for messages
 * @throws NodeError INVALID_PARAMETERS; EXECUTION_FAILED where the document is too large for such a selector
 */
export function selectionOf(selector: string, place: string, document: HtmlDocument, length: number): Selection {
  demandRoom(selector, place, document, length);
  try {
    const query = compile<HtmlNode, HtmlElement>(selector);
    // What begins at the element itself has to be read again for each.
    const isRelative = /:scope\b|^\s*[>~+]/.test(selector);
    // Lists of nodes are not given: for each the library would look for it among all others.
    return { in: (parent) => selectAll<HtmlNode, HtmlElement>(isRelative ? selector : query, parent as HtmlNode) };
  } catch (error) {
    throw new NodeError("INVALID_PARAMETERS", `${place} is no selector that can be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function demandRoom(selector: string, place: string, { deepest, widest }: HtmlDocument, length: number): void {
  const plain = selector.replace(/\[[^\]]*\]/g, "");
  if (widest > MOST_SIBLINGS && /[~+]|:(?:nth|first|last|only)/i.test(plain)) {
    throw new NodeError(
      "EXECUTION_FAILED",
      `${place} counts siblings, and here are ${widest} beside each other; ${MOST_SIBLINGS} is the most`,
      { retry: false, advice: ["Select all of them, and choose with `transform`."] },
    );
  }
  if (deepest * length > MOST_INSIDE && /:(?:has|i?contains|is|where|matches|not)\b/i.test(plain)) {
    throw new NodeError("EXECUTION_FAILED", `${place} looks inside of every element, for which the HTML is too large`, {
      retry: false,
      advice: ["Use a selector of names, classes and attributes, and choose with `transform`."],
    });
  }
}
