import { describe, expect, it } from "vitest";

import { run as onMachine, places } from "./run.js";
import { warned } from "./warned.js";

const sales = [
  { region: "north", month: "Jan", total: 5 },
  { region: "south", month: "Jan", total: "7" },
  { region: "north", month: "Feb", total: null },
  { region: "north", month: "Jan", total: "10" },
  { month: "Feb", total: 1 },
];

describe.each(places)("pivot in $name", ({ run, failure }) => {
  const pivoted = async (aggregate: string, more: object = {}) =>
    (await run("pivot", { data: sales }, { index: ["region"], column: "month", value: "total", aggregate, ...more }))
      .result;
  const cells = async (aggregate: string, more: object = {}) =>
    (await pivoted(aggregate, more)).map(({ Jan, Feb }: Record<string, unknown>) => [Jan, Feb]);

  it("makes columns of values, and rows of the values of other fields", async () => {
    expect(await run("pivot", { data: sales }, { index: ["region"], column: "month", value: "total" })).toEqual({
      result: [
        { region: "north", Jan: 15, Feb: 0 },
        { region: "south", Jan: 7, Feb: null },
        { region: null, Jan: null, Feb: 1 },
      ],
      count: 3,
      columns: ["Jan", "Feb"],
    });
  });

  it("makes one value of several", async () => {
    expect(await cells("avg")).toEqual([
      [7.5, null],
      [7, null],
      [null, 1],
    ]);
    expect(await cells("median")).toEqual(await cells("avg"));
    expect(await cells("min")).toEqual([
      [5, null],
      [7, null],
      [null, 1],
    ]);
    expect(await cells("max")).toEqual([
      [10, null],
      [7, null],
      [null, 1],
    ]);
    expect(await cells("count")).toEqual([
      [2, 0],
      [1, null],
      [null, 1],
    ]);
    expect(await cells("count", { value: undefined })).toEqual([
      [2, 1],
      [1, null],
      [null, 1],
    ]);
    expect(await cells("first")).toEqual([
      [5, null],
      ["7", null],
      [null, 1],
    ]);
    expect(await cells("last")).toEqual([
      ["10", null],
      ["7", null],
      [null, 1],
    ]);
    expect(await cells("list")).toEqual([
      [[5, "10"], [null]],
      [["7"], null],
      [null, [1]],
    ]);
    expect(await cells("max", { fill: "-" })).toEqual([
      [10, "-"],
      [7, "-"],
      ["-", 1],
    ]);
  });

  it("gives one row without an index, and looks inside of fields", async () => {
    const data = [
      { a: { b: 1 }, c: { d: new Date(0) }, v: 1 },
      { a: { b: 1 }, c: { d: true }, v: 2 },
    ];
    expect((await run("pivot", { data }, { index: ["a.b"], column: "c.d", value: "v" })).result).toEqual([
      { "a.b": 1, "1970-01-01T00:00:00.000Z": 1, true: 2 },
    ]);
    expect((await run("pivot", { data }, { column: "v", aggregate: "count" })).result).toEqual([{ 1: 1, 2: 1 }]);
    expect((await run("pivot", { data: [] }, { column: "v", aggregate: "count" })).result).toEqual([]);
  });

  it("leaves out rows without a column, and says so", async () => {
    const data = [{ c: "x" }, { c: null }, { c: "" }, {}];
    const parameters = { column: "c", aggregate: "count" };
    expect((await run("pivot", { data }, parameters)).result).toEqual([{ x: 1 }]);
    expect(await warned(run, "pivot", { data }, parameters)).toEqual([
      ["no-column", "3 of 4 rows have no `c` and are left out"],
    ]);
    const mixed = {
      data: [
        { c: "x", v: 9 },
        { c: "x", v: "n/a" },
      ],
    };
    expect(await warned(run, "pivot", mixed, { column: "c", value: "v", aggregate: "max" })).toMatchObject([
      ["mixed-kinds", expect.any(String)],
    ]);
  });

  it("refuses what cannot be meant", async () => {
    const refusal = (parameters: object, data: unknown = sales) => failure("pivot", { data }, { ...parameters });
    expect(await refusal({ index: ["Region"], column: "month", value: "total" })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message:
        "[pivot] No row has a field `Region`, which `index` names; there are `region`, `month`, `total`. Did you mean `region`?",
    });
    expect((await refusal({ column: "months", value: "total" })).message).toContain("`column` names");
    expect((await refusal({ column: "month", value: "totals" })).message).toContain("`value` names");
    expect((await refusal({ column: "month" })).message).toContain("needs `value`");
    expect((await refusal({ index: ["a", "a"], column: "month", value: "total" })).code).toBe("INVALID_PARAMETERS");
    expect(await refusal({ column: "c", value: "v" }, [{ c: "x", v: "many" }])).toMatchObject({
      code: "TYPE_MISMATCH",
      message:
        '[pivot] Cannot take the sum of field "v": item 0 holds text, not a number: "many". Clean the field first, or filter such items out',
    });
    expect(await refusal({ index: ["i"], column: "c", aggregate: "count" }, [{ c: "i", i: 1 }])).toMatchObject({
      code: "TYPE_MISMATCH",
      message: expect.stringContaining("would make a column `i`"),
    });
    expect((await refusal({ column: "c", aggregate: "count" }, [{ c: {} }])).code).toBe("TYPE_MISMATCH");
  });

  it("refuses columns and cells without end", async () => {
    const data = Array.from({ length: 10_001 }, (_, n) => ({ id: n, c: n % 2000 }));
    expect(await failure("pivot", { data }, { column: "id", aggregate: "count" })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: expect.stringContaining("more than 10,000 different values"),
    });
    expect(await failure("pivot", { data }, { index: ["id"], column: "c", aggregate: "count" })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: expect.stringContaining("10,001 rows with 2,000 columns each"),
    });
  });

  it("takes tables, and names such as __proto__", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "a,b\n__proto__,1\nconstructor,2\n" });
    const { result } = await run("pivot", table, { column: "a", value: "b" });
    expect(JSON.stringify(result)).toBe('[{"__proto__":1,"constructor":2}]');
  });

  it("stops when it is cancelled", async () => {
    const controller = new AbortController();
    const data = Array.from({ length: 100_000 }, (_, n) => ({ id: n, c: n % 5 }));
    const running = run(
      "pivot",
      { data },
      { index: ["id"], column: "c", aggregate: "count", signal: controller.signal },
    );
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
