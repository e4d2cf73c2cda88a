import { lstat, mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { parse } from "yaml";

import { createFileSystemEngine, StorageError } from "../src/exports/desktop.js";
import { failureOf, filesBelow, temporaryFolder } from "./folder.js";

const flow = { id: "f", name: "Flow", version: "1.0.0", nodes: [{ id: "a", type: "delay" }], edges: [] };

async function engineAndFolder() {
  const folder = await temporaryFolder();
  return { folder, engine: createFileSystemEngine({ baseDir: folder }) };
}

describe("files of the file system engine", () => {
  it("are YAML that people can read", async () => {
    const { folder, engine } = await engineAndFolder();
    await engine.save("f", flow);
    const text = await readFile(join(folder, "f.composite.yaml"), "utf8");
    expect(text).toMatch(/^id: f\nname: Flow\nversion: "1\.0\.0"\nnodes:\n {2}- id: a\n {4}type: delay\n/);
    expect(parse(text)).toEqual(await engine.load("f"));
  });

  it("are JSON where JSON is asked for", async () => {
    const { folder, engine } = await engineAndFolder();
    await engine.save("f", flow, { format: "json" });
    expect(await filesBelow(folder)).toEqual(["f.composite.json"]);
    const text = await readFile(join(folder, "f.composite.json"), "utf8");
    expect(JSON.parse(text)).toEqual(await engine.load("f"));
    expect(text).toContain('\n  "name": "Flow"');
    await engine.save("f", { ...flow, name: "Other" });
    expect(await filesBelow(folder)).toEqual(["f.composite.json"]);
    expect(await engine.load("f")).toMatchObject({ name: "Other" });
  });

  it("refuses a format that there is not", async () => {
    const { engine } = await engineAndFolder();
    expect(await failureOf(engine.save("f", 1, { format: "xml" as never }))).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      message: "Unknown format: xml; there are yaml and json",
    });
  });

  it("the YAML file wins over the JSON file of one key; delete removes both", async () => {
    const { folder, engine } = await engineAndFolder();
    await engine.save("f", { x: "json" }, { format: "json" });
    await engine.save("f", { x: "yaml" }, { format: "yaml" });
    expect(await filesBelow(folder)).toEqual(["f.composite.json", "f.composite.yaml"]);
    expect(await engine.load("f")).toEqual({ x: "yaml" });
    expect((await engine.list()).length).toBe(1);
    await engine.delete("f");
    expect(await filesBelow(folder)).toEqual([]);
    expect(await engine.exists("f")).toBe(false);
  });

  it("may hold YAML or JSON, whatever they are called", async () => {
    const { folder, engine } = await engineAndFolder();
    await writeFile(join(folder, "old.composite.yaml"), JSON.stringify(flow, null, 2));
    await writeFile(join(folder, "odd.composite.json"), "# by hand\nid: f\nlist: [1, 2]\n");
    await writeFile(join(folder, "flow.composite.yaml"), "{id: f, list: [1, 2]}\n");
    await writeFile(join(folder, "escapes.composite.yaml"), '\uFEFF {"a\\/b": "\\ud83d\\ude00"}');
    expect(await engine.load("old")).toEqual(flow);
    expect(await engine.load("odd")).toEqual({ id: "f", list: [1, 2] });
    expect(await engine.load("flow")).toEqual({ id: "f", list: [1, 2] });
    expect(await engine.load("escapes")).toEqual({ "a/b": "😀" });
    await engine.save("old", flow);
    expect(await readFile(join(folder, "old.composite.yaml"), "utf8")).toMatch(/^id: f\nname: Flow\n/);
  });

  it.each([".flow.yaml", ".flow.yml", ".flow.json"])(
    "made by hand as %s are loaded, listed and saved in place",
    async (ending) => {
      const { folder, engine } = await engineAndFolder();
      await mkdir(join(folder, "team"));
      await writeFile(
        join(folder, `team/mine${ending}`),
        ending === ".flow.json" ? '{"id": "m", "n": 1}' : "id: m # mine\nn: 1\n",
      );
      expect(await engine.load("team/mine")).toEqual({ id: "m", n: 1 });
      expect((await engine.list()).map(({ key }) => key)).toEqual(["team/mine"]);
      await engine.save("team/mine", { id: "m", n: 2 });
      expect(await filesBelow(folder)).toEqual([`team/mine${ending}`]);
      expect(await readFile(join(folder, `team/mine${ending}`), "utf8")).toBe(
        ending === ".flow.json" ? '{\n  "id": "m",\n  "n": 2\n}\n' : "id: m # mine\nn: 2\n",
      );
      await writeFile(join(folder, "team/mine.composite.yaml"), "id: first\n");
      expect(await engine.load("team/mine")).toEqual({ id: "first" });
      await engine.delete("team/mine");
      expect(await filesBelow(folder)).toEqual([]);
    },
  );

  it("with an envelope around the flow give the flow, and keep the envelope", async () => {
    const { folder, engine } = await engineAndFolder();
    const file = join(folder, "e.flow.yaml");
    const text =
      "version: 1.0.0\nmetadata:\n  name: E # shown in the list\n  createdAt: 2020-01-01\ndata:\n  id: e\n  type: group\n";
    await writeFile(file, text);
    expect(await engine.load("e")).toEqual({ id: "e", type: "group" });
    await engine.save("e", { id: "e", type: "group", nodes: [] });
    expect(await readFile(file, "utf8")).toContain("  name: E # shown in the list\n  createdAt: 2020-01-01\n");
    expect(await engine.load("e")).toEqual({ id: "e", type: "group", nodes: [] });
  });

  it("lists by folder, with the sizes and times of files where the data tells none", async () => {
    const { folder, engine } = await engineAndFolder();
    await engine.save("team/one", 1);
    await engine.save("team/sub/two", 22);
    await engine.save("teams", 3);
    await utimes(join(folder, "team/one.composite.yaml"), 1e9, 1e9);
    for (const prefix of ["team", "team/"]) {
      expect((await engine.list(prefix)).map(({ key, size }) => [key, size])).toEqual([
        ["team/sub/two", 3],
        ["team/one", 2],
      ]);
    }
    expect((await engine.list("team"))[1]?.updated).toBe("2001-09-09T01:46:40.000Z");
    expect(await engine.list("tea")).toEqual([]);
    expect(await engine.list("team/one")).toEqual([]);
  });

  it("keep their permissions", async () => {
    const { folder, engine } = await engineAndFolder();
    await writeFile(join(folder, "f.composite.yaml"), "a: 1\n", { mode: 0o600 });
    await engine.save("f", { a: 2 });
    expect((await stat(join(folder, "f.composite.yaml"))).mode & 0o777).toBe(0o600);
  });

  it("go to the Atomiton folder of the user by default", async () => {
    const home = await temporaryFolder();
    vi.stubEnv("HOME", home);
    vi.stubEnv("USERPROFILE", home);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    await createFileSystemEngine().save("f", 1);
    expect(await filesBelow(home)).toEqual(["Atomiton/f.composite.yaml"]);
  });
});

