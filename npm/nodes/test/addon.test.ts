import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { loadAddon, NativeError, nativeError, platformName } from "@atomiton/conductor-native";
import { describe, expect, it } from "vitest";

import { ofOwnVersion } from "../../native/src/load.js";
import { recordsOf } from "../src/table/table-output.js";
import { temporaryFolder } from "./run.js";

describe("the native addon", () => {
  it("is loaded once, in the version of its package", () => {
    expect(loadAddon()).toBe(loadAddon());
    expect(loadAddon().addonVersion()).toMatch(/^\d+\.\d+\.\d+$/);
    expect(platformName()).toMatch(new RegExp(`^${process.platform}-${process.arch}`));
  });

  it("is refused in another version, naming both", () => {
    const own = loadAddon().addonVersion();
    const other = { ...loadAddon(), addonVersion: () => "9.8.7" };
    expect(() => ofOwnVersion(other, "/there.node")).toThrow(
      `The native addon is version 9.8.7, but @atomiton/conductor-native is ${own} (loaded from /there.node)`,
    );
  });

  it("gives errors their codes back", async () => {
    const failed: unknown = await loadAddon()
      .readTable("/no/such/file", { delimiter: ",", hasHeaders: true, skipEmptyLines: true })
      .catch(nativeError);
    expect(failed).toBeInstanceOf(NativeError);
    expect(failed).toMatchObject({ code: "EXECUTION_FAILED" });
  });

  it("refuses a pipe instead of waiting for whoever writes to it", async () => {
    const pipe = join(temporaryFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    const refused: unknown = await loadAddon()
      .readTable(pipe, { delimiter: ",", hasHeaders: true, skipEmptyLines: true })
      .catch(nativeError);
    expect(refused).toMatchObject({ code: "EXECUTION_FAILED", message: `Path is not a file: ${pipe}` });
  });

  it("gives records in pieces of bounded text, at least one at a time", async () => {
    const headers = Array.from({ length: 1000 }, (_, i) => `${i}`.padStart(9000, "h")).join(",");
    const row = `${",".repeat(999)}\n`;
    const addon = loadAddon();
    const table = await addon.parseTable(`${headers}\n${row.repeat(5)}`, {
      delimiter: ",",
      hasHeaders: true,
      skipEmptyLines: true,
    });
    const counts: number[] = [];
    for (let start = 0; start < table.rowCount; start += counts.at(-1) as number) {
      const { text, count } = table.recordsText(start, 16 * 1024 * 1024);
      expect(JSON.parse(text)).toHaveLength(count);
      counts.push(count);
    }
    expect(counts).toEqual([2, 2, 1]);
    expect(table.recordsText(4, 0).count).toBe(1);
    expect(table.recordsText(5, 1000)).toEqual({ text: "[]", count: 0 });
    expect(recordsOf(table)).toHaveLength(5);
  });

  it("picks rows that there are, and no others", async () => {
    const addon = loadAddon();
    const table = await addon.parseTable("a\n1\n2\n3\n", { delimiter: ",", hasHeaders: true, skipEmptyLines: true });
    const picked = addon.pickRows(addon.sliceTable(table, 1, 3), Uint32Array.of(1, 0, 1));
    expect(recordsOf(picked)).toEqual([{ a: "3" }, { a: "2" }, { a: "3" }]);
    expect(() => addon.pickRows(table, Uint32Array.of(0, 3))).toThrow(
      "[INVALID_PARAMETERS] There is no row 3 in a table of 3 rows",
    );
  });

  it("refuses a table that was disposed of, while those made from it live on", async () => {
    const addon = loadAddon();
    const table = await addon.parseTable("a\n1\n2\n", { delimiter: ",", hasHeaders: true, skipEmptyLines: true });
    table.account();
    const second = addon.sliceTable(table, 1, 2);
    table.dispose();
    table.dispose();
    expect(() => table.rowCount).toThrow("[INVALID_PARAMETERS] The table was disposed of");
    expect(JSON.parse(second.recordsText(0, 99).text)).toEqual([{ a: "2" }]);
  });
});
