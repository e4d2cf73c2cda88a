/** Limits how much happens at once: permits are handed out first come, first served. */
export class Semaphore {
  #free: number;
  readonly #queue = new Set<() => void>();

  /**
   * @param permits how many there are; `Infinity` for no limit
   * @throws RangeError for what is not at least one, since no permit would ever be free
   */
  constructor(readonly permits: number) {
    demandAtLeastOne(permits);
    this.#free = permits;
  }

  /** Calls of `acquire` that wait for a permit. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Takes a permit, or waits for one. Resolves with what releases it, which does nothing a second time.
   *
   * @param signal ends the wait, which then rejects with its reason and has no permit; one that is aborted after a permit was granted
   * changes nothing
   */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const release = this.tryAcquire();
    if (release) return release;
    await this.#granted(signal);
    return this.#held();
  }

  /** Takes a permit where one is free, and gives what releases it. */
  tryAcquire(): (() => void) | undefined {
    if (this.#free < 1) return undefined;
    this.#free--;
    return this.#held();
  }

  /** Does work while it holds a permit. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const release = await this.acquire(signal);
    try {
      return await work();
    } finally {
      release();
    }
  }

  #held(): () => void {
    let isHeld = true;
    return () => {
      if (isHeld) this.#release();
      isHeld = false;
    };
  }

  #granted(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#queue.delete(grant);
        signal?.removeEventListener("abort", giveUp);
      };
      const grant = (): void => {
        settle();
        resolve();
      };
      const giveUp = (): void => {
        settle();
        reject(signal?.reason);
      };
      this.#queue.add(grant);
      signal?.addEventListener("abort", giveUp);
    });
  }

  #release(): void {
    const [next] = this.#queue;
    // The permit is handed on without becoming free, so that no later call gets it first.
    if (next) next();
    else this.#free++;
  }
}

/**
 * Does work for each item, for some of them at once. Rejects as the first that fails does, while the others go on.
 *
 * @param limit of how many at once, at least 1
 * @throws RangeError for another limit, by which nothing would be done
 */
export async function forEachLimited<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  demandAtLeastOne(limit);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++] as T);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}

function demandAtLeastOne(limit: number): void {
  if (!(limit >= 1)) throw new RangeError(`At least 1 has to be allowed at once, not ${limit}`);
}
