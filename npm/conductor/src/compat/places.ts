/** Places for so many at once; who comes when all are taken waits in line. */
export class Places {
  readonly #line = new Set<() => void>();
  #free: number;

  /** @param count what is not at least one counts as one, since no task would ever get a place */
  constructor(count: number) {
    this.#free = Math.max(count || 1, 1);
  }

  /** Resolves with true when a place is taken, or with false as soon as `signal` is aborted: then no place has to be left. */
  enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#free >= 1) {
      this.#free--;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const giveUp = () => {
        this.#line.delete(next);
        resolve(false);
      };
      const next = () => {
        signal.removeEventListener("abort", giveUp);
        resolve(true);
      };
      this.#line.add(next);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** Gives the place to the task that waited longest. */
  leave(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#line.delete(next);
    next();
  }
}
