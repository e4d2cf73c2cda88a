/** Which names of expressions user code reads: found in its text by its tokens, and given to it when it runs. */
import jsTokens, { type Token } from "js-tokens";
import { withoutTypes } from "./code-types.js";
import { ExpressionError } from "./failure.js";
import { LISTED, NAMES } from "./scope.js";

/** Where a node type has user code. */
interface CodeParameter {
  parameter: string;
  /** Names that the code has as its own in any case. */
  own: readonly string[];
  /** Code that was looked at lately; what is kept is bounded by its number and length. */
  known: Map<string, CodeNames | typeof NO_NAMES>;
}

const NO_NAMES = Symbol("no names");

const codeIn = (parameter: string, own: readonly string[] = []): CodeParameter => ({
  parameter,
  own,
  known: new Map(),
});

const CODE: ReadonlyMap<string, readonly CodeParameter[]> = new Map([
  ["condition", [codeIn("expression", ["input", "item", "variables"])]],
  ["code", [codeIn("code", ["inputs", "data", "variables"])]],
  ["transform", [codeIn("transformFunction")]],
  ["loop", [codeIn("condition"), codeIn("breakWhen")]],
  ["until", [codeIn("condition")]],
]);

/** A name that user code reads: `path` is where it finds it, the rest of it is the text of an expression. */
export interface CodeName {
  path: readonly [name: string] | readonly [name: string, member: string];
  source: string;
}

/** The parameter of a node that holds user code, and what that reads. */
export interface CodeNames {
  parameter: string;
  names: readonly CodeName[];
  /** What is wrong with how the code reads them. */
  problem: ExpressionError | undefined;
}

const MAY_NAME = new RegExp(`\\b(?:${NAMES.join("|")})\\b`);
const MOST_KEPT = 512;
const LONGEST_KEPT = 16_384;

const NONE: readonly CodeNames[] = [];

/** The names that the user code of a node reads, by parameter; empty where it has no code or reads none. */
export function codeNamesOf(type: string, parameters: Readonly<Record<string, unknown>>): readonly CodeNames[] {
  const codeParameters = CODE.get(type);
  if (codeParameters === undefined) return NONE;
  let found: CodeNames[] | undefined;
  for (const codeParameter of codeParameters) {
    const names = namesAt(codeParameter, parameters);
    if (names === undefined) continue;
    found ??= [];
    found.push(names);
  }
  return found ?? NONE;
}

function namesAt(code: CodeParameter, parameters: Readonly<Record<string, unknown>>): CodeNames | undefined {
  if (!Object.hasOwn(parameters, code.parameter)) return undefined;
  const text = parameters[code.parameter];
  if (typeof text !== "string") return undefined;
  const { known } = code;
  const isTyped = parameters["language"] === "typescript";
  // No text of code begins so.
  const key = isTyped ? `\0${text}` : text;
  let names = known.get(key);
  if (names === undefined) {
    names = (MAY_NAME.test(text) ? readNames(text, code, isTyped) : undefined) ?? NO_NAMES;
    if (known.size >= MOST_KEPT) known.clear();
    if (text.length <= LONGEST_KEPT) known.set(key, names);
  }
  return names === NO_NAMES ? undefined : names;
}

function readNames(text: string, { parameter, own }: CodeParameter, isTyped: boolean): CodeNames | undefined {
  const said = Array.from(jsTokens(text)).filter(isSaid);
  const tokens = isTyped ? withoutTypes(said) : said.filter(isRead);
  const declared = declaredNames(tokens, own);
  const names = new Map<string, CodeName>();
  let problem: ExpressionError | undefined;
  for (const [at, token] of tokens.entries()) {
    const name = token.value;
    if (!isName(token) || !isOfExpressions(name) || declared.has(name) || !standsAlone(tokens, at)) continue;
    if (!LISTED.has(name)) {
      names.set(name, { path: [name], source: name });
      continue;
    }
    const member = memberAfter(tokens, at);
    if (member === undefined) {
      problem ??= new ExpressionError(
        `Code in \`${parameter}\` can read of \`${name}\` what it names in writing: \`${name}.that\` or \`${name}["that"]\``,
        0,
      );
      continue;
    }
    const source = `${name}[${JSON.stringify(member)}]`;
    names.set(source, { path: [name, member], source });
  }
  return names.size === 0 && problem === undefined ? undefined : { parameter, names: [...names.values()], problem };
}

