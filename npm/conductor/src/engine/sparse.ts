/** A map that most runs never put anything into, and that costs nothing until they do. */
export class Sparse<T> {
  private entries: Map<number, T> | undefined;

  get size(): number {
    return this.entries?.size ?? 0;
  }

  get(key: number): T | undefined {
    return this.entries?.get(key);
  }

  has(key: number): boolean {
    return this.entries?.has(key) ?? false;
  }

  set(key: number, value: T): void {
    this.entries ??= new Map();
    this.entries.set(key, value);
  }

  /** In the order in which they were first put in. */
  values(): Iterable<T> {
    return this.entries?.values() ?? [];
  }

  delete(key: number): void {
    this.entries?.delete(key);
  }
}
