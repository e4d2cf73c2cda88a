/** Which values can cross, and which are let in. */
import { serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { uncloneablePart } from "../../src/desktop/cloneable.js";
import { payloadProblem } from "../../src/desktop/payload.js";

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

const cyclic: Record<string, unknown> = { list: [] };
cyclic.self = cyclic;

const VALUES: Record<string, unknown> = {
  nothing: undefined,
  number: 1,
  big: 1n,
  text: "text",
  symbol: Symbol("s"),
  function: () => 1,
  "class itself": Point,
  instance: new Point(1, 2),
  "instance with a method of its own": Object.assign(new Point(1, 2), { move: () => {} }),
  date: new Date(),
  pattern: /a/,
  "boxed number": Object(1),
  "boxed symbol": Object(Symbol("s")),
  bytes: new Uint8Array(4),
  buffer: Buffer.from("x"),
  view: new DataView(new ArrayBuffer(4)),
  "array buffer": new ArrayBuffer(4),
  "shared memory": new SharedArrayBuffer(4),
  map: new Map([[{ key: 1 }, new Set([1])]]),
  "map with a function as key": new Map([[() => 1, 1]]),
  "set of promises": new Set([Promise.resolve()]),
  error: new RangeError("x"),
  "error with a function as cause": new Error("x", { cause: () => 1 }),
  "error with a method": Object.assign(new Error("x"), { retry: () => {} }),
  generator: (function* () {
    yield 1;
  })(),
  "asynchronous generator": (async function* () {
    yield 1;
  })(),
  "iterator of a list": [1][Symbol.iterator](),
  "iterator of a map": new Map().entries(),
  "iterator of a text": "a"[Symbol.iterator](),
  "weak map": new WeakMap(),
  "weak reference": new WeakRef({}),
  registry: new FinalizationRegistry(() => {}),
  proxy: new Proxy({}, {}),
  "proxy of a list": new Proxy([], {}),
  address: new URL("https://example.com"),
  "number format": new Intl.NumberFormat("en"),
  "no prototype": Object.assign(Object.create(null), { a: 1 }),
  "pretended map": Object.create(Map.prototype),
  cyclic,
  "hidden function": Object.defineProperty({}, "run", { value: () => 1, enumerable: false }),
  "function under a symbol": { [Symbol("run")]: () => 1 },
  "deep down": { a: [{ b: new Map([["c", { d: [() => 1] }]]) }] },
};

describe("what can be cloned", () => {
  it.each(Object.keys(VALUES))("is found out as the algorithm does: %s", (name) => {
    const value = { value: VALUES[name] };
    expect(uncloneablePart(value, "data") === undefined).toBe(isCloned(value));
  });

  it("is named by its place otherwise", () => {
    expect(uncloneablePart(VALUES["deep down"], "data")).toBe("data.a.0.b.c.d.0 is a function");
    expect(uncloneablePart({ rows: new Set([Promise.resolve()]) }, "data")).toBe("data.rows.(value) is a promise");
    expect(uncloneablePart(Symbol("s"), "data")).toBe("data is a symbol");
  });

  it("need not be read to its end", () => {
    const value = Object.defineProperty({}, "total", {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
    expect(uncloneablePart(value, "data")).toBe("data.total threw when it was read");
  });
});

describe("what is let in", () => {
  const limits = { bytes: 1000, depth: 5 };
  const tooLarge = 'The limit "bytes" is 1000, found more';

  it.each<[string, unknown, string | undefined]>([
    ["text within the limit", "x".repeat(1000), undefined],
    ["text beyond it", "x".repeat(1001), tooLarge],
    ["text of few long characters", { text: "€".repeat(400) }, tooLarge],
    ["a long key", { ["k".repeat(1000)]: 1 }, tooLarge],
    ["bytes", { bytes: new Uint8Array(1001) }, tooLarge],
    ["many numbers", Array.from({ length: 130 }, () => 1), tooLarge],
    ["a list that is all holes", new Array(1e9), tooLarge],
    ["entries of a map", new Map([["a", "x".repeat(1001)]]), tooLarge],
    ["an error with a long message", { error: new Error("x".repeat(1001)) }, tooLarge],
    ["the same object often", Array.from({ length: 100 }, () => cyclic), undefined],
    ["what contains itself", cyclic, undefined],
    ["five levels", { a: { a: { a: { a: 1 } } } }, undefined],
    ["six levels", { a: { a: { a: { a: { a: {} } } } } }, 'The limit "depth" is 5, found more'],
    [
      "a forbidden key in a map",
      new Map([["a", { b: [{ constructor: 1 }] }]]),
      'The key "constructor" is not allowed at a.b.0',
    ],
    ["a forbidden word as value", { key: "__proto__" }, undefined],
  ])("%s", (_name, value, problem) => {
    expect(payloadProblem(value, limits)).toBe(problem);
  });
});

function isCloned(value: unknown): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}
