import {
  Document,
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
  type ToStringOptions,
  YAMLMap,
  type YAMLSeq,
} from "yaml";

import { isPlainObject, type Plain, type PlainObject, samePlain } from "../data/plain.js";
import { settleComments } from "./comments.js";
import { partnersOf } from "./partners.js";
import { type ReadDocument, WouldLose } from "./read.js";
import { type Replacement, spliced } from "./splice.js";
import { keyStyle, layoutOf, styleFor, styleNew, textTags } from "./style.js";

/**
 * The text of an existing document with new data in it: what did not change stays as its author wrote it. Nodes and edges, and
 * all lists of objects with an `id` each, are matched by `id`; other lists by equal elements. A comment stays with the part it
 * stands at, or is lost with it; the caller looks for what is lost.
 *
 * @param existing a text that the Rust parser has taken, which bounds what the parser here must bear
 * @throws WouldLose for a document that this parser reads differently
 */
export function merged(existing: ReadDocument, next: Plain): string {
  const windows = existing.text.includes("\r\n");
  const mark = existing.text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const text = existing.text.slice(mark.length).replaceAll("\r\n", "\n");
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    logLevel: "error",
    customTags: textTags,
    // The parser in Rust has refused equal keys; this one compares each with all.
    uniqueKeys: false,
  });
  const [error] = document.errors;
  if (error) throw new WouldLose("the layout of this file cannot be kept", error.linePos?.[0].line);
  const read = document.toJS({ maxAliasCount: 0 }) as Plain;
  if (!samePlain(read, existing.value)) throw new WouldLose("the layout of this file cannot be kept", 1);

  settleComments(document, text);
  const merge = new Merge(document);
  const contents = merge.node(document.contents, existing.value, next, false);
  const layout = layoutOf(document, text, lines);
  const end = merge.added.length === 0 ? text.length : endOfFields(document, text);
  let result: string | undefined;
  if (merge.isOnlyScalars && end !== undefined) {
    const changed = spliced(text.slice(0, end), merge.replacements);
    if (changed !== undefined) result = changed + fieldsText(merge.added, layout) + text.slice(end);
  }
  if (result === undefined) {
    document.contents = contents as ParsedNode;
    result = document.toString(layout);
  }
  return mark + (windows ? result.replaceAll("\n", "\r\n") : result);
}

class Merge {
  /** Scalars that got another value, as long as nothing else changed. */
  readonly replacements: Replacement[] = [];
  /** Fields that the document as a whole got, to stand after the others. */
  added: Pair[] = [];
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
      if (pairs.length === 0 && !inFlow) map.flow = false;
      const fields = added.map((key) => new Pair(keyNode(key), this.#made(after[key] as Plain)));
      map.items.push(...fields);
      if (map === this.document.contents) this.added = fields;
      else this.isOnlyScalars = false;
    }
    return map;
  }

  #list(list: YAMLSeq, before: Plain[], after: Plain[], inFlow: boolean): YAMLSeq {
    const flow = inFlow || list.flow === true;
    const items = list.items as (Node | null)[];
    const partners = partnersOf(before, after);
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

/** Where fields can be put after those of the whole document, if nothing but comments at the margin follows. */
function endOfFields({ contents }: Document.Parsed, text: string): number | undefined {
  if (!isMap(contents) || contents.flow || !contents.range) return undefined;
  const [start, last] = contents.range;
  if (start > 0 && text[start - 1] !== "\n") return undefined;
  const newline = text[last - 1] === "\n" ? last - 1 : text.indexOf("\n", last);
  // What lacks its last newline is laid out anew: the value at its end may be a block of lines.
  if (newline === -1) return undefined;
  const end = newline + 1;
  const rest = text.slice(end).split("\n");
  return rest.every((line) => line.trim() === "" || line.startsWith("#")) ? end : undefined;
}

/** The text of fields at the margin. */
function fieldsText(fields: Pair[], layout: ToStringOptions): string {
  if (fields.length === 0) return "";
  const document = new Document(undefined, { customTags: textTags });
  const map = new YAMLMap(document.schema);
  map.items = fields;
  document.contents = map;
  return document.toString(layout);
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
