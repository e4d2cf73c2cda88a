import { runInThisContext } from "node:vm";

import { describe, expect, it } from "vitest";

import { doubtOfTextOrder } from "../src/data/text-order.js";
import { run } from "./run.js";
import { warned } from "./warned.js";

const told = (...values: unknown[]) => doubtOfTextOrder(values, "at")?.message;

describe("text of another order than what it spells", () => {
  it.each([
    [
      "days first",
      ["05/12/2025", "31/01/2025"],
      /dates .* "05\/12\/2025" comes before "31\/01\/2025".*day, month, year/,
    ],
    ["months first", ["12/31/2024", "01/15/2025"], /"01\/15\/2025" comes before "12\/31\/2024".*month, day, year/],
    ["days with points", ["10.3.2025", "9.3.2025"], /dates/],
    ["names of months", ["3 Jun 2025", "1 Sept 2025"], /dates .* Write them as 2025-12-31/],
    ["days that are counted", ["3rd June 2025", "1st July 2025"], /dates/],
    ["months before days", ["March 3, 2025", "April 1, 2025"], /dates/],
    ["no zeros", ["2025-10-1", "2025-9-1"], /dates/],
    ["several forms", ["2025-03-01", "01/02/2026"], /dates/],
    ["zones", ["2025-01-01T10:00:00+02:00", "2025-01-01T09:30:00Z"], /times .*toISOString/],
    ["hours", ["10:15", "9:30"], /times of day/],
    ["halves of a day", ["01:00 PM", "11:00 AM"], /times of day/],
    ["signs", ["€100", "€20"], /amounts .* "€100" comes before "€20"\. Make it a number first/],
    ["thousands", ["1,200 USD", "900.50 USD"], /amounts/],
    ["decimal commas", ["10,5", "9,25"], /amounts .*replace/],
    ["halves of a day behind a date", ["01/10/2025 01:00 PM", "01/10/2025 11:00 AM"], /dates/],
  ])("is told: %s", (_, values, words) => {
    expect(told(...values)).toMatch(words);
    expect(told(null, "", ...[...values].reverse())).toMatch(words);
  });

  it.each([
    ["years first", ["2025-01-02", "2025-01-01T10:00:00Z", "2024-12-31 10:00"]],
    ["one zone", ["2025-01-01T10:00:00+02:00", "2025-01-01T09:30:00+02:00"]],
    ["days of one month", ["01/02/2025", "15/02/2025"]],
    ["hours with zeros", ["09:30", "10:15"]],
    ["codes of one length", ["INV001", "INV010"]],
    ["words", ["pear", "apple", "05/12/2025"]],
    ["dates and words", ["05/12/2025", "31/01/2025", "unknown"]],
    ["numbers", [10, 9]],
    ["versions", ["1.10.0", "1.9.0", "1.10.12"]],
    ["numbers that are text", ["10", "9"]],
    ["amounts among numbers", ["9", "€10", "€2"]],
    ["codes", ["INV10", "INV9"]],
    ["codes of courses", ["BIO202", "MAT101"]],
    ["places", ["9C", "12A"]],
    ["addresses", ["12 Elm", "7 Oak"]],
    ["hexadecimal numbers", ["1a", "10b"]],
    ["phones", ["612 345 678", "34 612 345 678"]],
    ["durations", ["10m", "1h"]],
    ["codes of banks", ["12-34-56", "04-99-99"]],
    ["parts", ["11-99-01", "9-01-02"]],
    ["words like months", ["Marker 10", "Marker 9", "May 5"]],
    ["several kinds", ["10:30", "12%", "5 kg"]],
    ["several units", ["€100", "$20"]],
    ["dates that are in order the one way", ["01/10/2024", "02/05/2024"]],
    ["nothing", [null, undefined, ""]],
    ["one value again and again", ["€20", "€20"]],
  ])("is not seen in %s", (_, values) => {
    expect(told(...values)).toBeUndefined();
  });

  it("shows code that makes dates of it", () => {
    for (const values of [
      ["5/12/2025", "31/12/2025"],
      ["12/31/2024", "01/15/2025"],
    ]) {
      const code = /`(row => .*)`$/.exec(told(...values) as string)?.[1];
      const made = values.map((at) => runInThisContext(code as string)({ at }).at);
      expect(made).toEqual(values[0] === "5/12/2025" ? ["2025-12-05", "2025-12-31"] : ["2024-12-31", "2025-01-15"]);
    }
  });
});

describe("nodes that order text", () => {
  const days = ["05/12/2025", "31/01/2025", "17/06/2024"];
  const records = days.map((day, at) => ({ day, n: at }));
  const csv = `day,n\n${days.map((day, at) => `${day},${at}`).join("\n")}\n`;
  const rules = (list: [string, string][]) => list.map(([rule]) => rule);

  it.each<[string, Record<string, unknown> & { where?: object[] }]>([
    ["sort", { by: [{ field: "day" }] }],
    ["transform", { operation: "sort", sortKey: "day" }],
    ["transform", { operation: "filter", where: [{ field: "day", operator: "gte", value: "01/01/2025" }] }],
    ["transform", { operation: "aggregate", aggregates: [{ operation: "max", field: "day" }] }],
    ["window", { orderBy: [{ field: "day" }], functions: [{ function: "rowNumber", as: "place" }] }],
  ])("tell it: %s %j", async (type, parameters) => {
    expect(rules(await warned(run, type, records, parameters))).toEqual(["compared-as-text"]);
    const table = await run("spreadsheet", { data: csv }, {});
    expect(rules(await warned(run, type, table, parameters))).toEqual(["compared-as-text"]);
    const iso = records.map(({ day, n }) => ({ day: day.split("/").reverse().join("-"), n }));
    const [condition] = parameters.where ?? [];
    const plain = condition ? { ...parameters, where: [{ ...condition, value: "2025-01-01" }] } : parameters;
    expect(await warned(run, type, iso, plain)).toEqual([]);
  });

  it("say of numbers that are text what they said", async () => {
    const numbers = [{ n: "10" }, { n: "9" }];
    const table = await run("spreadsheet", { data: "n\n10\n9\n" }, {});
    for (const data of [numbers, table]) {
      for (const parameters of [
        { operation: "sort", sortKey: "n" },
        { operation: "aggregate", aggregates: [{ operation: "min", field: "n" }] },
      ])
        expect(await warned(run, "transform", data, parameters), JSON.stringify(parameters)).toEqual([]);
      const where = [{ field: "n", operator: "gt", value: "€5" }];
      expect(rules(await warned(run, "transform", data, { operation: "filter", where }))).toEqual(["types-differ"]);
    }
  });

  it("compare text as such without a word where they are told to", async () => {
    expect(await warned(run, "sort", records, { by: [{ field: "day", as: "text" }] })).toEqual([]);
  });

  it("tell it of one object, where the answer is another one", async () => {
    const where = [{ field: "day", operator: "lt", value: "01/02/2025" }];
    const told = async (day: string) => rules(await warned(run, "condition", { data: { day } }, { where }));
    expect(await told("05/12/2024")).toEqual(["compared-as-text"]);
    expect(await told("05/12/2025")).toEqual([]);
  });
});
