/** Values that go to a process once, however often they are sent. */
import type { Ref } from "./messages.js";

/** In the server: what one process has. */
export class SentValues {
  readonly #numbers = new WeakMap<object, number>();
  /** Those of the message that is being made. */
  #new: object[] = [];
  #count = 0;

  ref(value: unknown): Ref {
    if (typeof value !== "object" || value === null) return { value };
    const known = this.#numbers.get(value);
    if (known !== undefined) return this.#new.includes(value) ? { ref: known, value } : { ref: known };
    const ref = ++this.#count;
    this.#numbers.set(value, ref);
    this.#new.push(value);
    return { ref, value };
  }

  /** The message went. */
  went(): void {
    this.#new = [];
  }

  /** It did not. */
  failed(): void {
    for (const value of this.#new) this.#numbers.delete(value);
    this.#new = [];
  }
}

/** In the process: what the server sent. */
export class KnownValues {
  readonly #values = new Map<number, unknown>();

  of(sent: Ref): unknown {
    if (!("ref" in sent)) return sent.value;
    if ("value" in sent) this.#values.set(sent.ref, sent.value);
    return this.#values.get(sent.ref);
  }
}
