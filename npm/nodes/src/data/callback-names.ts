/** What the names in code stand for that walks over lists: `rows.map(row => …)`, `rows.reduce((sum, row) => …, 0)`, `for (const row of rows)`. */
import { NAME } from "./code-text.js";

const PATH = `(${NAME}(?:\\.${NAME})*?)`;
const WALK = new RegExp(
  `(?<![\\p{ID_Continue}$.])${PATH}\\.(map|filter|forEach|flatMap|some|every|find|reduce)\\(\\s*(?:\\(\\s*(${NAME})\\s*(?:,\\s*(${NAME})\\s*)?(?:,[^()]*)?\\)|(${NAME}))\\s*=>`,
  "gu",
);
const FOR_OF = new RegExp(`\\bfor\\s*\\(\\s*(?:const|let|var)\\s+(${NAME})\\s+of\\s+${PATH}\\s*\\)`, "gu");
const COUNTER = new RegExp(`\\b(?:let|var)\\s+(${NAME})\\s*=\\s*(\\d+(?:\\.\\d+)?)\\s*(?:[;,\\n]|$)`, "gu");

/**
 * The names in code for items of lists, and for what is counted up from a number. A name that stands for several things is left out.
 *
 * @param listAt gives the items of the list at a path in the code
 */
export function namesOfItems(
  code: string,
  listAt: (path: string) => Iterable<unknown> | undefined,
): Map<string, Iterable<unknown>> {
  const found: [name: string, path: string | undefined, values: Iterable<unknown>][] = [];
  const add = (name: string | undefined, path: string) => {
    const values = name === undefined ? undefined : listAt(path);
    if (values !== undefined) found.push([name as string, path, values]);
    return values !== undefined;
  };
  for (const { 0: head, 1: path = "", 2: method, 3: first, 4: second, 5: single, index } of code.matchAll(WALK)) {
    if (method !== "reduce") add(first ?? single, path);
    else if (add(second, path)) {
      const initial = lastNumberOf(code, index + head.length);
      if (initial !== undefined && first !== undefined) found.push([first, undefined, [initial]]);
    }
  }
  for (const { 1: name, 2: path = "" } of code.matchAll(FOR_OF)) add(name, path);
  for (const { 1: name = "", 2: number } of code.matchAll(COUNTER)) found.push([name, undefined, [Number(number)]]);
  const names = new Map<string, Iterable<unknown>>();
  for (const [name, path, values] of found) {
    const isOne = found.every(([other, otherPath]) => other !== name || otherPath === path);
    if (isOne) names.set(name, values);
  }
  return names;
}

/** The number that is the last argument of a call, from within its first one. */
function lastNumberOf(code: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    const char = code[at] as string;
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char) && depth-- === 0) {
      const number = /,\s*(\d+(?:\.\d+)?)\s*,?\s*$/.exec(code.slice(start, at))?.[1];
      return number === undefined ? undefined : Number(number);
    }
  }
  return undefined;
}
