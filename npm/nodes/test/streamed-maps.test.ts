import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { failure, isUnread, ordersCsv, PATIENCE, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
/** More than is kept in memory of what user code answers. */
const ROWS = 120_000;
const source = file("orders.csv", ordersCsv(ROWS));
const fewer = file("fewer.csv", ordersCsv(12_000));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const read = (path = source) => run("spreadsheet", undefined, { path });
const stream = (path = source) => run("spreadsheet", undefined, { path, stream: true });
const map = (transformFunction: string) => ({ operation: "map", transformFunction, timeout: PATIENCE });

/** What a node gives and warns of; or the error. */
async function outcome(type: string, input: object, parameters: object) {
  const said: string[] = [];
  const warn = (rule: string, message: string) => void said.push(`${rule}: ${message}`);
  try {
    return { output: { ...(await run(type, input, { ...parameters, warn })) }, said };
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
}

describe("user code that maps rows that are streamed", () => {
  it("is written as its results in memory are, in every form, whatever the fields", async () => {
    const code =
      "(row, i) => ({ id: Number(row.id), i, total: row.price * row.quantity, ...(i > 100000 && { 'late, \"field\"': [i] }), when: new Date(i), none: i % 3 ? null : undefined })";
    const [ofTable, ofStream] = [
      await run("transform", await read(), map(code)),
      await run("transform", await stream(), map(code)),
    ];
    expect(isUnread(ofStream, "result")).toBe(true);
    const { result: _, ...facts } = ofTable;
    for (const [name, fact] of Object.entries(facts)) expect(ofStream[name], name).toEqual(fact);
    for (const [name, type] of [
      ["a.csv", "spreadsheet"],
      ["a.tsv", "spreadsheet"],
      ["a.json", "spreadsheet"],
      ["a.jsonl", "spreadsheet"],
      ["b.csv", "file-system"],
      ["b.json", "file-system"],
      ["b.jsonl", "file-system"],
    ] as const) {
      const path = join(folder, name);
      const texts = [];
      for (const rows of [ofTable, ofStream]) {
        const output = await run(type, rows, { operation: "write", path });
        texts.push([readFileSync(path, "utf8"), JSON.stringify(output)]);
      }
      expect(texts[1]?.[0] === texts[0]?.[0], name).toBe(true);
      expect(texts[1]?.[1]).toBe(texts[0]?.[1]);
    }
    expect(isUnread(ofStream, "result")).toBe(true);
    expect(ofStream.result).toEqual(ofTable.result);
    expect(isUnread(ofStream, "result")).toBe(false);
  });

  it("is filtered, aggregated, mapped and limited as a list is", async () => {
    const code = "(row, i) => ({ region: row.region, price: Number(row.price), i, odd: i % 2 ? 'x' : NaN })";
    const steps: [string, object][] = [
      ["transform", { operation: "filter", where: [{ field: "price", operator: "gt", value: 50 }] }],
      ["transform", { operation: "filter", where: [{ field: "prize", operator: "gt", value: 50 }] }],
      ["transform", { operation: "filter", where: [{ field: "region", operator: "eq", value: 7 }] }],
      ["transform", map("(row, i) => [row.i, i, row.price]")],
      ["transform", map("(row) => row.i + row.price")],
      ["transform", map("row")],
      ["transform", { operation: "limit", limitCount: 3 }],
      ["transform", { operation: "sort", sortKey: "price" }],
      ["transform", { operation: "unique", uniqueKey: "price" }],
      ["sample", { count: 3, seed: 1 }],
      [
        "transform",
        {
          operation: "aggregate",
          groupBy: "region",
          aggregates: [{ operation: "sum", field: "price" }, { operation: "count" }, { operation: "max", field: "i" }],
        },
      ],
      ["transform", { operation: "aggregate", aggregates: [{ operation: "sum", field: "odd" }] }],
      ["code", { code: "input.length" }],
    ];
    for (const [type, parameters] of steps) {
      const results = [];
      for (const begin of [read, stream]) {
        results.push(await outcome(type, await run("transform", await begin(fewer), map(code)), parameters));
      }
      expect(results[1], JSON.stringify(parameters)).toEqual(results[0]);
    }
  });

  it("fails, and warns, where it is run, as of a table", async () => {
    for (const code of [
      "(row, i) => { if (i === 9000) throw new Error('here') ; return 1 }",
      "(row) => { row.id }",
      "(row, i) => ({ price: Number(row.comment) })",
      "(row) => row.id + row.price",
      "(row) => row.prize",
      "(row, i) => i > 9000 ? () => 1 : 2",
      "row => ",
    ]) {
      const results = [];
      for (const begin of [read, stream]) results.push(await outcome("transform", await begin(fewer), map(code)));
      expect(results[1], code).toEqual(results[0]);
    }
  });

  it("sees all rows where it asks for them, in memory", async () => {
    const small = file("small.csv", "n\n1\n2\n3\n");
    const rows = await run("transform", await stream(small), map("(row, i, rows) => rows.length - i"));
    expect(isUnread(rows, "result")).toBe(false);
    expect(rows.result).toEqual([3, 2, 1]);
  });

  it("is run once, however often its results are taken", async () => {
    const rows = await run("transform", await stream(), map("() => ({ n: Math.random() })"));
    const texts = [];
    for (const name of ["first.csv", "second.csv"]) {
      const path = join(folder, name);
      await run("spreadsheet", rows, { operation: "write", path });
      texts.push(readFileSync(path, "utf8"));
    }
    expect(texts[1] === texts[0]).toBe(true);
  });

  it("comes after filters and joins of the stream, with null for what rows lack", async () => {
    const right = await run("spreadsheet", { data: "region,name\nnorth,N\n" }, {});
    const results = [];
    for (const begin of [read, stream]) {
      const joined = await run("join", { left: await begin(fewer), right }, { on: ["region"], how: "left" });
      const mapped = await run("transform", joined, map("({ id, name }) => ({ id, name })"));
      results.push(mapped.result);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[1].slice(0, 2)).toEqual([
      { id: "0", name: "N" },
      { id: "1", name: null },
    ]);
  });

  it("fails for a row that cannot be read, and ends when it is cancelled", async () => {
    const rows = await stream(file("late.csv", `a,b\n${"1,2\n".repeat(400_000)}1,2,3\n`));
    const { code, message } = await failure("transform", rows, map("row => row.a"));
    expect(code).toBe("DESERIALIZATION_FAILED");
    expect(message).toContain("Row 400002");
    const controller = new AbortController();
    const endless = failure("transform", await stream(), { ...map("() => { for (;;); }"), signal: controller.signal });
    setImmediate(() => controller.abort());
    expect((await endless).code).toBe("CANCELLED");
  });
});
