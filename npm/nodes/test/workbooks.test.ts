import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import { failure, isUnread, run, temporaryFolder } from "./run.js";
import { seededRandom } from "./seeded-random.js";
import { outcome, warned } from "./warned.js";

const folder = temporaryFolder();
const made = (name: string) => fileURLToPath(new URL(`workbooks/${name}`, import.meta.url));

/** What another program finds in the first sheet of a workbook: its numbers, which dates are too, and its texts. */
function cellsIn(path: string): { numbers: number[]; texts: string[] } {
  const script = `
import json, re, sys, zipfile
sheet = zipfile.ZipFile(sys.argv[1]).read("xl/worksheets/sheet1.xml").decode()
print(json.dumps({"numbers": [float(v) for v in re.findall(r"<v>([^<]*)</v>", sheet)], "texts": re.findall(r"<t[^>]*>([^<]*)</t>", sheet)}))`;
  return JSON.parse(execFileSync("python3", ["-c", script, path], { encoding: "utf8" }));
}

/** Written by `workbooks/make.py` and `make-xlsb.py`; what is calculated has a result only where LibreOffice wrote the file. */
const books = ["libreoffice.xlsx", "libreoffice.xls", "libreoffice.ods", "openpyxl.xlsx", "pyxlsbwriter.xlsb"] as const;

describe.each(books)("a workbook, %s,", (name) => {
  const path = made(name);
  const isCalculated = name.startsWith("libreoffice");
  const grace = name.endsWith(".xlsb") ? "Grace Å" : "Grace Å 🚀";
  // LibreOffice writes what came as true and false as numbers into ODS.
  const hasBooleans = !name.endsWith(".ods");

  it("is read as text: numbers in full, dates in ISO form", async () => {
    const output = await run("spreadsheet", {}, { path, range: "A:H" });
    expect(isUnread(output, "records")).toBe(true);
    expect(output).toMatchObject({
      headers: ["id", "customer", "total", "paid", "ordered", "sent", "twice", "column8"],
      rowCount: 3,
      format: name.slice(name.indexOf(".") + 1),
      sheetName: "Orders",
      sheetNames: ["Orders", "Notes", "Empty"],
    });
    expect(output.records).toEqual([
      {
        id: "1",
        customer: "Ada",
        total: "250",
        paid: hasBooleans ? "TRUE" : "1",
        ordered: "2026-01-31",
        sent: "2026-02-01T12:30:00",
        twice: isCalculated ? "500" : "",
        column8: "note",
      },
      {
        id: "2",
        customer: grace,
        total: "40.25",
        paid: hasBooleans ? "FALSE" : "0",
        ordered: "2026-02-28",
        sent: "",
        twice: isCalculated ? "80.5" : "",
        column8: "",
      },
      {
        id: "3",
        customer: "line\nbreak",
        total: "-0.1",
        paid: "",
        ordered: "",
        sent: "",
        twice: isCalculated ? "#DIV/0!" : "",
        column8: "",
      },
    ]);
  });

  it("keeps its types on request", async () => {
    const { records, rowCount } = await run("spreadsheet", {}, { path, types: "auto", range: "A1:E3" });
    expect(rowCount).toBe(2);
    expect(records).toEqual([
      { id: 1, customer: "Ada", total: 250, paid: hasBooleans || 1, ordered: "2026-01-31" },
      { id: 2, customer: grace, total: 40.25, paid: hasBooleans ? false : 0, ordered: "2026-02-28" },
    ]);
  });

  it("gives a sheet by name or place, and cells by range", async () => {
    const notes = { path, sheetName: "Notes", range: "B3:C5" };
    const records = [
      { field: "a", text: "007" },
      { field: "b", text: "" },
    ];
    expect((await run("spreadsheet", {}, notes)).records).toEqual(records);
    expect((await run("spreadsheet", {}, { path, sheetIndex: 1, range: "b3:$C$5" })).records).toEqual(records);
    const bare = await run("spreadsheet", {}, { ...notes, range: "4:5", hasHeaders: false });
    expect(bare.records).toEqual([
      { column1: "a", column2: "007" },
      { column1: "b", column2: "" },
    ]);
    expect(await run("spreadsheet", {}, { path, sheetName: "Empty" })).toMatchObject({ records: [], rowCount: 0 });
  });

  it("keeps empty rows where they are wanted", async () => {
    const kept = await run("spreadsheet", {}, { path, range: "A:C", skipEmptyLines: false });
    expect(kept.records.map(({ id }: { id: string }) => id)).toEqual(["1", "2", "", "3"]);
  });

  it("refuses what would be lost, and what is not there", async () => {
    const message = async (parameters: object) => (await failure("spreadsheet", {}, { path, ...parameters })).message;
    expect(await message({})).toContain(
      "Cell H2 has something in it, but the first row has columns A to G only; choose columns with `range`: A:H takes it in, A:G leaves it out",
    );
    expect(await message({ sheetName: "orders" })).toContain(
      'Sheet "orders" not found. Available sheets: Orders, Notes, Empty',
    );
    expect(await message({ sheetIndex: 3 })).toContain("Sheet index 3 out of range. Workbook has 3 sheets.");
    expect(await message({ range: "A1" })).toContain('The range "A1" cannot be read; write it as A2:D10');
  });

  it("is read from bytes", async () => {
    const data = new Uint8Array(readFileSync(path));
    expect((await run("spreadsheet", { data }, { range: "A:A" })).rowCount).toBe(3);
  });
});

