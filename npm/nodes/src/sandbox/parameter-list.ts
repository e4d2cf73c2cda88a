/** What the parameter list of a function's text says. */
export interface ParameterList {
  count: number;
  /** Whether the last takes all the rest. */
  rest: boolean;
}

/**
 * Reads the parameter list of a function written as `x => …`, `(a, b) => …` or `function name(a, b) {…}`. A function's
 * own `length` leaves out parameters with defaults and after them, so it cannot tell what the code wants. `undefined`
 * when the text is of none of these forms.
 */
export function parameterListOf(code: string): ParameterList | undefined {
  const head =
    /^\s*(?:async\b\s*)?(?:function\b\s*\*?\s*[\p{ID_Start}$_]?[\p{ID_Continue}$]*\s*)?/u.exec(code)?.[0] ?? "";
  const text = code.slice(head.length);
  if (text[0] !== "(")
    return /^\s*[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>/u.test(code) ? { count: 1, rest: false } : undefined;
  const depths: string[] = [];
  let [count, rest, empty] = [0, false, true];
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"' || char === "'" || char === "`") {
      i = endOfString(text, i);
      empty = false;
    } else if (char === "/" && (text[i + 1] === "/" || text[i + 1] === "*")) {
      const end = text[i + 1] === "/" ? text.indexOf("\n", i) : text.indexOf("*/", i) + 1;
      if (end <= 0) return undefined;
      i = end;
    } else if ("([{".includes(char)) {
      if (depths.length > 0) empty = false;
      depths.push(char);
    } else if (")]}".includes(char)) {
      depths.pop();
      if (depths.length === 0) return { count: empty ? count : count + 1, rest };
    } else if (char === "," && depths.length === 1) {
      if (!empty) count++;
      empty = true;
    } else if (char.trim() !== "") {
      if (depths.length === 1 && text.startsWith("...", i)) rest = true;
      empty = false;
    }
  }
  return undefined;
}

/**
 * The names of the parameters of a function's text, as far as its list says them plainly; those inside `{…}` and `[…]`
 * count as well.
 */
export function parameterNames(code: string): string[] {
  const names = listText(code)
    // Values that a parameter has by default, and names of fields that are renamed, are no names of parameters.
    .replace(/=[^,}\]]*/g, "")
    .replace(/[\p{ID_Start}$_][\p{ID_Continue}$]*\s*:/gu, "")
    .match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu);
  return [...new Set(names ?? [])];
}

/** The name of the parameter at a position, from 0, of a list of plain names. */
export function plainParameter(code: string, position: number): string | undefined {
  return /[{[=.]/.test(listText(code)) ? undefined : parameterNames(code)[position];
}

/** What stands in a function's list of parameters, if no brackets are in it; the one parameter of `x => …`. */
function listText(code: string): string {
  const single = /^\s*(?:async\b\s*)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.exec(code)?.[1];
  return single ?? /^[^(]{0,200}\(([^()]{0,1000})\)/.exec(code)?.[1] ?? "";
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === text[start]) return i;
  }
  return text.length;
}
