import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { adviceOf } from "../src/contract/error.js";
import { run, temporaryFolder } from "./run.js";
import { warned } from "./warned.js";

const folder = temporaryFolder();

/** Warnings of text, read as a file, as text and as bytes; they are the same. */
async function warningsOf(text: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
  const path = join(folder, "a.csv");
  writeFileSync(path, text);
  const [ofFile, ofText, ofBytes] = [
    await warned(run, "spreadsheet", {}, { path, ...parameters }),
    await warned(run, "spreadsheet", { data: text }, parameters),
    await warned(run, "spreadsheet", { data: new TextEncoder().encode(text) }, parameters),
  ];
  expect(ofText).toEqual(ofFile);
  expect(ofBytes).toEqual(ofFile);
  return ofFile;
}

describe("a quote of CSV that is never closed", () => {
  it.each([
    [
      "in a row",
      'a,b\n1,"x\n2,y\n3,z\n',
      /the cell of `b` in the last row has the rest of the text, 3 line breaks.*begins with "x/,
    ],
    ["in the header", 'a,"b\n1,x\n', /the cell of a header has the rest/],
    ["without an end of line", 'a,b\n1,"x\n2,y', /1 line break of it/],
  ])("is told %s", async (_, text, words) => {
    expect(await warningsOf(text)).toEqual([["unclosed-quote", expect.stringMatching(words)]]);
  });

  it.each([
    ["cells of several lines", 'a,b\n1,"x\ny"\n'],
    ["one at the end of the text", 'a,b\n1,"x\r\ny"'],
    ["one before empty cells", 'a,b,c\n1,"x\ny",,\n'],
    ["one before other cells", 'a,b\n"x\ny",1\n'],
    ["no rows", "a,b\n"],
    ["nothing", ""],
    ["quotes within cells", 'a\n5" pipe\n'],
  ])("is not told of %s", async (_, text) => {
    expect(await warningsOf(text)).toEqual([]);
  });
});

describe("what text has that is streamed", () => {
  it("is told once by what takes the rows", async () => {
    const path = join(folder, "doubtful.csv");
    writeFileSync(path, 'a,b\n1\n1,x\n1,y\n1,"x\n2,y\n');
    const told: unknown[] = [];
    const warn = (rule: string, message: string) => told.push([rule, message]);
    const rows = await run("spreadsheet", {}, { path, stream: true, warn });
    expect(told).toEqual([]);
    const aggregates = [{ operation: "count" }];
    const [{ count }] = (await run("transform", rows, { operation: "aggregate", aggregates, warn })).result;
    expect(count).toBe(4);
    expect(told).toEqual([
      ["unclosed-quote", expect.stringMatching(/of `b` in the last row has the rest of the text, 2 line breaks/)],
      ["short-rows", expect.stringMatching(/^Row 2 has fewer cells than the 2 columns/)],
    ]);
    const written = join(folder, "written.csv");
    await run("file-system", rows, { operation: "write", path: written, warn });
    expect(told).toHaveLength(2);
  });

  it("is not told of first rows alone, or of text without doubts", async () => {
    const path = join(folder, "plain.csv");
    writeFileSync(path, 'a,b\n1,"x\ny"\n');
    const told: unknown[] = [];
    const warn = (rule: string) => told.push(rule);
    const rows = await run("spreadsheet", {}, { path, stream: true, warn });
    await run("file-system", rows, { operation: "write", path: join(folder, "copied.csv"), warn });
    expect(told).toEqual([]);
  });
});

