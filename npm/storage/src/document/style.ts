import {
  type Document,
  isMap,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  Scalar,
  type ScalarTag,
  type Tags,
  type ToStringOptions,
  visit,
} from "yaml";
import { stringifyString } from "yaml/util";

/** How the author of a document lays it out. */
export function layoutOf(document: Document.Parsed, text: string, lines: LineCounter): ToStringOptions {
  let indent: number | undefined;
  let indentSeq: boolean | undefined;
  visit(document, {
    Pair(_, { key, value }) {
      const outer = columnOf(key as ParsedNode | null, lines);
      const inner = columnOf(value as ParsedNode | null, lines);
      if (outer === undefined || inner === undefined) return undefined;
      if (isMap(value) && !value.flow && inner > outer) indent ??= inner - outer;
      if (isSeq(value) && !value.flow) indentSeq ??= inner > outer;
      return indent !== undefined && indentSeq !== undefined ? visit.BREAK : undefined;
    },
  });
  return {
    lineWidth: 0,
    minContentWidth: 0,
    // A folded text has to be put together again line by line by its reader.
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
    indent: indent ?? 2,
    indentSeq: indentSeq ?? true,
    flowCollectionPadding: !/[{[][^\s{}[\]]/.test(text) || /\{ /.test(text),
  };
}

/** The style for a text, so that every reader takes it for a text: plain only where no parser could take it for more. */
export function styleFor(text: string, old: Scalar | undefined): Scalar.Type {
  if (old?.type === Scalar.QUOTE_DOUBLE || old?.type === Scalar.QUOTE_SINGLE) {
    return text.includes("\n") || old.type === Scalar.QUOTE_DOUBLE ? Scalar.QUOTE_DOUBLE : singleQuoted(text);
  }
  if (text.includes("\n")) return isBlock(text) ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
  return isPlainWord(text) ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
}

/** The style for a key: on one line. */
export function keyStyle(key: string): Scalar.Type {
  return isPlainWord(key) ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
}

/** Gives every text of a new node its style. */
export function styleNew<T extends Node | Pair>(node: T): T {
  visit(node as Node, {
    Scalar(role, scalar) {
      const { value } = scalar;
      if (typeof value !== "string") return;
      scalar.type = role === "key" ? keyStyle(value) : styleFor(value, undefined);
    },
  });
  return node;
}

/** How texts are written. The package leaves characters as they are that other parsers refuse. */
export const textTags = (tags: Tags): Tags =>
  tags.map((tag) =>
    typeof tag === "object" && tag.tag === "tag:yaml.org,2002:str"
      ? ({
          ...tag,
          stringify: (item, context, onComment, onChompKeep) =>
            (item as Scalar).type === Scalar.QUOTE_DOUBLE
              ? quoted(String(item.value))
              : stringifyString(item as Scalar<string>, context, onComment, onChompKeep),
        } as ScalarTag)
      : tag,
  );

/** A text in double quotes, on one line. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\p{C}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

const RESERVED = /^(true|false|null|yes|no|on|off|y|n|nan|inf)$/i;

// No groups are repeated below: for a text of several MiB they would take more stack than there is.
function isPlainWord(text: string): boolean {
  const isOfWords = /^[\p{L}_/][\p{L}\p{N}_/.@() -]*$/u.test(text) && !/^[^ ]*[()]| {2}| $/.test(text);
  return isOfWords && !RESERVED.test(text);
}

function isBlock(text: string): boolean {
  return /^\S/.test(text) && !/(?!\n)\p{C}|[\u2028\u2029]/u.test(text) && !/[ \t]\n|[ \t]$/.test(text);
}

function singleQuoted(text: string): Scalar.Type {
  return /[\p{C}\u2028\u2029]/u.test(text) ? Scalar.QUOTE_DOUBLE : Scalar.QUOTE_SINGLE;
}

function columnOf(node: ParsedNode | null, lines: LineCounter): number | undefined {
  return node?.range ? lines.linePos(node.range[0]).col : undefined;
}
