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
      counts.push((JSON.parse(table.recordsJson(start, 5)) as unknown[]).length);
    }
    expect(counts).toEqual([2, 2, 1]);
    expect(recordsOf(table)).toHaveLength(5);
  });

  it("refuses a table that was disposed of, while those made from it live on", async () => {
    const addon = loadAddon();
    const table = await addon.parseTable("a\n1\n2\n", { delimiter: ",", hasHeaders: true, skipEmptyLines: true });
    table.account();
    const second = addon.sliceTable(table, 1, 2);
    table.dispose();
    table.dispose();
    expect(() => table.rowCount).toThrow("[INVALID_PARAMETERS] The table was disposed of");
    expect(JSON.parse(second.recordsJson(0, 9))).toEqual([{ a: "2" }]);
  });
});
