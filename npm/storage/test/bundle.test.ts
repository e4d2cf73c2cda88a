import { readdir, readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { builtPackage } from "./built.js";

const folder = builtPackage();

/** Everything that a built file imports or requires, itself or through files of the package. */
async function importsOf(file: string, seen = new Set<string>()): Promise<Set<string>> {
  const source = await readFile(join(folder(), file), "utf8");
  // Comments show how others are imported.
  const text = source.replace(/^\s*\*.*$/gm, "");
  const specifiers = [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*)["']([^"']+)["']/g)].map(
    ([, name]) => name as string,
  );
  for (const name of specifiers) {
    if (seen.has(name)) continue;
    seen.add(name);
    if (name.startsWith("./")) await importsOf(name.slice(2), seen);
  }
  return seen;
}

describe("the built package", () => {
  it.each(["browser.js", "browser.cjs", "page.js", "page.cjs"])(
    "%s needs nothing that a browser has not",
    async (file) => {
      const imports = [...(await importsOf(file))].filter((name) => !name.startsWith("./"));
      expect(imports).toEqual(["idb"]);
      for (const name of [file, ...(await importsOf(file))].filter((name) => name !== "idb")) {
        const text = await readFile(join(folder(), name), "utf8");
        expect(text).not.toMatch(/\bBuffer\b|\bprocess[.[]|node:|__dirname|conductor-native/);
      }
    },
  );

  it.each(["index.js", "desktop.js", "index.cjs", "desktop.cjs"])("%s finds what it needs", async (file) => {
    const imports = [...(await importsOf(file))].filter((name) => !name.startsWith("./") && !isBuiltin(name));
    expect(imports.sort()).toEqual(["@atomiton/conductor-native", "pg"]);
    const entry = (await import(/* @vite-ignore */ join(folder(), file))) as Record<string, unknown>;
    expect(
      Object.keys(entry)
        .filter((name) => name !== "default" && name !== "module.exports")
        .sort(),
    ).toEqual([
      "EXECUTION_STATUSES",
      "StorageError",
      "backUpSqliteStore",
      "createFileSystemEngine",
      "createMemoryCache",
      "createMemoryEngine",
      "createMemoryExecutions",
      "createPathManager",
      "createStorage",
      "getPathManager",
      "initializePathManager",
      "loadFlowFile",
      "openPostgresStore",
      "openSqliteStore",
      "restoreSqliteStore",
      "sanitise",
      "saveFlowFile",
      "writeAtomically",
      "writeThrough",
    ]);
  });

  it("has one StorageError for all entry points", async () => {
    const entries = await Promise.all(
      ["index.js", "desktop.js", "browser.js", "page.js"].map(
        (file) => import(/* @vite-ignore */ join(folder(), file)),
      ),
    );
    expect(new Set(entries.map(({ StorageError }) => StorageError)).size).toBe(1);
    expect((await readdir(folder())).length).toBeGreaterThanOrEqual(6);
  });
});
