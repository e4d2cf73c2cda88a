/** Which values can cross, and which are let in. */
import { serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { sendable } from "../../src/desktop/cloneable.js";
import { memoryBytes, payloadProblem } from "../../src/desktop/payload.js";

const EMPTY_TEXTS = Array.from({ length: 50 }, () => "");

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

const cyclic: Record<string, unknown> = { list: [] };
cyclic.self = cyclic;

/** Few objects that can be reached in `2 ** depth` ways. */
function shared(depth: number): object {
  let value: object = { a: 1 };
  for (let level = 0; level < depth; level++) value = { left: value, right: value };
  return value;
}

function detached(): ArrayBuffer {
  const memory = new ArrayBuffer(4);
  structuredClone(memory, { transfer: [memory] });
  return memory;
}

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
  "empty memory": new ArrayBuffer(0),
  "detached memory": detached(),
  "a view of detached memory": new Uint8Array(4),
  address: new URL("https://example.com"),
  "number format": new Intl.NumberFormat("en"),
  "no prototype": Object.assign(Object.create(null), { a: 1 }),
  "pretended map": Object.create(Map.prototype),
  cyclic,
  "hidden function": Object.defineProperty({}, "run", { value: () => 1, enumerable: false }),
  "function under a symbol": { [Symbol("run")]: () => 1 },
  "deep down": { a: [{ b: new Map([["c", { d: [() => 1] }]]) }] },
};

structuredClone(VALUES["a view of detached memory"], {
  transfer: [(VALUES["a view of detached memory"] as Uint8Array<ArrayBuffer>).buffer],
});

describe("what can be cloned", () => {
  it.each(Object.keys(VALUES))("is found out as the algorithm does: %s", (name) => {
    const value = { value: VALUES[name] };
    expect(sendable(value, "data").problem === undefined).toBe(isCloned(value));
  });

  it("is named by its place otherwise", () => {
    expect(sendable(VALUES["deep down"], "data").problem).toBe("data.a.0.b.c.d.0 is a function");
    expect(sendable({ rows: new Set([Promise.resolve()]) }, "data").problem).toBe("data.rows.(value) is a promise");
    expect(sendable(Symbol("s"), "data").problem).toBe("data is a symbol");
  });

  it("is taken once where it is computed", () => {
    let reads = 0;
    const value = {
      rows: [
        {
          get next() {
            reads += 1;
            return reads > 2 ? () => reads : reads;
          },
        },
      ],
    };
    const sent = sendable(value, "data").value;
    expect(sent).toEqual({ rows: [{ next: 2 }] });
    expect(structuredClone(sent)).toEqual({ rows: [{ next: 2 }] });
    expect(sendable(value, "data").problem).toBe("data.rows.0.next is a function");
  });

  it("is not taken when it changes into what cannot be", () => {
    let reads = 0;
    const value = Object.defineProperty({}, "next", { enumerable: true, get: () => (reads++ === 0 ? 1 : () => 1) });
    expect(sendable(value, "data").problem).toMatch(/^data changed while it was read: /);
  });

  it("is handed on as it is otherwise", () => {
    const value = { rows: [new Map([["a", new Date(0)]])] };
    expect(sendable(value, "data").value).toBe(value);
  });

  it("need not be read to its end", () => {
    const value = Object.defineProperty({}, "total", {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
    expect(sendable(value, "data").problem).toBe("data.total threw when it was read");
  });
});

describe("what a value takes in memory", () => {
  it("counts what is shared in it once", () => {
    const rows = Array.from({ length: 100 }, () => 1);
    const once = memoryBytes([rows], 10_000) as number;
    expect(once).toBeGreaterThan(800);
    expect(memoryBytes([rows, rows, rows], 10_000)).toBeLessThan(once + 100);
    expect(memoryBytes(shared(100), 10_000)).toBeLessThan(5000);
  });

  it("is not known beyond the limit", () => {
    expect(memoryBytes(["x".repeat(1000)], 1000)).toBeUndefined();
    expect(memoryBytes({ constructor: 1 }, 1000)).toBeGreaterThan(0);
  });
});

describe("what is let in", () => {
  const limits = { bytes: 1000, depth: 5 };
  const tooLarge = 'The limit "bytes" is 1000, found more';

  it("is looked at no longer than at what is at the limit, however often it is shared", () => {
    expect(payloadProblem(shared(100), { bytes: 100_000, depth: 128 })).toBe('The limit "bytes" is 100000, found more');
  });

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
    ["the same object a few times", Array.from({ length: 10 }, () => cyclic), undefined],
    ["the same object often", Array.from({ length: 100 }, () => cyclic), tooLarge],
    ["the same empty texts often", Array.from({ length: 10 }, () => EMPTY_TEXTS), tooLarge],
    ["objects that share objects", [shared(3)], undefined],
    ["the cause of an error", { error: withoutStack(new Error("", { cause: "x".repeat(1000) })) }, tooLarge],
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

function withoutStack(error: Error): Error {
  error.stack = "";
  return error;
}

function isCloned(value: unknown): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}
