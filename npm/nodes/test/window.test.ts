import { describe, expect, it } from "vitest";

import { run as onMachine, places } from "./run.js";
import { warned } from "./warned.js";

const rows = [
  { g: "x", n: 3, v: "10" },
  { g: "y", n: 1, v: 4 },
  { g: "x", n: 1, v: 9 },
  { g: "x", n: 3, v: null },
  { g: "x", n: "2", v: 0.5 },
];

describe.each(places)("window in $name", ({ run, failure }) => {
  const added = async (function_: string, more: Record<string, unknown> = {}, parameters: object = {}) => {
    const output = await run(
      "window",
      { data: rows },
      {
        partitionBy: ["g"],
        orderBy: [{ field: "n" }],
        functions: [{ function: function_, as: "new", ...more }],
        ...parameters,
      },
    );
    return output.result.map((row: Record<string, unknown>) => row["new"]);
  };
  const v = { field: "v" };

  it("numbers and ranks the rows of each partition, which come out as they came", async () => {
    // The order in x is: row 2, row 4, rows 0 and 3.
    expect(await added("rowNumber")).toEqual([3, 1, 1, 4, 2]);
    expect(await added("rank")).toEqual([3, 1, 1, 3, 2]);
    expect(await added("denseRank")).toEqual([3, 1, 1, 3, 2]);
    expect(await added("percentRank")).toEqual([2 / 3, 0, 0, 2 / 3, 1 / 3]);
    const descending = { orderBy: [{ field: "n", direction: "desc" }] };
    expect(await added("rank", {}, descending)).toEqual([1, 1, 4, 1, 3]);
    expect(await added("denseRank", {}, descending)).toEqual([1, 1, 3, 1, 2]);
  });

  it("gives the fields of other rows of the partition", async () => {
    expect(await added("lag", v)).toEqual([0.5, null, null, "10", 9]);
    expect(await added("lag", { ...v, offset: 2, default: "-" })).toEqual([9, "-", "-", 0.5, "-"]);
    expect(await added("lag", { ...v, offset: 0 })).toEqual(["10", 4, 9, null, 0.5]);
    expect(await added("lead", v)).toEqual([null, null, 0.5, null, "10"]);
    expect(await added("lead", { ...v, offset: 100, default: 0 })).toEqual([0, 0, 0, 0, 0]);
    expect(await added("firstValue", v)).toEqual([9, 4, 9, 9, 9]);
    expect(await added("lastValue", v)).toEqual([null, 4, null, null, null]);
  });

  it("adds up, with numbers that are spelled as text, and leaves out empty values", async () => {
    expect(await added("runningSum", v)).toEqual([19.5, 4, 9, 19.5, 9.5]);
    expect(await added("runningAvg", v)).toEqual([6.5, 4, 9, 6.5, 4.75]);
    expect(await added("runningMin", v)).toEqual([0.5, 4, 9, 0.5, 0.5]);
    expect(await added("runningMax", v)).toEqual([10, 4, 9, 10, 9]);
    expect(await added("runningCount", v)).toEqual([3, 1, 1, 3, 2]);
    expect(await added("runningCount")).toEqual([3, 1, 1, 4, 2]);
    expect(await added("total", v)).toEqual([19.5, 4, 19.5, 19.5, 19.5]);
    expect(await added("share", v)).toEqual([10 / 19.5, 1, 9 / 19.5, null, 0.5 / 19.5]);
  });

  it("takes all rows for one partition, in the order in which they came", async () => {
    const plain = { partitionBy: undefined, orderBy: undefined };
    expect(await added("rowNumber", {}, plain)).toEqual([1, 2, 3, 4, 5]);
    expect(await added("runningSum", v, plain)).toEqual([10, 14, 23, 23, 23.5]);
    const output = await run("window", { data: [] }, { functions: [{ function: "rowNumber", as: "n" }] });
    expect(output).toEqual({ result: [], count: 0 });
  });

  it("says nothing about a part of nothing", async () => {
    const data = [{ v: 1 }, { v: -1 }, { v: "" }];
    const functions = [
      { function: "share", field: "v", as: "share" },
      { function: "runningAvg", field: "v", as: "avg" },
    ];
    expect((await run("window", { data }, { functions })).result).toEqual([
      { v: 1, share: null, avg: 1 },
      { v: -1, share: null, avg: 0 },
      { v: "", share: null, avg: 0 },
    ]);
    const none = await run(
      "window",
      { data: [{ v: null }] },
      { functions: [{ ...functions[1], function: "runningMax" }] },
    );
    expect(none.result).toEqual([{ v: null, avg: null }]);
  });

  it("refuses what cannot be meant", async () => {
    const refusal = (functions: object[], parameters: object = {}, data: unknown = rows) =>
      failure("window", { data }, { functions, ...parameters });
    for (const each of [
      { function: "rank", as: "a" },
      { function: "rank", as: "a", field: "v" },
      { function: "rowNumber", as: "a", field: "v" },
      { function: "total", as: "a" },
      { function: "total", as: "v", field: "v" },
      { function: "lag", as: "a", field: "v", offset: -1 },
      { function: "lag", field: "v" },
      { function: "median", as: "a" },
    ])
      expect((await refusal([each])).code, JSON.stringify(each)).toBe("INVALID_PARAMETERS");
    expect((await refusal([])).message).toContain("`functions` is empty");
    const twice = { function: "rowNumber", as: "a" };
    expect((await refusal([twice, twice])).message).toContain("names `a` twice");
    expect((await refusal([twice], { partitionBy: ["G"] })).message).toContain("Did you mean `g`?");
    expect(await refusal([{ function: "total", as: "t", field: "g" }])).toMatchObject({
      code: "TYPE_MISMATCH",
      message: '[window] total needs numbers, but `g` of row 0 is "x"',
    });
    expect((await refusal([twice], {}, "text")).code).toBe("TYPE_MISMATCH");
  });

  it("warns of fields that no row has, and of mixed ones", async () => {
    const parameters = { functions: [{ function: "total", field: "w", as: "t" }], orderBy: [{ field: "m" }] };
    expect((await warned(run, "window", { data: rows }, parameters)).map(([rule]) => rule)).toEqual([
      "missing-field",
      "missing-field",
    ]);
    const mixed = { functions: [{ function: "runningMax", field: "v", as: "t" }] };
    expect(await warned(run, "window", { data: [{ v: 1 }, { v: "n/a" }] }, mixed)).toMatchObject([
      ["mixed-kinds", expect.any(String)],
    ]);
  });

  it("takes tables, and names such as __proto__", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "a\n10\n9\n" });
    const functions = [{ function: "runningSum", field: "a", as: "__proto__" }];
    const { result } = await run("window", table, { functions, orderBy: [{ field: "a" }] });
    expect(JSON.stringify(result)).toBe('[{"a":"10","__proto__":19},{"a":"9","__proto__":9}]');
  });

  it("stops when it is cancelled", async () => {
    const controller = new AbortController();
    const data = Array.from({ length: 100_000 }, (_, n) => ({ n }));
    const functions = [{ function: "runningSum", field: "n", as: "s" }];
    const running = run("window", { data }, { functions, signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
