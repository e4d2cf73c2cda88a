/** Does work under the same key one after the other, in the order in which it is asked for, and work under different keys side by side. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<void>>();

  /** Does work when all that was asked for under its key before is over, however that ended. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const over = result.then(
      () => {},
      () => {},
    );
    this.#last.set(key, over);
    void over.then(() => {
      if (this.#last.get(key) === over) this.#last.delete(key);
    });
    return result;
  }
}
