/** What to say of code that is no JavaScript and may be TypeScript. */
import { LONGEST_CODE, withoutTexts } from "../data/code-text.js";

/** How types are written that people write most. */
const TYPES =
  /\b(?:interface|enum|namespace)\s+[\p{ID_Start}$_][\p{ID_Continue}$]*\s*[<{]|\btype\s+[\p{ID_Start}$_][\p{ID_Continue}$]*(?:<[^=]*>)?\s*=|\bimport\s+type\b|[\p{ID_Continue}$)\]}]\s*\??:\s*(?:string|number|boolean|unknown|any|void|never|bigint|[A-Z][\p{ID_Continue}$]*)\b|[\p{ID_Continue}$)\]}]\s+(?:as|satisfies)\s+[\p{ID_Start}$_{]/u;

/** The end of a message about code that is no JavaScript; empty for code without a type that could be seen at a glance. */
export function typeScriptAdvice(code: string): string {
  return TYPES.test(withoutTexts(code.slice(0, LONGEST_CODE)))
    ? "; if it is TypeScript, say so by `language: typescript`"
    : "";
}
