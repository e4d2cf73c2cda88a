/** An event emitter, declared by what it can do: importers of this package need no types of Node. */

/** What is called for an event. */
// biome-ignore lint/suspicious/noExplicitAny: what listeners take is between them and the emitter.
export type Listener = (...args: any[]) => void;

/** The name of an event. */
export type EventName = string | symbol;

/** Has the methods of Node's `EventEmitter`. */
export interface NodeEmitter {
  on(event: EventName, listener: Listener): this;
  addListener(event: EventName, listener: Listener): this;
  prependListener(event: EventName, listener: Listener): this;
  once(event: EventName, listener: Listener): this;
  prependOnceListener(event: EventName, listener: Listener): this;
  off(event: EventName, listener: Listener): this;
  /** Removes a listener once: the one that was added last, where it was added several times. */
  removeListener(event: EventName, listener: Listener): this;
  removeAllListeners(event?: EventName): this;
  /** Whether the event had listeners. */
  // biome-ignore lint/suspicious/noExplicitAny: as with listeners.
  emit(event: EventName, ...args: any[]): boolean;
  eventNames(): EventName[];
  listeners(event: EventName): Listener[];
  /** The listeners with what makes them `once`. */
  rawListeners(event: EventName): Listener[];
  listenerCount(event: EventName, listener?: Listener): number;
  setMaxListeners(count: number): this;
  getMaxListeners(): number;
}
