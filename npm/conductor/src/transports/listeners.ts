/** Who listens to which events of the other side. */

type Listener = (data: unknown) => void;

/** Listeners by channel and event, called in the order in which they came. */
export class Listeners {
  readonly #byKey = new Map<string, Set<{ listener: Listener }>>();

  /** Ends with what it returns. The same function may listen more than once. */
  add(channel: string, event: string, listener: Listener): () => void {
    const key = keyOf(channel, event);
    const entry = { listener: guarded(`${channel}.${event}`, listener) };
    const set = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, set.add(entry));
    return () => {
      if (set.delete(entry) && set.size === 0) this.#byKey.delete(key);
    };
  }

  emit(channel: string, event: string, data: unknown): void {
    const set = this.#byKey.get(keyOf(channel, event));
    if (set === undefined) return;
    for (const entry of [...set]) if (set.has(entry)) entry.listener(data);
  }

  /** How many events are listened to. */
  get size(): number {
    return this.#byKey.size;
  }

  clear(): void {
    for (const set of this.#byKey.values()) set.clear();
    this.#byKey.clear();
  }
}

/** A listener whose errors, at once or later, reach only `tell`, the first time. Data is not told, it may hold secrets. */
export function guarded(
  name: string,
  listener: (data: unknown) => unknown,
  tell: (message: string, error: unknown) => void = console.error,
): Listener {
  let reported = false;
  const report = (error: unknown) => {
    if (!reported) tell(`[CONDUCTOR] A listener of ${name} failed`, error);
    reported = true;
  };
  return (data) => {
    try {
      const answer: unknown = listener(data);
      // An async listener fails later; that must not end the process either.
      if (answer instanceof Promise) answer.catch(report);
    } catch (error) {
      report(error);
    }
  };
}

/** Neither part may be taken for the other. */
function keyOf(channel: string, event: string): string {
  return JSON.stringify([channel, event]);
}