describe("a workbook", () => {
  it("warns of formulas without results", async () => {
    const told: unknown[] = [];
    const warn = (...words: string[]) => told.push(words);
    await run("spreadsheet", {}, { path: made("openpyxl.xlsx"), range: "A:H", warn });
    expect(told).toEqual([["formula-without-result", expect.stringMatching(/^3 formulas, the first in G2, have no/)]]);
    await run("spreadsheet", {}, { path: made("openpyxl.xlsx"), range: "A:F", warn });
    await run("spreadsheet", {}, { path: made("libreoffice.xlsx"), range: "A:H", warn });
    expect(told).toHaveLength(1);
  });

  it("is not read by settings of text without a word", async () => {
    const path = made("openpyxl.xlsx");
    expect(await warned(run, "spreadsheet", {}, { path, range: "A:F", delimiter: ";" })).toEqual([
      ["ignored-parameter", "`delimiter` is ignored: a workbook (xlsx) has no delimiter"],
    ]);
  });

  it("is refused with the reason where the bytes are something else", async () => {
    const file = (name: string, bytes: string | Uint8Array) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    };
    const whole = readFileSync(made("openpyxl.xlsx"));
    for (const path of [
      file("text.xlsx", "a,b\n1,2\n"),
      file("empty.xlsx", ""),
      file("half.xlsx", whole.subarray(0, whole.length / 2)),
      file("old.xls", Buffer.concat([Buffer.from("d0cf11e0a1b11ae1", "hex"), Buffer.alloc(4096, 0xff)])),
    ]) {
      expect(await failure("spreadsheet", {}, { path })).toMatchObject({ code: "DESERIALIZATION_FAILED" });
    }
    const gone = await failure("spreadsheet", {}, { path: join(folder, "gone.xlsx") });
    expect(gone.message).toContain("File not found");
    const flat = await failure("spreadsheet", {}, { path: file("a.fods", "") });
    expect(flat).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("fods is not supported"),
    });
  });

  it("survives damage anywhere in it", async () => {
    for (const name of books) {
      const whole = readFileSync(made(name));
      for (let round = 0; round < 60; round++) {
        const damaged = Buffer.from(whole);
        for (let hit = 0; hit <= round % 7; hit++) {
          const at = (round * 7919 + hit * 104_729) % damaged.length;
          damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (round % 8)), at);
        }
        const output = await run("spreadsheet", { data: damaged }, { range: "A:H" }).catch((error: unknown) => error);
        if (output instanceof Error) expect(output).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/) });
        else expect(output.rowCount).toBeGreaterThanOrEqual(0);
      }
    }
  });

  it("stops when it is cancelled", async () => {
    const controller = new AbortController();
    controller.abort();
    const stopped = failure("spreadsheet", {}, { path: made("openpyxl.xlsx"), signal: controller.signal });
    expect(await stopped).toMatchObject({ code: "CANCELLED" });
  });
});

