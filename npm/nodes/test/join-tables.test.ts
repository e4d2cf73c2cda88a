import { describe, expect, it } from "vitest";

import { isUnread, run } from "./run.js";
import { seededRandom } from "./seeded-random.js";

const WAYS = ["inner", "left", "right", "full", "semi", "anti"];

/** A table as a node gives it, and its records. */
async function table(csv: string) {
  const [output, read] = await Promise.all([0, 1].map(() => run("spreadsheet", { data: csv }, {})));
  return { output, records: read.records as Record<string, string>[] };
}

function cell(text: string): string {
  return /[",\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A CSV of few different cells, so that many keys are equal; some empty, some spelled alike. */
function csvOf(names: readonly string[], rows: number, random: () => number): string {
  const words = [
    "a",
    "A",
    "1",
    "1.0",
    "01",
    "",
    " ",
    "é",
    "\u0000x",
    'q"',
    "x,y",
    "12345678901234567890",
    "line\nline",
  ];
  const pick = () => cell(words[Math.floor(random() * words.length)] as string);
  const lines = Array.from({ length: rows }, () => names.map(pick).join(","));
  return `${[names.map(cell).join(","), ...lines].join("\n")}\n`;
}

describe("join of tables", () => {
  it("gives what the join of their records gives, whatever the rows and ways", async () => {
    const random = seededRandom(7);
    for (let round = 0; round < 60; round++) {
      const leftNames = ["k", "l", "both", "2", "__proto__"].slice(0, 2 + Math.floor(random() * 4));
      const rightNames = ["k", "m", "both", "1", "both_right"].slice(0, 2 + Math.floor(random() * 4));
      const left = await table(csvOf(leftNames, Math.floor(random() * 30), random));
      const right = await table(csvOf(rightNames, Math.floor(random() * 30), random));
      const keys = [
        { on: ["k"] },
        { leftKeys: ["k"], rightKeys: ["m"] },
        { leftKeys: ["k", "l"], rightKeys: ["m", "k"] },
        { leftKeys: ["k", "l"], rightKeys: ["k", "m"] },
      ][round % 4] as object;
      for (const how of WAYS) {
        const parameters = { ...keys, how, ...(round % 3 === 0 && { suffix: "_2" }) };
        const results = await Promise.all([
          outcome({ left: left.output, right: right.output }, parameters),
          outcome({ left: left.records, right: right.records }, parameters),
        ]);
        expect(results[0], JSON.stringify({ round, parameters })).toEqual(results[1]);
      }
    }
  });

  it("stays a table where no row lacks a side, and reads no row of its inputs", async () => {
    const left = await table("id,customer\n1,a\n2,b\n3,a\n");
    const right = await table("customer,name\na,Ann\nb,Bo\nc,Cy\n");
    for (const how of ["inner", "left", "semi", "anti"]) {
      const output = await run("join", { left: left.output, right: right.output }, { on: ["customer"], how });
      expect(isUnread(output, "result")).toBe(true);
      const total = await run("transform", output, {
        operation: "aggregate",
        groupBy: "customer",
        aggregates: [{ operation: "count" }],
      });
      expect(total.result).toEqual(
        how === "anti"
          ? []
          : [
              { customer: "a", count: 2 },
              { customer: "b", count: 1 },
            ],
      );
      expect(isUnread(output, "result")).toBe(true);
    }
    expect(isUnread(left.output, "records") && isUnread(right.output, "records")).toBe(true);
  });

  it("refuses keys that are no columns and more rows than a node may give, as of records", async () => {
    const many = await table(`k\n${"x\n".repeat(4000)}`);
    for (const parameters of [{ on: ["nokey"] }, { on: ["k", "k"] }, { on: ["k"] }]) {
      const [ofTables, ofRecords] = await Promise.all([
        outcome({ left: many.output, right: many.output }, parameters),
        outcome({ left: many.records, right: many.records }, parameters),
      ]);
      expect(ofTables).toEqual(ofRecords);
      expect(ofTables).toHaveProperty("code");
    }
  });

  it("is cancelled", async () => {
    const rows = await table(`k,v\n${"x,1\n".repeat(3000)}`);
    const signal = AbortSignal.abort();
    const input = { left: rows.output, right: rows.output };
    expect(await outcome(input, { on: ["k"], signal })).toMatchObject({ code: "CANCELLED" });
  });
});

/** What comes out, with the order of fields, and what is warned of; or the error. */
async function outcome(input: unknown, parameters: Record<string, unknown>): Promise<unknown> {
  const said: unknown[] = [];
  try {
    const output = await run("join", input, {
      ...parameters,
      warn: (rule: string, message: string) => void said.push({ rule, message }),
    });
    const { result, ...counts } = output;
    return { text: JSON.stringify(result), result, counts, said };
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
}
