/** Joins, aggregates and windows beside what pandas gives for the same random tables; `pandas/make.py` says how. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import type { Aggregate } from "../src/data/aggregate.js";
import { numberOf } from "../src/data/field.js";
import { isUnread, run } from "./run.js";

type Row = Record<string, unknown>;

interface Table {
  /** Names of columns. */
  c: string[];
  /** Rows of values. */
  r: unknown[][];
}

type Case = [type: string, parameters: Row, tables: Table[], expected: unknown];

const cases = JSON.parse(readFileSync(new URL("pandas/expected.json", import.meta.url), "utf8")) as Case[];

/** What a node gives, in the form in which the script writes what is expected of its type. */
const GIVEN: Record<string, (parameters: Row, tables: Row[][]) => Promise<unknown>> = {
  async join(parameters, [left = [], right = []]) {
    const numbered = (rows: Row[], name: string) => rows.map((row, at) => ({ ...row, [name]: at }));
    const input = { left: numbered(left, "l"), right: numbered(right, "r") };
    const { result, count, unmatchedLeft, unmatchedRight } = await run("join", input, parameters);
    expect(count).toBe(result.length);
    for (const row of result) expectPair(row, left, right);
    return [result.map(({ l, r }: Row) => [l ?? null, r ?? null]), [unmatchedLeft, unmatchedRight]];
  },

  async dedupe(parameters, [rows = []]) {
    const { result, duplicates } = await run("dedupe", rows, parameters);
    expect(result.length + duplicates.length).toBe(rows.length);
    return result.map((row: Row) => rows.indexOf(row));
  },

  async sort(parameters, [rows = []]) {
    const { result } = await run("sort", rows, parameters);
    return result.map((row: Row) => rows.indexOf(row));
  },

  async pivot(parameters, [rows = []]) {
    const { result, columns } = await run("pivot", rows, parameters);
    return listed(result, [...(parameters["index"] as string[]), ...columns]);
  },

  async transform(parameters, [rows = []]) {
    const names = [
      ...(parameters["groupBy"] as string[]),
      ...(parameters["aggregates"] as Aggregate[]).map(({ operation, field, percent }) =>
        [percent === undefined ? operation : `p${percent}`, field].filter((part) => part !== undefined).join("_"),
      ),
    ];
    const { result } = await run("transform", rows, parameters);
    const given = numbers(listed(result, names));
    if (rows.every((row) => Object.values(row).every((cell) => typeof cell === "string"))) {
      const csv = [Object.keys(rows[0] ?? {}), ...rows.map(Object.values)].map((cells) => `${cells.join(",")}\n`);
      const table = await run("spreadsheet", { data: csv.join("") }, {});
      const native = await run("transform", table, parameters);
      expect(isUnread(table, "records")).toBe(true);
      expect(numbers(listed(native.result, names))).toEqual(given);
    }
    return given;
  },

  async unpivot(parameters, [rows = []]) {
    return listed((await run("unpivot", rows, parameters)).result, ["i", "name", "value"]);
  },

  async window(parameters, [rows = []]) {
    const { result } = await run("window", rows, parameters);
    const names = (parameters["functions"] as { as: string }[]).map(({ as }) => as);
    // The script reads all values as numbers.
    return result.map((row: Row) => names.map((name) => numberOf(row[name]) ?? row[name]));
  },
};

describe.each(Object.keys(GIVEN))("%s", (type) => {
  const own = cases.filter(([name]) => name === type);

  it(`does to ${own.length} tables what pandas does`, async () => {
    expect(own.length).toBeGreaterThanOrEqual(30);
    for (const [, parameters, tables, expected] of own) {
      const rows = tables.map(({ c, r }) =>
        r.map((values) => Object.fromEntries(c.map((name, at) => [name, values[at]]))),
      );
      const given = await GIVEN[type]?.(parameters, rows);
      expect(rounded(given), JSON.stringify([parameters, tables])).toEqual(rounded(expected));
    }
  });
});

it("compares 700 tables", () => {
  expect(cases.length).toBeGreaterThanOrEqual(700);
  expect(new Set(cases.map(([type]) => type))).toEqual(new Set(Object.keys(GIVEN)));
});

/** The fields of both sides are those of the rows that were joined. */
function expectPair(row: Row, left: readonly Row[], right: readonly Row[]): void {
  const one = typeof row["l"] === "number" ? left[row["l"]] : undefined;
  const other = typeof row["r"] === "number" ? right[row["r"]] : undefined;
  expect(row["v"]).toBe(one?.["v"] ?? null);
  expect(row["k"]).toBe((one ?? other)?.["k"]);
  // Rows of a semi or an anti join have no fields of the right side.
  if (!("r" in row)) return;
  expect(row["v_right"]).toBe(other?.["v"] ?? null);
  expect(row["w"]).toBe(other?.["w"] ?? null);
}

/** The least and the greatest stay as they were written; the script reads them as numbers. */
function numbers({ c, r }: Table): Table {
  const isNumber = c.map((name) => /^(?:min|max)_v$/.test(name));
  return { c, r: r.map((row) => row.map((value, at) => (isNumber[at] ? (numberOf(value) ?? value) : value))) };
}

function listed(rows: readonly Row[], names: readonly string[]): Table {
  for (const row of rows) expect(Object.keys(row).sort()).toEqual([...names].sort());
  return { c: [...names], r: rows.map((row) => names.map((name) => row[name])) };
}

/** The same with numbers to twelve digits: sums round differently. */
function rounded(value: unknown): unknown {
  if (typeof value === "number") return Number(value.toPrecision(12));
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)]));
}
