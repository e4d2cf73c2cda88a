/** Files for the TypeScript version, whose engine looks for `<key>.composite.yaml`, then `.composite.json`, and parses JSON. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { createStorage as createBrowserStorage } from "../src/exports/browser.js";
import { createFileSystemEngine, createStorage } from "../src/exports/index.js";
import { failureOf, filesBelow, temporaryFolder } from "./folder.js";

const FLOW = { id: "f", name: "Flow", version: "1.0.0", type: "group", nodes: [{ id: "a", type: "loop" }], edges: [] };

/** What the TypeScript version loads for a key, by its engine and by its reader of flow files. */
async function readBefore(folder: string, key: string): Promise<Record<string, unknown>> {
  const read = (ending: string) => readFile(join(folder, key + ending), "utf8");
  const text = await read(".composite.yaml").catch(() => read(".composite.json"));
  const value = JSON.parse(text);
  expect(parse(text)).toEqual(value);
  return value;
}

async function compatible() {
  const folder = join(await temporaryFolder(), "flows");
  return { folder, storage: createStorage({ type: "filesystem", basePath: folder, format: "compatible" }) };
}

describe("files in the format compatible", () => {
  it("are found and read by the TypeScript version, flows with their times", async () => {
    const { folder, storage } = await compatible();
    await storage.save("team/f", FLOW);
    const now = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(await readBefore(folder, "team/f")).toEqual({ ...FLOW, metadata: { created: now, updated: now } });
    expect(await storage.load("team/f")).toEqual(await readBefore(folder, "team/f"));
    for (const format of ["yaml", "json"] as const) await storage.save(format, FLOW, { format });
    expect(await filesBelow(folder)).toEqual(["json.composite.json", "team/f.composite.yaml", "yaml.composite.yaml"]);
    for (const key of ["json", "yaml"]) expect(await readBefore(folder, key)).toMatchObject(FLOW);
  });

  it("hold no character that readers of YAML refuse", async () => {
    const { folder, storage } = await compatible();
    const value = {
      "\x7f\x85\x9f": "\u2028\u2029\ufeff\ufffe\uffff é 🦀 \t\0\x1b",
      long: { ["k".repeat(2000)]: [1e21, -0.5, null] },
    };
    await storage.save("odd", value);
    expect(await readBefore(folder, "odd")).toEqual(value);
    expect(await readFile(join(folder, "odd.composite.yaml"), "utf8")).not.toMatch(
      /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/,
    );
    expect(await storage.load("odd")).toEqual(value);
  });

  it.skipIf(process.platform === "win32")("have the names that it gives them, wherever that is safe", async () => {
    const { folder, storage } = await compatible();
    for (const key of ["a:b", "50% off?", "x/y*z"]) {
      await storage.save(key, { key });
      expect(await readBefore(folder, key)).toEqual({ key });
      expect(await storage.load(key)).toEqual({ key });
    }
    expect((await storage.list()).map(({ key }) => key).sort()).toEqual(["50% off?", "a:b", "x/y*z"]);
    await storage.save("../out", 1);
    const files = await filesBelow(dirname(folder));
    expect(files.filter((file) => !file.startsWith("flows/"))).toEqual([]);
    expect(await storage.load("../out")).toBe(1);
  });

  it("take the place of YAML, but neither of comments nor of flows written by hand", async () => {
    const { folder, storage } = await compatible();
    await createFileSystemEngine({ baseDir: folder }).save("f", FLOW);
    await storage.save("f", { ...FLOW, name: "Other" });
    expect(await readBefore(folder, "f")).toMatchObject({ name: "Other" });

    await writeFile(join(folder, "noted.composite.yaml"), "id: noted # why\n");
    expect(await failureOf(storage.save("noted", FLOW))).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    await storage.save("noted", FLOW, { overwrite: true });
    expect(await readBefore(folder, "noted")).toMatchObject(FLOW);

    await mkdir(join(folder, "hand"));
    const hand = join(folder, "hand", "h.flow.yaml");
    await writeFile(hand, "id: h # by hand\n");
    expect(await storage.load("hand/h")).toEqual({ id: "h" });
    await storage.save("hand/h", FLOW);
    expect(await readBefore(folder, "hand/h")).toMatchObject(FLOW);
    expect(await storage.load("hand/h")).toMatchObject(FLOW);
    expect(await readFile(hand, "utf8")).toBe("id: h # by hand\n");
  });
});

describe("the format of a storage", () => {
  it("is checked, also where there are no files", async () => {
    for (const make of [createStorage, createBrowserStorage]) {
      expect(make({ type: "memory", format: "compatible" }).getInfo().type).toBe("memory");
      expect(() => make({ type: "memory", format: "toml" as never })).toThrow(
        expect.objectContaining({
          code: "UNSUPPORTED_OPERATION",
          message: "Unknown format: toml; there are yaml and compatible",
        }),
      );
    }
    expect(() => createFileSystemEngine({ format: "json" as never })).toThrow("Unknown format: json");
    const folder = await temporaryFolder();
    await createStorage({ basePath: folder, format: "yaml" }).save("f", FLOW);
    expect(await readFile(join(folder, "f.composite.yaml"), "utf8")).toMatch(/^id: f\n/);
  });
});
