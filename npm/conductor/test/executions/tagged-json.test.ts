import { describe, expect, it } from "vitest";
import { fromJson, isPlainJson, type Json, type Loss, toJson } from "../../src/executions/tagged-json.js";

/** A value through JSON text and back, and what was lost on the way. */
function through(value: unknown): { back: unknown; losses: Loss[] } {
  const losses: Loss[] = [];
  const text = JSON.stringify(toJson(value, (loss) => losses.push(loss)));
  return { back: fromJson(JSON.parse(text) as Json), losses };
}

describe("a value that comes back as it was", () => {
  it.each<[string, unknown]>([
    ["null", null],
    ["true", true],
    ["a text", "line\n\u2028\ud800"],
    ["a number", -1.5e300],
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["minus infinity", Number.NEGATIVE_INFINITY],
    ["minus zero", -0],
    ["undefined", undefined],
    ["a big integer", 12345678901234567890n],
    ["a date", new Date(1_700_000_000_123)],
    ["a date before our era", new Date(-1e14)],
    ["a list with undefined in it", [1, undefined, [null]]],
    ["an object with undefined in it", { a: undefined, b: { c: [] } }],
    [
      "a map with keys of all kinds",
      new Map<unknown, unknown>([
        ["a", 1],
        [1, new Map([[{ k: 1 }, new Date(5)]])],
      ]),
    ],
    ["a set", new Set(["a", 1, { b: 2 }])],
    ["bytes", new Uint8Array([0, 1, 254, 255])],
    ["a buffer", Buffer.from("bytes")],
    ["an object that looks like one of ours", { $type: "Date", value: "x" }],
    ["an object that looks like one of ours inside another", { $type: "Object", value: { $type: "lost" } }],
    ["what is shared without a cycle", ((shared) => [shared, shared])({ a: 1 })],
  ])("%s", (_, value) => {
    const { back, losses } = through(value);
    expect(back).toStrictEqual(value);
    expect(losses).toEqual([]);
  });

  it("a date that is none", () => {
    expect(through(new Date(Number.NaN)).back).toEqual(new Date(Number.NaN));
  });

  it("an error with all it carries", () => {
    const cause = new RangeError("deep");
    const error = Object.assign(new TypeError("outer", { cause }), { code: "E_TEST", details: new Map([["a", 1]]) });
    const back = through(error).back as typeof error;
    expect(back).toBeInstanceOf(TypeError);
    expect(back).toMatchObject({ name: "TypeError", message: "outer", stack: error.stack, code: "E_TEST" });
    expect(back.details).toEqual(new Map([["a", 1]]));
    expect(back.cause).toBeInstanceOf(RangeError);
    expect(Object.keys(back)).toEqual(["code", "details"]);
    expect(through(error).losses).toEqual([]);
  });

  it("an error with a name of its own", () => {
    const back = through(Object.assign(new Error("x"), { name: "MyError" })).back as Error;
    expect(back).toBeInstanceOf(Error);
    expect(String(back)).toBe("MyError: x");
  });

  it("an object with a key __proto__, which changes no prototype", () => {
    const back = through(JSON.parse('{"__proto__": {"admin": true}, "a": 1}')).back as Record<string, unknown>;
    expect(Object.keys(back).sort()).toEqual(["__proto__", "a"]);
    expect(back.admin).toBeUndefined();
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  });
});

describe("a loss", () => {
  const cyclic = { name: "loop", self: undefined as unknown };
  cyclic.self = { again: cyclic };
  const refusing = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error("no");
      },
    },
  );
  class Account {
    owner = "me";
  }

  it.each<[string, unknown, unknown, Loss[]]>([
    [
      "of a function",
      { a: { run: () => 1 } },
      { a: { run: undefined } },
      [{ path: '["a"]["run"]', what: "a function" }],
    ],
    ["of a symbol", [Symbol("s")], [undefined], [{ path: "[0]", what: "a symbol" }]],
    [
      "of a value in a map",
      new Map([["key", Symbol("s")]]),
      new Map([["key", undefined]]),
      [{ path: '["key"]', what: "a symbol" }],
    ],
    [
      "of a cycle",
      cyclic,
      { name: "loop", self: { again: undefined } },
      [{ path: '["self"]["again"]', what: "a reference to an object that it is part of" }],
    ],
    [
      "of what cannot be read",
      { p: refusing },
      { p: undefined },
      [{ path: '["p"]', what: "an object that cannot be read" }],
    ],
    [
      "of a class, whose fields are kept",
      { account: new Account() },
      { account: { owner: "me" } },
      [{ path: '["account"]', what: "that it is an instance of Account; its fields are kept" }],
    ],
    [
      "of what is under a symbol",
      { a: 1, [Symbol("s")]: 2 },
      { a: 1 },
      [{ path: "", what: "what is kept under symbols" }],
    ],
  ])("%s is told, and nothing else lost", (_, value, expected, expectedLosses) => {
    const { back, losses } = through(value);
    expect(back).toEqual(expected);
    expect(losses).toEqual(expectedLosses);
  });

  it("of what is too deep is told, however deep", () => {
    const nested = (make: (inner: unknown) => unknown) => {
      let value: unknown = "core";
      for (let depth = 0; depth < 20_000; depth++) value = make(value);
      return value;
    };
    for (const make of [(inner: unknown) => [inner], (a: unknown) => ({ a }), (a: unknown) => new Map([["a", a]])]) {
      const { losses } = through(nested(make));
      expect(losses).toEqual([{ path: expect.any(String), what: "everything deeper than 500 levels" }]);
    }
  });

  it("never tells the value", () => {
    const { losses } = through({ password: Object.assign(() => 1, { secret: "hunter2" }), token: Symbol("hunter2") });
    expect(losses).toHaveLength(2);
    expect(JSON.stringify(losses)).not.toContain("hunter2");
  });
});

describe("JSON that is not ours", () => {
  it.each<Json>([
    { $type: "Later" },
    { $type: 7 },
    { $type: "Date" },
    { $type: "Map", value: {} },
    { $type: "Map", value: [1] },
    { $type: "Set", value: "x" },
    { $type: "bigint", value: "1.5" },
    { $type: "Buffer", value: null },
    { $type: "Error", value: { name: "Error" } },
    { $type: "Object", value: [] },
  ])("%j is refused", (json) => {
    expect(() => fromJson(json)).toThrow();
  });
});

describe("what JSON takes as it is", () => {
  it.each([
    [{ a: [1, "text", null, true, { b: {} }] }, true],
    [Object.assign(Object.create(null), { a: 1 }), true],
    [-0, false],
    [Number.NaN, false],
    [{ a: undefined }, false],
    [Array.from({ length: 2 }), false],
    [{ $type: "Date" }, false],
    [new Date(0), false],
    [{ a: () => {} }, false],
    [{ [Symbol("a")]: 1 }, false],
    [new (class Order {})(), false],
    [1n, false],
  ])("%s: %s", (value, expected) => {
    expect(isPlainJson(value)).toBe(expected);
    if (expected) expect(fromJson(JSON.parse(JSON.stringify(value)))).toEqual(value);
  });

  it("is not what contains itself", () => {
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    expect(isPlainJson(loop)).toBe(false);
  });
});
