/** Keys of two lists that cannot have been meant as they are. */

import { foundText } from "../contract/issues.js";
import { fieldOf, numberOf } from "./field.js";
import { keyOfValue } from "./key.js";
import type { Row } from "./rows.js";

/** Rows that are looked at. */
const MOST_ROWS = 10_000;

/** Rows and the fields that are their key. */
export interface Keyed {
  rows: readonly Row[];
  keys: readonly string[];
}

/**
 * What there is to say of two sides of which no row matched: what their keys are, and whether these differ in kind, so that none
 * could have.
 *
 * @param names of both sides
 */
export function nothingMatched(
  left: Keyed,
  right: Keyed,
  names: readonly [string, string],
): { message: string; differ: boolean } {
  const pairs = left.keys.map((key, at) => {
    const other = right.keys[at] as string;
    const [ours, theirs] = [kindsOf(left, key), kindsOf(right, other)];
    return {
      differ: ours.kinds !== theirs.kinds,
      text: `\`${key}\` of ${names[0]} is ${ours.text}, \`${other}\` of ${names[1]} is ${theirs.text}`,
    };
  });
  const differing = pairs.filter(({ differ }) => differ);
  const told = differing.length > 0 ? differing : pairs;
  const why = differing.length > 0 ? "The keys are of different kinds" : "The keys are of the same kind";
  const message = `No row of ${names[0]} has the key of a row of ${names[1]}. ${why}: ${told.map(({ text }) => text).join("; ")}`;
  return { message, differ: differing.length > 0 };
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
