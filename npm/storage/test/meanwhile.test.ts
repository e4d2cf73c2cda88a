/** What happens to a file while it is being saved. */
import { appendFile, chmod, readFile, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createFileSystemEngine, saveFlowFile, writeAtomically, writeThrough } from "../src/exports/desktop.js";
import { failureOf, filesBelow, temporaryFolder } from "./folder.js";

/** What is done just before the next calls of a function of the file system, once each; also what it fails with. */
const meanwhile = vi.hoisted(() => new Map<string, ((path: string) => unknown)[]>());

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const wrapped = (name: "open" | "rename" | "rm" | "chmod") => [
    name,
    async (...args: unknown[]) => {
      const isOther = name === "open" && args[1] !== "wx";
      if (!isOther) await meanwhile.get(name)?.shift()?.(String(args[0]));
      return (real[name] as (...all: unknown[]) => unknown)(...args);
    },
  ];
  return { ...real, ...Object.fromEntries((["open", "rename", "rm", "chmod"] as const).map(wrapped)) };
});

beforeEach(() => meanwhile.clear());

async function saved(text = "# mine\nid: f\nn: 1\n") {
  const folder = await temporaryFolder();
  const file = join(folder, "f.flow.yaml");
  await writeFile(file, text);
  return { folder, file, engine: createFileSystemEngine({ baseDir: folder }) };
}

describe("an edit by hand during a save", () => {
  it("is kept by the engine", async () => {
    const { folder, file, engine } = await saved();
    meanwhile.set("open", [() => appendFile(file, "# added\n"), () => appendFile(file, "# and more\n")]);
    await engine.save("f", { id: "f", n: 2 });
    expect(await readFile(file, "utf8")).toBe("# mine\nid: f\nn: 2\n# added\n# and more\n");
    expect(await filesBelow(folder)).toEqual(["f.flow.yaml"]);
  });

  it("is kept by a save of a flow file", async () => {
    const { file } = await saved("# mine\nversion: 1.0.0\nmetadata: {name: F}\ndata:\n  id: f\n");
    meanwhile.set("open", [() => appendFile(file, "# added\n")]);
    await saveFlowFile(file, { id: "f", n: 2 });
    expect((await readFile(file, "utf8")).match(/#.*/g)).toEqual(["# mine", "# added"]);
  });

  it("that makes the file is kept too", async () => {
    const { file, engine } = await saved();
    await unlink(file);
    const made = file.replace(".flow.", ".composite.");
    meanwhile.set("open", [() => writeFile(made, "# by hand\nn: 0\n")]);
    await engine.save("f", { n: 2 });
    expect(await readFile(made, "utf8")).toBe("# by hand\nn: 2\n");
  });

  it("that would be lost stops the save", async () => {
    const { file, engine } = await saved();
    meanwhile.set("open", [() => writeFile(file, "id: f\nn: 1 # watch this\n")]);
    expect(await failureOf(engine.save("f", { id: "f" }))).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      context: { line: 2 },
    });
    expect(await readFile(file, "utf8")).toBe("id: f\nn: 1 # watch this\n");
  });

  it("again and again ends in an error, not in a loss", async () => {
    const { folder, file, engine } = await saved();
    meanwhile.set(
      "open",
      Array.from({ length: 500 }, (_, n) => () => appendFile(file, `# ${n}\n`)),
    );
    const error = await failureOf(engine.save("f", { id: "f", n: 2 }));
    expect(error).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      message: expect.stringContaining("keep changing"),
      context: { key: "f", operation: "save" },
    });
    expect(await readFile(file, "utf8")).toMatch(/^# mine\nid: f\nn: 1\n# 0\n# 1\n/);
    expect(await filesBelow(folder)).toEqual(["f.flow.yaml"]);
  });
});

describe("saves of one file under several names", () => {
  it("take turns: the engine and a flow file", async () => {
    const { file, engine } = await saved("version: 1.0.0\nmetadata: {name: F}\ndata:\n  id: f\n");
    const opened: string[] = [];
    const note = (path: string) => opened.push(path);
    meanwhile.set("open", [note, note, note, note]);
    await Promise.all([
      engine.save("f", { id: "f", a: 1 }),
      saveFlowFile(file, { id: "f", a: 2 }, { author: "me" }),
      createFileSystemEngine({ baseDir: join(file, "..", "..") }).save(`${file.split("/").at(-2)}/f`, {
        id: "f",
        a: 3,
      }),
    ]);
    expect(opened.length).toBe(3);
    expect(await readFile(file, "utf8")).toContain("author: me");
  });
});

describe("a delete that loses a race", () => {
  it("finds nothing", async () => {
    const { file, engine } = await saved();
    meanwhile.set("rm", [() => unlink(file)]);
    expect(await failureOf(engine.delete("f"))).toMatchObject({ code: "NOT_FOUND", message: "Data not found: f" });
  });
});

describe("a file that only its owner may read", () => {
  it("has no copy beside it that others may read", async () => {
    const { file, engine } = await saved();
    const modes: number[] = [];
    const note = async (path: string) => modes.push((await stat(path)).mode & 0o777);
    for (const mode of [0o600, 0o400]) {
      await chmod(file, mode);
      meanwhile.set("chmod", [note]);
      await engine.save("f", { id: "f", n: mode });
      meanwhile.set("chmod", [note]);
      await saveFlowFile(file, { id: "f" }, {}, { overwrite: true });
      expect((await stat(file)).mode & 0o777).toBe(mode);
    }
    meanwhile.set("chmod", [note]);
    expect(await writeAtomically(file, (beside, mode) => writeThrough(beside, "four", mode))).toBe(4);
    expect(modes).toEqual([0o600, 0o600, 0o400, 0o400, 0o400]);
  });
});

describe("on Windows, a file that somebody reads", () => {
  const platform = process.platform;
  afterEach(() => {
    Object.defineProperty(process, "platform", { value: platform });
  });
  const inUse = (code: string) => () => {
    throw Object.assign(new Error(code), { code });
  };

  it.each(["EPERM", "EACCES", "EBUSY"])("is replaced when it is free again (%s)", async (code) => {
    const { file, engine } = await saved();
    meanwhile.set("rename", [inUse(code), inUse(code), inUse(code)]);
    Object.defineProperty(process, "platform", { value: "win32" });
    await engine.save("f", { id: "f", n: 2 });
    expect(await readFile(file, "utf8")).toBe("# mine\nid: f\nn: 2\n");
  });

  it("for good is an error", async () => {
    const { folder, engine } = await saved();
    meanwhile.set("rename", Array(50).fill(inUse("EPERM")));
    Object.defineProperty(process, "platform", { value: "win32" });
    expect(await failureOf(engine.save("f", { id: "f", n: 2 }))).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await filesBelow(folder)).toEqual(["f.flow.yaml"]);
    expect(await engine.load("f")).toEqual({ id: "f", n: 1 });
  });
});