describe("writing", () => {
  const rows = [
    { name: "Ada", total: 250.5, paid: true, note: "=1+1" },
    { name: "Grace", total: null, paid: false, note: "007" },
  ];

  it("writes several sheets with one node", async () => {
    const path = join(folder, "several.xlsx");
    const write = { operation: "write", path };
    const table = await run("spreadsheet", {}, { data: "b\n1\n2\n" });
    const sheets = { Orders: [{ a: 1, day: new Date(0) }], "T & <1>": table, Empty: [] };
    const { output, warnings } = await outcome("spreadsheet", {}, { ...write, sheets });
    expect(output).toMatchObject({ rowCount: 3, headers: ["a", "day", "b"], sheetNames: Object.keys(sheets) });
    expect(warnings).toEqual([["empty-table", expect.stringContaining('"Empty"')]]);
    const read = (sheetName: string) => run("spreadsheet", {}, { path, sheetName, types: "auto" });
    expect(await read("Orders")).toMatchObject({
      records: [{ a: 1, day: "1970-01-01" }],
      sheetNames: ["Orders", "T & <1>", "Empty"],
    });
    expect((await read("T & <1>")).records).toEqual([{ b: 1 }, { b: 2 }]);
    const other = await outcome("spreadsheet", { sheets: { orders: [{ a: 2 }], Empty: [{ c: 1 }] } }, write);
    expect(other.warnings).toEqual([["replaced-sheets", expect.stringContaining("the sheet `T & <1>`")]]);
    expect(
      (await warned(run, "spreadsheet", { default: [{ a: 9 }] }, { ...write, sheets })).map(([rule]) => rule),
    ).toEqual(["sheets-ignored", "empty-table"]);
  });

  it.each([
    [{ ["x".repeat(32)]: [] }, "it has 32 characters, and 31 are the most"],
    [{ "a/b": [] }, "it has /, and none of"],
    [{ "": [] }, "it is empty"],
    [{ "'a": [] }, "apostrophe"],
    [{ history: [] }, "Excel keeps it for itself"],
    [{ Sum: [], sUM: [] }, '"Sum" and "sUM" differ in case alone'],
    [{}, "`sheets` is empty"],
    [{ A: [1] }, "Record 0"],
    [{ A: "x" }, 'The sheet "A" is written from a list of records, not from'],
    [{ A: null }, 'The sheet "A"'],
  ])("refuses %j as sheets", async (sheets, words) => {
    const parameters = { operation: "write", path: join(folder, "refused.xlsx"), sheets };
    expect((await failure("spreadsheet", {}, parameters)).message).toContain(words);
    expect(existsSync(parameters.path)).toBe(false);
  });

  it("refuses sheets where there are none, or beside other rows", async () => {
    const message = async (parameters: object) =>
      (await failure("spreadsheet", {}, { operation: "write", path: "a.xlsx", sheets: { A: [] }, ...parameters }))
        .message;
    expect(await message({ path: "a.csv" })).toContain("`sheets` are for xlsx; csv has one table");
    expect(await message({ data: [] })).toContain("`sheets` and `data` cannot be given together");
    expect(await message({ sheetName: "B" })).toContain("`sheets` and `sheetName` cannot be given together");
    expect(await message({ operation: "read" })).toContain("`sheets` are written");
    expect(await message({ sheets: undefined, sheetName: "a:b" })).toContain("it has :, and none of");
  });

  it("warns of the sheets that go with a workbook that is written over", async () => {
    const path = join(folder, "sheets.xlsx");
    const write = (sheetName?: string) =>
      warned(run, "spreadsheet", { data: [{ a: 1 }] }, { operation: "write", path, ...(sheetName && { sheetName }) });
    expect(await write("R&D <1>")).toEqual([]);
    expect(await write("r&d <1>")).toEqual([]);
    const words =
      "a workbook is written whole. Write all sheets with one node, by `sheets`, or each to a file of its own";
    expect(await write("Other")).toEqual([
      ["replaced-sheets", `\`${path}\` had the sheet \`r&d <1>\`, which is gone: ${words}`],
    ]);
    writeFileSync(path, readFileSync(made("libreoffice.xlsx")));
    const { sheetNames } = await run("spreadsheet", {}, { path, range: "A:H" });
    expect(sheetNames.length).toBeGreaterThan(1);
    const [[, message] = []] = await write();
    for (const name of sheetNames.filter((each: string) => each !== "Sheet1")) expect(message).toContain(`\`${name}\``);
    writeFileSync(path, "no workbook");
    expect(await write()).toEqual([]);
    expect((await run("spreadsheet", {}, { path })).records).toEqual([{ a: "1" }]);
  });

  it("makes a workbook that reads back the same", async () => {
    const path = join(folder, "deep/er/out.xlsx");
    const output = await run("spreadsheet", { data: rows }, { operation: "write", path, sheetName: "People" });
    expect(output).toMatchObject({ result: path, path, rowCount: 2, format: "xlsx", success: true });
    expect(output.size).toBe(readFileSync(path).length);
    const back = await run("spreadsheet", {}, { path, types: "auto" });
    expect(back).toMatchObject({ records: rows, sheetName: "People" });
  });

  it("writes columns of numbers out of a table of text, and leaves those that would lose something", async () => {
    const table = await run("spreadsheet", { data: "zip,n\n00501,12.5\n10115,n/a\n" });
    const path = join(folder, "numbers.xlsx");
    await run("spreadsheet", { data: table }, { operation: "write", path });
    expect(isUnread(table, "records")).toBe(true);
    const { records } = await run("spreadsheet", {}, { path, types: "auto" });
    expect(records).toEqual([
      { zip: "00501", n: 12.5 },
      { zip: "10115", n: "n/a" },
    ]);
    await run("spreadsheet", { data: table }, { operation: "write", path, types: "text" });
    expect((await run("spreadsheet", {}, { path, types: "auto" })).records[0]).toEqual({ zip: "00501", n: "12.5" });
  });

  it("writes columns of dates out of text, and leaves those that would lose something", async () => {
    const text = [
      "day,sent,exact,zoned,odd,blank,midnight,partial",
      "2026-01-31,2026-01-31T12:00:00,2026-01-31T12:00:00.250,2026-01-31T12:00:00Z,2026-02-30,2026-01-31 12:00:00,2026-01-31T00:00:00,2026-01-31",
      "n/a,2026-02-01,2026-02-01T00:00:01,2026-02-01,2026-02-01,2026-02-01,2026-02-01,2026",
      "",
    ].join("\n");
    const table = await run("spreadsheet", { data: text });
    const path = join(folder, "text-dates.xlsx");
    const texts = [
      ...["2026-01-31T12:00:00Z", "2026-02-30", "2026-01-31 12:00:00", "2026-01-31T00:00:00", "2026-01-31"],
      ...["n/a", "2026-02-01", "2026-02-01", "2026-02-01", "2026-02-01"],
    ];
    for (const data of [table, table.records]) {
      await run("spreadsheet", { data }, { operation: "write", path });
      const found = cellsIn(path);
      const [days, ms] = [46053, 1 / 86_400_000];
      const dates = [days, days + 0.5, days + 0.5 + 250 * ms, days + 1, days + 1 + 1000 * ms];
      expect(found.numbers).toEqual([...dates.map((date) => expect.closeTo(date, 9)), 2026]);
      expect(found.texts.slice(8)).toEqual(texts);
      // What is read is what was written.
      expect((await run("spreadsheet", {}, { path })).records).toEqual(table.records);
      // Narrower, a sheet shows no date but a row of `#`.
      const { result } = await run("archive", {}, { operation: "extract", path, patterns: "xl/worksheets/sheet1.xml" });
      const widths = [
        ...new TextDecoder().decode(result[0].content).matchAll(/<col min="(\d)"[^>]* width="([\d.]+)"/g),
      ];
      expect(widths.map(([, column, width]) => [column, Number(width) > 10])).toEqual(
        ["1", "2", "3"].map((column) => [column, true]),
      );
    }
    await run("spreadsheet", { data: table }, { operation: "write", path, types: "text" });
    expect(cellsIn(path).numbers).toEqual([]);
  });

  it("is read by another program with its types", async () => {
    const path = join(folder, "dates.xlsx");
    const data = [
      { day: new Date(Date.UTC(2026, 0, 31)), time: new Date(Date.UTC(2026, 0, 31, 12, 30)), list: [1, 2], é: "🚀" },
    ];
    await run("spreadsheet", { data }, { operation: "write", path });
    expect(cellsIn(path)).toEqual({
      numbers: [46053, 46053.52083333333],
      texts: ["day", "time", "list", "é", "[1,2]", "🚀"],
    });
    expect((await run("spreadsheet", {}, { path })).records).toEqual([
      { day: "2026-01-31", time: "2026-01-31T12:30:00", list: "[1,2]", é: "🚀" },
    ]);
  });

  it.each(["csv", "tsv", "json", "jsonl"])("makes %s that reads back the same", async (format) => {
    const path = join(folder, `out.${format}`);
    const data = [
      { a: 'x,y\t"z"\n', b: "1" },
      { a: "", b: "é" },
    ];
    await run("spreadsheet", { data }, { operation: "write", path });
    expect((await run("spreadsheet", {}, { path })).records).toEqual(data);
    const table = await run("spreadsheet", {}, { path: join(folder, "out.csv") });
    await run("spreadsheet", { data: table }, { operation: "write", path: join(folder, `again.${format}`) });
    expect((await run("spreadsheet", {}, { path: join(folder, `again.${format}`) })).records).toEqual(data);
  });

  it("refuses what a file cannot hold, and settings that it would ignore", async () => {
    const write = (parameters: object, data: unknown = rows) =>
      failure("spreadsheet", { data }, { operation: "write", path: join(folder, "no.xlsx"), ...parameters });
    expect((await write({}, [{ a: "x".repeat(32_768) }])).message).toContain(
      'The text of "a" in row 1 (cell A2) is longer than the 32767 characters that a cell takes',
    );
    expect((await write({}, "text")).message).toContain("written from a list of records, not from a string");
    expect((await write({}, [{}, 5])).message).toContain("Record 1 of the list is a number, not an object");
    expect((await write({ path: undefined })).message).toContain("`path` is required to write a spreadsheet");
    expect((await write({ path: join(folder, "no.xls") })).message).toContain("xls can be read, but not written");
    expect((await write({ range: "A:B" })).message).toContain("`range` cannot be given here");
    expect((await write({ delimiter: ";" })).message).toContain("xlsx has no delimiter");
    expect((await write({ path: "no.csv", sheetName: "A" })).message).toContain("csv has no sheets");
    expect((await write({ path: "no.csv", types: "auto" })).message).toContain("all cells of csv are text");
    expect((await write({ sheetName: "a/b" })).code).toBe("INVALID_PARAMETERS");
  });

  it("warns where there is nothing to write", async () => {
    const told: string[] = [];
    const warn = (rule: string) => told.push(rule);
    await run("spreadsheet", { data: [] }, { operation: "write", path: join(folder, "none.xlsx"), warn });
    expect(told).toEqual(["empty-table"]);
    expect((await run("spreadsheet", {}, { path: join(folder, "none.xlsx") })).rowCount).toBe(0);
  });
});

