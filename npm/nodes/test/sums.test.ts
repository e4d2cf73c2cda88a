import { describe, expect, it } from "vitest";

import { Random } from "../../storage/test/random.js";
import { failure, places, run } from "./run.js";
import { warned } from "./warned.js";

const sums = [
  { operation: "sum", field: "n", as: "sum" },
  { operation: "avg", field: "n", as: "avg" },
  { operation: "min", field: "n", as: "min" },
  { operation: "max", field: "n", as: "max" },
  { operation: "median", field: "n", as: "median" },
  { operation: "percentile", percent: 95, field: "n", as: "p95" },
];
const parameters = { operation: "aggregate", aggregates: sums };

/** The answer, or what it fails with; numbers with the bits that tell 0 from -0. */
async function answer(place: (typeof places)[number], data: unknown): Promise<string> {
  try {
    const [row] = (await place.run("transform", { data }, parameters)).result as Record<string, unknown>[];
    return Object.entries(row as object)
      .map(([name, value]) => `${name}=${typeof value === "number" ? bits(value) : JSON.stringify(value)}`)
      .join(" ");
  } catch (error) {
    return String(error);
  }
}

function bits(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return `${value} ${view.getBigUint64(0).toString(16)}`;
}

const table = (cells: readonly string[]) =>
  run("spreadsheet", {}, { data: ["n,filled", ...cells.map((cell) => `${cell},x`), ""].join("\n") });

/** A cell of a table, and the same as an item of an array may hold it. */
function cell(random: Random): [string, unknown] {
  switch (random.below(12)) {
    case 0:
      return ["", random.of([null, undefined, ""])];
    case 1:
      return spelled(` ${random.below(100)} `);
    case 2:
      return spelled(random.of(["0", "-0", "5e-324", "-5e-324", "2.2250738585072014e-308", "+1", ".5", "5."]));
    case 3:
      return number((random.below(2) * 2 - 1) * 1.7e308 * (random.below(100) / 100));
    case 4:
      return number(random.below(1000) / 10);
    default: {
      const value = (random.below(2 ** 32) / 2 ** 31 - 1) * 10 ** (random.below(60) - 30);
      return number(value);
    }
  }
}

const number = (value: number): [string, unknown] => [Object.is(value, -0) ? "-0" : String(value), value];
const spelled = (text: string): [string, unknown] => [text, text];

