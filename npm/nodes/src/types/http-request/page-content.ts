/** What is in a page: its items, and where the next one is. */
import { closeNames, namesText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { fieldOf, numberOf } from "../../data/field.js";
import { isPlainObject } from "../../data/input.js";
import { linkOf } from "../../library/link-header.js";
import type { Pagination } from "./pagination.js";

/** Names that a message tells. */
const MOST_NAMES = 12;

/** A page as it came. */
export interface Page {
  response: Response;
  body: unknown;
  items: readonly unknown[];
}

/** Items so far and what asked for the page. */
export interface Position {
  /** Pages so far, with this one. */
  pages: number;
  /** Items so far, with those of this page. */
  count: number;
  /** The page number or offset that this page was asked with. */
  at: number;
}

/** What leads to the next page: an address, or a value for the request. */
export type Next = { href: string } | { value: string | number };

/**
 * The items of a page. A body without content has none, and `null` counts as an empty list.
 *
 * @throws NodeError TYPE_MISMATCH where there is no list, which tells what is there
 */
export function itemsOf(body: unknown, path: string | undefined): readonly unknown[] {
  const isNothing = body === null || body === "";
  const found = path === undefined || isNothing ? body : fieldOf(body, path);
  if (Array.isArray(found)) return found as unknown[];
  if (found === null || isNothing) return [];
  const rule = "must be the list of items of a page";
  if (path === undefined) {
    throw mismatch(`The body ${rule}, found ${described(body)}; name the list with \`pagination.items\``);
  }
  if (found !== undefined) throw mismatch(`\`${path}\` ${rule}, found ${described(found)}`);
  throw mismatch(`\`pagination.items\` is \`${path}\`, which is not there: ${thereText(body, path)}`);
}

/**
 * What leads to the next page; `undefined` after the last one.
 *
 * @throws NodeError TYPE_MISMATCH where something else stands in its place
 */
export function nextOf(pagination: Pagination, { response, body, items }: Page, position: Position): Next | undefined {
  const { type, place } = pagination;
  switch (type) {
    case "link": {
      const href = linkOf(response.headers.get("link"), "next");
      return href === undefined ? undefined : { href };
    }
    case "nextUrl": {
      const href = valueAt(body, place);
      if (href === undefined) return undefined;
      if (typeof href === "string") return { href };
      throw mismatch(`\`${place}\` must be the address of the next page, found ${described(href)}`);
    }
    case "cursor": {
      const value = valueAt(body, place);
      if (value === undefined) return undefined;
      if (typeof value === "string" || typeof value === "number") return { value };
      throw mismatch(`\`${place}\` must be text or a number, found ${described(value)}`);
    }
    default: {
      if (items.length === 0 || isLast(pagination, body, position)) return undefined;
      return { value: position.at + (pagination.step ?? items.length) };
    }
  }
}

/** What is known of the end before an empty page comes. */
function isLast(
  { type, total, totalPages, start }: Pagination,
  body: unknown,
  { count, at, pages }: Position,
): boolean {
  if (totalPages !== undefined && pages >= numberAt(body, totalPages)) return true;
  if (total === undefined) return false;
  const all = numberAt(body, total);
  return (type === "offset" ? start + count : count) >= all || at > all;
}

/**
 * The number that a page has at a path.
 *
 * @throws NodeError TYPE_MISMATCH where no number is there
 */
export function numberAt(body: unknown, path: string): number {
  const found = fieldOf(body, path);
  const number = numberOf(found);
  if (number !== undefined) return number;
  const what =
    found === undefined ? `is not there: ${thereText(body, path)}` : `must be a number, found ${described(found)}`;
  throw mismatch(`\`${path}\` ${what}`);
}

/**
 * Why the first page may have been taken for the only one by mistake; `undefined` where nothing points to that. Many servers leave
 * out what leads to the next page when no page follows.
 */
export function doubtOf({ type, place }: Pagination, { body }: Page): string | undefined {
  if ((type !== "nextUrl" && type !== "cursor") || fieldOf(body, place) !== undefined) return undefined;
  const { inside, missing } = deepest(body, place);
  const names = isPlainObject(inside) ? Object.keys(inside) : [];
  const isLastKey = missing.length === 1;
  const others = isLastKey ? leadsOn(body) : [];
  if (isLastKey && others.length === 0 && closeNames(missing[0] as string, names).length === 0) return undefined;
  const there =
    others.length > 0 ? `${thereText(body, place)}; ${namesText(others)} may lead on` : thereText(body, place);
  return `\`pagination.${type === "nextUrl" ? "next" : "cursor"}\` is \`${place}\`, which the first page has not, so that it was taken for the only one: ${there}`;
}

/** What services call that which leads to another page, or says that there is one. */
const LEADS_ON =
  /^(?:next(?:_?(?:page|cursor|url|link|offset|(?:page)?_?token))?|cursor|page_?token|continuation(?:_?token)?)$/i;
const HAS_MORE = /^has_?(?:more|next(?:_?page)?)$/i;

/** Where a page, or an object in it, has something of such a name; nothing where it says itself that it is the last one. */
function leadsOn(body: unknown): string[] {
  const found: string[] = [];
  let isLast = false;
  const look = (inside: unknown, before: string) => {
    for (const [name, value] of isPlainObject(inside) ? Object.entries(inside) : []) {
      if (HAS_MORE.test(name)) {
        if (value === true) found.push(`${before}${name}`);
        else isLast = true;
      } else if (LEADS_ON.test(name) && (isNumber(value) || (typeof value === "string" && value !== ""))) {
        found.push(`${before}${name}`);
      } else if (before === "") look(value, `${name}.`);
    }
  };
  look(body, "");
  return isLast ? [] : found;
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && value > 0;
}

function valueAt(body: unknown, path: string): unknown {
  const found = fieldOf(body, path);
  return found === null || found === "" || found === false ? undefined : found;
}

/** How far a path leads. */
function deepest(body: unknown, path: string): { inside: unknown; taken: string[]; missing: string[] } {
  const missing = path.split(".");
  const taken: string[] = [];
  let inside = body;
  while (missing.length > 0) {
    const next = fieldOf(inside, missing[0] as string);
    if (typeof next !== "object" || next === null) break;
    inside = next;
    taken.push(missing.shift() as string);
  }
  return { inside, taken, missing };
}

/** What is where a path does not lead on. */
function thereText(body: unknown, path: string): string {
  const { inside, taken, missing } = deepest(body, path);
  const where = taken.length === 0 ? "the body" : `\`${taken.join(".")}\``;
  if (!isPlainObject(inside)) return `${where} is ${described(inside)}`;
  const names = Object.keys(inside);
  if (names.length === 0) return `${where} is an empty object`;
  const close = closeNames(missing[0] ?? "", names);
  if (close.length > 0) return `${where} has ${namesText(close)}`;
  const told = names.slice(0, MOST_NAMES).map((name) => `\`${name.slice(0, 60)}\``);
  return `${where} has ${told.join(", ")}${names.length > MOST_NAMES ? ", …" : ""}`;
}

/** A value as a message shows it, without content that may be secret. */
function described(value: unknown): string {
  return typeof value === "string" ? "text" : foundText(value);
}

function mismatch(message: string): NodeError {
  return new NodeError("TYPE_MISMATCH", message, {
    advice: ["Look at one page without `pagination`, and correct the paths."],
    retry: false,
  });
}
