import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { compareDigits, losesDigits } from "../src/data/decimal.js";
import { numberOf } from "../src/data/field.js";
import { places, temporaryFolder } from "./run.js";
import { outcome, warned } from "./warned.js";

const folder = temporaryFolder();
/** Ids that one number stands for. */
const [FIRST, SECOND, THIRD] = ["9007199254740992", "9007199254740993", "9007199254740994"];
const IDS = [THIRD, SECOND, FIRST].map((id) => ({ id, n: "1" }));
const CSV = `id,n\n${IDS.map(({ id, n }) => `${id},${n}`).join("\n")}\n`;
const idsOf = (rows: { id: unknown }[]) => rows.map(({ id }) => id);

describe("decimals", () => {
  it("are compared by all of their digits", () => {
    expect([SECOND, FIRST, 9007199254740992n, "-9007199254740993", "1e3"].map(compareDigitsWith(FIRST))).toEqual([
      1,
      0,
      0,
      -1,
      expect.any(Number),
    ]);
    expect(compareDigits("1.0000000000000000001", "1.0000000000000000002")).toBeLessThan(0);
    expect(compareDigits("9007199254740993.0", "+09007199254740993")).toBe(0);
    expect(compareDigits("0000000000000000000", "-0.0000000000000000")).toBe(0);
    expect(["9007199254740993", "-12345678901234567891"].map(losesDigits)).toEqual([true, true]);
    expect(
      [
        "9007199254740992",
        "10000000000000000",
        "1152921504606846976",
        "1152921504606847000",
        "1e30",
        "0.12345678901234567",
        "5",
      ].some(losesDigits),
    ).toBe(false);
  });

  it("are read in time that grows with their length alone", () => {
    // Step by step for each digit, this took hours.
    expect(numberOf(`${"1".repeat(3_000_000)}x`)).toBeUndefined();
    expect(numberOf(`${"1".repeat(3_000_000)}.${"1".repeat(3_000_000)}x`)).toBeUndefined();
  });
});

