import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { createStorage as createBrowserStorage, createIndexedDBEngine } from "../src/exports/browser.js";
import { createMemoryEngine, createStorage, StorageError } from "../src/exports/index.js";
import { failureOf, filesBelow, temporaryFolder } from "./folder.js";

describe("createStorage", () => {
  it("makes a storage at once, which may be awaited", async () => {
    const storage = createStorage({ type: "memory" });
    expect(await storage).toBe(storage);
    await storage.save("a", { x: 1 });
    expect(await storage.load("a")).toEqual({ x: 1 });
  });

  it.each(["basePath", "path"])("keeps files in the folder given as %s, made at the first save", async (option) => {
    const folder = join(await temporaryFolder(), "deep", "data");
    const storage = createStorage({ type: "filesystem", [option]: folder });
    expect(storage.getInfo()).toMatchObject({ type: "filesystem", platform: "desktop", connected: true });
    expect(await storage.list()).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    await storage.save("team/a", { x: 1 });
    expect(await filesBelow(folder)).toEqual(["team/a.composite.yaml"]);
  });

  it("prefers basePath to path", async () => {
    const folder = await temporaryFolder();
    const storage = createStorage({ type: "filesystem", basePath: join(folder, "one"), path: join(folder, "two") });
    await storage.save("a", 1);
    expect(await filesBelow(folder)).toEqual(["one/a.composite.yaml"]);
  });

  it("uses an engine of the caller's as it is", () => {
    const engine = createMemoryEngine();
    expect(createStorage({ engine })).toBe(engine);
    expect(createBrowserStorage({ engine })).toBe(engine);
  });

  it("says which type it does not know", () => {
    for (const create of [createStorage, createBrowserStorage]) {
      expect(() => create({ type: "cloud" as never })).toThrow("Unknown storage type: cloud");
      expect(() => create({ type: "cloud" as never })).toThrow(StorageError);
    }
  });

  it("keeps files in .atomiton of the home folder by default", async () => {
    const home = await temporaryFolder();
    for (const name of ["HOME", "USERPROFILE", "APPDATA"]) vi.stubEnv(name, home);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    await createStorage().save("a", 1);
    await createStorage({ type: "filesystem" }).save("b", 1);
    expect(await filesBelow(home)).toEqual([".atomiton/a.composite.yaml", ".atomiton/b.composite.yaml"]);
  });

  it("refuses a folder that is not a path", () => {
    for (const basePath of ["", 7]) {
      expect(() => createStorage({ type: "filesystem", basePath: basePath as string })).toThrow("must be a path");
    }
  });

  it("warns once where there is no IndexedDB that nothing will be kept, unless memory was asked for", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const storage = createBrowserStorage();
    await storage.save("a", 1);
    expect(storage.getInfo().type).toBe("memory");
    expect(warn).toHaveBeenCalledTimes(1);
    createBrowserStorage({ type: "memory" });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(() => createBrowserStorage({ type: "filesystem" as never })).toThrow("no storage of type filesystem");
  });

  it("says what to do where IndexedDB was asked for and there is none", async () => {
    const storage = createBrowserStorage({ type: "indexeddb", name: "flows" });
    expect(storage.getInfo()).toMatchObject({ type: "indexeddb", platform: "browser", connected: true });
    const asked: [() => Promise<unknown>, string, string][] = [
      [() => storage.save("a", 1), "Failed to save data: a: ", "save"],
      [() => storage.load("a"), "Failed to load data: a: ", "load"],
      [() => storage.list(), "Failed to list data: ", "list"],
      [() => storage.delete("a"), "Failed to delete data: a: ", "delete"],
      [() => storage.exists("a"), "Failed to load data: a: ", "exists"],
    ];
    for (const [ask, message, operation] of asked) {
      const error = (await failureOf(ask())) as StorageError;
      expect(error).toMatchObject({ name: "StorageError", code: "ACCESS_DENIED", context: { operation } });
      expect(error.message.startsWith(`${message}this page may not use IndexedDB; allow`)).toBe(true);
    }
    expect(storage.getInfo().connected).toBe(false);
    await storage.close?.();
    for (const name of ["", 7]) {
      expect(() => createIndexedDBEngine({ name: name as string })).toThrow("must be text");
    }
  });
});
