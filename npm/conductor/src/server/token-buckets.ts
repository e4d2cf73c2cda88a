/** Rates of calls by key, in memory of a bounded size. */
import { RecentMap } from "./recent-map.js";

/** Keys that are kept; those that called last. */
const MOST_KEYS = 100_000;

/**
 * A bucket for each key, of `burst` calls, which fills again by `perSecond`. Of each only one number is kept, the moment at which its
 * bucket is full again (the generic cell rate algorithm); one that is full is the same as one that was never seen.
 */
export class TokenBuckets {
  readonly #fullAt = new RecentMap<number>(MOST_KEYS);
  readonly #perCall: number;
  readonly #depth: number;

  constructor({ perSecond, burst }: { perSecond: number; burst: number }) {
    this.#perCall = 1000 / perSecond;
    this.#depth = this.#perCall * Math.max(0, burst - 1);
  }

  /** Keys that are kept. */
  get size(): number {
    return this.#fullAt.size;
  }

  /** Takes a call from the bucket of a key and gives 0, or the ms until there is one again. */
  take(key: string): number {
    const wait = this.waitFor(key);
    if (wait > 0) return wait;
    const now = performance.now();
    const fullAt = Math.max(this.#fullAt.get(key) ?? 0, now) + this.#perCall;
    this.#fullAt.set(key, fullAt);
    return 0;
  }

  /** The ms until there is a call in the bucket of a key; 0 where there is one. */
  waitFor(key: string): number {
    const fullAt = this.#fullAt.get(key);
    return fullAt === undefined ? 0 : Math.max(0, fullAt - this.#depth - performance.now());
  }
}
