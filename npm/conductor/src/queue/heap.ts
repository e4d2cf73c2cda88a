/** A heap: adding and taking the first take logarithmic time. */
export class Heap<T> {
  #items: T[] = [];
  readonly #before: (one: T, other: T) => boolean;

  /** @param before whether one item is to be taken before another; a strict order */
  constructor(before: (one: T, other: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The first item, which stays. */
  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let hole = items.push(item) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = items[parent] as T;
      if (!this.#before(item, above)) break;
      items[hole] = above;
      hole = parent;
    }
    items[hole] = item;
  }

  /** Takes the first item. */
  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length > 0) this.#sink(last as T);
    return first;
  }

  /** Takes all items, in no order. */
  clear(): T[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** Puts an item where the first one was. */
  #sink(item: T): void {
    const items = this.#items;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= items.length) break;
      const right = child + 1;
      if (right < items.length && this.#before(items[right] as T, items[child] as T)) child = right;
      const below = items[child] as T;
      if (!this.#before(below, item)) break;
      items[hole] = below;
      hole = child;
    }
    items[hole] = item;
  }
}
