/** A map whose entries are made when it is first looked at or changed. */
export class LazyMap<Key, Value> extends Map<Key, Value> {
  #make: (() => Iterable<readonly [Key, Value]>) | undefined;

  /** @param make gives the entries; called once */
  constructor(make: () => Iterable<readonly [Key, Value]>) {
    super();
    this.#make = make;
  }

  #fill(): void {
    // The constructor of Map has no entries to set, so nothing comes here before the field is there.
    const make = this.#make;
    this.#make = undefined;
    for (const [key, value] of make?.() ?? []) super.set(key, value);
  }

  override get size(): number {
    this.#fill();
    return super.size;
  }

  override get(key: Key): Value | undefined {
    this.#fill();
    return super.get(key);
  }

  override has(key: Key): boolean {
    this.#fill();
    return super.has(key);
  }

  override set(key: Key, value: Value): this {
    this.#fill();
    return super.set(key, value);
  }

  override delete(key: Key): boolean {
    this.#fill();
    return super.delete(key);
  }

  override clear(): void {
    this.#fill();
    super.clear();
  }

  override forEach(visit: (value: Value, key: Key, map: Map<Key, Value>) => void, self?: unknown): void {
    this.#fill();
    super.forEach(visit, self);
  }

  override keys(): MapIterator<Key> {
    this.#fill();
    return super.keys();
  }

  override values(): MapIterator<Value> {
    this.#fill();
    return super.values();
  }

  override entries(): MapIterator<[Key, Value]> {
    this.#fill();
    return super.entries();
  }

  override [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries();
  }
}
