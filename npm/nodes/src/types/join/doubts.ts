/** Joins that cannot have been meant as they are. */

import { foundText } from "../../contract/issues.js";
import { fieldOf, numberOf } from "../../data/field.js";
import { keyOfValue } from "../../data/key.js";
import type { Keyed } from "./matches.js";

/** Rows that are looked at. */
const MOST_ROWS = 10_000;

/** A sentence about two sides of which no row matched: what their keys are, where these differ in kind. */
export function nothingMatched(left: Keyed, right: Keyed): string {
  const pairs = left.keys.map((key, at) => {
    const other = right.keys[at] as string;
    const [ours, theirs] = [kindsOf(left, key), kindsOf(right, other)];
    return {
      differ: ours.kinds !== theirs.kinds,
      text: `\`${key}\` of left is ${ours.text}, \`${other}\` of right is ${theirs.text}`,
    };
  });
  const differing = pairs.filter(({ differ }) => differ);
  const told = differing.length > 0 ? differing : pairs;
  const why = differing.length > 0 ? "The keys are of different kinds" : "The keys are of the same kind";
  return `No row of left has the key of a row of right. ${why}: ${told.map(({ text }) => text).join("; ")}`;
}

/** Whether some row has empty text in a key. */
export function hasBlankKey({ rows, keys }: Keyed): boolean {
  return rows.some((row) => keys.some((key) => fieldOf(row, key) === ""));
}

function kindsOf({ rows, keys: _ }: Keyed, key: string): { kinds: string; text: string } {
  const samples = new Map<string, unknown>();
  for (const row of rows.slice(0, MOST_ROWS)) {
    const value = fieldOf(row, key);
    const kind = kindOfKey(value);
    if (!samples.has(kind)) samples.set(kind, value);
  }
  // Rows without a value say nothing about the others.
  if (samples.size > 1) samples.delete("always empty");
  const text = [...samples].map(([kind, sample]) =>
    kind === "always empty" ? kind : `${kind} (such as ${foundText(sample)})`,
  );
  return { kinds: [...samples.keys()].sort().join(), text: text.join(" and ") };
}

function kindOfKey(value: unknown): string {
  if (keyOfValue(value) === undefined) return "always empty";
  if (typeof value === "number") return "a number";
  if (typeof value === "string") {
    const number = numberOf(value);
    if (number === undefined) return "text";
    return String(number) === value ? "a number" : "text that spells a number in another way";
  }
  if (value instanceof Date) return "a date";
  return typeof value === "object" ? "a list or an object" : `a ${typeof value}`;
}
