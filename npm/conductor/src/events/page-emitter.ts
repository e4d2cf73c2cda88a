/** What `node:events` is in a page, where the build puts this in its place: an emitter with the same methods. */

import type { EventName, Listener, NodeEmitter } from "./node-emitter.js";

/** A listener that removes itself; `listener` is the one that was given. */
type Once = Listener & { listener?: Listener };

const MOST_LISTENERS = 10;

/**
 * An event emitter as Node's: listeners are called in the order in which they came, at once, with the emitter as `this`; those
 * that come or go meanwhile count from the next time. `error` without a listener throws. Too many listeners are not
 * complained of.
 */
export class EventEmitter implements NodeEmitter {
  readonly #listeners = new Map<EventName, readonly Once[]>();
  #most = MOST_LISTENERS;

  on(event: EventName, listener: Listener): this {
    return this.#add(event, listener, false);
  }

  addListener(event: EventName, listener: Listener): this {
    return this.#add(event, listener, false);
  }

  prependListener(event: EventName, listener: Listener): this {
    return this.#add(event, listener, true);
  }

  once(event: EventName, listener: Listener): this {
    return this.#add(event, this.#once(event, listener), false);
  }

  prependOnceListener(event: EventName, listener: Listener): this {
    return this.#add(event, this.#once(event, listener), true);
  }

  off(event: EventName, listener: Listener): this {
    return this.removeListener(event, listener);
  }

  removeListener(event: EventName, listener: Listener): this {
    demandListener(listener);
    const listeners = this.#of(event);
    const index = listeners.map((it) => it === listener || it.listener === listener).lastIndexOf(true);
    if (index < 0) return this;
    this.#set(event, [...listeners.slice(0, index), ...listeners.slice(index + 1)]);
    if (this.#listeners.has("removeListener")) this.emit("removeListener", event, given(listener));
    return this;
  }

  removeAllListeners(event?: EventName): this {
    const events = event === undefined ? this.eventNames().filter((it) => it !== "removeListener") : [event];
    for (const it of events) {
      for (const listener of [...this.#of(it)].reverse()) this.removeListener(it, listener);
    }
    if (event === undefined) this.#listeners.clear();
    return this;
  }

  emit(event: EventName, ...args: unknown[]): boolean {
    const listeners = this.#of(event);
    if (listeners.length === 0 && event === "error") throw thrownFor(args[0]);
    for (const listener of listeners) listener.apply(this, args);
    return listeners.length > 0;
  }

  eventNames(): EventName[] {
    return [...this.#listeners.keys()];
  }

  listeners(event: EventName): Listener[] {
    return this.#of(event).map(given);
  }

  rawListeners(event: EventName): Listener[] {
    return [...this.#of(event)];
  }

  listenerCount(event: EventName, listener?: Listener): number {
    if (listener === undefined) return this.#of(event).length;
    return this.listeners(event).filter((it) => it === listener).length;
  }

  setMaxListeners(count: number): this {
    this.#most = count;
    return this;
  }

  getMaxListeners(): number {
    return this.#most;
  }

  #of(event: EventName): readonly Once[] {
    return this.#listeners.get(event) ?? [];
  }

  /** Lists are replaced, never changed, so that iteration is not disturbed. */
  #set(event: EventName, listeners: readonly Once[]): void {
    if (listeners.length === 0) this.#listeners.delete(event);
    else this.#listeners.set(event, listeners);
  }

  #add(event: EventName, listener: Once, isFirst: boolean): this {
    demandListener(listener);
    if (this.#listeners.has("newListener")) this.emit("newListener", event, given(listener));
    const listeners = this.#of(event);
    this.#set(event, isFirst ? [listener, ...listeners] : [...listeners, listener]);
    return this;
  }

  #once(event: EventName, listener: Listener): Once {
    demandListener(listener);
    let isOver = false;
    const once: Once = (...args) => {
      if (isOver) return;
      isOver = true;
      this.removeListener(event, once);
      listener.apply(this, args);
    };
    once.listener = listener;
    return once;
  }
}

/** The listener as it was given. */
function given(listener: Once): Listener {
  return listener.listener ?? listener;
}

function demandListener(listener: unknown): void {
  if (typeof listener === "function") return;
  throw new TypeError(`The "listener" argument must be of type function. Received ${describe(listener)}`);
}

function thrownFor(error: unknown): Error {
  return error instanceof Error ? error : new Error(`Unhandled error. (${describe(error)})`, { cause: error });
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "string" ? `'${value}'` : typeof value;
}
