/** Callbacks for one kind of event. */

import type { Isolate } from "../events/isolate.js";
import type { Unsubscribe } from "../services/declaration.js";

/** The callbacks for one kind of event. */
export class Callbacks<T> {
  private readonly all = new Set<(event: T) => unknown>();

  /** @param changed is called when the first one comes and when the last one is gone */
  constructor(
    private readonly isolate: Isolate,
    private readonly changed: () => void = () => {},
  ) {}

  /** Whether there is anybody to be told. */
  get isEmpty(): boolean {
    return this.all.size === 0;
  }

  /** Calls back from now on, until what is returned is called. The same function may be added twice. */
  readonly add = (callback: (event: T) => unknown): Unsubscribe => {
    const own = (event: T) => callback(event);
    this.all.add(own);
    if (this.all.size === 1) this.changed();
    return () => {
      if (this.all.delete(own) && this.all.size === 0) this.changed();
    };
  };

  /** Calls all of them; `event` is only made when there is a callback. */
  tell(event: () => T): void {
    if (this.all.size === 0) return;
    const told = event();
    for (const callback of [...this.all]) this.isolate(callback, () => callback(told));
  }
}