describe("medians and percentiles", () => {
  const aggregates = [
    { operation: "median", field: "n" },
    ...[0, 25, 90, 100].map((percent) => ({ operation: "percentile", percent, field: "n" })),
  ];

  it.each(places)("are those of spreadsheets, over arrays and tables: $name", async (place) => {
    const of = async (values: readonly unknown[]) => {
      const [array] = (
        await place.run("transform", { data: values.map((n) => ({ n })) }, { operation: "aggregate", aggregates })
      ).result;
      const cells = await table(values.map((value) => String(value ?? "")));
      expect((await place.run("transform", { data: cells }, { operation: "aggregate", aggregates })).result).toEqual([
        array,
      ]);
      return array;
    };
    expect(await of([10, -5, null, 40, 20])).toEqual({ median_n: 15, p0_n: -5, p25_n: 6.25, p90_n: 34, p100_n: 40 });
    expect(await of([0.2, 0.1])).toMatchObject({ median_n: 0.15 });
    expect(await of(["7", 7, 9])).toMatchObject({ median_n: 7, p100_n: 9 });
    expect(await of([1e308, -1e308])).toMatchObject({ p25_n: -5e307, p100_n: 1e308 });
    expect(await of([1e308, 1.2e308])).toMatchObject({ median_n: 1.1e308, p100_n: 1.2e308 });
    expect(await of([1.2e308, 1.2e308])).toMatchObject({ median_n: 1.2e308 });
    expect(await of([])).toEqual({ median_n: null, p0_n: null, p25_n: null, p90_n: null, p100_n: null });
  });

  it.each(places)("warn of digits that numbers do not keep: $name", async (place) => {
    const parameters = { operation: "aggregate", aggregates: [{ operation: "median", field: "n" }] };
    const warnings = (data: unknown) => warned(place.run, "transform", { data }, parameters);
    const lost = [["lost-digits", expect.stringContaining("The median of `n`")]];
    const cells = ["9007199254740993", "5"];
    expect(await warnings(await table(cells))).toEqual(lost);
    expect(await warnings(cells.map((n) => ({ n })))).toEqual(lost);
    expect(await warnings([{ n: 0.1 }, { n: 1e20 }])).toEqual([]);
  });

  it("say what they lack, and what they meet that is no number", async () => {
    const messageOf = async (aggregate: object, n: unknown = 1) =>
      (
        await failure(
          "transform",
          { data: [{ n }] },
          { operation: "aggregate", aggregates: [{ field: "n", ...aggregate }] },
        )
      ).message;
    expect(await messageOf({ operation: "percentile" })).toContain("needs `percent`, a number from 0 to 100");
    expect(await messageOf({ operation: "avg", percent: 5 })).toContain("`percent` is for the aggregate percentile");
    expect(await messageOf({ operation: "median" }, "7 %")).toContain(
      'Cannot take the median of field "n": item 0 holds text',
    );
    const ofTable = { operation: "aggregate", aggregates: [{ operation: "percentile", percent: 95, field: "n" }] };
    expect((await failure("transform", { data: await table(["7 %"]) }, ofTable)).message).toContain(
      'Cannot take the percentile of field "n": item 0 holds text',
    );
    expect(await messageOf({ operation: "percentile", percent: 101 })).toMatch(/percent.*100/);
    expect(await messageOf({ operation: "percentile", percent: "95" })).toMatch(/percent.*number/);
  });

  it.each(places)("doubt a percent that was probably meant as a fraction of one: $name", async (place) => {
    const aggregates = [{ operation: "percentile", percent: 0.95, field: "n" }];
    for (const data of [[{ n: 1 }], await table(["1"])]) {
      expect(await warned(place.run, "transform", { data }, { operation: "aggregate", aggregates })).toEqual([
        ["likely-fraction", expect.stringContaining("write `percent: 95`")],
      ]);
    }
  });
});

