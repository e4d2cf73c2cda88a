import { describe, expect, it } from "vitest";

import { instantOf } from "../src/data/instant.js";
import { run as onMachine, places } from "./run.js";
import { warned } from "./warned.js";

describe.each(places)("sort in $name", ({ run, failure }) => {
  const sorted = async (values: unknown[], order: Record<string, unknown> = {}) => {
    const { result } = await run("sort", { data: values.map((v) => ({ v })) }, { by: [{ field: "v", ...order }] });
    return result.map(({ v }: { v: unknown }) => v);
  };

  it("compares what is or spells a number as numbers", async () => {
    expect(await sorted(["10", 9, " 8 ", "1e1", -1.5, "+2"])).toEqual([-1.5, "+2", " 8 ", 9, "10", "1e1"]);
    expect(await sorted([1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 2])).toEqual([
      Number.NEGATIVE_INFINITY,
      1,
      2,
      Number.POSITIVE_INFINITY,
    ]);
    expect(await sorted(["10", "9"], { as: "text" })).toEqual(["10", "9"]);
  });

  it("compares text by code units, and dates by time", async () => {
    expect(await sorted(["b", "a", "B", "é", "z", "\u{1f600}", "\uffff"])).toEqual([
      "B",
      "a",
      "b",
      "z",
      "é",
      "\u{1f600}",
      "\uffff",
    ]);
    expect(await sorted([new Date(20), new Date(3)])).toEqual([new Date(3), new Date(20)]);
    const dates = ["2024-03-01T10:00+02:00", "2024-03-01 09:00", "2024-02-29", 0];
    expect(await sorted(dates, { as: "date" })).toEqual([
      0,
      "2024-02-29",
      "2024-03-01T10:00+02:00",
      "2024-03-01 09:00",
    ]);
  });

  it("puts rows without a value where it is told to, whatever the direction", async () => {
    const values = [2, null, 1, "", undefined, Number.NaN, 3];
    expect(await sorted(values)).toEqual([1, 2, 3, null, "", undefined, Number.NaN]);
    expect(await sorted(values, { direction: "desc" })).toEqual([3, 2, 1, null, "", undefined, Number.NaN]);
    expect(await sorted(values, { nulls: "first" })).toEqual([null, "", undefined, Number.NaN, 1, 2, 3]);
    expect(await sorted(values, { nulls: "first", direction: "desc" })).toEqual([
      null,
      "",
      undefined,
      Number.NaN,
      3,
      2,
      1,
    ]);
  });

  it("keeps the order of equal rows, and looks at further fields", async () => {
    const rows = [
      { a: 1, b: { c: "y" }, n: 0 },
      { a: "1", b: { c: "x" }, n: 1 },
      { a: 0, b: {}, n: 2 },
      { a: 1.0, b: { c: "y" }, n: 3 },
    ];
    const by = [{ field: "a" }, { field: "b.c", direction: "desc" }];
    const { result, count } = await run("sort", { data: rows }, { by });
    expect(result.map(({ n }: { n: number }) => n)).toEqual([2, 0, 3, 1]);
    expect(result[0]).toBe(rows[2]);
    expect(count).toBe(4);
  });

  it("warns of numbers among text, and puts them before it", async () => {
    const data = [{ price: "n/a" }, { price: "10" }, { price: 9 }, { price: true }];
    const parameters = { by: [{ field: "price" }] };
    expect(await warned(run, "sort", { data }, parameters)).toEqual([
      [
        "mixed-kinds",
        '`price` holds numbers and text ("10" in row 1, "n/a" in row 0): numbers come before text. Say how to compare them with `as`, or clean the field first',
      ],
    ]);
    expect((await run("sort", { data }, parameters)).result).toEqual([data[2], data[1], data[0], data[3]]);
    expect(await warned(run, "sort", { data }, { by: [{ field: "price", as: "text" }] })).toEqual([]);
  });

  it("refuses values that are not of the kind asked for", async () => {
    const refusal = (v: unknown, as: string) => failure("sort", [{ v: 1 }, { v }], { by: [{ field: "v", as }] });
    expect(await refusal("1,5", "number")).toMatchObject({
      code: "TYPE_MISMATCH",
      message: '[sort] Rows cannot be ordered by `v`: `v` of row 1 is "1,5", but must be a number or empty',
    });
    expect((await refusal("tomorrow", "date")).message).toContain("must be a date or empty");
    for (const as of ["auto", "text", "number", "date"]) {
      expect((await refusal({ a: 1 }, as)).code).toBe("TYPE_MISMATCH");
      expect((await refusal([1], as)).code).toBe("TYPE_MISMATCH");
    }
  });

  it("says what is wrong with its parameters and input", async () => {
    expect((await failure("sort", [], {})).message).toContain("`by` is missing");
    expect((await failure("sort", [], { by: [] })).code).toBe("INVALID_PARAMETERS");
    expect((await failure("sort", [], { by: [{ field: "a" }, { field: "a" }] })).code).toBe("INVALID_PARAMETERS");
    expect((await failure("sort", [1], { by: [{ field: "a" }] })).message).toContain("row 0 is a number");
    expect((await failure("sort", {}, { by: [{ field: "a" }] })).code).toBe("TYPE_MISMATCH");
    expect(await warned(run, "sort", [{ Name: 1 }], { by: [{ field: "name" }] })).toMatchObject([
      ["missing-field", expect.stringContaining("Did you mean `Name`?")],
    ]);
    expect((await run("sort", { data: [] }, { by: [{ field: "a" }] })).result).toEqual([]);
  });

  it("orders times by their moments where all name their zones", async () => {
    const order = async (values: unknown[]) => {
      const { result } = await run("sort", { data: values.map((a) => ({ a })) }, { by: [{ field: "a" }] });
      return result.map(({ a }: { a: unknown }) => a);
    };
    const [late, early] = ["2024-03-01T09:30:00Z", "2024-03-01T10:00:00+02:00"];
    expect(await order([late, early, null])).toEqual([early, late, null]);
    // Text that is no moment, or names no zone, stays text.
    expect(await order(["2024-13-01T09:00Z", early, late])).toEqual([late, early, "2024-13-01T09:00Z"]);
    expect(await order(["2024-03-01T09:00", early])).toEqual(["2024-03-01T09:00", early]);
  });

  it("takes tables", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "a\n10\n9\n" });
    expect((await run("sort", table, { by: [{ field: "a" }] })).result).toEqual([{ a: "9" }, { a: "10" }]);
  });

  it("orders many rows as the language does, and stops when it is cancelled", async () => {
    const data = Array.from({ length: 300_000 }, (_, n) => ({ a: (n * 7919) % 1009, b: `${(n * 31) % 977}`, n }));
    const by = [{ field: "a" }, { field: "b", direction: "desc", as: "text" }];
    const { result } = await run("sort", { data }, { by });
    const expected = [...data].sort((x, y) => x.a - y.a || (x.b < y.b ? 1 : x.b > y.b ? -1 : x.n - y.n));
    expect(result.every((row: unknown, at: number) => row === expected[at])).toBe(true);
    const controller = new AbortController();
    const running = run("sort", { data }, { by, signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("moments as text", () => {
  it("are read as ISO 8601 has them, in UTC where they name no zone", () => {
    for (const [text, ms] of [
      ["1970-01-02", 86_400_000],
      ["1970-02", 31 * 86_400_000],
      ["1970-01-01T00:00:01.25Z", 1250],
      ["1970-01-01 01:00+01:00", 0],
      ["1970-01-01T00:00:00-0030", 1_800_000],
      ["0001-01-01", -62_135_596_800_000],
    ] as const)
      expect(instantOf(text), text).toBe(ms);
    for (const text of ["2024-02-30", "2023-02-29", "2024-13-01", "24:00", "2024-01-01T24:00", "1.2.2024", "", "2024"])
      expect(instantOf(text), text).toBeUndefined();
  });
});
