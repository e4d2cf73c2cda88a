/** User code in parameters: how it becomes a function, and what is wrong with its syntax. */
import { pointerKey } from "../data/pointer.js";
import type { ParameterProblem, Parsers } from "./node-type.js";

/** How deep templates are looked for; deeper ones are found wrong when the node runs. */
const DEEPEST = 100;

/** Before the expression of a condition, so that it is a function. */
const EXPRESSION_HEAD = "(input, item, variables) => (";

/** Around the body of a function, so that it is one; the code keeps its lines. */
const BODY_HEAD = "() => {";
const BODY_END = "\n}";

/** The code of a function that gives the value of an expression over `input`, `item` and `variables`. */
export function expressionFunction(expression: string): string {
  return `${EXPRESSION_HEAD}${withoutEnd(expression)}\n)`;
}

/** The code of a function that gives the value of an expression, whose names are all defined around it. */
export function freeExpressionFunction(expression: string): string {
  return `() => (${withoutEnd(expression)}\n)`;
}

/** Blanks and comments before code. */
const BEFORE_CODE = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*/;
/** How code begins that is a function, and not the body of one. */
const FUNCTION_HEAD = /^(?:async\s+)?(?:function\b|[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>|\([\s\S]*?\)\s*=>)/u;

/** Whether code is the body of a function rather than a function. */
function isBody(code: string): boolean {
  return !FUNCTION_HEAD.test(code.replace(BEFORE_CODE, ""));
}

/** Whether code is a function without a name, which is no statement. */
export function isNameless(code: string): boolean {
  return /^(?:async\s+)?function\s*[*(<]/.test(code.replace(BEFORE_CODE, ""));
}

/** The code of a function, of which the body alone may be given. */
export function bodyFunction(code: string): string {
  return isBody(code) ? `${BODY_HEAD}${code}${BODY_END}` : code;
}

/** What is wrong with the syntax of the function, or the body of one, in a parameter. */
export function bodyProblems(name: string, value: unknown, parsers: Parsers, language?: unknown): ParameterProblem[] {
  if (language === "typescript") {
    const stripped = isCode(value) ? parsers.typescript?.(value) : undefined;
    if (stripped === undefined) return [];
    return "code" in stripped
      ? bodyProblems(name, stripped.code, parsers)
      : [syntaxProblem(name, "TypeScript", stripped)];
  }
  const hasBody = typeof value === "string" && isBody(value);
  return syntaxProblems(name, value, hasBody ? BODY_HEAD : "", parsers, hasBody ? BODY_END : "");
}

/** What is wrong with the syntax of the expression in a parameter. */
export function expressionProblems(name: string, value: unknown, parsers: Parsers): ParameterProblem[] {
  return syntaxProblems(name, value, EXPRESSION_HEAD, parsers, "\n)");
}

/** What is wrong with the syntax of the function in a parameter; a property path is not a function. */
export function functionProblems(name: string, value: unknown, parsers: Parsers): ParameterProblem[] {
  return typeof value === "string" && isFunctionText(value) ? syntaxProblems(name, value, "", parsers, "") : [];
}

/** Whether text is a function rather than a path of properties. */
export function isFunctionText(text: string): boolean {
  return text.includes("=>") || /^\s*(?:async\s+)?function\b/.test(text);
}

/** What is wrong with the templates among the fields of a parameter `values`; with `nested`, at any depth. */
export function templateProblems(values: unknown, nested: boolean, { template }: Parsers): ParameterProblem[] {
  if (template === undefined || typeof values !== "object" || values === null) return [];
  const problems: ParameterProblem[] = [];
  const visit = (value: unknown, path: string, depth: number) => {
    if (typeof value === "string") {
      const failure = value.includes("${{") ? undefined : template(value);
      if (failure === undefined) return;
      const message = `The template of \`${path.slice(path.lastIndexOf("/") + 1)}\` cannot be read: ${failure}`;
      problems.push({ code: "INVALID_PARAMETERS", severity: "error", rule: "template-syntax", path, message });
    } else if (typeof value === "object" && value !== null && depth < (nested ? DEEPEST : 1)) {
      for (const [key, inner] of Object.entries(value)) {
        visit(inner, `${path}/${pointerKey(key)}`, depth + 1);
      }
    }
  };
  visit(values, "/values", 0);
  return problems;
}

function syntaxProblems(
  name: string,
  value: unknown,
  head: string,
  { script }: Parsers,
  tail: string,
): ParameterProblem[] {
  if (!isCode(value) || script === undefined) return [];
  const start = value.length - value.trimStart().length;
  // As the sandbox has it: in brackets, so that it is one expression.
  const before = `(${head}`;
  const failure = script(`${before}${withoutEnd(value)}${tail}\n)`);
  if (failure === undefined) return [];
  const place = placeIn(
    value,
    start,
    failure.line,
    failure.line === 1 ? failure.column - before.length : failure.column,
  );
  return [syntaxProblem(name, "JavaScript", { ...place, message: failure.message })];
}

/** Whether a value is code; text with an expression is not known to be code yet. */
function isCode(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "" && !value.includes("${{");
}

function syntaxProblem(
  name: string,
  language: string,
  failure: { message: string; line: number; column: number },
): ParameterProblem {
  const message = syntaxText(name, language, failure);
  return { code: "INVALID_PARAMETERS", severity: "error", rule: "code-syntax", path: `/${name}`, message };
}

/** That code is not in its language, and where. */
export function syntaxText(
  name: string,
  language: string,
  { message, line, column }: { message: string; line: number; column: number },
): string {
  return `\`${name}\` is no ${language}: ${message} (line ${line}, column ${column} of it)`;
}

/** Where a place in code lies in the parameter, which may have blanks before its code; never behind its end. */
function placeIn(value: string, start: number, line: number, column: number): { line: number; column: number } {
  const lines = value.split("\n");
  const blank = value.slice(0, start).split("\n");
  const found = line + blank.length - 1;
  const last = value.trimEnd().split("\n");
  if (found > last.length) return { line: last.length, column: (last.at(-1) as string).length + 1 };
  const shift = line === 1 ? (blank.at(-1) as string).length : 0;
  return { line: found, column: Math.min(Math.max(column + shift, 1), (lines[found - 1] as string).length + 1) };
}

function withoutEnd(code: string): string {
  return code.trim().replace(/;+$/, "");
}
