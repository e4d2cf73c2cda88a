import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { createFileSystemEngine, loadFlowFile, type StorageError, saveFlowFile } from "../src/exports/desktop.js";
import { failureOf, filesBelow, temporaryFolder } from "./folder.js";

/** What the next calls of a function of the file system fail with. */
const broken = vi.hoisted(() => new Map<string, string>());

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const fail = (name: string, path: unknown) => {
    const code = broken.get(name);
    if (code)
      throw Object.assign(new Error(`${code}: from the system, ${name} '${path}'`), {
        code,
        path: String(path),
        syscall: name,
      });
  };
  const wrapped = (name: "rename" | "mkdir" | "readdir" | "readFile" | "rm" | "realpath") => [
    name,
    async (...args: unknown[]) => {
      fail(name, args[0]);
      return (real[name] as (...all: unknown[]) => unknown)(...args);
    },
  ];
  return {
    ...real,
    ...Object.fromEntries((["rename", "mkdir", "readdir", "readFile", "rm", "realpath"] as const).map(wrapped)),
    async open(path: string, flags: string, mode?: number) {
      if (flags === "wx") fail("open", path);
      const handle = await real.open(path, flags, mode);
      const { writeFile } = handle;
      handle.writeFile = async (...args: Parameters<typeof writeFile>) => {
        if (broken.has("writeFile")) await handle.write("torn");
        fail("writeFile", path);
        return writeFile.apply(handle, args);
      };
      return handle;
    },
  };
});

beforeEach(() => broken.clear());

async function saved() {
  const folder = await temporaryFolder();
  const engine = createFileSystemEngine({ baseDir: folder });
  await engine.save("f", { x: 1 });
  return { folder, engine };
}

describe("a save that the system refuses", () => {
  it.each([
    ["writeFile", "ENOSPC", "STORAGE_FULL", "the disk is full"],
    ["writeFile", "EDQUOT", "QUOTA_EXCEEDED", "quota"],
    ["writeFile", "EFBIG", "QUOTA_EXCEEDED", "too large"],
    ["writeFile", "EIO", "ACCESS_DENIED", "EIO"],
    ["open", "EACCES", "ACCESS_DENIED", "permission denied"],
    ["open", "EROFS", "ACCESS_DENIED", "read-only"],
    ["open", "EMFILE", "ACCESS_DENIED", "too many files"],
    ["rename", "EPERM", "ACCESS_DENIED", "not permitted"],
    ["rename", "ENOSPC", "STORAGE_FULL", "the disk is full"],
  ])("at %s with %s is %s, and the old value stays", async (name, system, code, reason) => {
    const { folder, engine } = await saved();
    broken.set(name, system);
    const error = (await failureOf(engine.save("f", { x: 2 }))) as StorageError;
    expect(error).toMatchObject({
      code,
      context: { key: "f", operation: "save", file: join(folder, "f.composite.yaml") },
    });
    expect(error.message).toMatch(/^Failed to save data: f: /);
    expect(error.message).toContain(reason);
    expect(error.cause).toMatchObject({ code: system });
    broken.clear();
    expect(await filesBelow(folder)).toEqual(["f.composite.yaml"]);
    expect(await engine.load("f")).toEqual({ x: 1 });
    await engine.save("f", { x: 3 });
    expect(await engine.load("f")).toEqual({ x: 3 });
  });

  it.each([
    ["EACCES", "ACCESS_DENIED"],
    ["ENOSPC", "STORAGE_FULL"],
    ["ENOTDIR", "ACCESS_DENIED"],
  ])("at a new folder with %s says so", async (system, code) => {
    const { engine } = await saved();
    broken.set("mkdir", system);
    expect(await failureOf(engine.save("team/f", 1))).toMatchObject({
      code,
      message: expect.stringMatching(/^Failed to create directory for: team\/f: /),
      cause: { code: system },
    });
  });
});

describe("other operations that the system refuses", () => {
  it("say what failed, and why", async () => {
    const { folder, engine } = await saved();
    broken.set("readFile", "EACCES");
    expect(await failureOf(engine.load("f"))).toMatchObject({
      code: "ACCESS_DENIED",
      message: expect.stringMatching(/^Failed to load data: f: permission denied/),
    });
    expect(await engine.list()).toEqual([]);
    expect(await engine.problems()).toMatchObject([{ key: "f", code: "ACCESS_DENIED" }]);
    expect(await failureOf(engine.save("f", 1))).toMatchObject({ code: "ACCESS_DENIED" });
    const file = join(folder, "f.composite.yaml");
    expect(await failureOf(loadFlowFile(file))).toMatchObject({ code: "ACCESS_DENIED", context: { file } });
    expect(await failureOf(saveFlowFile(file, {}))).toMatchObject({ code: "ACCESS_DENIED" });
    broken.clear();
    broken.set("rm", "EPERM");
    expect(await failureOf(engine.delete("f"))).toMatchObject({
      code: "ACCESS_DENIED",
      message: expect.stringMatching(/^Failed to delete data: f: /),
    });
    broken.set("readdir", "EACCES");
    expect(await failureOf(engine.list())).toMatchObject({
      code: "ACCESS_DENIED",
      message: expect.stringMatching(/^Failed to list data: permission denied/),
    });
    broken.clear();
    expect(await readFile(file, "utf8")).toBe("x: 1\n");
  });
});