describe("JSON", () => {
  it("is read as it is, from files and from text", async () => {
    const lines = '\ufeff{"a":1}\r\n\n{"b":[true]}';
    const output = await run("spreadsheet", { data: lines }, { format: "jsonl" });
    expect(output).toEqual({
      records: [{ a: 1 }, { b: [true] }],
      headers: ["a", "b"],
      rowCount: 2,
      format: "jsonl",
      sheetName: "Sheet1",
      sheetNames: ["Sheet1"],
    });
    const path = join(folder, "list.json");
    writeFileSync(path, '[{"a":1},{"__proto__":{"x":1}}]');
    const { records } = await run("spreadsheet", {}, { path });
    expect(Object.keys(records[1])).toEqual(["__proto__"]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it("that is no table says where", async () => {
    const message = async (data: string | Uint8Array, format: string) =>
      (await failure("spreadsheet", { data }, { format })).message;
    expect(await message('{"a":1}\n{"a":', "jsonl")).toContain("Line 2 is not JSON");
    expect(await message("{}\n5", "jsonl")).toContain("Line 2 is a number, not an object");
    expect(await message('{"a":1}', "json")).toContain("A table in JSON is a list of objects, not an object");
    expect(await message("[{}, null]", "json")).toContain("Item 1 of the list is null, not an object");
    expect(await message(new Uint8Array([0x5b, 0xff]), "json")).toContain("not UTF-8");
  });
});

it("cells of CSV are what they spell on request", async () => {
  const { records } = await run("spreadsheet", { data: "a,b,c,d\n1,007,true,\n-0.5,13,No,1.0\n" }, { types: "auto" });
  expect(records).toEqual([
    { a: 1, b: "007", c: true, d: null },
    { a: -0.5, b: "13", c: "No", d: 1 },
  ]);
});

describe("numbers of a column", () => {
  /** A column of CSV as it is read with types, and as it comes back from a workbook. */
  const both = async (cells: readonly string[]) => {
    const data = `c,x\n${cells.map((cell) => `"${cell}",x\n`).join("")}`;
    const cellsOf = (output: { records: { c: unknown }[] }) => output.records.map(({ c }) => c);
    const read = cellsOf(await run("spreadsheet", { data }, { types: "auto" }));
    const path = join(folder, "column.xlsx");
    await run("spreadsheet", { data: await run("spreadsheet", { data }) }, { operation: "write", path });
    return { read, written: cellsOf(await run("spreadsheet", {}, { path, types: "auto" })), path };
  };

  it("are amounts with zeros at their end, which a workbook shows", async () => {
    const { read, written, path } = await both(["100.50", "20", "7.25", "n/a", "-3.00"]);
    expect(read).toEqual([100.5, 20, 7.25, "n/a", -3]);
    expect(written).toEqual(read);
    const { result } = await run("archive", {}, { operation: "extract", path, patterns: "xl/styles.xml" });
    expect(new TextDecoder().decode(result[0].content)).toContain('formatCode="0.00"');
  });

  it.each([
    ["versions", ["1.9", "1.10", "2"]],
    ["numbers with zeros before them", ["00501", "10115"]],
    ["more digits than a number keeps", ["12345678901234567", "5"]],
    ["exponents, which may be of identifiers", ["1e5", "9000", "9a3f"]],
    ["signs", ["+49301234", "30123"]],
    ["a decimal comma", ["1.234,56", "100", "7,5"]],
  ])("stay text as a whole: %s", async (_, cells) => {
    expect(await both(cells)).toMatchObject({ read: cells, written: cells });
  });

  it("are the same read and written, whatever the cells are", async () => {
    const next = seededRandom(4711);
    const random = (below: number) => Math.floor(next() * below);
    const pieces = [
      "0",
      "1",
      "5",
      "00",
      "10",
      ".",
      ".5",
      ".50",
      ".0",
      "-",
      "+",
      "e5",
      "E-2",
      "x",
      "123456789",
      "9",
      ",5",
    ];
    for (let round = 0; round < 300; round++) {
      const cell = () => Array.from({ length: 1 + random(3) }, () => pieces[random(pieces.length)]).join("");
      const cells = Array.from({ length: 1 + random(4) }, cell);
      const { read, written } = await both(cells);
      expect(written, JSON.stringify(cells)).toEqual(read);
    }
  });
});
