import { describe, expect, it } from "vitest";
import { Heap } from "../../src/queue/heap.js";

/** Numbers that look random, the same each time. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state;
  }
}

describe("a heap", () => {
  it("gives what is to come first, whatever was added and taken before", () => {
    const random = numbers(7);
    const next = (below: number) => (random.next().value as number) % below;
    const heap = new Heap<number>((a, b) => a < b);
    let sorted: number[] = [];
    for (let step = 0; step < 20_000; step++) {
      if (next(5) < 3) {
        const item = next(500);
        heap.push(item);
        sorted.push(item);
      } else {
        sorted = sorted.sort((a, b) => a - b);
        expect(heap.peek()).toBe(sorted[0]);
        expect(heap.pop()).toBe(sorted.shift());
      }
      expect(heap.size).toBe(sorted.length);
      if (sorted.length > 60) {
        expect(heap.clear().sort((a, b) => a - b)).toEqual(sorted.sort((a, b) => a - b));
        sorted = [];
      }
    }
  });

  it("is empty after all was taken", () => {
    const heap = new Heap<string>((a, b) => a < b);
    heap.push("only");
    expect([heap.pop(), heap.pop(), heap.peek(), heap.size]).toEqual(["only", undefined, undefined, 0]);
  });

  it("compares a number of times that grows with its depth, not its size", () => {
    const count = 2 ** 16;
    let compared = 0;
    const heap = new Heap<number>((a, b) => {
      compared++;
      return a < b;
    });
    for (let item = count; item > 0; item--) heap.push(item);
    while (heap.size > 0) heap.pop();
    expect(compared).toBeLessThan(count * 3 * 17);
  });
});
