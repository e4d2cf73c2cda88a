import { loadAddon } from "@atomiton/conductor-native";

import { LIMITS, type Plain, plainData, samePlain } from "../data/plain.js";
import { type Mark, marksOf, mayHaveMarks } from "./marks.js";
import { merged } from "./merge.js";
import { DocumentProblem, type Format, type Problem, parsed, problemOf, type ReadDocument, WouldLose } from "./read.js";

/**
 * The text of a value for a file that may exist already. A YAML file in which a person left comments keeps them, the order of
 * its keys and its layout; another one is written anew.
 *
 * @throws WouldLose for an existing file whose comments, anchors, aliases or tags would be lost, naming the first of them.
 * @throws NotPlain for a value that is too deep or too large, naming the place in the data where there is one.
 * @throws DocumentProblem for a value whose text is too large.
 */
export function documentText(value: Plain, format: Format, existing: ReadDocument | undefined): string {
  const marks = existing === undefined ? [] : marksIn(existing);
  const [first] = marks;
  if (existing === undefined || first === undefined) return fresh(value, format);
  const bound = marks.find(({ kind }) => kind !== "comment");
  if (bound) throw new WouldLose(`the ${bound.kind} ${bound.text} cannot be kept`, bound.line);
  if (format === "json") throw new WouldLose("JSON has no comments, so that this one would be lost", first.line);
  const text = merged(existing, value);
  if (Buffer.byteLength(text) > LIMITS.bytes) throw new DocumentProblem(`the text has more than ${LIMITS.bytes} bytes`);
  if (!reads(text, value)) {
    fresh(value, format);
    throw new WouldLose("the layout of this file cannot be kept with the new data", first.line);
  }
  const lost = lostComment(marks, text);
  if (lost) throw new WouldLose("this comment belongs to a part that goes away", lost.line);
  return text;
}

/** The text of a value in a new file. Errors name the data: the text has no reader yet. */
function fresh(value: Plain, format: Format): string {
  try {
    return format === "json" ? freshJson(value) : freshYaml(value);
  } catch (error) {
    if (!(error instanceof DocumentProblem)) throw error;
    plainData(value);
    throw new DocumentProblem(error.message);
  }
}

function freshJson(value: Plain): string {
  // Readers of YAML refuse control characters that JSON may hold as they are.
  const text = `${JSON.stringify(value, null, 2)}\n`.replace(/[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g, escaped);
  parsed(text, "json");
  return text;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function freshYaml(value: Plain): string {
  const answer = JSON.parse(loadAddon().writeDocument(JSON.stringify(value))) as {
    text?: string;
    problems?: Problem[];
  };
  if (answer.text === undefined) throw problemOf(answer.problems);
  return answer.text;
}

/** Whether a text says exactly this. What another program will read is what counts, so that the Rust parser is asked. */
function reads(text: string, value: Plain): boolean {
  try {
    return samePlain(parsed(text, "yaml"), value);
  } catch (error) {
    if (error instanceof DocumentProblem) return false;
    throw error;
  }
}

/** What a person put into a file beside the data. */
function marksIn({ text, format }: ReadDocument): Mark[] {
  return format === "json" || !mayHaveMarks(text) ? [] : marksOf(text);
}

function lostComment(before: readonly Mark[], after: string): Mark | undefined {
  const left = new Map<string, number>();
  for (const { text } of marksOf(after)) left.set(text, (left.get(text) ?? 0) + 1);
  return before.find(({ text }) => {
    const count = left.get(text) ?? 0;
    left.set(text, count - 1);
    return count === 0;
  });
}
