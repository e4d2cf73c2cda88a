/** Addresses in attributes, which a page may write relative to its own. */
import { addressOf } from "../../library/http-address.js";
import type { HtmlElement, HtmlNode, HtmlRoot } from "./document.js";

/** Attributes that hold an address. */
const ADDRESSES = new Set(["href", "src", "action", "formaction", "poster", "cite", "data", "background", "longdesc"]);
/** Attributes that hold several, each with a word about it. */
const LISTS = new Set(["srcset", "imagesrcset"]);

/**
 * The address that the relative ones of a page start from: its first `<base href>`, which may itself be relative to `given`;
 * `undefined` where neither says one.
 *
 * @throws NodeError INVALID_PARAMETERS for a `base` that is no address
 */
export function baseOf(root: HtmlRoot, given: string | undefined): URL | undefined {
  const page = given === undefined ? undefined : addressOf(given, "base");
  const href = baseHref(root);
  if (href === undefined || !URL.canParse(href, page?.href)) return page;
  const base = new URL(href, page?.href);
  return base.protocol === "http:" || base.protocol === "https:" ? base : page;
}

/** The value of an attribute with its addresses made absolute; `undefined` where it has one that cannot be read. */
export function absolute(value: string, attribute: string, base: URL): string | undefined {
  const name = attribute.toLowerCase();
  if (ADDRESSES.has(name)) return resolved(value, base);
  if (!LISTS.has(name)) return value;
  // A comma within an address has no blank behind it.
  const parts = value.trim().split(/,\s+/);
  const all = parts.map((part) => {
    const [address = "", ...words] = part.trim().split(/\s+/);
    const found = resolved(address, base);
    return found && [found, ...words].join(" ");
  });
  return all.includes(undefined) ? undefined : all.join(", ");
}

function resolved(address: string, base: URL): string | undefined {
  return URL.canParse(address, base.href) ? new URL(address, base.href).href : undefined;
}

function baseHref(root: HtmlRoot): string | undefined {
  const open: HtmlNode[] = [...root.children].reverse();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if ("attribs" in node) {
      const { name, attribs } = node as HtmlElement;
      if (name === "base" && attribs["href"] !== undefined) return attribs["href"];
    }
    if ("children" in node) {
      const { children } = node;
      for (let at = children.length - 1; at >= 0; at--) open.push(children[at] as HtmlNode);
    }
  }
  return undefined;
}
