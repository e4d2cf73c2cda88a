/** Rows by the group that they are in. */
import { inBatches } from "../contract/pace.js";

/** Stands for a row that is in no group. */
export const NONE = -1;

/** The rows of each group. */
export interface Groups {
  /** Of each group where it begins in `members`; one more at the end. */
  starts: Int32Array;
  /** Positions of rows, group by group, in their order. */
  members: Int32Array;
}

/** Puts rows together that are in the same group, {@link NONE} in none. */
export function groupsOf(groupOf: Int32Array, count: number): Groups {
  const starts = new Int32Array(count + 1);
  for (const group of groupOf) {
    if (group !== NONE) starts[group + 1] = (starts[group + 1] as number) + 1;
  }
  for (let group = 0; group < count; group++) {
    starts[group + 1] = (starts[group + 1] as number) + (starts[group] as number);
  }
  const next = starts.slice();
  const members = new Int32Array(starts[count] as number);
  groupOf.forEach((group, position) => {
    if (group === NONE) return;
    const at = next[group] as number;
    members[at] = position;
    next[group] = at + 1;
  });
  return { starts, members };
}

/** The rows of one group. */
export function membersOf({ starts, members }: Groups, group: number): Int32Array {
  return members.subarray(starts[group], starts[group + 1]);
}

/** The group of each row: keys are numbered in the order in which they are first seen. A row without a key is in none. */
export async function numberedGroups(
  count: number,
  keyOf: (position: number) => string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ groupOf: Int32Array; numbers: Map<string, number> }> {
  const numbers = new Map<string, number>();
  const groupOf = new Int32Array(count);
  await inBatches(count, signal, (from, to) => {
    for (let position = from; position < to; position++) {
      const key = keyOf(position);
      let group = key === undefined ? NONE : numbers.get(key);
      if (group === undefined) {
        group = numbers.size;
        numbers.set(key as string, group);
      }
      groupOf[position] = group;
    }
  });
  return { groupOf, numbers };
}
