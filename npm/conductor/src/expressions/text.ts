/** A parameter's text, cut into what stands there literally and the expressions between `${{` and `}}`. */
import { ExpressionError } from "./failure.js";

/** What begins an expression. Another `$` in front of it makes it literal. */
export const OPENING = "${{";

/** The longest expression, in characters. */
export const LONGEST = 10_000;

/** Literal text, or the source of an expression with its offset in the parameter's text. */
export type Part = string | { source: string; at: number };

/** The parts of a text, in order; none is an empty literal. Throws {@link ExpressionError} where an expression has no end. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let literal = "";
  let from = 0;
  for (let open = text.indexOf(OPENING); open !== -1; open = text.indexOf(OPENING, from)) {
    if (text[open - 1] === "$" && open > from) {
      // `$${{` writes `${{`.
      literal += text.slice(from, open - 1) + OPENING;
      from = open + OPENING.length;
      continue;
    }
    literal += text.slice(from, open);
    if (literal !== "") parts.push(literal);
    literal = "";
    const at = open + OPENING.length;
    const end = endOf(text, at);
    parts.push({ source: text.slice(at, end), at });
    from = end + 2;
  }
  literal += text.slice(from);
  if (literal !== "") parts.push(literal);
  return parts;
}

/** Where `}}` closes an expression: outside of strings, and of brackets that the expression itself opened. */
function endOf(text: string, start: number): number {
  let depth = 0;
  const last = Math.min(text.length, start + LONGEST);
  for (let at = start; at < last; at++) {
    const character = text[at] as string;
    if (character === '"' || character === "'" || character === "`") {
      at++;
      while (at < last && text[at] !== character) at += text[at] === "\\" ? 2 : 1;
    } else if (character === "{") {
      depth++;
    } else if (character === "}") {
      if (depth > 0) depth--;
      else if (text[at + 1] === "}") return at;
    }
  }
  const message =
    last < text.length
      ? `An expression may have ${LONGEST} characters at most; put longer code into a \`transform\` node`
      : "The expression that `${{` begins is not closed by `}}`; write `$${{` for the text `${{` itself";
  throw new ExpressionError(message, start - OPENING.length);
}
