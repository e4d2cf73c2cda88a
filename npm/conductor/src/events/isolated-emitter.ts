/** An event emitter that isolates listener errors. */
import { EventEmitter } from "node:events";
import { type Isolate, isolator } from "./isolate.js";
import type { NodeEmitter } from "./node-emitter.js";

const Base = EventEmitter as unknown as new () => NodeEmitter;

/**
 * As Node's `EventEmitter`, but a listener that throws, at once or later, is reported on the console once, and the others
 * are called all the same. Only `error` without a listener throws, as it does everywhere.
 */
export class IsolatedEmitter extends Base {
  readonly #isolate: Isolate;

  /** @param name what listeners listen to, such as "the queue" */
  constructor(name: string) {
    super();
    this.#isolate = isolator({ error: (...text) => console.error(...text) }, `A listener of ${name}`);
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const listeners = this.listenerCount(event) > 0 ? this.rawListeners(event) : [];
    if (listeners.length === 0) return event === "error" ? super.emit(event, ...args) : false;
    for (const listener of listeners) this.#isolate(listener, () => listener.apply(this, args));
    return true;
  }
}
