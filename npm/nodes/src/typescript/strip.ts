/** TypeScript in user code: types are taken out, and all else stays where it is, so that errors name the author's lines. */
import { isNameless } from "../definition/code.js";
import type { Stripped } from "../definition/node-type.js";
import { awaitAdvice } from "../sandbox/nothing-to-await.js";

/** What is used of swc, see `files-plugin.ts` and `machine/typescript.ts`. It throws plain objects for what it cannot read. */
export type Transform = (text: string, options: TransformOptions) => { code: string };

interface TransformOptions {
  mode: "strip-only" | "transform";
  module?: boolean;
  transform?: { tsEnumIsMutable: boolean; noEmptyExport: boolean };
}

/** What swc says of text that it cannot read: lines from 1, columns from 0. */
interface Refusal {
  code: string;
  message: string;
  startLine: number;
  startColumn: number;
  endLine: number;
  endColumn: number;
}

/** Around code, so that it is parsed as the sandbox has it; a function with a name, or an arrow, is a statement of a body too. */
const AS_BODY = { head: "(() => {", tail: "\n})" };
const AS_FUNCTION = { head: "(", tail: "\n)" };
/** Enums and imports in one text, and what is read for all of them together, in characters: the whole text is read once for each. */
const MOST_PARTS = 1000;
const MOST_READ = 5_000_000;

/**
 * Text with another one that has a character of ASCII for each of its own: swc counts columns as terminals show them. Letters are one
 * that begins no escape behind a backslash.
 */
interface Text {
  own: string;
  plain: string;
}

/**
 * The JavaScript of a function, or the body of one, in TypeScript; or what is wrong with its syntax.
 *
 * @throws what is no word of swc about the text: its instance is not to be used again
 */
export function stripTypes(code: string, transform: Transform): Stripped {
  const { head, tail } = isNameless(code) ? AS_FUNCTION : AS_BODY;
  let text = withPlain(`${head}${code}${tail}`);
  for (let parts = 0; ; parts++) {
    try {
      const { code: bare } = transform(text.plain, { mode: "strip-only" });
      const own = withEnds(text, bare);
      return { code: own.slice(head.length, own.length - tail.length) };
    } catch (error) {
      const refusal = refusalIn(error);
      const isBounded = parts < MOST_PARTS && parts * text.own.length < MOST_READ;
      const next = isBounded ? withoutPart(text, refusal, transform) : undefined;
      if (next === undefined) return problemOf(refusal, text.own, head.length);
      text = next;
    }
  }
}

/** What is said where swc itself fails: it calls itself for each level of what it reads. */
export const TOO_DEEP: Stripped = { message: "it is nested too deeply", line: 1, column: 1 };

function withPlain(own: string): Text {
  return { own, plain: own.replace(/[^\x20-\x7e\n]/g, (char) => (/\s/.test(char) ? " " : "q")) };
}

/** What is no word about the text is thrown on. */
function refusalIn(error: unknown): Refusal {
  const { code, startLine } = (error ?? {}) as Partial<Refusal>;
  if (!(error instanceof Error) && typeof code === "string" && typeof startLine === "number") return error as Refusal;
  throw error;
}

/**
 * The text as JavaScript. A declaration of types that is left out leaves a `;`: the statements around it would else become one
 * where the next begins with a bracket.
 */
function withEnds({ own, plain }: Text, bare: string): string {
  const isOut = (at: number) => plain[at] !== bare[at];
  const chars = Array.from({ length: own.length }, (_, at) => (isOut(at) ? bare[at] : own[at]));
  for (const { index: at } of plain.matchAll(/(?<![.$\w])(?:type|interface|declare)(?![$\w])/g)) {
    const before = plain.slice(0, at).trimEnd().length - 1;
    if (isOut(at) && bare[at] === " " && !isOut(before)) chars[at] = ";";
  }
  return chars.join("");
}

/** The text in which an enum is JavaScript, or an import of types is gone; `undefined` where it is neither that is refused. */
function withoutPart(text: Text, refusal: Refusal, transform: Transform): Text | undefined {
  const { message } = refusal;
  const start = offsetOf(text.plain, refusal.startLine, refusal.startColumn);
  if (refusal.code === "UnsupportedSyntax" && /\benum\b/.test(message)) {
    const end = offsetOf(text.plain, refusal.endLine, refusal.endColumn);
    const given = text.own.slice(start, end);
    const js = enumOf(given, transform);
    if (js === undefined) return undefined;
    const ends = "\n".repeat(given.split("\n").length - 1);
    return replaced(text, start, end, `${js}${ends}${" ".repeat(ends === "" ? 0 : refusal.endColumn)}`);
  }
  if (!message.startsWith("'import'")) return undefined;
  const pattern = /import\b[^'"`;()=]*\bfrom\s*(?:'[^'\n]*'|"[^"\n]*")/y;
  pattern.lastIndex = start;
  const given = pattern.exec(text.plain)?.[0];
  if (given === undefined || !importsTypes(given, transform)) return undefined;
  return replaced(text, start, start + given.length, `;${given.slice(1).replace(/[^\n]/g, " ")}`);
}

/** Whether what is left of an import without its types is nothing. */
function importsTypes(text: string, transform: Transform): boolean {
  try {
    const { code } = transform(text, { mode: "strip-only", module: true });
    return /^\s*(?:import\s*\{[\s,]*\}\s*from\s*(?:'.*'|".*"))?\s*$/.test(code);
  } catch (error) {
    refusalIn(error);
    return false;
  }
}

/** An enum as one line of JavaScript; a `const` one too, for whose members nothing else would stand. */
function enumOf(text: string, transform: Transform): string | undefined {
  // Lines of a text in it could not be told from those of the code.
  if (text.includes("`")) return undefined;
  const given = text.replace(/^const\s+/, "");
  try {
    const { code } = transform(given, { mode: "transform", transform: { tsEnumIsMutable: true, noEmptyExport: true } });
    return code.replace(/\s*\n\s*/g, " ").trim();
  } catch (error) {
    refusalIn(error);
    return undefined;
  }
}

function replaced({ own, plain }: Text, start: number, end: number, by: string): Text {
  const put = (text: string, part: string) => text.slice(0, start) + part + text.slice(end);
  return { own: put(own, by), plain: put(plain, withPlain(by).plain) };
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at++) start = text.indexOf("\n", start) + 1;
  return start + column;
}

function problemOf({ message, startLine, startColumn }: Refusal, text: string, head: number): Stripped {
  const column = startLine === 1 ? startColumn - head : startColumn;
  return { message: wordsOf(message, text), line: startLine, column: Math.max(column + 1, 1) };
}

/** What swc says, in the words of this place where that says more. */
function wordsOf(message: string, text: string): string {
  const advice = awaitAdvice(text, false);
  if (message.startsWith("'import'")) return advice.slice(2) || "user code exports nothing: take `export` away";
  const told = message.replace(/,? is not supported in (?:type )?strip(?:-only)? mode/, " cannot be used here");
  return `${told}${advice}`;
}
