/** How values become a part of text, Markdown and HTML. */
import { NodeError } from "../../contract/error.js";
import { textOf } from "../../data/field.js";
import { escapeHtml } from "../edit-fields/template.js";
import { boundedTokenizer } from "./bounded-markdown.js";

/** Characters that values may have together. */
const MOST_TEXT = 64 * 1024 * 1024;
/** Characters of Markdown that are rendered at once. */
const MOST_MARKDOWN = 10 * 1024 * 1024;

/** Schemes of addresses that lead somewhere and run nothing. */
const SAFE_LINK = /^(?:https?|mailto|tel|ftp):/i;
const SAFE_IMAGE = /^(?:https?:|data:image\/(?:png|jpeg|gif|webp);)/i;

/** A format in which a document is written. */
export interface Format {
  /** A value as it stands in the template. */
  write(value: unknown): string;
  /** The document, out of the template with its values. */
  finish(document: string): Promise<string>;
}

/** Values stand as they are. */
export const textFormat: Format = { write: textOf, finish: async (document) => document };

/** Values are text in HTML. */
export const htmlFormat: Format = { write: escapeHtml, finish: async (document) => document };

/**
 * Markdown that becomes HTML. In it, values are words that no data can guess, which mean nothing to Markdown; in the HTML
 * each is replaced by its value, so that no value is markup.
 *
 * @param warn is told of addresses that are left out, because they would run code
 */
export function markdownFormat(warn: (rule: string, message: string) => void): Format {
  const values: string[] = [];
  const secret = Array.from(crypto.getRandomValues(new Uint32Array(3)), (word) => word.toString(36)).join("");
  // Begins with a digit, so that a value between angle brackets is never the name of an element.
  const words = new RegExp(`0${secret}n(\\d+)e`, "g");
  const valueAt = (position: string) => values[Number(position)] as string;
  let size = 0;
  return {
    write(value) {
      const text = textOf(value);
      size += text.length;
      if (size > MOST_TEXT) throw new NodeError("INVALID_PARAMETERS", "the template gives too much text");
      return `0${secret}n${values.push(text) - 1}e`;
    },
    async finish(document) {
      if (document.length > MOST_MARKDOWN) {
        const most = `${MOST_MARKDOWN} can be rendered`;
        throw new NodeError("INVALID_PARAMETERS", `The Markdown has ${document.length} characters, and ${most}`);
      }
      const withValues = (address: string) => address.replace(words, (_, position: string) => valueAt(position));
      const html = await rendered(document, (address, isImage) => {
        const isSafe = leadsSomewhere(withValues(address), isImage);
        if (!isSafe)
          warn(
            "unsafe-link",
            `An address of ${isImage ? "an image" : "a link"} was left out: it may begin with https:, mailto: or a path`,
          );
        return isSafe;
      });
      return html.replace(words, (_, position: string) => escapeHtml(valueAt(position)));
    },
  };
}

async function rendered(markdown: string, allows: (address: string, isImage: boolean) => boolean): Promise<string> {
  // Loaded here: it is an ES module only, which no `require` of an older Node gives.
  const { Marked, Tokenizer } = await import("marked");
  const marked = new Marked({ gfm: true, async: false });
  marked.use({
    tokenizer: boundedTokenizer(new Tokenizer<string, string>()),
    renderer: {
      link({ href, tokens }) {
        return allows(href, false) ? false : this.parser.parseInline(tokens);
      },
      image({ href, text }) {
        return allows(href, true) ? false : escapeHtml(text);
      },
    },
  });
  try {
    return marked.parse(markdown) as string;
  } catch (cause) {
    if (cause instanceof NodeError) throw cause;
    throw new NodeError(
      "INVALID_PARAMETERS",
      "The Markdown cannot be rendered: too much of it is inside of each other",
      {
        cause,
      },
    );
  }
}

/** Whether an address is a path, or has a scheme that runs no code. Browsers leave out blanks and control characters. */
function leadsSomewhere(address: string, isImage: boolean): boolean {
  const plain = address
    .replace(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));?/gi, (all, hex?: string, decimal?: string) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : all;
    })
    .replace(/&colon;/gi, ":")
    .replace(/&(?:tab|newline);/gi, "")
    .replace(/[\s\p{Cc}]+/gu, "");
  const scheme = /^[^/?#]*?:/.exec(plain);
  return scheme === null || (isImage ? SAFE_IMAGE : SAFE_LINK).test(plain);
}
