/** User code over native tables: rows cross as text, in pieces, and as many as the engine can take. */
import { loadAddon, type NativeTable } from "@atomiton/conductor-native";
import { describe, expect, it, vi } from "vitest";

import { codeOf } from "../src/contract/error.js";
import { attachTable } from "../src/table/table-output.js";
import { failure, isUnread, PATIENCE, run } from "./run.js";

const LAYOUT = { delimiter: ",", hasHeaders: true, skipEmptyLines: true };

/** A table of small cells, whose every row is 9 MB as JSON. */
async function bomb(rows: number): Promise<NativeTable> {
  const headers = Array.from({ length: 1000 }, (_, i) => `${i}`.padStart(9000, "h")).join(",");
  return loadAddon().parseTable(`${headers}\n${`${",".repeat(999)}\n`.repeat(rows)}`, LAYOUT);
}

async function numbers(rows: number): Promise<NativeTable> {
  return loadAddon().parseTable(
    `n,text\n${Array.from({ length: rows }, (_, i) => `${i},row ${i}`).join("\n")}\n`,
    LAYOUT,
  );
}

describe("user code over a table", () => {
  it("keeps a table a table when it filters, in pieces and in one", async () => {
    const output = attachTable({}, "data", await numbers(50_000));
    for (const transformFunction of ["(row, i) => row.n == i && i % 2", "(row, i, all) => all[i].n == i && i % 2"]) {
      const answer = await run(
        "transform",
        { data: output },
        { operation: "filter", transformFunction, timeout: PATIENCE },
      );
      expect(isUnread(answer, "result")).toBe(true);
      expect(answer.outputCount).toBe(25_000);
      expect(answer.result[24_999]).toEqual({ n: "49999", text: "row 49999" });
    }
    expect(isUnread(output, "data")).toBe(true);
  });

  it("makes no more text of rows than the engine takes", async () => {
    const table = await numbers(400_000);
    const made = vi.spyOn(table, "recordsText");
    const data = attachTable({}, "data", table);
    const limits = { timeout: PATIENCE, memoryLimit: 16 * 1024 * 1024 };
    const expression = "input.data.records.length > 3";
    expect(codeOf(await failure("condition", { data }, { expression, ...limits }))).toBe("MEMORY_LIMIT_EXCEEDED");
    expect(made.mock.calls.length).toBeLessThan(20);
    made.mockClear();
    const transformFunction = "(row, i, all) => all.length";
    const error = await failure("transform", { data }, { transformFunction, ...limits });
    expect(codeOf(error)).toBe("MEMORY_LIMIT_EXCEEDED");
    expect(made.mock.calls.length).toBeLessThan(20);
    expect(isUnread(data, "data")).toBe(true);
  });

  it("reads rows that together are more than the engine's memory one after the other", {
    timeout: PATIENCE,
  }, async () => {
    const data = attachTable({}, "data", await bomb(12));
    const code = { transformFunction: "(row) => Object.keys(row).length", timeout: PATIENCE };
    expect((await run("transform", { data }, code)).result).toEqual(Array(12).fill(1000));
  });

  it("gets the records of those tables that it reads, and of no others", async () => {
    const [read, unread] = [await numbers(3000), await numbers(3000)];
    const looks = [vi.spyOn(read, "recordsText"), vi.spyOn(unread, "recordsText")];
    const input = { data: attachTable({}, "records", read), other: attachTable({}, "records", unread) };
    const ask = async (expression: string) => (await run("condition", input, { expression })).result;
    expect(await ask("input.data.rowCount === 3000 && input.other.rowCount === 3000")).toBe(true);
    expect(looks.map((look) => look.mock.calls.length)).toEqual([0, 0]);
    expect(await ask("input.data.records[2999].text === 'row 2999' && input.data.records.length === 3000")).toBe(true);
    expect(looks[0]?.mock.calls.length).toBeGreaterThan(0);
    expect(looks[1]?.mock.calls.length).toBe(0);
    expect(await ask("input.data.records.length === input.other.records.length")).toBe(true);
    // Code that catches everything is called again all the same.
    const greedy = "(() => { try { return input.data.records.length === 3000 } catch { return false } })()";
    expect(await ask(greedy)).toBe(true);
  });
});
