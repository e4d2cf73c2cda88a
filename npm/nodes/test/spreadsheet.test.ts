import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { adviceOf } from "../src/contract/error.js";
import { tableBehind } from "../src/table/table-output.js";
import { failure, isUnread, ordersCsv, run, temporaryFolder } from "./run.js";
import { warned } from "./warned.js";

const folder = temporaryFolder();

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("spreadsheet", () => {
  it("reads a CSV file into records of strings", async () => {
    const path = file("a.csv", '\ufeffname,n\r\nAda,"1,5"\r\n\r\n"B ""b""\nc",\r\n');
    const output = await run("spreadsheet", undefined, { path });
    expect(output).toEqual({
      records: [
        { name: "Ada", n: "1,5" },
        { name: 'B "b"\nc', n: "" },
      ],
      headers: ["name", "n"],
      rowCount: 2,
      format: "csv",
      sheetName: "Sheet1",
      sheetNames: ["Sheet1"],
    });
  });

  it("warns where all is in one column, with the delimiter that was probably meant", async () => {
    const said = async (parameters: Record<string, unknown>) =>
      (await warned(run, "spreadsheet", undefined, parameters)).map(([rule, message]) => {
        expect(rule).toBe("wrong-delimiter");
        return message;
      });
    const semicolons = file("semicolons.csv", "name;price\nTea;3\n");
    const message =
      'In what was read all is in one column, "name;price": cells were taken to be separated by ",", and are probably by ";". Set `delimiter: ";"`';
    for (const more of [{}, { stream: true }, { types: "auto" }]) {
      expect(await said({ path: semicolons, ...more })).toEqual([message]);
    }
    expect(await said({ path: semicolons, hasHeaders: false })).toEqual([message]);
    expect(await said({ data: "name\tprice\nTea\t3\n" })).toEqual([expect.stringContaining('Set `delimiter: "\\t"`')]);
    expect(await said({ data: "name,price\n", delimiter: ";" })).toEqual([
      expect.stringContaining('Set `delimiter: ","`'),
    ]);
    expect(await said({ path: semicolons, delimiter: ";" })).toEqual([]);
    expect(await said({ data: "name; or title\nTea\n" })).toEqual([]);
    expect(await said({ data: "name\nTea;3\n" })).toEqual([]);
    expect(await said({ data: "", hasHeaders: false })).toEqual([]);
  });

  it("says so too where the rows have more cells than the one column", async () => {
    const prices = "name;price\nTea;3,50\n";
    for (const parameters of [{ data: prices }, { path: file("prices.csv", prices) }]) {
      const { code, message } = await failure("spreadsheet", undefined, parameters);
      expect(code).toBe("DESERIALIZATION_FAILED");
      expect(message).toMatch(
        /Row 2 has text in cell 2, .*: in the first row all is in one column, "name;price": .*Set `delimiter: ";"`$/,
      );
    }
    expect((await failure("spreadsheet", undefined, { data: "name\nTea,3\n" })).message).not.toContain("delimiter");
  });

  it("reads tabs from .tsv files and whatever delimiter is asked for", async () => {
    expect((await run("spreadsheet", {}, { path: file("a.tsv", "a\tb\n1\t2\n") })).records).toEqual([
      { a: "1", b: "2" },
    ]);
    const output = await run("spreadsheet", {}, { path: file("s.csv", "a;b\n1;2\n"), delimiter: ";" });
    expect(output).toMatchObject({ records: [{ a: "1", b: "2" }], delimiter: ";" });
  });

  it("reads the file that a flow was given as its input", async () => {
    const path = file("input.csv", "a\n1\n");
    expect((await run("spreadsheet", { file: path, outputFormat: "json" })).rowCount).toBe(1);
    expect((await run("spreadsheet", { file: path }, { path: "/nowhere" })).rowCount).toBe(1);
    expect((await run("spreadsheet", { path, file: "/nowhere" })).rowCount).toBe(1);
  });

  it("takes its path from either port, and text or bytes instead of a file", async () => {
    const path = file("p.csv", "a\n1\n");
    expect((await run("spreadsheet", { filePath: { result: path } })).rowCount).toBe(1);
    expect((await run("spreadsheet", { path }, { path: "/nowhere" })).rowCount).toBe(1);
    expect((await run("spreadsheet", { data: "a\n1\n2\n" })).rowCount).toBe(2);
    expect((await run("spreadsheet", { default: { result: Buffer.from("a\n1\n"), success: true } })).rowCount).toBe(1);
    expect((await run("spreadsheet", { data: [{ a: 1 }] })).headers).toEqual(["a"]);
  });

  it("makes no records until somebody reads them, and then only once", async () => {
    const output = await run("spreadsheet", {}, { data: "a\n1\n" });
    expect(isUnread(output, "records")).toBe(true);
    expect(Object.keys(output)).toContain("records");
    const first = output.records;
    expect(isUnread(output, "records")).toBe(false);
    expect(output.records).toBe(first);
    expect(tableBehind(output)).toBeUndefined();
  });

  it("keeps a header called __proto__ as data", async () => {
    const [record] = (await run("spreadsheet", {}, { data: "__proto__,b\nx,y\n" })).records;
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
    expect(Object.entries(record)).toEqual([
      ["__proto__", "x"],
      ["b", "y"],
    ]);
  });

  it("reads a hundred thousand rows", async () => {
    const output = await run("spreadsheet", {}, { path: file("big.csv", ordersCsv(100_000)) });
    expect(output.rowCount).toBe(100_000);
    expect(output.records[99_999]).toEqual({
      id: "99999",
      region: "centre",
      customer: "customer-345",
      product: "product-52",
      quantity: "5",
      price: "99.9",
      status: "open",
      comment: "comment 99999, with a delimiter and more words in it",
    });
  });

  it("reads text in other encodings, and tells of the first byte that is not UTF-8", async () => {
    const text = "naam;prijs\nCafé;€ 3\n";
    const records = [{ naam: "Café", prijs: "€ 3" }];
    const western = Buffer.from(text.replace("é", "\xe9").replace("€", "\x80"), "latin1");
    const wide = Buffer.from(`\ufeff${text}`, "utf16le");
    for (const [bytes, encoding] of [
      [western, "windows-1252"],
      [wide, "utf-16le"],
      [Buffer.from(wide).swap16(), "utf-16be"],
    ] as const) {
      const path = file(`${encoding}.csv`, bytes);
      for (const source of [{ path }, { data: new Uint8Array(bytes) }]) {
        expect((await run("spreadsheet", {}, { ...source, delimiter: ";", encoding })).records).toEqual(records);
        const error = await failure("spreadsheet", {}, { ...source, delimiter: ";" });
        expect(error.code).toBe("DESERIALIZATION_FAILED");
        const place =
          encoding === "windows-1252" ? "the byte 0xE9 in line 2 (byte 15 of all)" : "in line 1 (byte 1 of all)";
        expect(error.message).toContain(`${place} is not UTF-8`);
        expect(adviceOf(error)).toEqual([expect.stringContaining(`Set \`encoding: ${encoding}\``)]);
      }
    }
    const long = file("long.csv", Buffer.from(`a\n${"é\n".repeat(100_000)}`, "utf8"));
    const late = file(
      "late.csv",
      Buffer.concat([Buffer.from(`a\n${"é\n".repeat(100_000)}`), Buffer.from("x\xff\n", "latin1")]),
    );
    expect((await run("spreadsheet", {}, { path: long })).rowCount).toBe(100_000);
    expect((await failure("spreadsheet", {}, { path: late })).message).toContain(
      "the byte 0xFF in line 100002 (byte 300004 of all)",
    );
    const lines = file("western.jsonl", Buffer.from('{"a":1}\n{"a":"\xe9"}\n', "latin1"));
    expect((await run("spreadsheet", {}, { path: lines, encoding: "windows-1252" })).records).toEqual([
      { a: 1 },
      { a: "é" },
    ]);
    expect((await failure("spreadsheet", {}, { path: lines })).message).toContain("the byte 0xE9 in line 2");
    const refused = async (parameters: object) =>
      (await failure("spreadsheet", {}, { encoding: "windows-1252", ...parameters })).message;
    expect(await refused({ path: long, stream: true })).toContain("a stream is read as UTF-8");
    expect(await refused({ path: file("x.xlsx", "") })).toContain("xlsx is no text");
    expect(await refused({ operation: "write", path: long, data: [{ a: 1 }] })).toContain("written as UTF-8");
  });

  it("says what is wrong", async () => {
    expect((await failure("spreadsheet", {})).message).toBe(
      "[spreadsheet] No spreadsheet data provided. Please provide filePath or raw data.",
    );
    expect((await failure("spreadsheet", {}, { path: "/no/such.csv" })).message).toBe(
      "[spreadsheet] File not found: /no/such.csv",
    );
    const latin = await failure(
      "spreadsheet",
      {},
      { path: file("latin.csv", Buffer.from("a,b\n1,2\n1,\xe9\n", "latin1")) },
    );
    expect(latin).toMatchObject({ code: "DESERIALIZATION_FAILED" });
    expect(latin.message).toContain("Row 3, cell 2 is not UTF-8");
    expect((await failure("spreadsheet", {}, { path: file("x.xlsx", "") })).code).toBe("DESERIALIZATION_FAILED");
    expect((await failure("spreadsheet", {}, { data: "a\n1\n", sheetName: "Other" })).message).toContain(
      'Sheet "Other" not found. Available sheets: Sheet1',
    );
    expect((await failure("spreadsheet", {}, { data: "a\n1\n", delimiter: "ab" })).code).toBe("INVALID_PARAMETERS");
    expect((await failure("spreadsheet", {}, { data: 5 })).code).toBe("TYPE_MISMATCH");
    expect((await failure("spreadsheet", {}, { sheetIndex: -1 })).message).toBe(
      "Invalid spreadsheet parameters: `sheetIndex` must be at least 0, found -1",
    );
  });

  it.each([
    ["json", '[{"a":"1"}]', "JSON"],
    ["jsonl", '{"a":"1"}\n', "JSON Lines"],
    [undefined, [{ a: "1" }], "a list of records"],
  ])("tells which settings of text mean nothing to %s", async (format, data, what) => {
    const told = await warned(run, "spreadsheet", { data }, { format, delimiter: ";", hasHeaders: false });
    expect(told).toEqual([
      ["ignored-parameter", `\`delimiter\` is ignored: ${what} has no delimiter`],
      ["ignored-parameter", `\`hasHeaders\` is ignored: the records of ${what} have names for their fields`],
    ]);
    expect(await warned(run, "spreadsheet", { data }, { format, delimiter: ",", hasHeaders: true })).toEqual([]);
    const refused = await failure("spreadsheet", { data }, { format, range: "A:B" });
    expect(refused.message).toBe(`[spreadsheet] A range can be read from workbooks only, not from ${what}`);
  });

  it("reads types in records and JSON as in tables", async () => {
    const typed = [{ a: 7, b: "007", c: true, d: null, e: [1] }, 5];
    const data = [{ a: "7", b: "007", c: "true", d: "", e: [1] }, 5];
    expect((await run("spreadsheet", { data }, { types: "auto" })).records).toEqual(typed);
    expect((await run("spreadsheet", { data }, { types: "text" })).records).toEqual(data);
    const json = { data: JSON.stringify(data.slice(0, 1)), format: "json", types: "auto" };
    expect((await run("spreadsheet", {}, json)).records).toEqual(typed.slice(0, 1));
  });

  it("warns of a name that says another form than is written", async () => {
    const write = (name: string, parameters: object = {}) =>
      warned(run, "spreadsheet", { data: [{ a: 1 }] }, { operation: "write", path: join(folder, name), ...parameters });
    expect(await write("out.csv", { format: "xlsx" })).toEqual([
      [
        "format-mismatch",
        `\`${join(folder, "out.csv")}\` is written as xlsx, which \`format\` says, and its name ends in .csv, ` +
          "by which other programs take it for csv; change the ending or `format`",
      ],
    ]);
    expect(await write("out.ODS", { format: "xlsx" })).toHaveLength(1);
    expect(await write("out.json", { format: "csv" })).toHaveLength(1);
    for (const [name, format] of [
      ["out.constructor", undefined],
      ["out.txt", "csv"],
      ["out.tab", "csv"],
      ["out.json", "jsonl"],
      ["out.xlsm", "xlsx"],
    ]) {
      expect(await write(name as string, { format })).toEqual([]);
    }
    expect(await write("out.csv", { hasHeaders: false })).toEqual([
      ["ignored-parameter", "`hasHeaders` is ignored: the first row that is written names the columns"],
    ]);
  });

  it("makes its records also when the output was frozen or sealed before", async () => {
    for (const close of [Object.freeze, Object.seal]) {
      const output = close(await run("spreadsheet", {}, { data: "a\n1\n" })) as { records: unknown };
      expect(output.records).toEqual([{ a: "1" }]);
      expect(output.records).toBe(output.records);
    }
    const frozen = Object.freeze(await run("spreadsheet", {}, { data: "a\n1\n" })) as { records: unknown };
    expect(() => (frozen.records = [])).toThrow(TypeError);
  });
});

it("reads the parameter `data` behind an edge without a handle, and what a handle brings before both", async () => {
  const before = { default: { result: { subject: "an object" } } };
  expect((await run("spreadsheet", before, { data: "a\n1\n" })).records).toEqual([{ a: "1" }]);
  expect((await run("spreadsheet", { ...before, data: "a\n2\n" }, { data: "a\n1\n" })).records).toEqual([{ a: "2" }]);
  expect((await run("spreadsheet", { default: "a\n3\n" }, {})).records).toEqual([{ a: "3" }]);
  const rows = { default: { result: [{ a: 9 }] } };
  expect((await run("spreadsheet", rows, { data: "a\n1\n" })).records).toEqual([{ a: "1" }]);
  expect((await warned(run, "spreadsheet", rows, { data: "a\n1\n" })).map(([rule]) => rule)).toEqual(["data-ignored"]);
  expect((await run("spreadsheet", rows, { data: "" })).records).toEqual([{ a: 9 }]);
});
