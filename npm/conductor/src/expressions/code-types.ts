/** User code in TypeScript, for finding the names that it reads: what types say of names is no reading of them. */
import type { Token } from "js-tokens";

const OPEN = new Set(["{", "(", "[", "<"]);
const CLOSE = new Set(["}", ")", "]", ">"]);
/** Behind these, or before them, a type goes on over the end of a line. */
const GOES_ON = new Set(["|", "&", "=", "=>", "?", ":", ",", "."]);

/**
 * The tokens without declarations of types, and without the types of variables and of what functions give. Types of parameters stay:
 * all names in a list of parameters count as declared. What is no declaration is left as it is, so that at worst a name too many is given.
 *
 * @param given without blanks and comments, but with the ends of lines
 */
export function withoutTypes(given: readonly Token[]): Token[] {
  const tokens = given.flatMap(withSingleBrackets);
  const left: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    const end = endOfType(tokens, at, left.at(-1)?.value);
    if (end !== undefined) at = end - 1;
    else if (!isLineEnd(token)) left.push(token);
  }
  return left;
}

/** Two brackets of types that end together are a shift elsewhere. */
function withSingleBrackets(token: Token): Token[] {
  return /^>>>?$/.test(token.value) ? Array.from(token.value, (value) => ({ ...token, value }) as Token) : [token];
}

/** Where a type ends that begins here; `undefined` where none does. */
function endOfType(tokens: readonly Token[], at: number, before: string | undefined): number | undefined {
  const value = tokens[at]?.value;
  const isNamed = tokens[at + 1]?.type === "IdentifierName";
  if (value === "interface" && isNamed) return through(tokens, at, (token, depth) => depth === 0 && token === "}");
  if (value === "type" && isNamed && /^[=<]$/.test(tokens[at + 2]?.value ?? "")) return ofDeclaration(tokens, at);
  if (value !== ":") return undefined;
  if (before === ")") return ofFunction(tokens, at + 1);
  return isDeclared(tokens, at)
    ? until(tokens, at + 1, (token, place) => /^(?:[=;,]|of|in)$/.test(token) || endsWithLine(tokens, place))
    : undefined;
}

/** Whether a `:` stands behind the name, or the pattern, of a variable. */
function isDeclared(tokens: readonly Token[], colon: number): boolean {
  let depth = 0;
  for (let at = colon - 1; at >= 0; at--) {
    const { value } = tokens[at] as Token;
    if (value === "}" || value === "]") depth++;
    else if (value === "{" || value === "[") depth--;
    if (depth === 0) return /^(?:const|let|var)$/.test(tokens[at - 1]?.value ?? "");
  }
  return false;
}

/** A type behind a list of parameters ends where the function begins; elsewhere the `:` is that of a condition. */
function ofFunction(tokens: readonly Token[], start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    const { value } = token;
    if (depth === 0 && (value === "=>" || (value === "{" && at > start && !GOES_ON.has(tokens[at - 1]?.value ?? "")))) {
      return at;
    }
    if (OPEN.has(value)) depth++;
    else if (CLOSE.has(value) && --depth < 0) return undefined;
    else if (depth === 0 && (/^(?:[;=,]|return)$/.test(value) || endsWithLine(tokens, at))) return undefined;
  }
  return undefined;
}

function ofDeclaration(tokens: readonly Token[], start: number): number {
  return until(tokens, start, (value, at) => value === ";" || endsWithLine(tokens, at));
}

/** Whether a line ends here over which a type does not go on. */
function endsWithLine(tokens: readonly Token[], at: number): boolean {
  if (!isLineEnd(tokens[at])) return false;
  const goesOn = (token: Token | undefined) => GOES_ON.has(token?.value ?? "");
  let next = at;
  while (isLineEnd(tokens[next])) next++;
  return !goesOn(tokens[at - 1]) && !goesOn(tokens[next]) && !isLineEnd(tokens[at - 1]);
}

/** The first place outside of all brackets where something is true; the end without one. */
function until(tokens: readonly Token[], start: number, isEnd: (value: string, at: number) => boolean): number {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    const { value } = tokens[at] as Token;
    if (depth === 0 && isEnd(value, at)) return at;
    if (OPEN.has(value)) depth++;
    else if (CLOSE.has(value)) depth--;
  }
  return tokens.length;
}

/** Behind the first place where something is true. */
function through(tokens: readonly Token[], start: number, isEnd: (value: string, depth: number) => boolean): number {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    const { value } = tokens[at] as Token;
    if (OPEN.has(value)) depth++;
    else if (CLOSE.has(value)) depth--;
    if (isEnd(value, depth)) return at + 1;
  }
  return tokens.length;
}

function isLineEnd(token: Token | undefined): boolean {
  return token?.type === "LineTerminatorSequence";
}
