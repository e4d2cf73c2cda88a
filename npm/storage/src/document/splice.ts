import { type Range, Scalar } from "yaml";

import { quoted } from "./style.js";

/** A scalar that got another value. */
export interface Replacement {
  range: Range | null | undefined;
  /** How it was written. */
  from: string | undefined;
  value: string | number | boolean | null;
  /** How it is to be written. */
  type: Scalar.Type;
}

/**
 * The text with scalars replaced and not another character changed, or `undefined` where that cannot be done: a block of
 * several lines, or a value that was left out.
 */
export function spliced(text: string, replacements: readonly Replacement[]): string | undefined {
  let result = "";
  let at = 0;
  for (const { range, from, value, type } of [...replacements].sort((one, other) => start(one) - start(other))) {
    if (!range || range[0] === range[1] || from?.startsWith("BLOCK")) return undefined;
    const written = inline(value, type);
    result += text.slice(at, range[0]) + written;
    at = range[1];
  }
  return result + text.slice(at);
}

function start({ range }: Replacement): number {
  return range?.[0] ?? 0;
}

function inline(value: Replacement["value"], type: Scalar.Type): string {
  if (typeof value !== "string") return JSON.stringify(value);
  if (type === Scalar.PLAIN) return value;
  return type === Scalar.QUOTE_SINGLE ? `'${value.replaceAll("'", "''")}'` : quoted(value);
}
