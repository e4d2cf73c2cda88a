import { LONGEST_TIMER_MS } from "@atomiton/values";
import { Heap } from "./heap.js";

interface Delayed<T> {
  item: T;
  /** As `performance.now()`, so that setting the clock does not move it. */
  due: number;
  order: number;
}

/** Items that wait for their time, with one timer for all. The process stays as long as there are any. */
export class Delays<T> {
  readonly #heap = new Heap<Delayed<T>>((a, b) => a.due < b.due || (a.due === b.due && a.order < b.order));
  readonly #release: (item: T) => void;
  #timer: NodeJS.Timeout | undefined;
  /** What the timer is set to. */
  #armed = Number.POSITIVE_INFINITY;
  #order = 0;

  /** @param release gets each item when its time has come, the earliest first */
  constructor(release: (item: T) => void) {
    this.#release = release;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** Adds an item for `delay` ms from now. */
  add(item: T, delay: number): void {
    this.#heap.push({ item, due: performance.now() + delay, order: this.#order++ });
    this.#arm();
  }

  /** Takes all items out, whether or not their time has come. */
  clear(): T[] {
    const items = this.#heap.clear().map(({ item }) => item);
    this.#arm();
    return items;
  }

  #arm(): void {
    const due = this.#heap.peek()?.due ?? Number.POSITIVE_INFINITY;
    if (due === this.#armed) return;
    clearTimeout(this.#timer);
    this.#armed = due;
    if (due === Number.POSITIVE_INFINITY) return;
    // Rounded up: a timer that is early would have to be set once more.
    const wait = Math.min(Math.max(Math.ceil(due - performance.now()), 0), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#wake(), wait);
  }

  #wake(): void {
    this.#armed = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const due: T[] = [];
    for (let first = this.#heap.peek(); first && first.due <= now; first = this.#heap.peek()) {
      due.push(first.item);
      this.#heap.pop();
    }
    this.#arm();
    for (const item of due) this.#release(item);
  }
}
