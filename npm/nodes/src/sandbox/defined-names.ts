/** What to say of a name that user code uses and nothing defines. */
import { closeNames, meantText } from "../contract/close-names.js";
import { parameterNames } from "./parameter-list.js";

/** What the language itself brings that people write most. */
const LANGUAGE = [
  "Math",
  "JSON",
  "Date",
  "Object",
  "Array",
  "String",
  "Number",
  "Boolean",
  "RegExp",
  "Map",
  "Set",
  "BigInt",
];

/** What code reads by the names of expressions; the second list is there for nodes inside a loop, the third for its conditions. */
const OF_EXPRESSIONS = ["input", "data", "variables", "env", "secrets", "run", "now", "nodes"];
const OF_LOOPS = ["item", "index", "items", "loop"];
const OF_ROUNDS = ["iteration", "lastResult"];

/** What a host would bring, and a sandbox does not. */
const OF_A_HOST =
  /^(?:fetch|require|module|exports|process|global|window|document|self|Buffer|URL|URLSearchParams|setTimeout|setInterval|setImmediate|queueMicrotask|structuredClone|crypto|performance|localStorage|XMLHttpRequest|__dirname|__filename|atob|btoa|TextEncoder|TextDecoder|Intl)$/;

/**
 * The end of the message `<name> is not defined`: what is defined instead, and which of it is like the name. Empty for any
 * other message.
 *
 * @param given names of values that this code alone is given
 */
export function definedNames(message: string, code: string, given: readonly string[]): string {
  const name = /^'?([\p{ID_Start}$_][\p{ID_Continue}$]*)'? is not defined$/u.exec(message)?.[1];
  if (name === undefined) return "";
  const own = [...new Set([...parameterNames(code), ...given])];
  if (OF_LOOPS.includes(name))
    return ": it is there for nodes inside a loop whose code declares nothing of this name itself, not in an inner function either, and for code that has a parameter of this name";
  if (OF_EXPRESSIONS.includes(name))
    return ": code in a flow reads it where it is written in the node's parameters and declares nothing of this name itself";
  if (OF_ROUNDS.includes(name))
    return ": it is there for `condition` and `breakWhen` of a loop; nodes inside a loop read `index` and `item`";
  const notOwn = (each: string) => !own.includes(each);
  const others = OF_EXPRESSIONS.filter(notOwn);
  const inLoops = OF_LOOPS.filter(notOwn);
  const list = (names: readonly string[]) => names.map((each) => `\`${each}\``).join(", ");
  const loops = inLoops.length > 0 ? `, inside a loop ${list(inLoops)},` : "";
  const defined = `defined are ${list([...own, ...others])}${loops} and the built-ins of JavaScript`;
  if (name === "console") return ": it is there in nodes of type `code` alone, which give what it writes as `stdout`";
  if (OF_A_HOST.test(name)) return `: user code has the language alone, and nothing of its host; ${defined}`;
  const close = closeNames(name, [...own, ...others, ...inLoops, ...LANGUAGE]);
  return `; ${defined}${meantText(close)}`;
}
