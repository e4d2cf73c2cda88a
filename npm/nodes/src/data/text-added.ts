/** User code that adds fields whose values are numbers written as text, as those of a CSV file: `+` joins them. */

import { foundText } from "../contract/issues.js";
import { LONGEST_CODE, NAME, withoutTexts } from "./code-text.js";
import type { Doubt } from "./doubtful-conditions.js";
import { fieldOf, numberOf } from "./field.js";

/** Items that are looked at. */
const MOST_ITEMS = 10_000;
/** Code that was read lately, and what it adds. */
const MOST_KEPT = 256;

const OPERAND = `(?:${NAME}(?:\\.${NAME}|\\[\\d+\\])*(?![\\p{ID_Continue}$])|""|\\d+(?:\\.\\d+)?)`;
const CHAIN = new RegExp(`(?<![\\p{ID_Continue}$.])${OPERAND}(?:\\s*\\+=?(?![+=])\\s*${OPERAND})+`, "gu");
/** What makes something else of the operand that it stands beside. */
const BOUND_BEFORE = /(?:[+\-*/%!~.]|\btypeof|\bvoid)\s*$/;
const BOUND_AFTER = /^\s*(?:[([.*/%+"`]|\?\.)/;

const known = new Map<string, readonly (readonly string[])[]>();

/**
 * What is doubtful of the sums in code: one warning for all of them.
 *
 * @param namesOf gives what the names in the code stand for, one value after the other; others may be anything
 */
export function doubtsOfAdding(code: string, namesOf: () => ReadonlyMap<string, Iterable<unknown>>): Doubt[] {
  const chains = chainsIn(code);
  if (chains.length === 0) return [];
  const names = namesOf();
  const added = new Set<string>();
  let sample: string | undefined;
  for (const chain of chains) {
    const kinds = chain.map((operand) => kindOf(operand, names));
    const texts = kinds.flatMap((kind, at) =>
      typeof kind === "object" ? [{ name: chain[at] as string, ...kind }] : [],
    );
    if (kinds.includes(undefined) || texts.length === 0) continue;
    for (const { name, text } of texts) {
      added.add(name);
      sample ??= text;
    }
  }
  const [first] = added;
  if (first === undefined) return [];
  const fields = [...added].slice(0, 5).map((name) => `\`${name}\``);
  const are = fields.length === 1 ? `${fields[0]} is` : `${fields.slice(0, -1).join(", ")} and ${fields.at(-1)} are`;
  const message = `${are} text in every item, such as ${foundText(sample)}: \`+\` joins texts. Read the file with \`types: auto\`, or write \`Number(${first})\``;
  return [{ rule: "text-added", message }];
}

/** The operands of each sum that stands by itself; of those with text in quotes, which are meant to join, none. */
function chainsIn(code: string): readonly (readonly string[])[] {
  if (code.length > LONGEST_CODE || !code.includes("+")) return [];
  const before = known.get(code);
  if (before !== undefined) return before;
  const text = withoutTexts(code);
  const chains: string[][] = [];
  for (const { 0: chain, index } of text.matchAll(CHAIN)) {
    if (BOUND_BEFORE.test(text.slice(0, index)) || BOUND_AFTER.test(text.slice(index + chain.length))) continue;
    const operands = chain.split(/\s*\+=?\s*/);
    if (!operands.includes('""')) chains.push(operands);
  }
  if (known.size >= MOST_KEPT) known.clear();
  known.set(code, chains);
  return chains;
}

/** Whether an operand is a number, or text that spells one, for every item; `undefined` where it may be something else. */
function kindOf(
  operand: string,
  names: ReadonlyMap<string, Iterable<unknown>>,
): "number" | { text: string } | undefined {
  if (/^\d/.test(operand)) return "number";
  const [name = "", ...members] = operand.replace(/\[(\d+)\]/g, ".$1").split(".");
  let text: string | undefined;
  let seen = 0;
  let numbers = 0;
  for (const item of names.get(name) ?? []) {
    if (seen++ === MOST_ITEMS) break;
    const value = members.length === 0 ? item : fieldOf(item, members.join("."));
    if (typeof value === "number") numbers++;
    else if (isSpelled(value)) text ??= value;
    else if (value !== "") return undefined;
  }
  if (text !== undefined) return numbers === 0 ? { text } : undefined;
  return seen > 0 && numbers === seen ? "number" : undefined;
}

/** Text with a zero ahead is a code, such as that of a place. */
function isSpelled(value: unknown): value is string {
  return typeof value === "string" && numberOf(value) !== undefined && !/^\s*[+-]?0\d/.test(value);
}
