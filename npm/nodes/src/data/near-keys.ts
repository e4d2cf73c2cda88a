/** Keys that are the same to people and not to a program: `00501` and 501, "Ada" and "ada ", 7 and "7.0". */
import { foundText } from "../contract/issues.js";
import type { Keyed } from "./doubtful-keys.js";
import { fieldOf } from "./field.js";
import { keyOfValue } from "./key.js";

/** Rows that are looked at, of either side. */
export const MOST_NEAR = 2_000;

/**
 * A sentence, where rows without a match would have one if the keys of both sides were written alike. `undefined` where none would.
 *
 * @param unmatched rows of one side without a match
 * @param others those of the other side
 * @param names of both sides
 */
export function nearlyMatched(unmatched: Keyed, others: Keyed, names: readonly [string, string]): string | undefined {
  if (unmatched.rows.length === 0 || others.rows.length === 0) return undefined;
  const known = new Map<string, unknown>();
  for (const row of others.rows.slice(0, MOST_NEAR)) {
    const key = looseKey(row, others.keys);
    if (key !== undefined && !known.has(key)) known.set(key, row);
  }
  let count = 0;
  let sample: readonly [unknown, unknown] | undefined;
  for (const row of unmatched.rows.slice(0, MOST_NEAR)) {
    const key = looseKey(row, unmatched.keys);
    const other = key === undefined ? undefined : known.get(key);
    if (other === undefined) continue;
    count++;
    sample ??= [row, other];
  }
  if (sample === undefined) return undefined;
  const texts = unmatched.keys.flatMap((key, at) => {
    const [one, other] = [fieldOf(sample[0], key), fieldOf(sample[1], others.keys[at] as string)];
    return one === other ? [] : `${foundText(one)} and ${foundText(other)}`;
  });
  const rows = count === 1 ? "1 row" : `${count} rows`;
  const differs = texts.join(", ");
  return `${rows} of ${names[0]} without a match would have one in ${names[1]} if the keys were written alike, such as ${differs}. Make them alike first, by a \`transform\``;
}

function looseKey(row: unknown, keys: readonly string[]): string | undefined {
  const parts = keys.map((key) => keyOfValue(loose(fieldOf(row, key))));
  return parts.includes(undefined) ? undefined : JSON.stringify(parts);
}

/** A value as it is without letter case, blanks around and between, zeros before a whole number, or `.0` behind it. */
function loose(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim().replace(/\s+/g, " ").toLowerCase();
  return /^\d+(?:\.0+)?$/.test(text) ? text.replace(/^0+(?=\d)/, "").replace(/\.0+$/, "") : text;
}
