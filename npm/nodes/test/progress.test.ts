/** What nodes with long work tell of it: how far it is, now and then, never once for each file. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";

import { run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
afterEach(() => {
  vi.restoreAllMocks();
});

/** Runs a node whose clock goes on by so many ms with each look at it; gives what it told. */
async function told(type: string, parameters: Record<string, unknown>, step: number): Promise<[number, string][]> {
  const reports: [number, string][] = [];
  const progress = (percent: number, message: string) => void reports.push([percent, message]);
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += step;
    return now;
  });
  await run(type, {}, { ...parameters, progress });
  vi.restoreAllMocks();
  return reports;
}

const percents = (reports: [number, string][]) => reports.map(([percent]) => percent);
const isRising = (numbers: number[]) =>
  numbers.every((number, index) => index === 0 || number >= (numbers[index - 1] ?? 0));

/** 2000 files of 100 bytes in a folder, and two large ones. */
function tree(): string {
  const many = at("many");
  mkdirSync(many);
  for (let index = 0; index < 2000; index++) writeFileSync(join(many, `${index}.txt`), `${index}`.padEnd(100, "x"));
  for (const name of ["a.bin", "b.bin"]) {
    writeFileSync(
      join(many, name),
      Buffer.from(Uint8Array.from({ length: 2_000_000 }, (_, index) => (index * 7919 * (index >> 3)) & 255)),
    );
  }
  return many;
}

describe("an archive", () => {
  const many = tree();

  it.each(["zip", "tar", "tar.gz"])("of %s tells how much of it is packed and unpacked", async (format) => {
    const path = at(`all.${format}`);
    const packing = await told(
      "archive",
      { operation: "create", folder: many, path, level: format === "tar" ? 6 : 1 },
      1_000,
    );
    expect(packing.length).toBeGreaterThan(2);
    expect(isRising(percents(packing))).toBe(true);
    expect(Math.max(...percents(packing))).toBeGreaterThan(90);
    for (const [percent, message] of packing) {
      expect(percent).toBeGreaterThanOrEqual(0);
      expect(percent).toBeLessThanOrEqual(99);
      expect(message).toMatch(/^[\d.]+ [KM]iB of 4\.0 MiB$/);
    }
    const unpacking = await told("archive", { operation: "extract", path, folder: at(`out.${format}`) }, 1_000);
    expect(unpacking.length).toBeGreaterThan(2);
    expect(isRising(percents(unpacking))).toBe(true);
    expect(Math.max(...percents(unpacking))).toBeGreaterThan(90);
    for (const [percent, message] of unpacking) {
      expect(percent).toBeLessThanOrEqual(99);
      expect(message).toMatch(/^\d+ entr(?:y|ies), [\d.]+ [KM]iB$/);
    }
    expect(unpacking.at(-1)?.[1]).toMatch(/^200\d entries, 4\.\d MiB$|^2\d{3} entries/);
  });

  it("tells nothing of thousands of files that are done in no time, but that it began", async () => {
    const path = at("quick.zip");
    expect((await told("archive", { operation: "create", folder: many, path }, 0)).length).toBeLessThanOrEqual(1);
    expect((await told("archive", { operation: "extract", path, folder: at("quick") }, 0)).length).toBeLessThanOrEqual(
      1,
    );
  });

  it("tells it of bytes that are no file as well", async () => {
    const { result } = (await run("archive", {}, { operation: "create", folder: many, format: "tar" })) as {
      result: Uint8Array;
    };
    const reports = await told("archive", { operation: "extract", data: result, patterns: ["*.bin"] }, 1_000);
    expect(isRising(percents(reports))).toBe(true);
    expect(Math.max(...percents(reports))).toBeGreaterThan(90);
  });
});

describe("sql", () => {
  it("tells which file it reads, and how far the query is, with each report another one", async () => {
    const path = at("numbers.csv");
    const line = (index: number) => `${index},${index % 97},text number ${index}`;
    writeFileSync(path, `a,b,c\n${Array.from({ length: 1_000_000 }, (_, index) => line(index)).join("\n")}\n`);
    expect(statSync(path).size).toBeGreaterThan(10_000_000);
    // As real as it is; a machine for which this takes no time has nothing to tell.
    const reports: [number, string][] = [];
    const progress = (percent: number, message: string) => void reports.push([percent, message]);
    const begun = performance.now();
    await run(
      "sql",
      {},
      {
        sql: "select b, count(distinct c) as n, max(a) as m from numbers group by b order by b",
        files: { numbers: path },
        threads: 1,
        progress,
      },
    );
    const took = performance.now() - begun;
    expect(reports.length).toBeLessThanOrEqual(took / 200 + 1);
    if (took > 1_000) expect(reports.length).toBeGreaterThan(0);
    expect(new Set(reports.map(String)).size).toBe(reports.length);
    for (const [percent, message] of reports) {
      expect(message).toMatch(percent === 0 ? /^(?:reading numbers|running the query)$/ : /^running the query: \d+ %$/);
      expect(percent).toBeLessThanOrEqual(99);
    }
  });
});