describe("saves at the same time", () => {
  it("of one key end with the last one whole, and leave nothing beside", async () => {
    const { folder } = await engineAndFolder();
    const engines = [createFileSystemEngine({ baseDir: folder }), createFileSystemEngine({ baseDir: `${folder}/.` })];
    const text = "x".repeat(2000);
    const saves = Array.from({ length: 200 }, (_, n) => engines[n % 2]?.save("f", { ...flow, n, text }));
    const loads = Array.from({ length: 50 }, () => engines[0]?.exists("f").then((is) => is && engines[0]?.load("f")));
    await Promise.all([...saves, ...loads]);
    expect(await engines[0]?.load("f")).toMatchObject({ n: 199, text });
    expect(await filesBelow(folder)).toEqual(["f.composite.yaml"]);
  });

  it("of many keys all arrive", async () => {
    const { folder, engine } = await engineAndFolder();
    await Promise.all(Array.from({ length: 200 }, (_, n) => engine.save(`team-${n % 7}/flow-${n}`, { n })));
    expect((await filesBelow(folder)).length).toBe(200);
    expect((await engine.list()).length).toBe(200);
    expect(await engine.load("team-3/flow-3")).toEqual({ n: 3 });
  });

  it("go on after one that failed", async () => {
    const { engine } = await engineAndFolder();
    const settled = await Promise.allSettled([
      engine.save("f", 1),
      engine.save("f", () => 1),
      engine.delete("f"),
      engine.delete("f"),
      engine.save("f", 2),
    ]);
    expect(settled.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect(await engine.load("f")).toBe(2);
  });
});

describe("what killed processes leave", () => {
  it("is never listed, and removed when it is old", async () => {
    const { folder, engine } = await engineAndFolder();
    await mkdir(join(folder, "team"));
    const old = join(folder, "team/.f.composite.yaml.0123456789ab.tmp");
    const fresh = join(folder, "team/.f.composite.yaml.ba9876543210.tmp");
    const other = join(folder, "team/.mine.tmp");
    for (const file of [old, fresh, other]) await writeFile(file, "id: ha");
    const yesterday = Date.now() / 1000 - 86400;
    for (const file of [old, other]) await utimes(file, yesterday, yesterday);
    expect(await engine.list()).toEqual([]);
    expect(await engine.problems()).toEqual([]);
    expect(await filesBelow(folder)).toEqual(["team/.f.composite.yaml.ba9876543210.tmp", "team/.mine.tmp"]);
    await utimes(fresh, yesterday, yesterday);
    await engine.save("team/f", 1);
    expect(await filesBelow(folder)).toEqual(["team/.mine.tmp", "team/f.composite.yaml"]);
  });
});

describe("a folder where a file should be", () => {
  it("is not a value, and is not replaced", async () => {
    const { folder, engine } = await engineAndFolder();
    await mkdir(join(folder, "f.composite.yaml"));
    expect(await engine.exists("f")).toBe(false);
    const error = await failureOf(engine.save("f", 1, { overwrite: true }));
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ code: "ACCESS_DENIED", message: expect.stringContaining("Failed to save data: f") });
    expect((await lstat(join(folder, "f.composite.yaml"))).isDirectory()).toBe(true);
  });
});
