/** What to say of a name that user code uses and nothing defines. */
import { closeNames, namesText } from "../contract/close-names.js";
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

/** What a host would bring, and a sandbox does not. */
const OF_A_HOST =
  /^(?:fetch|require|module|exports|process|console|global|window|document|self|Buffer|URL|URLSearchParams|setTimeout|setInterval|setImmediate|queueMicrotask|structuredClone|crypto|performance|localStorage|XMLHttpRequest|__dirname|__filename|atob|btoa|TextEncoder|TextDecoder|Intl)$/;

/**
 * The end of the message `<name> is not defined`: what is defined instead, and which of it is like the name. Empty for any
 * other message.
 */
export function definedNames(message: string, code: string): string {
  const name = /^'?([\p{ID_Start}$_][\p{ID_Continue}$]*)'? is not defined$/u.exec(message)?.[1];
  if (name === undefined) return "";
  const own = parameterNames(code);
  const list = [...own.map((each) => `\`${each}\``), "the built-ins of JavaScript"];
  const defined = `defined are ${list.slice(0, -1).join(", ")}${list.length > 1 ? " and " : ""}${list.at(-1)}`;
  if (OF_A_HOST.test(name)) return `: user code has the language alone, and nothing of its host; ${defined}`;
  const close = closeNames(name, [...own, ...LANGUAGE]);
  return `; ${defined}${close.length > 0 ? `. Did you mean ${namesText(close)}?` : ""}`;
}
