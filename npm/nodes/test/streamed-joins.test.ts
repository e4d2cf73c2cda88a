import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { failure, isUnread, run, temporaryFolder } from "./run.js";
import { seededRandom } from "./seeded-random.js";

const folder = temporaryFolder();
const WAYS = ["inner", "left", "right", "full", "semi", "anti"];

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const read = (path: string) => run("spreadsheet", undefined, { path });
const stream = (path: string) => run("spreadsheet", undefined, { path, stream: true });

/** A CSV of few different cells, so that many keys are equal; some empty, some spelled alike. */
function csvOf(names: readonly string[], rows: number, random: () => number): string {
  const words = ["a", "A", "1", "1.0", "01", '""', " ", "é", '"q"""', '"x,y"', "12345678901234567890", '"line\nline"'];
  const pick = () => words[Math.floor(random() * words.length)] as string;
  return `${[names.join(","), ...Array.from({ length: rows }, () => names.map(pick).join(","))].join("\n")}\n`;
}

/** What comes out of nodes one after the other, each given what the one before gave, and what is warned of; or the error. */
async function outcome(input: object, steps: readonly (readonly [type: string, parameters: object])[]) {
  const said = new Set<string>();
  const warn = (rule: string, message: string) => void said.add(`${rule}: ${message}`);
  try {
    let output: object = input;
    for (const [type, parameters] of steps) output = await run(type, output, { ...parameters, warn });
    return { text: JSON.stringify(output), said: [...said].sort() };
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
}

/** The file that rows are written to, and what is said of it. */
async function written(input: object, steps: readonly (readonly [string, object])[], ending: string) {
  const path = file(`written.${ending}`, "");
  const told = await outcome(input, [...steps, ["spreadsheet", { operation: "write", path }]]);
  return { told, text: readFileSync(path, "utf8") };
}

describe("a join of rows that are streamed", () => {
  it("gives what the join in memory gives, whatever the rows and ways", async () => {
    const random = seededRandom(11);
    for (let round = 0; round < 40; round++) {
      // Records have fields that are numbers first, and so have files that are made of them.
      const [two, one] = round % 2 === 0 ? ["two", "one"] : ["2", "1"];
      const leftNames = ["k", "l", "both", two, "__proto__"].slice(0, 2 + Math.floor(random() * 4));
      const rightNames = ["k", "m", "both", one, "both_right"].slice(0, 2 + Math.floor(random() * 4));
      const count = () => (random() < 0.15 ? 0 : Math.floor(random() * 30));
      const left = file("left.csv", csvOf(leftNames, count(), random));
      const right = file("right.csv", csvOf(rightNames, count(), random));
      const keys = [
        { on: ["k"] },
        { leftKeys: ["k"], rightKeys: ["m"] },
        { leftKeys: ["k", "l"], rightKeys: ["m", "k"] },
        { on: ["both"] },
      ][round % 4] as object;
      for (const how of WAYS) {
        const steps = [["join", { ...keys, how, ...(round % 3 === 0 && { suffix: "_2" }) }]] as const;
        const sides = async (ofLeft: typeof read, ofRight: typeof read) => ({
          left: await ofLeft(left),
          right: await ofRight(right),
        });
        const expected = await outcome(await sides(read, read), steps);
        const about = JSON.stringify({ round, steps, left: readFileSync(left, "utf8") });
        for (const [ofLeft, ofRight] of [
          [stream, read],
          [read, stream],
          [stream, stream],
        ] as const) {
          // Keys in doubt are told of where the rows are taken.
          const { said: _, ...told } = (await outcome(await sides(ofLeft, ofRight), steps)) as { said?: unknown };
          expect({ ...told, said: expected.said }, about).toEqual(expected);
        }
        if (two === "2") continue;
        const ending = ["csv", "json", "jsonl", "tsv"][(round / 2) % 4] as string;
        const ofStream = await written(await sides(stream, stream), steps, ending);
        expect(ofStream, about).toEqual(await written(await sides(read, read), steps, ending));
      }
    }
  });

  it("stays a stream through filters and further joins, with the fields that rows lack", async () => {
    const random = seededRandom(5);
    const where = [{ field: "m", operator: "ne", value: "A" }];
    const further = await read(file("further.csv", csvOf(["m", "z"], 8, random)));
    for (const how of ["inner", "left", "full"]) {
      const left = file("left.csv", csvOf(["k", "l"], 40, random));
      const right = await read(file("right.csv", csvOf(["k", "m"], 9, random)));
      const results = [];
      for (const begin of [read, stream]) {
        const joined = await run("join", { left: await begin(left), right }, { on: ["k"], how });
        const kept = await run("transform", joined, { operation: "filter", where });
        const twice = await run("join", { left: kept, right: further }, { on: ["m"], how });
        const groups = await run("transform", twice, {
          operation: "aggregate",
          groupBy: ["m", "z"],
          aggregates: [{ operation: "count" }, { operation: "max", field: "l" }],
        });
        if (begin === stream) {
          for (const output of [joined, kept, twice]) expect(isUnread(output, "result")).toBe(true);
        }
        const path = file("twice.json", "");
        await run("spreadsheet", twice, { operation: "write", path });
        results.push([groups.result, twice.result, kept.outputCount, readFileSync(path, "utf8")]);
      }
      expect(results[1], how).toEqual(results[0]);
    }
  });

  it("joins more rows than are read at once, with matches all over the file", async () => {
    const rows = (count: number, keys: number, name: string) =>
      Array.from({ length: count }, (_, row) => `${(row * 7) % keys},${name} of row ${row}, "some words"`);
    const left = file("many.csv", `k,v,w\n${rows(60_000, 3000, "left").join("\n")}\n`);
    const right = file("others.csv", `k,v,x\n${rows(5000, 3500, "right").join("\n")}\n`);
    for (const how of WAYS) {
      const results = [];
      for (const begin of [read, stream]) {
        const joined = await run("join", { left: await begin(left), right: await begin(right) }, { on: ["k"], how });
        const path = file("all.csv", "");
        const { rowCount } = await run("spreadsheet", joined, { operation: "write", path });
        const { count, unmatchedLeft, unmatchedRight } = joined;
        results.push({ rowCount, count, unmatchedLeft, unmatchedRight, text: readFileSync(path, "utf8") });
      }
      expect(results[1]?.text === results[0]?.text, how).toBe(true);
      expect({ ...results[1], text: "" }).toEqual({ ...results[0], text: "" });
    }
  });

  it("refuses what the join in memory refuses, where it is made", async () => {
    const [left, right] = [file("l.csv", "k,a\n1,2\n"), file("r.csv", "k,a,a_right\n1,2,3\n")];
    for (const parameters of [
      { on: ["nokey"] },
      { on: ["k", "k"] },
      { leftKeys: ["k"], rightKeys: ["b"] },
      { on: ["k"] },
      { on: ["k"], how: "right" },
      { on: ["nokey"], how: "right" },
    ]) {
      const [ofTables, ofStreams] = [
        await failure("join", { left: await read(left), right: await read(right) }, parameters),
        await failure("join", { left: await stream(left), right: await stream(right) }, parameters),
      ];
      expect([ofStreams.code, ofStreams.message]).toEqual([ofTables.code, ofTables.message]);
    }
  });

  it("takes records as the other side, in memory", async () => {
    const left = await stream(file("l.csv", "k,a\n1,x\n2,y\n"));
    const joined = await run("join", { left, right: [{ k: 1, b: true }] }, { on: ["k"], how: "left" });
    expect(joined.result).toEqual([
      { k: "1", a: "x", b: true },
      { k: "2", a: "y", b: null },
    ]);
  });

  it("is cancelled where its rows are taken, and says that the file has changed", async () => {
    const path = file("changing.csv", "k,a\n1,x\n");
    const right = await read(file("r.csv", "k,b\n1,y\n"));
    const joined = await run("join", { left: await stream(path), right }, { on: ["k"] });
    const write = { operation: "write", path: join(folder, "never.csv") };
    const cancelled = await failure("spreadsheet", joined, { ...write, signal: AbortSignal.abort() });
    expect(cancelled.code).toBe("CANCELLED");
    writeFileSync(path, "k,a\n1,x\n2,y\n");
    expect((await failure("spreadsheet", joined, write)).message).toContain("has changed since");
  });
});
