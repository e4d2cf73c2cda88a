import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { failure, isUnread, ordersCsv, PATIENCE, run, temporaryFolder } from "./run.js";
import { seededRandom } from "./seeded-random.js";
import { outcome, warned } from "./warned.js";

const folder = temporaryFolder();
/** Larger than what a thread reads at once, so that blocks come together. */
const ROWS = 40_000;
const source = join(folder, "orders.csv");
writeFileSync(source, ordersCsv(ROWS));

const filter = { operation: "filter", where: [{ field: "price", operator: "gt", value: 50 }] };
const totals = {
  operation: "aggregate",
  groupBy: ["region", "status"],
  aggregates: [
    { operation: "count" },
    { operation: "count", field: "comment", as: "comments" },
    { operation: "sum", field: "price" },
    { operation: "avg", field: "price" },
    { operation: "min", field: "price" },
    { operation: "max", field: "comment" },
    { operation: "countDistinct", field: "customer" },
    { operation: "median", field: "price" },
    { operation: "percentile", percent: 95, field: "price" },
  ],
};

const read = (path: string, parameters: object = {}) => run("spreadsheet", undefined, { path, ...parameters });
const stream = (path: string, parameters: object = {}) => read(path, { stream: true, ...parameters });

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("a stream of rows", () => {
  it("gives filters and aggregates what the table gives, without reading a record", async () => {
    for (const steps of [[filter, totals], [totals], [filter, { ...filter, match: "any" }, totals]]) {
      const results = [];
      for (const begin of [read, stream]) {
        let output = await begin(source);
        for (const step of steps) {
          const next = await run("transform", output, step);
          expect(isUnread(output, "records" in output ? "records" : "result")).toBe(true);
          output = next;
        }
        results.push({ ...output });
      }
      expect(results[1]).toEqual(results[0]);
    }
  });

  it("is written as the table is, in every form", async () => {
    for (const [name, type, parameters] of [
      ["all.csv", "spreadsheet", { operation: "write" }],
      ["all.tsv", "spreadsheet", { operation: "write" }],
      ["semicolon.csv", "spreadsheet", { operation: "write", delimiter: ";" }],
      ["all.json", "spreadsheet", { operation: "write" }],
      ["all.jsonl", "spreadsheet", { operation: "write" }],
      ["types.json", "spreadsheet", { operation: "write", types: "auto" }],
      ["file.csv", "file-system", { operation: "write" }],
      ["file.json", "file-system", { operation: "write" }],
      ["file.yaml", "file-system", { operation: "write" }],
      ["appended.jsonl", "file-system", { operation: "append" }],
    ] as const) {
      const [ofTable, ofStream] = [join(folder, `table-${name}`), join(folder, `stream-${name}`)];
      const small = { operation: "filter", where: [{ field: "id", operator: "lt", value: 3000 }] };
      const outputs = [];
      for (const [begin, path] of [
        [read, ofTable],
        [stream, ofStream],
      ] as const) {
        outputs.push(await run(type, await run("transform", await begin(source), small), { path, ...parameters }));
      }
      const plain = (output: object) => ({ ...output, path: "", result: "" });
      expect(plain(outputs[1]), name).toEqual(plain(outputs[0]));
      expect(readFileSync(ofStream, "utf8") === readFileSync(ofTable, "utf8"), name).toBe(true);
    }
  });

  it("is read as the table is, however rows are cut, quoted and broken", async () => {
    const random = seededRandom(3);
    const parts = ["a", '"', '""', ",", "\n", "\r\n", "\r", " ", "é", '"x,y"', '"p\nq"', "longer text"];
    for (let round = 0; round < 150; round++) {
      const text = Array.from(
        { length: 5 + Math.floor(random() * 60) },
        () => parts[Math.floor(random() * parts.length)],
      );
      const path = file("random.csv", `h1,h2,h3,h4,h5,h6,h7,h8\n${text.join("")}`);
      const layout = { hasHeaders: round % 2 === 0, skipEmptyLines: round % 3 !== 0 };
      const told = async (begin: typeof read) => {
        try {
          const output = await begin(path, layout);
          return { headers: output.headers, rowCount: output.rowCount, records: output.records };
        } catch (error) {
          return (error as Error).message.replace(` (in ${path})`, "").replace(/^\[spreadsheet\] /, "");
        }
      };
      const [ofTable, ofStream] = [await told(read), await told(stream)];
      const withoutCode = typeof ofStream === "string" ? ofStream.replace(/^\[\w+\] /, "") : ofStream;
      expect(withoutCode, JSON.stringify({ text: text.join(""), layout })).toEqual(ofTable);
    }
  });

  it("counts its rows when it is asked, and makes records when they are read", async () => {
    const output = await run("transform", await stream(source), filter);
    const table = await run("transform", await read(source), filter);
    expect(output.inputCount).toBe(ROWS);
    expect(output.outputCount).toBe(table.outputCount);
    expect(isUnread(output, "result")).toBe(true);
    expect(output.result).toEqual(table.result);
    expect(isUnread(output, "result")).toBe(false);
    expect(output.outputCount).toBe(table.outputCount);
  });

  it("serves several takers, and node types that know tables only", async () => {
    const rows = await stream(source);
    const [sorted, limited, joined, again] = [
      await run("transform", rows, { operation: "sort", sortKey: "price", sortDirection: "desc" }),
      await run("transform", await stream(source), { operation: "limit", limitCount: 3 }),
      await run("join", { left: await stream(source), right: await stream(source) }, { on: ["id"], how: "semi" }),
      await run("transform", rows, { operation: "map", transformFunction: "row => row.id", timeout: PATIENCE }),
    ];
    expect(sorted.result[0].price).toBe("99.9");
    expect(limited.result.map(({ id }: { id: string }) => id)).toEqual(["0", "1", "2"]);
    expect(joined.count).toBe(ROWS);
    expect(again.result).toHaveLength(ROWS);
  });

  it("names the row that cannot be read, and its file, where rows are taken", async () => {
    const path = file("late.csv", `a,b\n${"1,2\n".repeat(400_000)}1,2,3\n`);
    const rows = await stream(path);
    for (const [type, parameters] of [
      ["transform", { operation: "aggregate", aggregates: [{ operation: "count" }] }],
      ["spreadsheet", { operation: "write", path: join(folder, "late-copy.csv") }],
    ] as const) {
      const { code, message } = await failure(type, rows, parameters);
      expect(code).toBe("DESERIALIZATION_FAILED");
      expect(message).toContain("Row 400002 has text in cell 3, but there are only 2 columns");
      expect(message).toContain(path);
    }
    expect(() => statSync(join(folder, "late-copy.csv"))).toThrow("ENOENT");
  });

  it("names the item that cannot be added up among all rows", async () => {
    const path = file("words.csv", `n\n${"1\n".repeat(700_000)}many\n`);
    const sum = { operation: "aggregate", aggregates: [{ operation: "sum", field: "n" }] };
    const messages = [];
    for (const begin of [read, stream]) messages.push((await failure("transform", await begin(path), sum)).message);
    expect(messages[0]).toContain("item 700000 holds text");
    expect(messages[1]).toBe(messages[0]);
  });

  it("fails where the file is no longer what it was", async () => {
    const path = file("changing.csv", "a\n1\n2\n");
    const count = { operation: "aggregate", aggregates: [{ operation: "count" }] };
    const rows = await stream(path);
    expect((await run("transform", rows, count)).result).toEqual([{ count: 2 }]);
    const uncounted = await stream(path);
    writeFileSync(path, "a\n1\n2\n3\n");
    expect((await failure("transform", rows, count)).message).toContain("has changed since");
    expect(() => uncounted.rowCount).toThrow("has changed since");
    // What was read had so many.
    expect(rows.rowCount).toBe(2);
    const sameSize = await stream(path);
    const { atimeMs, mtimeMs } = statSync(path);
    utimesSync(path, atimeMs / 1000, mtimeMs / 1000 + 5);
    expect((await failure("transform", sameSize, count)).code).toBe("EXECUTION_FAILED");
  });

  it("is written over the file that it is read from, once", async () => {
    const path = file("same.csv", "a,b\n1,x\n2,y\n");
    const rows = await stream(path);
    const kept = await run("transform", rows, {
      operation: "filter",
      where: [{ field: "a", operator: "eq", value: 2 }],
    });
    await run("spreadsheet", kept, { operation: "write", path });
    expect(readFileSync(path, "utf8")).toBe("a,b\n2,y\n");
    expect((await failure("spreadsheet", kept, { operation: "write", path })).message).toContain("has changed since");
  });

  it("warns of filters that kept nothing as of tables, where rows are taken", async () => {
    const wrong = { operation: "filter", where: [{ field: "region", operator: "eq", value: 7 }] };
    const [rule, message] = (await warned(run, "transform", await read(source), wrong))[0] as [string, string];
    expect(rule).toBe("types-differ");
    const rows = await run("transform", await stream(source), wrong);
    expect(await warned(run, "transform", rows, totals)).toEqual([[rule, message]]);
    const ordered = { operation: "filter", where: [{ field: "price", operator: "gt", value: "much" }] };
    const ofTable = await warned(run, "transform", await read(source), ordered);
    expect(ofTable).toHaveLength(1);
    expect(await warned(run, "transform", await stream(source), ordered)).toEqual(ofTable);
    const empty = await warned(run, "spreadsheet", rows, { operation: "write", path: join(folder, "empty.csv") });
    expect(empty.map(([rule]) => rule)).toEqual(["types-differ", "empty-table"]);
  });

  it("warns of text among numbers that a filter leaves out, as far as the first rows have it", async () => {
    const filter = { operation: "filter", where: [{ field: "a", operator: "gt", value: 1 }] };
    const some = file("some.csv", `a\n${"3\n".repeat(5)}none\n`);
    const ofTable = await warned(run, "transform", await read(some), filter);
    expect(ofTable.map(([, message]) => message)).toEqual([expect.stringContaining("`a gt 1` left out 1 item whose")]);
    expect(await warned(run, "transform", await stream(some), filter)).toEqual(ofTable);
    const many = file("many.csv", `a\nnone\n${"3\n".repeat(10_000)}`);
    const [[, message] = []] = await warned(run, "transform", await stream(many), filter);
    expect(message).toContain("left out 1 item of the first 10,000 whose");
  });

  it("refuses what it cannot stream, and fields that are no columns", async () => {
    for (const [input, parameters] of [
      [undefined, { path: file("list.json", "[]") }],
      [undefined, { path: source, types: "auto" }],
      [{ data: "a,b\n1,2\n" }, {}],
      [[{ a: 1 }], {}],
      [[{ a: 1 }], { operation: "write", path: join(folder, "never.csv") }],
    ] as const) {
      const { code, message } = await failure("spreadsheet", input, { stream: true, ...parameters });
      expect([code, message.includes("`stream`")]).toEqual(["INVALID_PARAMETERS", true]);
    }
    const nowhere = { operation: "filter", where: [{ field: "prize", operator: "gt", value: 1 }] };
    const messages = [];
    for (const begin of [read, stream]) {
      messages.push((await failure("transform", await begin(source), nowhere)).message);
    }
    expect(messages[1]).toBe(messages[0]);
  });

  it("says how far it is, and stops when it is cancelled", async () => {
    const controller = new AbortController();
    controller.abort();
    const rows = await stream(source);
    const cancelled = await failure("transform", rows, { ...totals, signal: controller.signal });
    expect(cancelled.code).toBe("CANCELLED");
    const { output } = await outcome("transform", rows, totals, { progress: () => {} });
    expect(output.result).toHaveLength(10);
  });
});
