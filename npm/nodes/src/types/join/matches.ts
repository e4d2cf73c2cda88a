/** Which rows of two lists have equal keys. */

import { inBatches } from "../../contract/pace.js";
import type { Keyed } from "../../data/doubtful-keys.js";
import { type Groups, groupsOf, NONE, numberedGroups } from "../../data/groups.js";
import { keysOfAll } from "../../data/key.js";

/** The rows of one list by the groups of equal keys in the other one. */
export interface Matches extends Groups {
  /** Of each row of the list that was looked up: its group, or {@link NONE}. */
  groupOf: Int32Array;
  /** Of each row of the indexed list: its group, or {@link NONE} where a key has no value. */
  indexedGroupOf: Int32Array;
  /** Of each group, 1 where a row that was looked up is in it. */
  isMatched: Uint8Array;
  /** Number of pairs of equal keys. */
  pairs: number;
}

/**
 * Indexes one list and looks the rows of another one up in it.
 *
 * @throws NodeError CANCELLED
 */
export async function matchesOf(lookedUp: Keyed, indexed: Keyed, signal: AbortSignal | undefined): Promise<Matches> {
  const indexedKey = keysOfAll(indexed.keys);
  const { groupOf: indexedGroupOf, numbers } = await numberedGroups(
    indexed.rows.length,
    (position) => indexedKey(indexed.rows[position]),
    signal,
  );
  const { starts, members } = groupsOf(indexedGroupOf, numbers.size);
  const lookedUpKey = keysOfAll(lookedUp.keys);
  const groupOf = new Int32Array(lookedUp.rows.length);
  const isMatched = new Uint8Array(numbers.size);
  let pairs = 0;
  await inBatches(lookedUp.rows.length, signal, (from, to) => {
    for (let position = from; position < to; position++) {
      const key = lookedUpKey(lookedUp.rows[position]);
      const group = key === undefined ? NONE : (numbers.get(key) ?? NONE);
      groupOf[position] = group;
      if (group === NONE) continue;
      isMatched[group] = 1;
      pairs += (starts[group + 1] as number) - (starts[group] as number);
    }
  });
  return { groupOf, starts, members, indexedGroupOf, isMatched, pairs };
}

/** How many rows that were looked up have no match. */
export function unmatchedLookedUp({ groupOf }: Matches): number {
  return groupOf.reduce((count, group) => count + (group === NONE ? 1 : 0), 0);
}

/** Whether a row of the indexed list has a match. */
export function isIndexedMatched({ indexedGroupOf, isMatched }: Matches, position: number): boolean {
  const group = indexedGroupOf[position] as number;
  return group !== NONE && isMatched[group] === 1;
}
