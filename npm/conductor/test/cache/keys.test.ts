/** Values that are the same have one key, and others have others: beside a plain comparison of values. */
import { describe, expect, it } from "vitest";

import { Counting, cachedLeaf, echo } from "./counting.js";

/** Numbers from 0 up to 1, the same in each run of the test. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 2 ** 32;
  };
}

class Values {
  constructor(private readonly random: () => number) {}

  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }

  list(depth: number): unknown[] {
    return Array.from({ length: this.below(3) }, () => this.value(depth + 1));
  }

  object(depth: number): Record<string, unknown> {
    const keys = ["a", "b", "$type", "value", "__proto__", "1"];
    const object: Record<string, unknown> = {};
    for (let at = this.below(3); at > 0; at--) {
      Object.defineProperty(object, this.pick(keys), {
        value: this.value(depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return object;
  }

  /** Few kinds of few contents, so that the same comes up often. */
  value(depth = 0): unknown {
    const kinds = depth > 2 ? 8 : 15;
    switch (this.below(kinds)) {
      case 0:
        return this.pick([null, undefined, true, false]);
      case 1:
        return this.pick([0, -0, 1, -1, 0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
      case 2:
        return this.pick(["", "0", "1", "null", "undefined", "NaN", "-0", "1n", "Date", "é", "é"]);
      case 3:
        return this.pick([0n, 1n, -1n, 10n]);
      case 4:
        return new Date(this.pick([0, 1, Number.NaN]));
      case 5:
        return this.pick([/a/, /a/g, /b/]);
      case 6:
        return this.pick([
          new Uint8Array([1]),
          new Uint8Array([0]),
          new Int8Array([1]),
          new Uint16Array([1]),
          Buffer.from([1]),
          new ArrayBuffer(1),
          new DataView(new ArrayBuffer(1)),
        ]);
      case 7:
        return this.pick([1, "1", "a"]);
      case 8:
      case 9:
        return this.list(depth);
      case 10:
        return new Set(this.list(depth));
      case 11:
        return new Map(this.list(depth).map((key) => [key, this.value(depth + 1)]));
      default:
        return this.object(depth);
    }
  }
}

/** Whether values are the same, the order of keys included. */
function same(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null)
    return Object.is(one, other);
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  const all = (a: Iterable<unknown>, b: Iterable<unknown>) => {
    const [x, y] = [[...a], [...b]];
    return x.length === y.length && x.every((entry, at) => same(entry, y[at]));
  };
  if (one instanceof Date) return Object.is(one.getTime(), (other as Date).getTime());
  if (one instanceof RegExp) return String(one) === String(other);
  if (one instanceof ArrayBuffer) return all(new Uint8Array(one), new Uint8Array(other as ArrayBuffer));
  if (one instanceof DataView) return same(one.buffer, (other as DataView).buffer);
  if (Array.isArray(one) || ArrayBuffer.isView(one) || one instanceof Map || one instanceof Set) {
    return all(one as Iterable<unknown>, other as Iterable<unknown>);
  }
  return all(Object.entries(one), Object.entries(other));
}

describe("keys of outputs", () => {
  it("are the same for the same values, and others for others, of 10,000", async () => {
    const values = new Values(randomFrom(7));
    const seen = new Map<string, { value: unknown; number: unknown }[]>();
    const alike = (value: unknown) => {
      const kind = `${typeof value} ${Object.prototype.toString.call(value)} ${JSON.stringify(Object.keys(value ?? {}))}`;
      if (!seen.has(kind)) seen.set(kind, []);
      return seen.get(kind) as { value: unknown; number: unknown }[];
    };
    let different = 0;
    const bench = new Counting({ t: { ...echo, execute: () => ++made } }, { cache: { maxBytes: 1e9 } });
    let made = 0;
    let repeated = 0;
    for (let round = 0; round < 10_000; round++) {
      const value = values.value();
      const { data } = await bench.run(cachedLeaf("a"), { input: { value } });
      const known = alike(value).find((entry) => same(entry.value, value));
      if (known === undefined) {
        alike(value).push({ value, number: data });
        different++;
      } else repeated++;
      expect(data, `round ${round}`).toBe(known?.number ?? different);
    }
    expect(made).toBe(different);
    expect(repeated).toBeGreaterThan(2_000);
    expect(different).toBeGreaterThan(2_000);
  });
});
