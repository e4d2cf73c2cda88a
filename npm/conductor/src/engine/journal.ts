/** Where what happened in a run is kept when the run is over. */
import type { Backend } from "./backend.js";
import { JOURNAL_WORDS } from "./generated.js";

/** Journals of small runs are written one behind the other: an array for each would cost a tenth of such a run. */
const PAGE_WORDS = 4096;
let page = new Uint32Array(PAGE_WORDS);
let used = 0;

/**
 * Ends a run in the engine and keeps its journal.
 *
 * @param nodes of the plan, for a guess at the length
 */
export function sealed(engine: Backend, run: number, nodes: number): () => Uint32Array {
  // A run that nothing disturbs has a record for each leaf and one for its start.
  const guess = (nodes + 1) * JOURNAL_WORDS;
  let at = 0;
  let words = page;
  if (guess * 8 <= PAGE_WORDS) {
    if (used + guess > PAGE_WORDS) {
      page = words = new Uint32Array(PAGE_WORDS);
      used = 0;
    }
    at = used;
  } else {
    words = new Uint32Array(guess);
  }
  let length = Math.max(engine.seal(run, words, at), 0);
  if (at + length > words.length) {
    [words, at] = [new Uint32Array(length), 0];
    length = Math.max(engine.seal(run, words, at), 0);
  } else if (words === page) {
    used = at + length;
  }
  const [from, to] = [at, at + length];
  return () => words.subarray(from, to);
}
