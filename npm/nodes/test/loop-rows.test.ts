import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { isUnread, temporaryFolder } from "./run.js";
import { fresh, on } from "./sqlite.js";
import { outcome } from "./warned.js";

const folder = temporaryFolder();
const ROWS = [{ double: 2 }, { double: 4, note: "x" }];
const ROUNDS = ROWS.map((result) => ({ result }));

/** What a loop gives of its rounds. */
const gathered = (results: unknown[]) => ({ result: results, results, iterationCount: results.length, success: true });

/** What is written to a file, and the rules of the warnings. */
async function written(type: string, name: string, input: unknown, more: object = {}) {
  const path = join(folder, name);
  const { warnings } = await outcome(type, input, { operation: "write", path, ...more });
  return { text: readFileSync(path, "utf8"), rules: warnings.map(([rule]) => rule) };
}

describe("rows that a loop gathered", () => {
  it("are written to tables without what its nodes put around them", async () => {
    const text = "double,note\n2,\n4,x\n";
    for (const [handle, output] of [
      ["default", gathered(ROUNDS)],
      ["data", gathered(ROUNDS)],
      ["default", { result: gathered(ROUNDS) }],
      ["default", { ...gathered(ROUNDS), errors: [], success: false }],
    ] as const) {
      const input = { [handle]: output };
      expect(await written("spreadsheet", "a.csv", input)).toEqual({ text, rules: [] });
      expect(await written("file-system", "b.csv", input)).toEqual({ text, rules: [] });
    }
    const lines = await written("spreadsheet", "a.jsonl", { default: gathered(ROUNDS) });
    expect(lines.text).toBe(ROWS.map((row) => `${JSON.stringify(row)}\n`).join(""));
  });

  it("are those of all tables that its rounds read", async () => {
    const csv = ["a,b\n1,2\n3,4\n", "a,b\n5,6\n"];
    const read = async (data: string) => (await outcome("spreadsheet", {}, { data })).output;
    const tables = [await read(csv[0] as string), await read(csv[1] as string)];
    const text = "a,b\n1,2\n3,4\n5,6\n";
    expect(await written("spreadsheet", "t.csv", { default: gathered(tables) })).toEqual({ text, rules: [] });
    expect(tables.every((table) => isUnread(table, "records"))).toBe(true);
    expect(await written("file-system", "u.csv", { default: gathered(tables) })).toEqual({ text, rules: [] });
    const plain = JSON.parse(JSON.stringify(tables));
    expect(await written("spreadsheet", "v.csv", { default: gathered(plain) })).toEqual({ text, rules: [] });
  });

  it("are appended, and written to each of several sheets, without it", async () => {
    const append = { operation: "append" };
    await written("file-system", "log.csv", { default: gathered(ROUNDS) }, append);
    const { text, rules } = await written("file-system", "log.csv", { default: gathered(ROUNDS) }, append);
    expect(text).toBe("double,note\n2,\n4,x\n2,\n4,x\n");
    expect(rules).toEqual([]);
    const path = join(folder, "sheets.xlsx");
    const sheets = { Rows: gathered(ROUNDS), Others: ROUNDS };
    const { warnings } = await outcome("spreadsheet", {}, { operation: "write", path, sheets });
    expect(warnings.map(([rule]) => rule)).toEqual(["nested-result"]);
    const { output } = await outcome("spreadsheet", {}, { operation: "read", path, sheetName: "Rows" });
    expect(output.headers).toEqual(["double", "note"]);
  });

  it("are inserted into a database without it", async () => {
    const db = on(fresh("loop.db"));
    await db.execute("create table t (double int, note text)");
    await db.insert(gathered(ROUNDS), { table: "t" });
    expect((await db.query("select * from t")).result).toEqual([{ double: 2, note: null }, ROWS[1]]);
  });

  it("stay as they are in files of JSON, where they are more than results, and where they are an application's own", async () => {
    const json = await written("file-system", "a.json", { default: gathered(ROUNDS) });
    expect(JSON.parse(json.text)).toEqual(ROUNDS);
    const values = await written("spreadsheet", "values.csv", { default: gathered([{ result: 1 }, { result: 2 }]) });
    expect(values).toEqual({ text: "result\n1\n2\n", rules: [] });
    const answers = [{ result: { a: 1 }, status: 200 }];
    const more = await written("spreadsheet", "more.csv", { default: gathered(answers) });
    expect(more).toEqual({ text: 'result,status\n"{""a"":1}",200\n', rules: [] });
  });

  it("are told from tables and streams without reading these", async () => {
    const path = join(folder, "orders.csv");
    writeFileSync(path, "a\n1\n2\n");
    for (const stream of [false, true]) {
      const { output } = await outcome("spreadsheet", {}, { path, stream });
      const { output: kept } = await outcome("transform", { default: output }, { operation: "reverse" });
      for (const type of ["spreadsheet", "file-system"]) {
        for (const rows of [output, kept]) await written(type, "orders-copy.csv", { default: rows });
      }
      expect([isUnread(output, "records"), isUnread(kept, "result")]).toEqual([true, true]);
    }
  });

  it("are warned of where they came by other nodes and become JSON in one column", async () => {
    for (const type of ["spreadsheet", "file-system"]) {
      for (const input of [{ default: ROUNDS }, { default: { result: ROUNDS, operation: "filter", success: true } }]) {
        const { text, rules } = await written(type, "nested.csv", input);
        expect([text.split("\n")[0], rules]).toEqual(["result", ["nested-result"]]);
      }
      const lists = await written(type, "lists.csv", { default: gathered([{ result: [{ a: 1 }] }]) });
      expect(lists.rules).toEqual(["nested-result"]);
    }
  });
});

describe("content that is no list of records", () => {
  it("is warned of where the path says that it is a table", async () => {
    for (const content of [{ country: "NO" }, [1, 2], [[1, 2]], 5, [{ a: 1 }, null]]) {
      expect((await written("file-system", "no.csv", { content })).rules, JSON.stringify(content)).toEqual([
        "not-a-table",
      ]);
      expect((await written("file-system", "no.tsv", { content }, { format: "json" })).rules).toEqual([]);
      expect((await written("file-system", "no.json", { content })).rules).toEqual([]);
    }
    for (const content of ["a,b\n1,2\n", new Uint8Array([97]), [], [{ a: 1 }]]) {
      expect((await written("file-system", "yes.csv", { content })).rules).toEqual([]);
    }
  });
});
