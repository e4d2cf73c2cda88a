import { CST, Lexer } from "yaml";

/** What a person put into a YAML text beside the data. */
export interface Mark {
  kind: "comment" | "anchor" | "alias" | "tag";
  text: string;
  /** From 1. */
  line: number;
}

/** Whether a text has any of the characters that marks begin with. */
export function mayHaveMarks(text: string): boolean {
  return /[#&*!]/.test(text);
}

/** All marks of a YAML text, in order. The text must be one that can be read. */
export function marksOf(text: string): Mark[] {
  const marks: Mark[] = [];
  let line = 1;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    // A control character of the lexer announces a plain scalar or the body of a block, which may look like anything.
    const kind = isScalar ? "scalar" : CST.tokenType(token);
    isScalar = token === CST.SCALAR;
    if (kind === "comment" || kind === "anchor" || kind === "alias" || kind === "tag") {
      marks.push({ kind, text: token.trimEnd(), line });
    }
    for (let at = token.indexOf("\n"); at !== -1; at = token.indexOf("\n", at + 1)) line++;
  }
  return marks;
}
