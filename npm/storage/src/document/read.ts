import { isUtf8 } from "node:buffer";
import { loadAddon } from "@atomiton/conductor-native";

import type { Plain } from "../data/plain.js";

/** What a text is written in. */
export type Format = "yaml" | "json";

/** A document, and the text that it was read from. */
export interface ReadDocument {
  value: Plain;
  text: string;
  /** What the text is, whatever the file is called. */
  format: Format;
}

/** Why a text is not a document, or why it cannot be changed, and where. */
export class DocumentProblem extends Error {
  constructor(
    message: string,
    /** From 1, as far as known. */
    readonly line?: number,
    /** From 1, as far as known. */
    readonly column?: number,
  ) {
    super(message);
  }

  /** The place in words, for the end of a message that names a file: ` line 3, column 5`, or nothing. */
  get place(): string {
    if (this.line === undefined) return "";
    return ` line ${this.line}${this.column === undefined ? "" : `, column ${this.column}`}`;
  }
}

/** Says that a document cannot take new data without losing something that a person put into it. */
export class WouldLose extends DocumentProblem {}

/**
 * Reads a document of either format, whatever its file is called, within the limits of `LIMITS`. The parser is the one in
 * Rust: parsers of JavaScript can be made to end the process by a few thousand brackets.
 *
 * @throws DocumentProblem for bytes that are not UTF-8, malformed text, a passed limit, a forbidden key, or no content at all.
 */
export function readDocument(bytes: Uint8Array): ReadDocument {
  if (!isUtf8(bytes)) throw new DocumentProblem("the text is not UTF-8", lineOutsideUtf8(bytes));
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (isEmpty(text)) throw new DocumentProblem("the file is empty", 1, 1);
  const { value, format } = answerTo(text, "either");
  return { value, text, format };
}

/** Reads a text of one format. @throws DocumentProblem */
export function parsed(text: string, format: Format): Plain {
  return answerTo(text, format).value;
}

function answerTo(text: string, format: Format | "either"): { value: Plain; format: Format } {
  const { problems, ...answer } = JSON.parse(loadAddon().readDocument(text, format)) as {
    value?: Plain;
    format: Format;
    problems?: Problem[];
  };
  if (answer.value === undefined) throw problemOf(problems);
  return { value: answer.value, format: answer.format };
}

/** What the addon says is wrong with a text. */
export interface Problem {
  code: string;
  message: string;
  path: string;
  line?: number;
  column?: number;
}

/** The first of the addon's problems. */
export function problemOf(problems: readonly Problem[] | undefined): DocumentProblem {
  const [problem] = problems ?? [];
  if (problem === undefined) return new DocumentProblem("the text cannot be read");
  const { message, path, line, column } = problem;
  return new DocumentProblem(path === "" ? message : `${message} at ${path}`, line, column);
}

/** Whether a YAML text has nothing but comments and markers: what is left of a file that was torn at its start. */
function isEmpty(text: string): boolean {
  return !CONTENT.test(text);
}

// Blanks and line breaks are those of YAML: what else looks like one is text. Blanks are those of one line: else each of many
// empty lines would be looked at from every line before it.
const CONTENT = /(?:^|[\n\r])(?!\uFEFF?[ \t]*(?:[#\n\r]|$)|(?:---|\.\.\.)[ \t]*(?:[\n\r]|$))/;

function lineOutsideUtf8(bytes: Uint8Array): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.length : newline + 1;
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end;
  }
  return line;
}
