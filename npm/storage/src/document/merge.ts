import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Pair,
  type ParsedNode,
  parseDocument,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";

import { isPlainObject, type Plain, type PlainObject, samePlain } from "../data/plain.js";
import { type ReadDocument, WouldLose } from "./read.js";
import { type Replacement, spliced } from "./splice.js";
import { keyStyle, layoutOf, styleFor, styleNew, textTags } from "./style.js";

/**
 * The text of an existing document with new data in it: what did not change stays as its author wrote it. Nodes and edges, and
 * all lists of objects with an `id` each, are matched by `id`; other lists by what is equal at their start and end.
 *
 * What comes out may have lost comments of parts that are gone; the caller looks for that.
 *
 * @param existing a text that the Rust parser has taken, which bounds what the parser here must bear
 * @throws WouldLose for a document that this parser reads differently
 */
export function merged(existing: ReadDocument, next: Plain): string {
  const windows = existing.text.includes("\r\n");
  const mark = existing.text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const text = existing.text.slice(mark.length).replaceAll("\r\n", "\n");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: "error", customTags: textTags });
  const [error] = document.errors;
  if (error) throw new WouldLose("the layout of this file cannot be kept", error.linePos?.[0].line);
  const read = document.toJS({ maxAliasCount: 0 }) as Plain;
  if (!samePlain(read, existing.value)) throw new WouldLose("the layout of this file cannot be kept", 1);

  const merge = new Merge(document);
  const contents = merge.node(document.contents, existing.value, next, false);
  let result = merge.isOnlyScalars ? spliced(text, merge.replacements) : undefined;
  if (result === undefined) {
    document.contents = contents as ParsedNode;
    result = document.toString(layoutOf(document, text, lines));
  }
  return mark + (windows ? result.replaceAll("\n", "\r\n") : result);
}

class Merge {
  /** Scalars that got another value, as long as nothing else changed. */
  readonly replacements: Replacement[] = [];
  isOnlyScalars = true;

  constructor(readonly document: Document.Parsed) {}

  /** The node for `after`: the one for `before`, changed, where both are of a kind. */
  node(old: Node | null, before: Plain, after: Plain, inFlow: boolean): Node {
    if (old !== null && samePlain(before, after)) return old;
    if (isMap(old) && isPlainObject(before) && isPlainObject(after)) return this.#map(old, before, after, inFlow);
    if (isSeq(old) && Array.isArray(before) && Array.isArray(after)) return this.#list(old, before, after, inFlow);
    if (isScalar(old) && (after === null || typeof after !== "object")) return this.#scalar(old, after);
    this.isOnlyScalars = false;
    const made = this.#made(after);
    if (old) {
      made.commentBefore = old.commentBefore ?? null;
      made.comment = old.comment ?? null;
      if (old.spaceBefore) made.spaceBefore = true;
    }
    return made;
  }

  #scalar(old: Scalar, value: Exclude<Plain, object> | null): Scalar {
    const type = typeof value === "string" ? styleFor(value, old) : Scalar.PLAIN;
    this.replacements.push({ range: old.range, from: old.type, value, type });
    old.value = value;
    old.type = type;
    delete old.source;
    delete old.format;
    delete old.minFractionDigits;
    return old;
  }

  #map(map: YAMLMap, before: PlainObject, after: PlainObject, inFlow: boolean): YAMLMap {
    const flow = inFlow || map.flow === true;
    const kept = new Set<string>();
    const pairs = map.items as Pair<Node | null, Node | null>[];
    map.items = pairs.filter((pair) => {
      const key = keyOf(pair);
      kept.add(key);
      if (!Object.hasOwn(after, key)) {
        this.isOnlyScalars = false;
        return false;
      }
      pair.value = this.node(pair.value, before[key] as Plain, after[key] as Plain, flow);
      return true;
    });
    const added = Object.keys(after).filter((key) => !kept.has(key));
    if (added.length > 0) {
      this.isOnlyScalars = false;
      if (pairs.length === 0 && !inFlow) map.flow = false;
      for (const key of added) map.items.push(new Pair(keyNode(key), this.#made(after[key] as Plain)));
    }
    return map;
  }

  #list(list: YAMLSeq, before: Plain[], after: Plain[], inFlow: boolean): YAMLSeq {
    const flow = inFlow || list.flow === true;
    const items = list.items as (Node | null)[];
    const partners = matched(before, after);
    if (before.length !== after.length || partners.some((partner, index) => partner !== index)) {
      this.isOnlyScalars = false;
    }
    if (items.length === 0 && !inFlow) list.flow = false;
    list.items = after.map((value, index) => {
      const partner = partners[index];
      if (partner === undefined) return this.#made(value);
      return this.node(items[partner] ?? null, before[partner] as Plain, value, flow);
    });
    return list;
  }

  #made(value: Plain): Node {
    const node = styleNew(this.document.createNode(value) as Node);
    if (isCollection(node) && node.items.length === 0) node.flow = true;
    return node;
  }
}

/** For each element of the new list, the index of the one of the old list that it continues, if any. */
function matched(before: Plain[], after: Plain[]): (number | undefined)[] {
  const ids = before.map(idOf);
  const known = new Map(ids.map((id, index) => [id, index]));
  const newIds = after.map(idOf);
  const told = !ids.includes(undefined) && !newIds.includes(undefined);
  if (told && known.size === ids.length && new Set(newIds).size === newIds.length) {
    return newIds.map((id) => known.get(id));
  }
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && samePlain(before[start] as Plain, after[start] as Plain)) start++;
  let end = 0;
  while (end < shorter - start && samePlain(before.at(-1 - end) as Plain, after.at(-1 - end) as Plain)) end++;
  return after.map((_, index) => {
    if (index >= after.length - end) return index - after.length + before.length;
    return index < before.length - end ? index : undefined;
  });
}

function idOf(value: Plain): string | undefined {
  const id = isPlainObject(value) ? value["id"] : undefined;
  return typeof id === "string" ? id : undefined;
}

function keyNode(key: string): Scalar {
  const scalar = new Scalar(key);
  scalar.type = keyStyle(key);
  return scalar;
}

function keyOf(pair: Pair<Node | null, Node | null>): string {
  const key = isScalar(pair.key) ? pair.key.value : "";
  return key === null ? "" : String(key);
}
