import { LONGEST_TIMER_MS, unheld } from "@atomiton/values";

interface Entry<V> {
  value: V;
  /** As `performance.now()`. */
  expires: number;
}

/** Values that are forgotten some time after they were set. One timer for all, which keeps no process alive. */
export class ExpiringMap<V> {
  /** All live equally long, so the order in which they were set is that in which they expire. */
  readonly #entries = new Map<string, Entry<V>>();
  readonly #ttl: number;
  readonly #expired: (key: string) => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param ttl how long values live, in ms; `Infinity` for ever
   * @param expired is told each key that is forgotten for its age
   */
  constructor(ttl: number, expired: (key: string) => void = () => {}) {
    this.#ttl = ttl;
    this.#expired = expired;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, expires: performance.now() + this.#ttl });
    this.#arm();
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.expires > performance.now() ? entry.value : undefined;
  }

  #arm(): void {
    const [first] = this.#entries.values();
    if (this.#timer !== undefined || first === undefined || first.expires === Number.POSITIVE_INFINITY) return;
    const wait = Math.min(Math.max(Math.ceil(first.expires - performance.now()), 0), LONGEST_TIMER_MS);
    this.#timer = unheld(setTimeout(() => this.#wake(), wait));
  }

  #wake(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [key, { expires }] of this.#entries) {
      if (expires > now) break;
      this.#entries.delete(key);
      this.#expired(key);
    }
    this.#arm();
  }
}