describe.each(places)("whole numbers beyond 2^53 as text in $name", ({ name, run }) => {
  const inputs: [string, () => Promise<unknown>][] = [["records", async () => ({ data: IDS })]];
  if (name === "a machine") {
    inputs.push(["a table", async () => ({ data: await run("spreadsheet", {}, { data: CSV, format: "csv" }) })]);
  }

  describe.each(inputs)("of %s", (_, input) => {
    const transform = async (parameters: Record<string, unknown>) =>
      (await run("transform", await input(), parameters)).result;

    it("are sorted and ranked by all digits", async () => {
      expect(idsOf((await run("sort", await input(), { by: [{ field: "id" }] })).result)).toEqual([
        FIRST,
        SECOND,
        THIRD,
      ]);
      const ranks = { function: "rank", as: "rank" };
      const ranked = await run("window", await input(), { orderBy: [{ field: "id" }], functions: [ranks] });
      expect(ranked.result.map(({ rank }: { rank: number }) => rank)).toEqual([3, 2, 1]);
      expect(idsOf(await transform({ operation: "sort", sortKey: "id" }))).toEqual([FIRST, SECOND, THIRD]);
      expect(idsOf(await transform({ operation: "sort", sortKey: "id", sortDirection: "desc" }))).toEqual([
        THIRD,
        SECOND,
        FIRST,
      ]);
    });

    it("keep their digits as the least and the greatest", async () => {
      const aggregates = [
        { operation: "min", field: "id", as: "min" },
        { operation: "max", field: "id", as: "max" },
      ];
      expect(await transform({ operation: "aggregate", aggregates })).toEqual([
        { min: Number(FIRST), max: Number(THIRD) },
      ]);
      const where = [{ field: "id", operator: "lt", value: THIRD }];
      const two = { data: await transform({ operation: "filter", where }) };
      expect((await run("transform", two, { operation: "aggregate", aggregates })).result).toEqual([
        { min: Number(FIRST), max: SECOND },
      ]);
      const functions = [{ function: "runningMax", field: "id", as: "most" }];
      const running = await run("window", two, { orderBy: [{ field: "id" }], functions });
      expect(running.result.map(({ most }: { most: unknown }) => most)).toEqual([SECOND, Number(FIRST)]);
      const pivoted = await run("pivot", two, { column: "n", value: "id", aggregate: "max" });
      expect(pivoted.result).toEqual([{ 1: SECOND }]);
    });

    it("are compared by all digits in conditions", async () => {
      const kept = async (operator: string, value: unknown) =>
        idsOf(await transform({ operation: "filter", where: [{ field: "id", operator, value }] }));
      expect(await kept("eq", SECOND)).toEqual([SECOND]);
      expect(await kept("eq", Number(FIRST))).toEqual([FIRST]);
      expect(await kept("in", [Number(FIRST)])).toEqual([FIRST]);
      expect(await kept("gt", FIRST)).toEqual([THIRD, SECOND]);
      expect(await kept("lte", FIRST)).toEqual([FIRST]);
      expect(await kept("gt", Number(FIRST))).toEqual([THIRD, SECOND]);
    });

    it("are joined, told apart and compared by all digits", async () => {
      const { data } = (await input()) as { data: unknown };
      expect((await run("join", { left: data, right: [{ id: SECOND, x: 1 }] }, { on: ["id"] })).result).toEqual([
        { id: SECOND, n: "1", x: 1 },
      ]);
      expect((await run("dedupe", await input(), { keys: ["id"] })).count).toBe(3);
      expect((await run("diff", { before: data, after: [{ id: SECOND, n: "1" }] }, { keys: ["id"] })).unchanged).toBe(
        1,
      );
    });

    it("are warned of in sums", async () => {
      const sum = {
        operation: "aggregate",
        aggregates: [
          { operation: "sum", field: "id" },
          { operation: "sum", field: "n" },
        ],
      };
      const { data } = (await input()) as { data: unknown };
      const rules = await warned(run, "transform", { data }, sum);
      expect(rules).toEqual([["lost-digits", expect.stringContaining("The sum of `id`")]]);
    });
  });

  it("are warned of where sums of smaller ones pass it", async () => {
    const data = [1, 2, 3].map((n) => ({ n: n * 3_002_399_751_580_331, k: "a" }));
    const lost = [["lost-digits", expect.stringContaining("of `n`")]];
    const aggregates = [{ operation: "sum", field: "n" }];
    expect(await warned(run, "transform", { data }, { operation: "aggregate", aggregates })).toEqual(lost);
    expect(await warned(run, "pivot", { data }, { column: "k", value: "n", aggregate: "sum" })).toEqual(lost);
    for (const each of ["runningSum", "runningAvg", "total", "share"]) {
      const functions = [{ function: each, field: "n", as: "x" }];
      expect(await warned(run, "window", { data }, { functions }), each).toEqual(lost);
    }
    const measured = [
      { n: 1.989e30, k: "a" },
      { n: 5.972e24, k: "a" },
      { n: 0.5, k: "a" },
    ];
    expect(await warned(run, "transform", { data: measured }, { operation: "aggregate", aggregates })).toEqual([]);
  });

  it("are warned of as keys once they are numbers", async () => {
    const data = [{ id: Number(SECOND) }, { id: 1 }];
    const isLost = [["lost-digits", expect.stringContaining("`id`")]];
    expect(await warned(run, "dedupe", { data }, { keys: ["id"] })).toEqual(isLost);
    expect(await warned(run, "join", { left: data, right: [{ id: 1 }] }, { on: ["id"] })).toEqual(isLost);
    expect(await warned(run, "diff", { before: [{ id: 1 }], after: data }, { keys: ["id"] })).toEqual(isLost);
    expect(await warned(run, "pivot", { data }, { column: "id", aggregate: "count" })).toEqual(isLost);
    const functions = [{ function: "rowNumber", as: "x" }];
    expect(await warned(run, "window", { data }, { partitionBy: ["id"], functions })).toEqual(isLost);
    for (const parameters of [
      { operation: "unique", uniqueKey: "id" },
      { operation: "group", groupKey: "id" },
      { operation: "aggregate", groupBy: "id", aggregates: [{ operation: "count" }] },
    ]) {
      expect(await warned(run, "transform", { data }, parameters), parameters.operation).toEqual(isLost);
    }
    expect(await warned(run, "dedupe", { data: [{ id: 1e20 }] }, { keys: ["id"] })).toEqual([]);
    const where = [{ field: "id", operator: "eq", value: Number(SECOND) }];
    expect(await warned(run, "transform", { data: [{ id: SECOND }] }, { operation: "filter", where })).toEqual([
      ["lost-digits", expect.stringContaining("Write it as text")],
    ]);
  });
});

