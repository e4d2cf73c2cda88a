/** `sort` of native tables, beside the sort of their records. */
import { loadAddon } from "@atomiton/conductor-native";
import { describe, expect, it, vi } from "vitest";

import { isUnread, run } from "./run.js";
import { seededRandom } from "./seeded-random.js";
import { warned } from "./warned.js";

/** Cells of each kind that columns are made of. */
const KINDS = {
  numbers: [
    ...["1", "10", "9", "1.0", "01", "-0", "0", "", "1e3", " 7 ", "12345678901234567890", "12345678901234567891"],
    ...["1e23", "100000000000000000000000", "1e-400", "2e-400", "1.50000000000000e-400", "5e-324", "4.9e-324"],
  ],
  text: ["a", "B", "é", "", " ", "\u{1f600}", "\uffff", "aa", "0x10"],
  mixed: ["1", "x", "", "10"],
  empty: [""],
  times: ["2024-03-01T09:30:00Z", "2024-03-01T10:00:00+02:00", ""],
  dates: ["3/1/2024", "12/31/2023", "2/29/2024"],
};

const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;

/** What a sort gives, or fails with, and what it warns of. */
async function outcome(input: unknown, by: object[]) {
  try {
    const warnings = await warned(run, "sort", input, { by });
    const output = await run("sort", input, { by });
    return { warnings, isTable: isUnread(output, "result"), result: output.result, keys: Object.keys(output) };
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    return { code, message };
  }
}

async function bothOf(csv: string, by: object[]) {
  const table = () => run("spreadsheet", { data: csv }, {});
  const { records } = await table();
  const [{ isTable, ...native }, { isTable: _, ...plain }] = [
    await outcome(await table(), by),
    await outcome(records, by),
  ];
  return { isTable, native, plain };
}

describe("sort of tables", () => {
  it("gives what the sort of their records gives, whatever the cells and orders", async () => {
    const random = seededRandom(11);
    const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
    let tables = 0;
    for (let round = 0; round < 300; round++) {
      const kinds = [pick(Object.values(KINDS)), pick(Object.values(KINDS))];
      const count = Math.floor(random() * 30);
      const rows = Array.from({ length: count }, (_, n) => [...kinds.map((kind) => cell(pick(kind))), n].join(","));
      const csv = `${["a", "b", "n"].join(",")}\n${rows.join("\n")}\n`;
      const by = ["a", "b", "missing"].slice(0, 1 + Math.floor(random() * 2.2)).map((field) => ({
        field,
        direction: pick(["asc", "desc"]),
        nulls: pick(["first", "last"]),
        as: pick(["auto", "auto", "number", "text", "date"]),
      }));
      const { isTable, native, plain } = await bothOf(csv, by);
      expect(native, JSON.stringify({ csv, by })).toEqual(plain);
      if (isTable) tables++;
    }
    expect(tables).toBeGreaterThan(50);
  });

  it("stays a table, and makes no record", async () => {
    const input = await run("spreadsheet", { data: "a,b\n10,x\n9,y\n" }, {});
    const sorted = await run("sort", input, { by: [{ field: "a" }] });
    expect([isUnread(input, "records"), isUnread(sorted, "result"), sorted.count]).toEqual([true, true, 2]);
    expect(sorted.result).toEqual([
      { a: "9", b: "y" },
      { a: "10", b: "x" },
    ]);
  });

  it("makes records where text comes behind the rows that are looked at", async () => {
    const rows = Array.from({ length: 20_000 }, (_, n) => `${(n * 7919) % 10_007},${n}`);
    const { isTable, native, plain } = await bothOf(`a,n\n${rows.join("\n")}\nlast,0\n`, [{ field: "a" }]);
    expect(isTable).toBe(false);
    expect(native).toEqual(plain);
    expect(native.warnings).toMatchObject([["mixed-kinds", expect.stringContaining("last")]]);
  });

  it("stops when it is cancelled", async () => {
    const rows = Array.from({ length: 300_000 }, (_, n) => `${(n * 7919) % 1009},${(n * 31) % 977}`);
    const input = await run("spreadsheet", { data: `a,b\n${rows.join("\n")}\n` }, {});
    const by = [{ field: "a" }, { field: "b", direction: "desc", as: "text" }];
    const controller = new AbortController();
    const addon = loadAddon();
    const { orderTable } = addon;
    let ended: Promise<string> | undefined;
    const spy = vi.spyOn(addon, "orderTable").mockImplementation((...args) => {
      const ordered = orderTable(...args);
      ended = ordered.then(
        () => "ordered",
        (error: unknown) => String(error),
      );
      setImmediate(() => controller.abort());
      return ordered;
    });
    try {
      const running = run("sort", input, { by, signal: controller.signal });
      await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
      expect(await ended).toContain("CANCELLED");
    } finally {
      spy.mockRestore();
    }
  });
});
