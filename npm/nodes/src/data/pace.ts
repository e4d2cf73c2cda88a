import { throwIfAborted } from "../contract/abort.js";
import { otherWork } from "../sandbox/other-work.js";

/** Rows that are worked on before other work gets its turn: some milliseconds of it. */
const BATCH = 10_000;

/**
 * Calls `work` with one range of positions after the other until `count` are done. In between other work of the thread has
 * its turn, so that a cancel arrives and a server goes on answering.
 *
 * @throws NodeError CANCELLED
 */
export async function inBatches(
  count: number,
  signal: AbortSignal | undefined,
  work: (from: number, to: number) => void,
  size = BATCH,
): Promise<void> {
  throwIfAborted(signal);
  for (let from = 0; from < count; from += size) {
    if (from > 0) {
      await otherWork();
      throwIfAborted(signal);
    }
    work(from, Math.min(from + size, count));
  }
}