describe("whole numbers beyond 2^53 that are read", () => {
  const lost = [["lost-digits", expect.stringContaining("9007199254740993, which is read as 9007199254740992")]];

  it.each([
    ["a list", "[1, 9007199254740993]"],
    ["an object behind text", `{"a\\"[": "x\\\\", "b": "\\\\\\"", "id":9007199254740993}`],
    ["alone", "9007199254740993"],
  ])("are warned of in %s of JSON", async (_, json) => {
    const path = join(folder, "a.json");
    writeFileSync(path, json);
    expect((await outcome("file-system", {}, { path, format: "json" })).warnings).toEqual(lost);
    const parameters = {
      program: process.execPath,
      args: ["-e", `console.log(${JSON.stringify(json)})`],
      parse: "json",
    };
    expect((await outcome("shell-command", {}, parameters)).warnings).toEqual(lost);
  });

  it.each([
    ["text", '{"id": "9007199254740993", "a": "x, 9007199254740993, \\" 9007199254740993 "}'],
    [
      "fractions, exponents and what is kept",
      "[0.12345678901234567, 9007199254740993.5, 12345678901234567e3, 9007199254740992]",
    ],
  ])("are no loss in %s", async (_, json) => {
    const path = join(folder, "b.json");
    writeFileSync(path, json);
    expect((await outcome("file-system", {}, { path, format: "json" })).warnings).toEqual([]);
  });

  it("are looked for in time that grows with the text alone", async () => {
    const path = join(folder, "c.json");
    writeFileSync(path, `["${'9007199254740993,\\\\\\"'.repeat(200_000)}", ${"[".repeat(50)}${"]".repeat(50)}]`);
    expect((await outcome("file-system", {}, { path, format: "json" })).warnings).toEqual([]);
  });

  it("are warned of in YAML, tables of JSON, sheets and answers", async () => {
    const yaml = join(folder, "a.yaml");
    writeFileSync(yaml, "ids:\n  - 9007199254740993\n");
    expect((await outcome("file-system", {}, { path: yaml, format: "yaml" })).warnings).toEqual(lost);
    const json = '[{"id": 9007199254740993}]';
    expect((await outcome("spreadsheet", {}, { data: json, format: "json" })).warnings).toEqual(lost);
    const path = join(folder, "a.xlsx");
    await outcome("spreadsheet", { data: [{ id: Number(SECOND), n: 5 }] }, { operation: "write", path });
    expect((await outcome("spreadsheet", {}, { path })).warnings).toEqual([
      ["lost-digits", expect.stringContaining("The cell A2 holds")],
    ]);
    const server = createServer((_, response) => {
      response.setHeader("content-type", "application/json").end(json);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      expect((await outcome("http-request", {}, { url })).warnings).toEqual(lost);
    } finally {
      server.close();
    }
  });
});

function compareDigitsWith(other: string): (value: unknown) => number {
  return (value) => Math.sign(compareDigits(value, other));
}
