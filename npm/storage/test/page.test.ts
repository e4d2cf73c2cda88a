/** `@atomiton/storage` as bundlers for pages and workerd take it. */
import { describe, expect, it, vi } from "vitest";

import * as browser from "../src/exports/browser.js";
import * as machine from "../src/exports/index.js";
import * as page from "../src/exports/page.js";
import { failureOf } from "./folder.js";

describe("the storage of a page", () => {
  it("has every name of the entries for Node and for browsers", () => {
    const names = new Set([...Object.keys(machine), ...Object.keys(browser)]);
    expect(Object.keys(page).sort()).toEqual([...names].sort());
  });

  it("works with what needs no files as anywhere else", async () => {
    const storage = page.createStorage({ type: "memory" });
    await storage.save("a", 1);
    expect(await storage.load("a")).toBe(1);
    expect(page.createStorage({ type: "indexeddb", name: "flows" }).getInfo().type).toBe("indexeddb");
    expect(page.sanitise("../ä:b")).toBe(machine.sanitise("../ä:b"));
    expect(page.StorageError).toBe(machine.StorageError);
  });

  it("refuses files with what to do instead", async () => {
    const write = vi.fn(async () => {});
    const asked: [name: keyof typeof page, ask: () => unknown][] = [
      ["createFileSystemEngine", () => page.createFileSystemEngine({ baseDir: "/data" })],
      ["createPathManager", () => page.createPathManager()],
      ["initializePathManager", () => page.initializePathManager({ appName: "Mine" })],
      ["getPathManager", () => page.getPathManager()],
      ["saveFlowFile", () => page.saveFlowFile("/f.yaml", { id: "f" })],
      ["loadFlowFile", () => page.loadFlowFile("/f.yaml")],
      ["writeAtomically", () => page.writeAtomically("/f", write)],
      ["writeThrough", () => page.writeThrough("/f", "text")],
      ["openSqliteStore", () => page.openSqliteStore("/executions.db")],
      ["backUpSqliteStore", () => page.backUpSqliteStore("/executions.db", "/backup.db")],
      ["restoreSqliteStore", () => page.restoreSqliteStore("/backup.db", "/executions.db")],
      ["openPostgresStore", () => page.openPostgresStore("postgresql://app@server/flows")],
    ];
    const working = [
      "EXECUTION_STATUSES",
      "StorageError",
      "createIndexedDBEngine",
      "createMemoryEngine",
      "createMemoryCache",
      "createMemoryExecutions",
      "createStorage",
      "openIndexedDbStore",
      "sanitise",
    ];
    expect([...asked.map(([name]) => name), ...working].sort()).toEqual(Object.keys(page).sort());
    for (const [name, ask] of asked) {
      const error = await failureOf((async () => ask())());
      expect(error, name).toMatchObject({ name: "StorageError", code: "UNSUPPORTED_OPERATION" });
      expect((error as Error).message).toMatch(
        new RegExp(
          `^A page (?:has no files|cannot connect to a database server) for ${name}; .+ in Node or in Electron's main process$`,
        ),
      );
    }
    expect(write).not.toHaveBeenCalled();
    expect(() => page.createStorage({ type: "filesystem", basePath: "/data" })).toThrow(
      "no storage of type filesystem",
    );
  });

  it("tells by a rejected promise where Node gives one", async () => {
    for (const promise of [page.loadFlowFile("/f"), page.writeThrough("/f", "")]) {
      await expect(promise).rejects.toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    }
  });
});
