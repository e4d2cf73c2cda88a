import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { conductor, type Ending, folder, ROOT, start } from "./cli.js";

const FLOW = join(ROOT, "examples", "birdstrikes", "birdstrikes.flow.yaml");
const DATA = join("node_modules", "vega-datasets");

type Row = Record<string, string>;

/** The rows, read without this project's reader. */
function rowsOf(text: string): Row[] {
  const cells = (line: string) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
    );
  const [head, ...lines] = text.trimEnd().split(/\r?\n/);
  const names = cells(head as string);
  return lines.map((line) => {
    const row = cells(line);
    expect(row.length).toBe(names.length);
    return Object.fromEntries(names.map((name, at) => [name, row[at] as string]));
  });
}

const costOf = (row: Row) => Number(row["Cost Total $"]);
const sum = (rows: Row[]) => rows.reduce((all, row) => all + costOf(row), 0);

describe("the bird strikes example", () => {
  const here = folder();
  const rows = rowsOf(readFileSync(join(ROOT, DATA, "data", "birdstrikes.csv"), "utf8"));
  const kept = rows.filter((row) => costOf(row) > 0);
  let ending: Ending;
  let report: string;
  let results: {
    rowsRead: number;
    rowsKept: number;
    totals: unknown;
    bySpecies: { species: string; strikes: number; cost: number }[];
    dearest: { date: string; airport: string; cost: number }[];
  };

  beforeAll(async () => {
    mkdirSync(join(here, "node_modules"));
    symlinkSync(join(ROOT, DATA), join(here, DATA), "junction");
    ending = await start(["run", FLOW, "--var", "title=Strikes & costs"], { cwd: here }).ended;
    const out = (name: string) => readFileSync(join(here, "out", "birdstrikes", name), "utf8");
    results = JSON.parse(out("results.json"));
    report = out("report.md");
  });

  it("runs", () => {
    expect(ending).toMatchObject({ code: 0, stderr: "" });
    expect(ending.stdout).toContain("14 nodes run, 0 skipped, 0 failed");
  });

  it("counts and sums as a reader by hand does", () => {
    const dates = kept.map((row) => row["Flight Date"] as string).sort();
    expect(rows.length).toBe(10_000);
    expect(results).toMatchObject({ rowsRead: rows.length, rowsKept: kept.length });
    expect(results.totals).toEqual({ strikes: kept.length, cost: sum(kept), first: dates[0], last: dates.at(-1) });
  });

  it("groups by species, dearest first", () => {
    const names = [...new Set(kept.map((row) => row["Wildlife Species"] as string))];
    const expected = names.map((species) => {
      const group = kept.filter((row) => row["Wildlife Species"] === species);
      return { species, strikes: group.length, cost: sum(group) };
    });
    expected.sort((one, other) => other.cost - one.cost);
    expect(results.bySpecies).toEqual(expected.slice(0, 10));
  });

  it("finds the dearest strikes", () => {
    const expected = kept.toSorted((one, other) => costOf(other) - costOf(one)).slice(0, 10);
    expect(results.dearest.map(({ date, airport, cost }) => [date, airport, cost])).toEqual(
      expected.map((row) => [row["Flight Date"], row["Airport Name"], costOf(row)]),
    );
  });

  it("reports the same numbers", () => {
    expect(report).toMatch(/^# Strikes & costs\n/);
    expect(report).toContain(`Of ${rows.length} reported strikes a cost is known for **${kept.length}**.`);
    for (const { species, strikes, cost } of results.bySpecies)
      expect(report).toContain(`| ${species} | ${strikes} | ${cost} |\n`);
    const lines = report.split("\n");
    for (const { date, airport, cost } of results.dearest) {
      const line = lines.find((each) => each.startsWith(`| ${date} | ${airport} | `));
      expect(line?.endsWith(` | ${cost} |`)).toBe(true);
    }
  });

  it("is drawn with its groups", async () => {
    const { stdout } = await conductor("graph", FLOW, "--mermaid");
    expect(stdout.match(/^ {2}subgraph /gm)).toHaveLength(3);
  });
});
