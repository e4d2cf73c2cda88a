/** Long work that lets the thread do other work in between, so that a cancel arrives and a server goes on answering. */
import { otherWork } from "../sandbox/other-work.js";
import { throwIfAborted } from "./abort.js";

/** How long the thread may be kept by a loop, in ms. */
const LONGEST_HOLD = 12;
/** Rounds of a loop between two looks at the clock. */
const ROUNDS = 256;
/** Rows that are worked on before other work gets its turn: some milliseconds of it. */
const BATCH = 10_000;

/**
 * Keeps a long loop from holding the thread: `if (pace.isDue()) await pace.rest()` in each round. Fails with CANCELLED when
 * the signal has fired.
 */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #rounds = 0;
  #resumed = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    throwIfAborted(signal);
  }

  /** Whether other work should have its turn. Looks at the clock once in a while only. */
  isDue(): boolean {
    if (++this.#rounds % ROUNDS !== 0) return false;
    return performance.now() - this.#resumed > LONGEST_HOLD;
  }

  /** Lets other work of the thread have its turn. */
  async rest(): Promise<void> {
    await otherWork();
    throwIfAborted(this.#signal);
    this.#resumed = performance.now();
  }
}

/**
 * Calls `work` with one range of positions after the other until `count` are done, at most `size` positions each. In between
 * other work of the thread has its turn.
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