describe("sums and averages", () => {
  it.each(places)("are not worn away by rounding, and overflow to Infinity: $name", async (place) => {
    const of = async (values: unknown[]) => {
      const [array] = (await place.run("transform", { data: values.map((n) => ({ n })) }, parameters)).result;
      const cells = await table(values.map((value) => (value === null ? "" : String(value))));
      const [native] = (await place.run("transform", { data: cells }, parameters)).result;
      expect(native).toEqual(array);
      return [native.sum, native.avg];
    };
    expect(await of(Array(10).fill(0.1))).toEqual([1, 0.1]);
    expect(await of([1e100, 1, -1e100])).toEqual([1, 1 / 3]);
    expect(await of([1, 1e100, 1, -1e100])).toEqual([2, 0.5]);
    expect(await of([1e308, 1e308])).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(await of([-1e308, -1e308, 1])).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(await of([null])).toEqual([0, null]);
    expect(await of([0.1, 0.2])).toEqual([0.3, 0.15]);
    expect(await of([0.1, 0.2, 0.3])).toEqual([0.6, 0.2]);
    expect(await of([1.1, 2.2, -3.3])).toEqual([0, 0]);
    expect(await of([-0.1, -0.2, 0.3])).toEqual([0, 0]);
    expect(await of([1e-7, 2e-7])).toEqual([3e-7, 1.5e-7]);
    expect(await of([1 / 3, 1 / 3])).toEqual([2 / 3, 1 / 3]);
    expect(await of([1e12, 0.0001])).toEqual([1e12 + 0.0001, (1e12 + 0.0001) / 2]);
    expect(await of([])).toEqual([0, null]);
  });

  it("have the same bits over a table, over an array of its text and over an array of numbers, everywhere", async () => {
    const random = new Random(9);
    for (let round = 0; round < 2_000; round++) {
      const cells = Array.from({ length: random.below(20) }, () => cell(random));
      // What cancels out leaves only the rounding behind.
      if (round % 3 === 0) cells.push(...cells.filter(([, value]) => typeof value === "number").map(negated));
      const [native, ...others] = [
        await table(cells.map(([text]) => text)),
        cells.map(([text]) => ({ n: text })),
        cells.map(([, value]) => ({ n: value })),
      ];
      const expected = await answer(places[0] as (typeof places)[number], native);
      expect(expected).toMatch(/^sum=/);
      for (const place of places) {
        for (const data of others) expect(await answer(place, data), `round ${round}: ${cells}`).toBe(expected);
      }
      expect(await answer(places[1] as (typeof places)[number], native)).toBe(expected);
    }
  });

  it("are what decimals give when they are added exactly", async () => {
    const random = new Random(11);
    const place = places[0] as (typeof places)[number];
    for (let round = 0; round < 500; round++) {
      const digits = random.below(7);
      const wholes = Array.from({ length: 1 + random.below(200) }, () => random.below(2 ** 30) - 2 ** 29);
      const data = wholes.map((whole) => ({ n: Number(`${whole}e-${digits}`) }));
      const [{ sum, avg }] = (await place.run("transform", { data }, parameters)).result;
      const exact = wholes.reduce((total, whole) => total + BigInt(whole), 0n);
      expect(sum).toBe(Number(`${exact}e-${digits}`) + 0);
      expect(Math.abs(avg - sum / data.length)).toBeLessThanOrEqual(Math.abs(avg) * 1e-15);
    }
  });

  it.each([
    ["1.234,50", 1234.5, '.replaceAll(".", "").replace(",", ".")'],
    ["-3,5", -3.5, '.replace(",", ".")'],
    ["1 200", 1200, '.replace(/[^\\d.,+-]/g, "")'],
    ["9 EUR", 9, '.replace(/[^\\d.,+-]/g, "")'],
    ["€ 1,234,567.5", 1_234_567.5, '.replace(/[^\\d.,+-]/g, "").replaceAll(",", "")'],
    ["1.234,50 kr", 1234.5, '.replace(/[^\\d.,+-]/g, "").replaceAll(".", "").replace(",", ".")'],
  ])("say how to make a number of %s", async (text, number, steps) => {
    for (const data of [await table(["1", `"${text}"`]), [{ n: 1 }, { n: text }]]) {
      const { message } = await failure("transform", { data }, parameters);
      const code = `row => ({ ...row, n: Number(String(row.n)${steps}) })`;
      expect(message).toBe(
        `[transform] Cannot take the sum of field "n": item 1 holds text, not a number: ${JSON.stringify(text)}. ` +
          `Make it a number first, by a \`transform\` with \`${code}\``,
      );
      const { result } = await run("transform", { data }, { transformFunction: code });
      expect(result).toMatchObject([{ n: 1 }, { n: number }]);
    }
  });

  it("say nothing of that where the text could be two numbers, or no number", async () => {
    for (const n of ["1,234", "2026-01-02", "A1", "1.2.3", "(9)", "1,2,3", "12 to 15"]) {
      const { message } = await failure("transform", { data: [{ n }] }, parameters);
      expect(message, n).toMatch(/\. Clean the field first, or filter such items out$/);
    }
  });

  it("refuse what is no finite number, naming what was found", async () => {
    for (const text of ["Infinity", "NaN", "1e999", "0x10", "abc"]) {
      for (const data of [await table(["1", text]), [{ n: 1 }, { n: text }]]) {
        expect(await failure("transform", { data }, parameters)).toMatchObject({
          code: "TYPE_MISMATCH",
          message: `[transform] Cannot take the sum of field "n": item 1 holds text, not a number: "${text}". Clean the field first, or filter such items out`,
        });
      }
    }
    for (const n of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(await failure("transform", { data: [{ n }] }, parameters)).toMatchObject({
        code: "TYPE_MISMATCH",
        message: `[transform] Cannot take the sum of field "n": item 0 holds ${n}, not a finite number`,
      });
    }
  });
});

function negated([, value]: [string, unknown]): [string, unknown] {
  return number(-(value as number));
}
