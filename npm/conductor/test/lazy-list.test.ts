import { describe, expect, it } from "vitest";
import { lazyList } from "../src/engine/lazy-list";

const LENGTH = 200_000;

/** A list of objects by their place, and how many were made. */
const list = (length = LENGTH) => {
  const made: number[] = [];
  const entries = lazyList(length, (index) => {
    made.push(index);
    return { index };
  });
  return { entries, made };
};

describe("a list whose entries are made when they are read", () => {
  it("makes no more than the page that is read, and that once", () => {
    const { entries, made } = list();
    expect(entries.length).toBe(LENGTH);
    expect(made).toEqual([]);
    expect(entries.slice(0, 1000).map(({ index }) => index)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(entries.at(-1)).toEqual({ index: LENGTH - 1 });
    const count = made.length;
    expect(count).toBeLessThanOrEqual(2048);
    expect(entries[5]).toBe(entries[5]);
    expect(made.length).toBe(count);
  });

  it("is read as an array is", () => {
    const { entries } = list(5000);
    const plain = Array.from({ length: 5000 }, (_, index) => ({ index }));
    expect(Array.isArray(entries)).toBe(true);
    expect(entries).toEqual(plain);
    expect([...entries]).toEqual(plain);
    expect(JSON.stringify(entries)).toBe(JSON.stringify(plain));
    expect(structuredClone(entries.slice())).toEqual(plain);
    expect(entries.filter(({ index }) => index % 1000 === 0).length).toBe(5);
    expect(entries.findLast(({ index }) => index < 10)).toEqual({ index: 9 });
    expect(Object.keys(entries).length).toBe(5000);
    expect([5000 in entries, 4999 in entries, "01" in entries]).toEqual([false, true, false]);
    expect([entries[5000], entries[-1], entries[1.5]]).toEqual([undefined, undefined, undefined]);
    expect(entries.concat(plain).length).toBe(10_000);
  });

  it("becomes an ordinary array when it is written to", () => {
    const { entries } = list(3000);
    entries.reverse();
    entries.push({ index: -1 });
    entries.length = 3000;
    delete entries[1];
    expect([entries[0]?.index, entries[1], entries[2999]?.index, entries.length]).toEqual([2999, undefined, 0, 3000]);
    expect(Object.keys(Object.freeze(list(3000).entries)).length).toBe(3000);
  });

  it("is not cloned as if it were empty", () => {
    expect(() => structuredClone(list().entries)).toThrow(/could not be cloned/);
  });
});
