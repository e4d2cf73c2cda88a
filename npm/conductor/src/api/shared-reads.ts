/** Reads that many ask for at the same time. */

/** What is read, and by whom it is read next: those who came after it was begun. */
interface Read<T> {
  now: Promise<T>;
  next: Promise<T> | undefined;
}

/**
 * Reads things by their keys, each once at a time. Those who ask while a read is under way share the next one: the one under way may have
 * looked before something was saved that they know of. So what is given was always read after it was asked for.
 */
export class SharedReads<T> {
  readonly #reads = new Map<string, Read<T>>();

  constructor(private readonly read: (key: string) => Promise<T>) {}

  /** What there is under a key now. What several share is one object. */
  of(key: string): Promise<T> {
    const under = this.#reads.get(key);
    if (under === undefined) return this.#begin(key);
    const begin = () => this.#begin(key);
    under.next ??= under.now.then(begin, begin);
    return under.next;
  }

  #begin(key: string): Promise<T> {
    const begun: Read<T> = { now: this.read(key), next: undefined };
    this.#reads.set(key, begun);
    const end = () => {
      if (begun.next === undefined) this.#reads.delete(key);
    };
    begun.now.then(end, end);
    return begun.now;
  }
}
