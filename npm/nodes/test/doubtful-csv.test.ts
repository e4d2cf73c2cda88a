import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

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
