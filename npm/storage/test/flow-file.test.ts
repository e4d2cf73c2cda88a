import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { createFileSystemEngine, loadFlowFile, StorageError, saveFlowFile } from "../src/exports/desktop.js";
import { failureOf, filesBelow, temporaryFolder } from "./folder.js";

const node = { id: "n", type: "group", name: "My node", version: "1.0.0", nodes: [{ id: "a", type: "delay" }] };

describe("flow files", () => {
  it("are YAML: a version, facts about the file, and the node as data", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "deep", "n.flow.yaml");
    const from = new Date().toISOString();
    await saveFlowFile(file, node, { description: "mine" });
    const text = await readFile(file, "utf8");
    expect(text).toMatch(/^version: "1\.0\.0"\nmetadata:\n/);
    const document = parse(text);
    expect(document).toMatchObject({
      version: "1.0.0",
      metadata: { name: "My node", description: "mine" },
      data: node,
    });
    expect(document.metadata.createdAt >= from && document.metadata.updatedAt === document.metadata.createdAt).toBe(
      true,
    );
    expect(await loadFlowFile(file)).toEqual(node);
    expect(await filesBelow(folder)).toEqual(["deep/n.flow.yaml"]);
  });

  it("keep the time they were made and what else stands in them", async () => {
    const file = join(await temporaryFolder(), "n.flow.yaml");
    await saveFlowFile(file, node, { name: "First", createdAt: "2020-01-01T00:00:00.000Z", author: "me" });
    await saveFlowFile(file, { ...node, name: "Other" });
    expect(parse(await readFile(file, "utf8"))).toMatchObject({
      metadata: { name: "Other", author: "me", createdAt: "2020-01-01T00:00:00.000Z" },
      data: { name: "Other" },
    });
  });

  it("are JSON where their name says so", async () => {
    const file = join(await temporaryFolder(), "n.flow.json");
    await saveFlowFile(file, node);
    expect(JSON.parse(await readFile(file, "utf8")).data).toEqual(node);
    expect(await loadFlowFile(file)).toEqual(node);
  });

  it("may hold the bare node", async () => {
    const file = join(await temporaryFolder(), "n.flow.yaml");
    await writeFile(file, "id: n\ntype: group\ndata: {mine: 1}\nversion: 2.0.0\n");
    expect(await loadFlowFile(file)).toEqual({ id: "n", type: "group", data: { mine: 1 }, version: "2.0.0" });
  });

  it("in the folder of a storage are its flows", async () => {
    const folder = await temporaryFolder();
    const engine = createFileSystemEngine({ baseDir: folder });
    await saveFlowFile(join(folder, "n.flow.yaml"), node);
    expect(await engine.load("n")).toEqual(node);
    expect(await engine.list()).toMatchObject([{ key: "n", name: "My node" }]);
    await engine.save("n", { ...node, name: "Renamed" });
    expect(await loadFlowFile(join(folder, "n.flow.yaml"))).toMatchObject({ name: "Renamed" });
    expect(parse(await readFile(join(folder, "n.flow.yaml"), "utf8"))).toMatchObject({ metadata: { name: "Renamed" } });
  });

  it.each(["n.flow.yaml", "n.flow.json"])("that would be too deep name the place in the data (%s)", async (name) => {
    const file = join(await temporaryFolder(), name);
    const deep = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
    for (const text of [undefined, "# mine\nversion: 1.0.0\ndata: {}\n"]) {
      if (text !== undefined) await writeFile(file, text);
      if (text !== undefined && name.endsWith("json")) continue;
      const error = (await failureOf(saveFlowFile(file, { v: deep(255) }))) as StorageError;
      expect(error).toMatchObject({ code: "SERIALIZATION_ERROR", context: { file } });
      expect(error.message).toContain("256 levels");
      expect(error.message).not.toMatch(/line|column/);
      expect(error.context.path).toMatch(/^data\.v\[0\]/);
      expect(error.context.line).toBeUndefined();
    }
    if (name.endsWith("yaml")) await saveFlowFile(file, { v: deep(126) }, null as never, null as never);
  });

  it("that would be too large say so, of no line", async () => {
    const file = join(await temporaryFolder(), "n.flow.yaml");
    const text = "\u20ac".repeat(2_500_000);
    const error = (await failureOf(saveFlowFile(file, { list: [text, text, text, text, text] }))) as StorageError;
    expect(error).toMatchObject({ code: "SERIALIZATION_ERROR", context: { file } });
    expect(error.message).toContain("33554432");
    expect(error.message).not.toMatch(/line|column/);
  });

  it("that are not there, or cannot be, are errors", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "none.flow.yaml");
    const error = await failureOf(loadFlowFile(file));
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ code: "NOT_FOUND", message: `Data not found: ${file}` });
    expect(await failureOf(loadFlowFile(folder))).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await failureOf(saveFlowFile(folder, node))).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await failureOf(saveFlowFile(file, { run: () => 1 }))).toMatchObject({
      code: "SERIALIZATION_ERROR",
      context: { path: "run" },
    });
    expect(await failureOf(saveFlowFile(file, [1]))).toMatchObject({ code: "SERIALIZATION_ERROR" });
    expect(await failureOf(saveFlowFile(file, node, "abc" as never))).toMatchObject({ code: "SERIALIZATION_ERROR" });
    expect(await failureOf(saveFlowFile(5 as never, node))).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    expect(await filesBelow(folder)).toEqual([]);
  });
});
