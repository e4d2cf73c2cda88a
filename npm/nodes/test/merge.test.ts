import { describe, expect, it } from "vitest";

import { routed } from "../src/index.js";
import { nodeTypes } from "../src/types/definitions.js";
import { merge } from "../src/types/merge/definition.js";
import { run as onMachine, places } from "./run.js";
import { outcome, warned } from "./warned.js";

describe.each(places)("merge in $name", ({ name, run, failure }) => {
  it("appends lists in the order of their handles, whichever was done first", async () => {
    const input = { b: { result: [3] }, a: [1, 2], c: routed({ value: [4] }, ["x"]) };
    expect(await run("merge", input)).toEqual({ result: [1, 2, 3, 4], count: 4, handles: ["a", "b", "c"] });
    expect((await run("merge", input, { order: ["c", "a", "skipped"] })).result).toEqual([4, 1, 2, 3]);
    expect((await run("merge", [5])).result).toEqual([5]);
  });

  it("appends the rows of tables", async () => {
    if (name !== "a machine") return;
    const table = await onMachine("spreadsheet", {}, { data: "a\n1\n2\n" });
    const { result } = await run("merge", { a: table, b: [{ a: 3 }] });
    expect(result).toEqual([{ a: "1" }, { a: "2" }, { a: 3 }]);
  });

  it("puts rows together by position", async () => {
    const input = { a: [{ id: 1 }, { id: 2 }], b: [{ name: "x" }, { name: "y" }], c: ["p", "q"] };
    expect(await run("merge", input, { mode: "position" })).toEqual({
      result: [
        { id: 1, name: "x", c: "p" },
        { id: 2, name: "y", c: "q" },
      ],
      count: 2,
      handles: ["a", "b", "c"],
    });
  });

  it("has lists of the same length, or fills the shorter", async () => {
    const input = { a: [{ id: 1 }, { id: 2 }], b: [{ name: "x", id: 1 }], c: [] };
    expect(await failure("merge", input, { mode: "position" })).toMatchObject({
      code: "TYPE_MISMATCH",
      message:
        "[merge] The lists have different lengths: `a` 2, `b` 1, `c` 0; set `shorter: fill` to have null where rows are missing",
    });
    expect((await run("merge", input, { mode: "position", shorter: "fill" })).result).toEqual([
      { id: 1, name: "x", c: null },
      { id: 2, name: null, c: null },
    ]);
  });

  it("puts records of the same key together", async () => {
    const input = {
      orders: [
        { id: "7", total: 5 },
        { id: "007", total: 1 },
        { id: null, total: 0 },
      ],
      people: [
        { id: 7, name: "Ada" },
        { id: "", name: "nobody" },
        { id: 8, name: "Grace" },
      ],
    };
    expect((await run("merge", input, { mode: "key", keys: "id" })).result).toEqual([
      { id: "7", total: 5, name: "Ada" },
      { id: "007", total: 1 },
      { id: null, total: 0 },
      { id: "", name: "nobody" },
      { id: 8, name: "Grace" },
    ]);
    const two = {
      a: [{ x: 1, y: "2", v: 1 }],
      b: [
        { x: "1", y: 2, w: 1 },
        { x: 12, y: "", w: 2 },
      ],
    };
    expect((await run("merge", two, { mode: "key", keys: ["x", "y"] })).result).toEqual([
      { x: 1, y: "2", v: 1, w: 1 },
      { x: 12, y: "", w: 2 },
    ]);
  });

  it("makes an object of what came", async () => {
    const output = await run("merge", { user: { result: { name: "Ada" } }, n: 5, none: null }, { mode: "object" });
    expect(output).toEqual({
      result: { user: { name: "Ada" }, n: 5, none: null },
      count: 3,
      handles: ["n", "none", "user"],
    });
  });

  it("tells an author who expects a race what it does, where several values came without an order", async () => {
    const words = (took: string, names: string) =>
      `${names} brought a value, and \`mode: first\` took that of \`${took}\`, the first by name: a merge waits for every edge, and time does not count. ` +
      "Say with `order` which goes first; for the branch that is done first put the branches into a `parallel` with `mode: race`";
    const said = (input: object, parameters: object = {}) =>
      warned(run, "merge", input, { mode: "first", ...parameters });
    expect(await said({ slow: 2, fast: { result: 1 } })).toEqual([
      ["several-came", words("fast", "`fast` and `slow`")],
    ]);
    expect(await said({ c: 3, a: null, b: 2, d: 4 })).toEqual([["several-came", words("b", "`b`, `c` and `d`")]]);
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`h${at}`, at]));
    expect(await said(many)).toEqual([["several-came", words("h0", "9 handles")]]);
    // A branch that was skipped brings nothing, and one may well bring nothing on purpose.
    for (const input of [{ a: 1 }, { a: null, b: 1 }, { a: null, b: null }]) expect(await said(input)).toEqual([]);
    expect(await said({ a: 1, b: 2 }, { order: ["b", "a"] })).toEqual([]);
    expect(await warned(run, "merge", { a: [1], b: [2] }, { mode: "append" })).toEqual([]);
  });

  it.each(["any", "race", "fastest", "first-come", "firstToArrive", "first_completed"])(
    "points to a race before the flow runs, for `mode: %s`",
    (mode) => {
      expect(nodeTypes.get("merge")?.problems?.({ mode }, {})).toEqual([
        expect.objectContaining({
          severity: "warning",
          rule: "waits-for-all",
          path: "/mode",
          message: expect.stringContaining("into a `parallel` with `mode: race`"),
        }),
      ]);
    },
  );

  it.each([...merge.parameterSchema.properties.mode.enum, "\u0024{{ variables.mode }}", undefined, 3])(
    "says nothing beforehand of `mode: %s`",
    (mode) => expect(nodeTypes.get("merge")?.problems?.({ mode }, {})).toEqual([]),
  );

  it("takes the first value by order, not by time", async () => {
    expect(await run("merge", { a: null, b: { result: 5 }, c: 6 }, { mode: "first" })).toEqual({
      result: 5,
      count: 1,
      handles: ["b"],
    });
    expect((await run("merge", { a: 1, b: 2 }, { mode: "first", order: ["b"] })).result).toBe(2);
    expect(await run("merge", { a: null }, { mode: "first" })).toEqual({ result: null, count: 1, handles: ["a"] });
  });

  it("refuses what it cannot put together", async () => {
    expect(await failure("merge", { a: [1], b: { x: 1 } })).toMatchObject({
      code: "TYPE_MISMATCH",
      message:
        "[merge] Only lists can be put together so, but `b` brought an object; for single values use mode object or first",
    });
    expect((await failure("merge", { a: [1] }, { mode: "key" })).message).toContain("`keys` is required");
    expect((await failure("merge", { a: [{ id: 1 }, 5] }, { mode: "key", keys: "id" })).message).toContain(
      "item 1 of `a` is a number",
    );
    expect(await failure("merge", { a: [{ sku: 1, price: 2 }] }, { mode: "key", keys: "skuu" })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: "[merge] No record of `a` has the field `skuu` of `keys`. Did you mean `sku`?",
    });
    expect((await failure("merge", { a: [{ sku: 1, price: 2 }] }, { mode: "key", keys: "number" })).message).toContain(
      "There are `sku`, `price`",
    );
  });

  it("takes hostile names as names", async () => {
    const a = JSON.parse('[{"__proto__":1,"constructor":2}]');
    const input = Object.defineProperty({ a }, "__proto__", { value: [{ z: 1 }], enumerable: true });
    const { result } = await run("merge", input, { mode: "position" });
    expect(Object.keys(result[0]).sort()).toEqual(["__proto__", "constructor", "z"]);
    expect(Object.getPrototypeOf(result[0])).toBe(Object.prototype);
    const keyed = await run("merge", { a }, { mode: "key", keys: "__proto__" });
    expect(Object.keys(keyed.result[0])).toEqual(["__proto__", "constructor"]);
    expect(Object.keys((await run("merge", input, { mode: "object" })).result)).toEqual(["__proto__", "a"]);
  });

  it("changes nothing of what came", async () => {
    const a = Object.freeze([Object.freeze({ id: 1, x: 1 })]);
    const b = Object.freeze([Object.freeze({ id: 1, y: 2 })]);
    for (const mode of ["append", "position", "key", "object", "first"]) {
      await run("merge", Object.freeze({ a, b }), { mode, keys: "id" });
    }
  });

  it("merges hundreds of thousands of records, and stops when it is cancelled", async () => {
    const a = Array.from({ length: 300_000 }, (_, id) => ({ id, a: 1 }));
    const b = Array.from({ length: 300_000 }, (_, i) => ({ id: String(299_999 - i), b: 2 }));
    const { result } = await run("merge", { a, b }, { mode: "key", keys: "id" });
    expect(result).toHaveLength(300_000);
    expect(result[5]).toEqual({ id: 5, a: 1, b: 2 });
    const controller = new AbortController();
    const running = run("merge", { a, b }, { mode: "key", keys: "id", signal: controller.signal });
    setTimeout(() => controller.abort(), 1);
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("a merge that loses something", () => {
  const said = async (input: unknown, parameters: Record<string, unknown>) =>
    (await outcome("merge", input, parameters)).warnings;

  it("says what", async () => {
    expect(await said({ a: [{ id: 1, n: 1 }], b: [{ id: 1, n: 2 }] }, { mode: "key", keys: "id" })).toEqual([
      [
        "overwritten-field",
        'The field `n` has different values in the records of key "1"; the last one is kept. Rename it before, or choose which counts with `order`',
      ],
    ]);
    expect(await said({ a: [{ n: 1 }, { n: 1 }], b: [{ n: 2 }, { n: 3 }] }, { mode: "position" })).toEqual([
      ["overwritten-field", expect.stringContaining("in row 0 and in 1 other row;")],
    ]);
    expect(await said({ a: [{ id: 1 }, { id: "1" }, { id: null }] }, { mode: "key", keys: "id" })).toEqual([
      ["duplicate-key", '1 record of `a` has a key (`id`) that another one has, such as "1"; they became one'],
      ["empty-key", "1 record of `a` has no value in `id`, and was put together with none"],
    ]);
    const filled = { a: [{ n: 1 }], b: [{ m: 1 }, { n: 2, m: 2 }] };
    expect((await said(filled, { mode: "position", shorter: "fill" })).map(([rule]) => rule)).toEqual([]);
    expect(await said({}, {})).toEqual([["nothing-came", expect.stringContaining("every branch that leads here")]]);
    expect(await said({ fetched: [] }, { order: ["fetchd"] })).toEqual([
      ["missing-input", "Nothing came by `fetchd`, which `order` names. Did you mean `fetched`?"],
    ]);
    expect(await said({ a: [1] }, { order: ["other"] })).toEqual([]);
  });
});
