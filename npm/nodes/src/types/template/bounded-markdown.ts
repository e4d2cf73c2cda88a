/** Markdown in bounded time: its parser looks through the rest of a paragraph again for each of some characters. */
import type { Tokenizer, TokenizerObject } from "marked";

import { NodeError } from "../../contract/error.js";

/** Characters that may be looked at again, each as often as that happens: what takes a few seconds at worst. */
const MOST_WORK = 1_000_000_000;
/** How much more it takes to look for the end of an emphasis that has none. */
const OPEN_EMPHASIS = 25;
/** How much more it takes to read what lies in a list or a quotation. */
const INNER_BLOCK = 10;
/** Lists and quotations inside each other. */
const MOST_LEVELS = 32;

/**
 * The parser's tokenizer, counting what it does. One counts for one document.
 *
 * @throws NodeError INVALID_PARAMETERS, from within the parser, for a document that takes too much
 */
export function boundedTokenizer(original: Tokenizer): TokenizerObject {
  let [work, levels] = [0, 0];
  const spend = (steps: number): void => {
    work += steps;
    if (work > MOST_WORK) {
      throw refused("a paragraph of it is too long for the many signs in it, such as * and _ without an end");
    }
  };
  const inside = <T extends { raw: string }>(read: () => T | undefined): T | undefined => {
    if (++levels > MOST_LEVELS) throw refused(`more than ${MOST_LEVELS} lists and quotations are inside each other`);
    const token = read();
    levels--;
    spend((token?.raw.length ?? 0) * INNER_BLOCK);
    return token;
  };
  return {
    // What the parser tries first wherever it is in a paragraph.
    escape(src) {
      spend(src.length);
      return false;
    },
    emStrong(src, maskedSrc, prevChar) {
      const token = original.emStrong.call(this, src, maskedSrc, prevChar);
      if (src.startsWith("*") || src.startsWith("_")) spend((token?.raw ?? src).length * OPEN_EMPHASIS);
      return token;
    },
    blockquote(src) {
      return inside(() => original.blockquote.call(this, src));
    },
    list(src) {
      return inside(() => original.list.call(this, src));
    },
  };
}

function refused(why: string): NodeError {
  return new NodeError("INVALID_PARAMETERS", `The Markdown cannot be rendered: ${why}`, { retry: false });
}
