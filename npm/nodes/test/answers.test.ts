/** Answers of hostile user code: too large, of another shape than was asked for, or thrown to do harm. */
import { describe, expect, it } from "vitest";

import { codeOf } from "../src/contract/error.js";
import { Answers } from "../src/sandbox/answers.js";
import { AnswerSize } from "../src/sandbox/quickjs/answer-size.js";
import { SandboxSerializer } from "../src/sandbox/serializer.js";
import { PATIENCE, places } from "./run.js";

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

describe.each(places)("answers of user code in $name", ({ run, failure }) => {
  const map = (transformFunction: string, more: object = {}, data: unknown[] = [1]) =>
    run("transform", { data }, { transformFunction, ...more });
  const mapFailure = (transformFunction: string, more: object = {}) =>
    failure("transform", { data: [1] }, { transformFunction, ...more });
  const filter = async (transformFunction: string) =>
    (await run("transform", { data: ["a", "b", "c"] }, { operation: "filter", transformFunction })).result;

  it("may be a million values", async () => {
    const { result } = await map("(x, i) => [i, x, 'text', null, true, { a: i }]", { timeout: PATIENCE }, [
      ...Array(100_000).keys(),
    ]);
    expect(result).toHaveLength(100_000);
    expect(result[99_999]).toEqual([99_999, 99_999, "text", null, true, { a: 99_999 }]);
  });

  it.each([
    ["Array.prototype.toJSON", "Array.prototype.toJSON = () => ['constructor', '__proto__', -1, 1e9, 0, 0]"],
    ["Object.prototype.toJSON", "Object.prototype.toJSON = () => ['constructor']"],
    ["String.prototype.toJSON", "String.prototype.toJSON = Number.prototype.toJSON = () => 'constructor'"],
    ["JSON", "globalThis.JSON = { stringify: () => '[\"constructor\"]', parse: () => ['x', 'y', 'z', 'w'] }"],
    ["JSON.stringify", "JSON.stringify = () => '[\"constructor\"]'; JSON.parse = () => []"],
    ["iterators", "Array.prototype[Symbol.iterator] = function* () { yield 'constructor' }"],
    ["species", "Object.defineProperty(Array, Symbol.species, { value: function () { return ['constructor'] } })"],
    [
      "setters",
      "Object.defineProperty(Array.prototype, 0, { set() {}, get: () => 'constructor', configurable: true })",
    ],
    ["toString", "String.prototype.toString = Number.prototype.toString = Symbol.prototype.toString = () => 'x'"],
    ["functions", "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => 'x'"],
  ])("stay positions of items when %s is replaced", async (_what, attack) => {
    expect(await filter(`(() => { ${attack}; return (x) => x !== 'b' })()`)).toEqual(["a", "c"]);
    expect(await filter(`(x) => { ${attack}; return x !== 'b' }`)).toEqual(["a", "c"]);
  });

  it.each([
    ["Array.prototype.toJSON", "Array.prototype.toJSON = () => 'text'"],
    ["Object.prototype.toJSON", "Object.prototype.toJSON = () => 'text'"],
    ["setters", "Object.defineProperty(Array.prototype, 0, { set() {}, configurable: true })"],
    ["the prototype of lists", "Object.setPrototypeOf(Array.prototype, { toJSON: () => 'text' })"],
  ])("are one for each item when %s is replaced, or a failure", async (_what, attack) => {
    const answer = await map(`(x) => { ${attack}; return x }`, {}, [1, 2, 3]).catch((error: unknown) => error);
    if (answer instanceof Error) expect(codeOf(answer)).toBe("EXECUTION_FAILED");
    else expect(answer.result).toEqual([1, 2, 3]);
  });

  it("have the prototypes of data only, whatever their keys are", async () => {
    const { result } = await map(
      '() => JSON.parse(\'{"__proto__": {"left": 1}, "constructor": 2, "then": 3, "toJSON": 4}\')',
    );
    expect(Object.getPrototypeOf(result[0])).toBe(Object.prototype);
    expect(Object.keys(result[0])).toEqual(["__proto__", "constructor", "then", "toJSON"]);
    expect(({} as { left?: number }).left).toBeUndefined();
  });

  it("may come of proxies and getters, which can only lie about themselves", async () => {
    const { result } = await map(`() => [
      new Proxy([1, 2], { get: (target, key) => key === "length" ? 3 : target[key] ?? "more" }),
      new Proxy({}, { ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
        get: () => "made up" }),
      { get once() { return (this.n = (this.n ?? 0) + 1) } },
    ]`);
    expect(result[0][1].a).toBe("made up");
    for (const trap of ["get", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor"]) {
      const hostile = `() => new Proxy({ a: 1 }, { ${trap}() { throw new Error("no") } })`;
      expect(codeOf(await mapFailure(hostile)), trap).toBe("EXECUTION_FAILED");
    }
  });

  it("cannot learn the key under which special values cross", async () => {
    const spy = `(() => {
      const seen = [];
      const look = (key, value) => { if (typeof key === "string" && key[0] === "@") seen[seen.length] = key; return value };
      Object.prototype.toJSON = Array.prototype.toJSON = Date.prototype.toJSON = String.prototype.toJSON =
        function (key) { look(key); for (const own in this) look(own); return this };
      Object.defineProperty(Date, Symbol.hasInstance, { value(v) { if (v) for (const key in v) look(key); return false } });
      Array.prototype[Symbol.iterator] = function* () { look(this[0]); };
      String.prototype.includes = String.prototype.startsWith = function (part) { look(part); return false };
      Object.hasOwn = (o, key) => look(key);
      Error.prepareStackTrace = (e, sites) => { for (let i = 0; i < sites.length; i++) look(sites[i].getThis?.()); return "" };
      return (x, i) => i < 3 ? { x, n: [NaN, undefined, new Date(1)] } : seen;
    })()`;
    const { result } = await map(spy, {}, [Number.NaN, new Date(2), { a: [undefined] }, 1]);
    expect(result[3]).toEqual([]);
  });

  it("that were thrown are told in a few words and do no harm", async () => {
    const traps = "new Proxy({}, new Proxy({}, { get() { throw new Error('trap') } }))";
    const endless = "new Proxy({}, new Proxy({}, { get() { for (;;); } }))";
    for (const thrown of [
      traps,
      endless,
      `new Proxy(new Error("x"), { get() { for (;;); } })`,
      "{ toString() { for (;;); } }",
    ]) {
      const error = await mapFailure(`() => { throw ${thrown} }`, { timeout: PATIENCE });
      expect(codeOf(error), thrown).toBe("EXECUTION_FAILED");
      expect(error.message).toBe("[transform] transformFunction failed at item 0: an object was thrown");
    }
    const fn = await mapFailure("() => { throw Object.assign(() => {}, { toString() { for (;;); } }) }");
    expect(fn.message).toBe("[transform] transformFunction failed at item 0: a function was thrown");
    expect((await mapFailure("() => { throw null }")).message).toBe(
      "[transform] transformFunction failed at item 0: null",
    );
    const long = await mapFailure("() => { throw new Error('x'.repeat(1e7)) }");
    expect(long.message.length).toBeLessThan(3000);
    const forged = await mapFailure(
      "() => { Object.prototype.toJSON = () => ({ refused: 'x', item: {}, stack: 1 }); throw new Error('own') }",
    );
    expect(codeOf(forged)).toBe("EXECUTION_FAILED");
    expect(forged.message).toBe("[transform] transformFunction failed at item 0, line 1: Error: own");
    const getter = "() => { throw Object.defineProperty(new Error(), 'message', { get() { throw 1 } }) }";
    expect(codeOf(await mapFailure(getter))).toBe("EXECUTION_FAILED");
  });

  it.each([
    ["small objects", "() => { const kept = []; for (;;) kept.push({ kept }) }"],
    ["chains of objects", "() => { let last = null; for (;;) last = { last } }"],
    ["closures", "() => { const kept = []; for (;;) { const n = kept.length; kept.push(() => n) } }"],
    ["texts", "() => { const kept = []; for (;;) kept.push(String(kept.length)) }"],
    ["keys", "() => { const kept = {}; for (let i = 0; ; i++) kept['key' + i] = i }"],
    ["maps", "() => { const kept = new Map(); for (let i = 0; ; i++) kept.set(i, i) }"],
    ["large arrays", "() => new Array(1e8).fill(0)"],
    ["long texts", "() => { let s = 'x'; for (;;) s += s + Math.random() }"],
    ["buffers", "() => { const kept = []; for (;;) kept.push(new ArrayBuffer(1e5)) }"],
    ["numbers", "() => { const kept = []; for (let n = 3n ** 30000n; ; n++) kept.push(n) }"],
    ["answers", "() => new Array(1e6).fill('0123456789012345678901234567890123456789')"],
  ])("that need too much memory for %s say so", async (_what, code) => {
    for (const memoryLimit of [8 * MIB, 8 * MIB + 4321, 21 * MIB]) {
      const error = await mapFailure(code, { timeout: PATIENCE, memoryLimit });
      expect(error.message).toContain(`needed more than its ${Math.floor(memoryLimit / MIB)} MiB of memory`);
      expect(codeOf(error)).toBe("MEMORY_LIMIT_EXCEEDED");
    }
  });

  it("are not asked of more than an engine can hold", async () => {
    const row = new Array(4000).fill(0);
    const shared = new Array(4000).fill(row);
    const few = shared.slice(0, 400);
    const text = "x".repeat(1_000_000);
    for (const data of [[shared], [new Array(4000).fill(text)]]) {
      const error = await failure("transform", { data }, { transformFunction: "(x) => x.length" });
      expect(codeOf(error)).toBe("MEMORY_LIMIT_EXCEEDED");
      const asked = await failure("condition", { data: data[0] }, { expression: "item.length" });
      expect(codeOf(asked)).toBe("MEMORY_LIMIT_EXCEEDED");
    }
    // Item by item, it is not too much.
    expect((await map("(x) => x.length", { timeout: PATIENCE }, few)).result).toEqual(few.map((x) => x.length));
  });
});

describe("the size of answers", () => {
  const source = { name: "f", code: "x => x", tag: "@", timeoutMs: 1, memoryBytes: 1024 };
  const tooMany = { code: "MEMORY_LIMIT_EXCEEDED", message: "f answered more than 10,000,000 values" };
  const add = (size: AnswerSize, text: string) => size.add(new TextEncoder().encode(text));

  it("is limited in what they become, not only in their text", async () => {
    // 4,000 × 4,000 shared values: 128 KB in the engine, 32 MB as text, gigabytes as objects.
    const shared = "() => { const row = new Array(4000).fill(0); return new Array(4000).fill(row) }";
    const limits = { timeout: PATIENCE, memoryLimit: GIB };
    const error = await places[0]?.failure("transform", [1], { transformFunction: shared, ...limits });
    expect(error).toMatchObject({
      ...tooMany,
      message: "[transform] transformFunction answered more than 10,000,000 values",
    });
  });

  it("is that of all answers of a run together, as their text says", () => {
    const size = new AnswerSize(source);
    const million = `[${"{},".repeat(999_998)}{}]`;
    for (let i = 0; i < 4; i++) add(size, million);
    expect(() => add(size, `[${"[],".repeat(3_000_000)}[]]`)).toThrow(expect.objectContaining(tooMany));
    expect(() => add(new AnswerSize(source), `[${"0,".repeat(10_000_000)}0]`)).toThrow(
      expect.objectContaining(tooMany),
    );
  });

  it("does not count what is written inside of texts", () => {
    const size = new AnswerSize(source);
    add(size, JSON.stringify(['\\"[{,'.repeat(4_000_000), "[{,"]));
    add(size, JSON.stringify("[{,".repeat(4_000_000)));
  });

  it("is limited in bytes, too", () => {
    const size = new AnswerSize(source);
    const bytes = new Uint8Array(64 * 1024 * 1024).fill(0x22);
    for (let i = 0; i < 4; i++) size.add(bytes);
    expect(() => add(size, "1")).toThrow(
      expect.objectContaining({ code: "MEMORY_LIMIT_EXCEEDED", message: "f answered more than 268,435,456 bytes" }),
    );
  });
});

describe("the check of answers", () => {
  const answers = new Answers("f", new SandboxSerializer(1024));

  it("takes as many values as there are items", () => {
    expect(answers.list({ text: "[1,2]", count: 2 })).toEqual([1, 2]);
    for (const text of ["[1]", "[1,2,3]", '"ab"', "{}", "null", '{"length":2}', "[1,", ""]) {
      expect(() => answers.list({ text, count: 2 }), text).toThrow(
        expect.objectContaining({ code: "EXECUTION_FAILED" }),
      );
    }
  });

  it("takes a digit for each item", () => {
    expect(answers.positions({ text: "0101", count: 4 }, 10)).toEqual([11, 13]);
    for (const text of ["01", "01011", "01x1", "constructor", "-1.0", "٠١٠١"]) {
      expect(() => answers.positions({ text, count: 4 }, 0), text).toThrow(
        expect.objectContaining({ code: "EXECUTION_FAILED" }),
      );
    }
  });
});