describe("columns of one name", () => {
  it("are told, with the names that they are read by", async () => {
    expect(await warningsOf("id,amount,amount\n1,2,3\n")).toEqual([
      ["duplicate-headers", "Several columns are called `amount`; those after the first are read as `amount_1`"],
    ]);
    expect(await warningsOf("a;b;a;b;a\n1;2;3;4;5\n", { delimiter: ";" })).toEqual([
      [
        "duplicate-headers",
        "Several columns are called `a`, `b`; those after the first are read as `a_1`, `b_1`, `a_2`",
      ],
    ]);
  });

  it("are told of rows that are streamed as well", async () => {
    const path = join(folder, "streamed.csv");
    writeFileSync(path, "id,amount,amount\n1,2,3\n");
    const told = await warned(run, "spreadsheet", {}, { path, stream: true });
    expect(told.map(([rule]) => rule)).toEqual(["duplicate-headers"]);
  });

  it("are not seen in names that have numbers", async () => {
    expect(await warningsOf("a,a_1,a_2\n1,2,3\n")).toEqual([]);
    expect(await warningsOf("a,a\n1,2\n", { hasHeaders: false })).toEqual([]);
  });
});

describe("rows that lack cells", () => {
  it("are told, with the first of them", async () => {
    expect(await warningsOf("a,b,c\n1,2,3\n4,5\n\n6,7\n8,9,\n")).toEqual([
      [
        "short-rows",
        "2 rows, the first of them row 3, have fewer cells than the 3 columns, and what is missing is read as empty. Look whether the file was cut short, or a cell left out",
      ],
    ]);
    expect(await warningsOf("a,b\n1,2\n3", { types: "auto" })).toEqual([
      ["short-rows", expect.stringMatching(/^Row 3 has fewer cells/)],
    ]);
  });

  it("are not seen where many are short, as of programs that leave out empty cells at the end", async () => {
    expect(await warningsOf(`a,b,c\n${"1,2\n".repeat(5)}1,2,3\n`)).toEqual([]);
  });

  it("are not seen where lines are empty, or empty lines are rows", async () => {
    expect(await warningsOf("a,b\n1,2\n\n  \n3,\n")).toEqual([]);
    expect(await warningsOf("a,b\n1,2\n\n3,4\n", { skipEmptyLines: false })).toEqual([]);
  });
});

