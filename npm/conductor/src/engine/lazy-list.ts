/** Lists whose entries are made when they are read. */

/** Entries that are made together, and how many such pages are kept. */
const PAGE = 512;
const KEPT_PAGES = 8;

/**
 * An array of this length whose entries are made a page at a time when they are read, and forgotten again when many
 * others were read since. Writing to it makes it an ordinary array. Structured clone refuses it, like all proxies:
 * `slice()` gives a copy that can be cloned.
 */
export function lazyList<T>(length: number, make: (index: number) => T): T[] {
  const pages = new Map<number, T[]>();
  let last: T[] = [];
  let lastNumber = -1;
  const pageOf = (number: number): T[] => {
    const known = pages.get(number);
    const first = number * PAGE;
    const count = Math.min(PAGE, length - first);
    const page = known ?? Array.from({ length: count }, (_, offset) => make(first + offset));
    // The page that was read last is the last to be forgotten.
    if (known !== undefined) pages.delete(number);
    else if (pages.size === KEPT_PAGES) pages.delete(pages.keys().next().value as number);
    pages.set(number, page);
    return page;
  };
  const at = (index: number): T => {
    const number = Math.floor(index / PAGE);
    if (number !== lastNumber) {
      last = pageOf(number);
      lastNumber = number;
    }
    return last[index % PAGE] as T;
  };
  const list: T[] = [];
  list.length = length;
  return new Proxy(list, new Handler(length, at));
}

class Handler<T> implements ProxyHandler<T[]> {
  /** Every entry is in the list itself. */
  private filled = false;

  constructor(
    private readonly length: number,
    private readonly at: (index: number) => T,
  ) {}

  get(list: T[], key: string | symbol, receiver: unknown): unknown {
    const index = this.indexOf(key);
    return index === undefined ? Reflect.get(list, key, receiver) : this.at(index);
  }

  has(list: T[], key: string | symbol): boolean {
    return this.indexOf(key) !== undefined || Reflect.has(list, key);
  }

  ownKeys(list: T[]): (string | symbol)[] {
    const keys = Reflect.ownKeys(list);
    return this.filled ? keys : [...Array.from({ length: this.length }, (_, index) => String(index)), ...keys];
  }

  getOwnPropertyDescriptor(list: T[], key: string | symbol): PropertyDescriptor | undefined {
    const index = this.indexOf(key);
    if (index === undefined) return Reflect.getOwnPropertyDescriptor(list, key);
    return { value: this.at(index), writable: true, enumerable: true, configurable: true };
  }

  set(list: T[], key: string | symbol, value: unknown): boolean {
    this.fill(list);
    return Reflect.set(list, key, value);
  }

  defineProperty(list: T[], key: string | symbol, descriptor: PropertyDescriptor): boolean {
    this.fill(list);
    return Reflect.defineProperty(list, key, descriptor);
  }

  deleteProperty(list: T[], key: string | symbol): boolean {
    this.fill(list);
    return Reflect.deleteProperty(list, key);
  }

  preventExtensions(list: T[]): boolean {
    this.fill(list);
    return Reflect.preventExtensions(list);
  }

  private fill(list: T[]): void {
    if (this.filled) return;
    for (let index = 0; index < this.length; index++) list[index] = this.at(index);
    this.filled = true;
  }

  /** The place that a key names, as long as the list has no entries of its own. */
  private indexOf(key: string | symbol): number | undefined {
    if (this.filled || typeof key === "symbol") return undefined;
    const index = Number(key);
    return Number.isInteger(index) && index >= 0 && index < this.length && String(index) === key ? index : undefined;
  }
}
