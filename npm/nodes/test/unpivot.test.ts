import { describe, expect, it } from "vitest";

import { run as onMachine, places } from "./run.js";

describe.each(places)("unpivot in $name", ({ run, failure }) => {
  const data = [
    { id: 1, a: 5, b: null },
    { id: 2, b: 6, c: "x" },
  ];
  const rows = async (parameters: Record<string, unknown>) =>
    (await run("unpivot", { data }, parameters)).result.map(Object.values);

  it("makes a row of each column, row by row", async () => {
    expect(await run("unpivot", { data }, { keep: ["id"], columns: ["b", "a"] })).toEqual({
      result: [
        { id: 1, name: "b", value: null },
        { id: 1, name: "a", value: 5 },
        { id: 2, name: "b", value: 6 },
        { id: 2, name: "a", value: null },
      ],
      count: 4,
      columns: ["b", "a"],
    });
  });

  it("takes all other fields where only one side is named", async () => {
    expect(await rows({ keep: ["id"] })).toEqual([
      [1, "a", 5],
      [1, "b", null],
      [1, "c", null],
      [2, "a", null],
      [2, "b", 6],
      [2, "c", "x"],
    ]);
    expect((await run("unpivot", { data }, { columns: ["c"], nameTo: "n", valueTo: "v" })).result).toEqual([
      { id: 1, a: 5, b: null, n: "c", v: null },
      { id: 2, a: null, b: 6, n: "c", v: "x" },
    ]);
    expect(await rows({ keep: [] })).toHaveLength(8);
    expect((await run("unpivot", { data: [] }, { keep: ["id"] })).result).toEqual([]);
  });

  it("refuses what cannot be meant", async () => {
    for (const parameters of [
      {},
      { columns: [] },
      { keep: ["id"], columns: ["id"] },
      { keep: ["id", "id"] },
      { keep: ["ids"] },
      { columns: ["d"] },
      { keep: ["id"], nameTo: "id" },
      { keep: ["id"], valueTo: "name" },
      { keep: ["id", "a", "b", "c"] },
    ])
      expect((await failure("unpivot", { data }, parameters)).code, JSON.stringify(parameters)).toBe(
        "INVALID_PARAMETERS",
      );
    expect((await failure("unpivot", { data: [1] }, { keep: ["id"] })).code).toBe("TYPE_MISMATCH");
  });

  it("refuses rows and columns without end", async () => {
    const wide = [Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`c${n}`, n]))];
    expect((await failure("unpivot", { data: wide }, { keep: [] })).code).toBe("MEMORY_LIMIT_EXCEEDED");
    const columns = Array.from({ length: 5000 }, (_, n) => `c${n}`);
    const row = Object.fromEntries(columns.map((name) => [name, 1]));
    const long = Array.from({ length: 2001 }, () => row);
    expect((await failure("unpivot", { data: long }, { keep: [], columns })).message).toContain("10,005,000 rows");
  });

  it("takes tables and names such as __proto__, and undoes a pivot", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "id,__proto__\n1,2\n" });
    const { result } = await run("unpivot", table, { keep: ["__proto__"] });
    expect(JSON.stringify(result)).toBe('[{"__proto__":"2","name":"id","value":"1"}]');
    const long = [
      { id: 1, name: "a", value: 5 },
      { id: 1, name: "b", value: 6 },
    ];
    const wide = await run("pivot", { data: long }, { index: ["id"], column: "name", value: "value" });
    expect((await run("unpivot", { default: wide }, { keep: ["id"] })).result).toEqual(long);
  });

  it("stops when it is cancelled", async () => {
    const controller = new AbortController();
    const many = Array.from({ length: 100_000 }, (_, n) => ({ id: n, c: n % 5 }));
    const running = run("unpivot", { data: many }, { keep: ["id"], signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
