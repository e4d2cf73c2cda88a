import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { createFileSystemEngine, loadFlowFile, type StorageError, saveFlowFile } from "../src/exports/desktop.js";
import { failureOf, temporaryFolder } from "./folder.js";

const BAD: [string, string | Uint8Array, { line?: number; column?: number }][] = [
  ["torn JSON", '{\n  "id": "f",\n  "na', { line: 3, column: 5 }],
  ["torn YAML", 'id: f\nnodes:\n  - id: "a', { line: 3 }],
  ["an empty file", "", { line: 1, column: 1 }],
  ["only comments", "\uFEFF# begun\n---\n\n...\n", { line: 1 }],
  ["zeros", new Uint8Array(4096), {}],
  ["bytes that are not UTF-8", Buffer.from([0x61, 0x3a, 0x20, 0x31, 0x0a, 0x62, 0x3a, 0xff]), { line: 2 }],
  ["another program's file", Buffer.from("PK\u0003\u0004\u0014\0\u0006\0binary", "latin1"), {}],
  ["brackets that would end the process", "[".repeat(2000), { line: 1 }],
  ["deep brackets that are closed", `a: ${"[".repeat(2000)}${"]".repeat(2000)}`, { line: 1 }],
  ["deep braces", `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`, { line: 1 }],
  ["deep indentation", Array.from({ length: 400 }, (_, n) => `${" ".repeat(n)}a:\n`).join(""), {}],
  [
    "aliases without end",
    `a: &a [x]\n${Array.from({ length: 30 }, (_, n) => `b${n}: &b${n} [${`*${n ? `b${n - 1}` : "a"},`.repeat(9)}]\n`).join("")}`,
    {},
  ],
  ["a key that reaches for prototypes", "id: f\nx:\n  __proto__: {polluted: true}\n", { line: 3 }],
  ["a key twice", "id: f\nid: g\n", { line: 2 }],
  ["several documents", "id: f\n---\nid: g\n", { line: 3 }],
  ["an unfinished merge", "<<<<<<< ours\nid: f\n=======\nid: g\n>>>>>>> theirs\n", {}],
];

describe.each(BAD)("%s", (_, content, place) => {
  it("is reported with its file and place, left alone, and does not hide others", async () => {
    const folder = await temporaryFolder();
    const engine = createFileSystemEngine({ baseDir: folder });
    const file = join(folder, "bad.composite.yaml");
    await writeFile(file, content);
    await engine.save("good", { x: 1 });

    const error = (await failureOf(engine.load("bad"))) as StorageError;
    expect(error).toMatchObject({
      name: "StorageError",
      code: "SERIALIZATION_ERROR",
      context: { key: "bad", operation: "load", file, ...place },
    });
    expect(error.message.startsWith(`Failed to load data: bad: ${file}`)).toBe(true);
    expect(error.message.length).toBeLessThan(800);
    if (place.line) expect(error.message).toContain(`line ${place.line}`);

    expect((await engine.list()).map(({ key }) => key)).toEqual(["good"]);
    expect(await engine.problems()).toMatchObject([{ key: "bad", file, code: "SERIALIZATION_ERROR", ...place }]);

    const refused = (await failureOf(engine.save("bad", { y: 1 }))) as StorageError;
    expect(refused).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      context: { key: "bad", operation: "save", file, ...place },
    });
    expect(refused.message).toContain("overwrite: true");
    expect((await readFile(file)).equals(Buffer.from(content as string))).toBe(true);

    await engine.save("bad", { y: 1 }, { overwrite: true });
    expect(await engine.load("bad")).toEqual({ y: 1 });
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("as a flow file is reported and left alone", async () => {
    const file = join(await temporaryFolder(), "bad.flow.yaml");
    await writeFile(file, content);
    expect(await failureOf(loadFlowFile(file))).toMatchObject({
      code: "SERIALIZATION_ERROR",
      context: { file, ...place },
    });
    expect(await failureOf(saveFlowFile(file, { id: "f" }))).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      context: { file },
    });
    expect((await readFile(file)).equals(Buffer.from(content as string))).toBe(true);
    await saveFlowFile(file, { id: "f" }, {}, { overwrite: true });
    expect(await loadFlowFile(file)).toEqual({ id: "f" });
  });
});

describe("a file of very many empty lines", () => {
  it.each(["\n", "\r\n", "\r", " \n"])("is read in a moment (%j)", async (line) => {
    const folder = await temporaryFolder();
    const engine = createFileSystemEngine({ baseDir: folder });
    await writeFile(join(folder, "empty.composite.yaml"), line.repeat(1 << 20));
    expect(await failureOf(engine.load("empty"))).toMatchObject({ code: "SERIALIZATION_ERROR" });
    await writeFile(join(folder, "late.composite.yaml"), `${line.repeat(1 << 20)}a: 1\n`);
    expect(await engine.load("late")).toEqual({ a: 1 });
  });
});

describe("a file that is too large", () => {
  it("is not even read", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "big.composite.yaml"), Buffer.alloc(33 * 1024 * 1024, "# x\n"));
    const engine = createFileSystemEngine({ baseDir: folder });
    expect(await failureOf(engine.load("big"))).toMatchObject({
      code: "SERIALIZATION_ERROR",
      message: expect.stringContaining("more than 33554432"),
    });
  });
});

describe("a flow that was cut off anywhere", () => {
  it("is loaded as far as it is whole, or reported", async () => {
    const folder = await temporaryFolder();
    const engine = createFileSystemEngine({ baseDir: folder });
    const flow = { id: "f", name: "x y", nodes: [{ id: "a", parameters: { code: "a\n  b\n" } }], edges: [] };
    await engine.save("f", flow, { format: "json" });
    const text = await readFile(join(folder, "f.composite.json"), "utf8");
    for (let length = 0; length < text.trimEnd().length; length++) {
      await writeFile(join(folder, "f.composite.json"), text.slice(0, length));
      expect(await failureOf(engine.load("f")), String(length)).toMatchObject({ code: "SERIALIZATION_ERROR" });
    }
  });
});
