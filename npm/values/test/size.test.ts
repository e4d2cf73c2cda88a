import { serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { sizeOf } from "../src/index.js";
import { nested, randomJson, randomNumbers } from "./hostile.js";

const ANY = { bytes: Number.POSITIVE_INFINITY };
const bytesOf = (value: unknown, sharing: "once" | "every way" = "once") => {
  const size = sizeOf(value, ANY, sharing);
  return size.over === undefined ? size.bytes : Number.NaN;
};

describe("the size of a value", () => {
  it("is about that of its structured clone", () => {
    for (let seed = 0; seed < 2000; seed++) {
      const value = [randomJson(randomNumbers(seed))];
      const cloned = serialize(value).length;
      const bytes = bytesOf(value);
      expect(bytes, `seed ${seed}`).toBeGreaterThan(cloned / 3);
      expect(bytes, `seed ${seed}`).toBeLessThan(cloned * 4 + 16);
    }
  });

  it.each<[string, unknown, number]>([
    ["long text as UTF-8", "€".repeat(1000), 3000],
    ["bytes, whole", [new Uint8Array(new ArrayBuffer(5000), 1, 1)], 5000],
    ["memory", new ArrayBuffer(5000), 5000],
    ["shared memory", new SharedArrayBuffer(5000), 5000],
    ["a big integer", 2n ** 40_000n, 5000],
    ["boxed text", Object("x".repeat(5000)), 5000],
    ["a blob", new Blob(["x".repeat(5000)]), 5000],
    ["a pattern", new RegExp("x".repeat(5000)), 5000],
    ["the message of an error", Object.assign(new Error("x".repeat(5000)), { stack: "" }), 5000],
    ["the cause of an error", Object.assign(new Error("", { cause: "x".repeat(5000) }), { stack: "" }), 5000],
    ["a long key", { ["x".repeat(5000)]: 1 }, 5000],
    ["keys of a map", new Map([["x".repeat(5000), 1]]), 5000],
    ["members of a set", new Set(["x".repeat(5000)]), 5000],
    ["a list that is all holes", new Array(625), 5000],
  ])("has in it %s", (_name, value, least) => {
    expect(bytesOf(value)).toBeGreaterThanOrEqual(least);
    expect(bytesOf(value)).toBeLessThan(least + 100);
    expect(sizeOf(value, { bytes: least / 2 }, "once")).toEqual({ over: "bytes" });
  });

  it("counts what is shared once, or as often as it can be reached", () => {
    const memory = new ArrayBuffer(1000);
    const views = [new Uint8Array(memory), new Uint8Array(memory, 0, 10)];
    expect(bytesOf(views)).toBeLessThan(1100);
    expect(bytesOf([views, views], "every way")).toBeGreaterThan(2020);
    const list = Array.from({ length: 100 }, () => 1);
    expect(bytesOf([list, list]) - bytesOf([list])).toBe(8);
    expect(bytesOf([list, list], "every way") - bytesOf([list], "every way")).toBe(808);
  });

  it("ends at cycles", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = { cyclic };
    expect(bytesOf(cyclic)).toBe(bytesOf(cyclic, "every way"));
    // Below what is compared one by one.
    let deep: unknown = cyclic;
    for (let level = 0; level < 100; level++) deep = cyclic[level] = [deep];
    expect(bytesOf(cyclic, "every way")).toBeLessThan(100_000);
  });

  it("is not worked out beyond a limit", () => {
    let shared: unknown = [];
    for (let level = 0; level < 100; level++) shared = [shared, shared];
    expect(sizeOf(shared, { bytes: 10_000 }, "every way")).toEqual({ over: "bytes" });
    expect(sizeOf(new Array(2 ** 32 - 1), { bytes: 1000 }, "once")).toEqual({ over: "bytes" });
    expect(sizeOf(nested(5), { bytes: 1000, depth: 5 }, "every way")).toEqual({ bytes: 40 });
    expect(sizeOf(nested(6), { bytes: 1000, depth: 5 }, "every way")).toEqual({ over: "depth" });
    const forbidden = new Set(["constructor"]);
    expect(sizeOf({ a: [{ constructor: 1 }] }, { bytes: 1000, forbidden }, "every way")).toEqual({
      over: "forbidden",
      key: "constructor",
      place: ["a", 0],
    });
  });

  it("is known of any depth", () => {
    expect(bytesOf(nested(1_000_000))).toBe(8_000_000);
    expect(bytesOf(nested(1_000_000), "every way")).toBe(8_000_000);
  });

  it("says what a getter throws", () => {
    const value = Object.defineProperty({}, "x", {
      enumerable: true,
      get() {
        throw new Error("not to be read");
      },
    });
    expect(() => bytesOf(value)).toThrow("not to be read");
  });
});
