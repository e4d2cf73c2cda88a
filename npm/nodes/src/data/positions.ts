import { inBatches } from "../contract/pace.js";
import type { Compare } from "./ordering.js";

/** Positions that are sorted at once, before their runs are merged. */
const RUN = 4096;

/**
 * The positions from 0 to `count` in an order, equal ones as they are. Other work has its turn in between, which the sort of
 * the language would not give way to.
 *
 * @throws NodeError CANCELLED
 */
export async function sortedPositions(
  count: number,
  compare: Compare,
  signal: AbortSignal | undefined,
): Promise<Uint32Array> {
  let sorted = new Uint32Array(count);
  for (let position = 0; position < count; position++) sorted[position] = position;
  await inBatches(
    count,
    signal,
    (from, to) => void sorted.subarray(from, to).sort((one, other) => compare(one, other) || one - other),
    RUN,
  );
  let spare = new Uint32Array(count);
  for (let width = RUN; width < count; width *= 2) {
    await mergeRuns(sorted, spare, width, compare, signal);
    [sorted, spare] = [spare, sorted];
  }
  return sorted;
}

/** Merges each two neighbouring runs of a width. */
async function mergeRuns(
  source: Uint32Array,
  target: Uint32Array,
  width: number,
  compare: Compare,
  signal: AbortSignal | undefined,
): Promise<void> {
  const count = source.length;
  let [left, middle, right, end] = [0, 0, 0, 0];
  await inBatches(count, signal, (from, to) => {
    for (let at = from; at < to; at++) {
      if (at === end) {
        left = at;
        right = middle = Math.min(at + width, count);
        end = Math.min(at + 2 * width, count);
      }
      const isLeft = left < middle && (right === end || compare(source[left] as number, source[right] as number) <= 0);
      target[at] = source[isLeft ? left++ : right++] as number;
    }
  });
}