describe("a table that begins below the first row", () => {
  const report = "Sales of March,,\n\nid,name,amount\n1,Ada,5\n2,Bob,7\n";

  it("is told where a title is taken for the headers", async () => {
    expect(await warningsOf(report)).toEqual([
      ["unnamed-columns", expect.stringMatching(/no column but the first, "Sales of March"\. .* `firstRow`/)],
    ]);
    expect(await warningsOf("id,column2\n1,2\n")).toEqual([]);
    expect(await warningsOf("column1,column2,column3\n1,2,3\n")).toEqual([]);
    expect(await warningsOf(",,\n1,2,3\n", { hasHeaders: false })).toEqual([]);
  });

  it.each([3, 2])("is read from `firstRow: %s` on, empty lines before the headers passed over", async (firstRow) => {
    expect(await warningsOf(report, { firstRow })).toEqual([]);
    const path = join(folder, "report.csv");
    writeFileSync(path, report);
    for (const stream of [false, true]) {
      const { records, headers } = await run("spreadsheet", {}, { path, firstRow, stream });
      expect(headers).toEqual(["id", "name", "amount"]);
      expect(records).toEqual([
        { id: "1", name: "Ada", amount: "5" },
        { id: "2", name: "Bob", amount: "7" },
      ]);
    }
    const bare = await run("spreadsheet", { data: report }, { firstRow: 4, hasHeaders: false });
    expect(bare.records).toEqual([
      { column1: "1", column2: "Ada", column3: "5" },
      { column1: "2", column2: "Bob", column3: "7" },
    ]);
    expect(await warningsOf("t\nid,a,a\n1,2,3\n", { firstRow: 2 })).toEqual([
      ["duplicate-headers", expect.stringContaining("`a_1`")],
    ]);
  });

  it("is read from a workbook in the same way", async () => {
    const path = join(folder, "report.xlsx");
    const rows = [
      ["Sales of March", "", ""],
      ["", "", ""],
      ["id", "name", "amount"],
      ["1", "Ada", "5"],
    ];
    const records = rows.map(([a, b, c]) => ({ a, b, c }));
    await run("spreadsheet", { data: records }, { operation: "write", path, types: "text" });
    // The names of the written columns are the first row of the sheet.
    const expected = [{ id: "1", name: "Ada", amount: "5" }];
    for (const where of [{ firstRow: 4 }, { firstRow: 3 }, { range: "4:" }, { range: "A4:C" }, { range: "A4:" }]) {
      expect((await run("spreadsheet", {}, { path, ...where })).records, JSON.stringify(where)).toEqual(expected);
      expect(await warned(run, "spreadsheet", {}, { path, ...where })).toEqual([]);
    }
    const titled = await warned(run, "spreadsheet", {}, { path, range: "A2:C5" });
    expect(titled).toEqual([["unnamed-columns", expect.stringContaining("Sales of March")]]);
    await expect(run("spreadsheet", {}, { path, firstRow: 9 })).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: "[spreadsheet] The table cannot begin in row 9: nothing is there",
    });
  });

  it.each([
    [{ data: report }, { firstRow: 9 }, /cannot begin in row 9: nothing is there, and 5 rows are above/],
    [{ data: [{ a: 1 }] }, { firstRow: 2 }, /`firstRow` cannot be given here: the records of a list of records/],
    [{ data: "[]" }, { firstRow: 2, format: "json" }, /the records of JSON have no rows above/],
    [{ data: report }, { firstRow: 2, range: "A:C" }, /`range` says where the table begins: write it as in `A2:D`/],
    [{ data: [{ a: 1 }] }, { firstRow: 2, operation: "write", path: "x.csv" }, /written from the first row on/],
  ])("is refused where it means nothing: %j %j", async (input, parameters, words) => {
    await expect(run("spreadsheet", input, parameters)).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringMatching(words),
    });
  });

  it("is asked for where a row is wider than what was taken for the headers", async () => {
    const error = await run("spreadsheet", { data: "Sales\n\nid,name\n1,Ada\n" }, {}).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ message: "[spreadsheet] Row 2 has text in cell 2, but there are only 1 columns" });
    expect(adviceOf(error)).toContainEqual(expect.stringContaining("`firstRow: 3`"));
    const kept = { data: "Sales\n\nid,name\n1,Ada\n" };
    const all = await run("spreadsheet", kept, { skipEmptyLines: false }).catch((reason: unknown) => reason);
    expect(adviceOf(all)).toContainEqual(expect.stringContaining("`firstRow: 3`"));
    const { records } = await run("spreadsheet", kept, { firstRow: 3 });
    expect(records).toEqual([{ id: "1", name: "Ada" }]);
  });
});

describe("decimals that may be thousands", () => {
  const auto = { delimiter: ";", types: "auto" };

  it("are told in files that are separated by `;`", async () => {
    expect(await warningsOf("day;amount\n1;1.234\n2;22.500\n3;5\n", auto)).toEqual([
      ["likely-thousands", expect.stringMatching(/^`amount`: numbers such as 1\.234 were read as decimals/)],
    ]);
  });

  it.each([
    ["as many places as decimals have", "a;b\n1.5;x\n2.25;x\n", auto],
    ["prices of fuel", "a;b\n1.789;x\n1.809;x\n", auto],
    ["numbers of four digits without a point", "a;b\n1.500;x\n1234;x\n", auto],
    ["a zero before the point", "a;b\n0.125;x\n", auto],
    ["numbers that stay text", "a;b\n1.234;x\n1.234,56;x\n", auto],
    ["text", "a;b\n1.234;x\n", { delimiter: ";" }],
    ["another delimiter", "a,b\n1.234,x\n", { types: "auto" }],
  ])("are not seen in %s", async (_, text, parameters) => {
    expect(await warningsOf(text, parameters)).toEqual([]);
  });
});