/** Whether a token is no blank and no comment. */
function isSaid({ type }: Token): boolean {
  return type !== "WhiteSpace" && type !== "SingleLineComment" && type !== "MultiLineComment";
}

/** Whether it is no end of a line either. */
function isRead({ type }: Token): boolean {
  return type !== "LineTerminatorSequence";
}

function isName(token: Token | undefined): boolean {
  return token?.type === "IdentifierName";
}

function isOfExpressions(name: string): boolean {
  return (NAMES as readonly string[]).includes(name);
}

/** Whether a name is neither a member of something nor a key of an object. */
function standsAlone(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1]?.value;
  if (before === "." || before === "?.") return false;
  // Behind `;` it is a label, or a member of a class in TypeScript.
  return !(tokens[at + 1]?.value === ":" && (before === "{" || before === "," || before === ";"));
}

/** The name in `.name`, `?.name`, `["name"]` or `?.["name"]` after a token. */
function memberAfter(tokens: readonly Token[], at: number): string | undefined {
  const [first, second, third, fourth] = tokens.slice(at + 1, at + 5);
  if (first?.value === "." || first?.value === "?.") {
    if (isName(second)) return second?.value;
    return second?.value === "[" && fourth?.value === "]" ? textOf(third) : undefined;
  }
  return first?.value === "[" && third?.value === "]" ? textOf(second) : undefined;
}

/** What a literal of text says, if there is nothing to be escaped in it. */
function textOf(token: Token | undefined): string | undefined {
  if (token?.type !== "StringLiteral" && token?.type !== "NoSubstitutionTemplate") return undefined;
  const text = token.value.slice(1, -1);
  return text.includes("\\") ? undefined : text;
}

/**
 * Names that code declares somewhere, so that they are its own everywhere in it: variables, functions, parameters, and what
 * it assigns to. Rather one too many: a name that is not given is told of as not defined, one that is given in vain costs
 * what it holds.
 */
function declaredNames(tokens: readonly Token[], own: readonly string[]): ReadonlySet<string> {
  const declared = new Set(own);
  const addAll = (from: number, to: number) => {
    for (let at = from; at < to; at++) if (isName(tokens[at])) declared.add((tokens[at] as Token).value);
  };
  for (const [at, { value }] of tokens.entries()) {
    const before = tokens[at - 1];
    if (value === "=>") {
      if (before?.value === ")") addAll(opening(tokens, at - 1), at);
      else addAll(at - 1, at);
    } else if (value === "=") {
      addAll(at - 1, at);
    } else if (value === "const" || value === "let" || value === "var") {
      addAll(at + 1, endOfDeclaration(tokens, at + 1));
    } else if (value === "function" || value === "class") {
      addAll(at + 1, at + 2);
    } else if (value === "{" && before?.value === ")") {
      // The parameters of a function, of a method, or what a `catch` gives; conditions and calls of loops declare nothing.
      const open = opening(tokens, at - 1);
      if (!/^(?:if|for|while|switch|with)$/.test(tokens[open - 1]?.value ?? "")) addAll(open, at);
    }
  }
  return declared;
}

/** Where the bracket opens that closes at a position. */
function opening(tokens: readonly Token[], close: number): number {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    const value = (tokens[at] as Token).value;
    if (value === ")") depth++;
    else if (value === "(" && --depth === 0) return at;
  }
  return 0;
}

/** Where the names of a declaration end: at its value, or at its end. */
function endOfDeclaration(tokens: readonly Token[], start: number): number {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    const { value } = tokens[at] as Token;
    if (value === "{" || value === "[") depth++;
    else if (value === "}" || value === "]") depth--;
    else if (depth === 0 && /^(?:=|;|of|in|\))$/.test(value)) return at;
  }
  return tokens.length;
}
