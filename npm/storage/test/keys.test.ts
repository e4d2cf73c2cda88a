import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { createFileSystemEngine } from "../src/exports/desktop.js";
import { keyOfNames, namesOfKey, plainNamesOfKey } from "../src/files/key-path.js";
import { failureOf, filesBelow, temporaryFolder } from "./folder.js";
import { Random } from "./random.js";

const HOSTILE = [
  "",
  ".",
  "..",
  "...",
  "../esc",
  "../../etc/passwd",
  "a/../../b",
  "a/./b",
  "a//b",
  "/",
  "//",
  "/etc/passwd",
  "a/",
  "\\",
  "..\\esc",
  "C:\\Windows\\x",
  "c:x",
  "\\\\server\\share",
  "con",
  "CON",
  "con.txt",
  "aux/nul",
  "COM1",
  "lpt9.x",
  "com¹",
  "conin$",
  "nul ",
  "a\0b",
  "a\nb",
  "a\u007fb",
  "dot.",
  "dot..",
  "space ",
  " space",
  "dir./x",
  "dir /x",
  ".hidden",
  "%",
  "%%",
  "%2E%2E",
  "%2e",
  "100%",
  "a%3Ab",
  "a:b",
  "a?b",
  "a*b",
  '"<>|"',
  "~",
  "$HOME",
  "-rf",
  "é",
  "e\u0301",
  "\u212b",
  "%\u0301",
  ":\u0301",
  "\ud800",
  "\udc00x",
  "🦀",
  "__proto__",
  "constructor",
  "f.composite.yaml",
  "f.composite.yaml/x",
  "f.composite",
  "f.flow",
  "f.flow.yaml",
  "F.FLOW.YML/x",
  ".f.composite.yaml.0123456789ab.tmp",
];

const NFD = "e\u0301";

describe("keys", () => {
  it.each([
    ["my-flow", "my-flow.composite.yaml"],
    ["team/my-flow", "team/my-flow.composite.yaml"],
    ["6f1c24e3-9e0e-4a40-8f0c-6a5a0a7e9b11", "6f1c24e3-9e0e-4a40-8f0c-6a5a0a7e9b11.composite.yaml"],
    ["My Flow (v1.2)_final", "My Flow (v1.2)_final.composite.yaml"],
    ["Übersicht/日本", "Übersicht/日本.composite.yaml"],
  ])("%s is the file %s", async (key, file) => {
    const folder = await temporaryFolder();
    await createFileSystemEngine({ baseDir: folder }).save(key, 1);
    expect(await filesBelow(folder)).toEqual([file]);
  });

  it("of every kind stay inside the base folder, in files of their own, and come back in lists", async () => {
    const outer = await temporaryFolder();
    const folder = join(outer, "deep", "base");
    const engine = createFileSystemEngine({ baseDir: folder });
    for (const key of HOSTILE) await engine.save(key, { of: escape(key) });
    expect((await filesBelow(outer)).every((file) => file.startsWith("deep/base/"))).toBe(true);
    expect((await filesBelow(folder)).length).toBe(HOSTILE.length);
    for (const key of HOSTILE) expect(await engine.load(key)).toEqual({ of: escape(key) });
    expect((await engine.list()).map(({ key }) => key).sort()).toEqual([...HOSTILE].sort());
    expect(await engine.problems()).toEqual([]);
    for (const key of HOSTILE) await engine.delete(key);
    expect(await filesBelow(outer)).toEqual([]);
  });

  it("that differ never share a file, and can be told from it", () => {
    const random = new Random(1);
    const parts = [...HOSTILE, "a", "A", "%2", "2E", ".", "/", "\\", ":", "u0301", "con", " ", "composite", "yaml"];
    const owners = new Map<string, string>();
    for (let n = 0; n < 50_000; n++) {
      const key = Array.from({ length: 1 + random.below(4) }, () => random.of(parts)).join("");
      const names = namesOfKey(key);
      const path = names.join("/");
      expect(owners.get(path) ?? key).toBe(key);
      owners.set(path, key);
      expect(keyOfNames(names)).toBe(key);
      for (const name of names) {
        expect(name).toMatch(/^[^./\\:<>"|?*\p{Cc}][^/\\:<>"|?*\p{Cc}]*$/u);
        expect(name).not.toMatch(/[. ]$|^(con|prn|aux|nul|com\d|lpt\d) *(\.|$)/i);
        expect(name.normalize("NFC")).toBe(name);
      }
    }
    expect(owners.size).toBeGreaterThan(20_000);
  });

  it("too long for a file name are refused, and nothing is there", async () => {
    const folder = await temporaryFolder();
    const engine = createFileSystemEngine({ baseDir: folder });
    for (const key of ["k".repeat(242), "é".repeat(121), `${"d".repeat(256)}/x`, ":".repeat(100)]) {
      expect(await failureOf(engine.save(key, 1))).toMatchObject({
        code: "UNSUPPORTED_OPERATION",
        message: expect.stringContaining("too long for a file name"),
      });
      expect(await engine.exists(key)).toBe(false);
      expect(await failureOf(engine.load(key))).toMatchObject({ code: "NOT_FOUND" });
    }
    await engine.save("k".repeat(240), 1);
    await engine.save("é".repeat(120), 1);
    expect((await engine.list()).length).toBe(2);
    for (const parts of [65, 3000, 100_000]) {
      expect(await failureOf(engine.save("d/".repeat(parts), 1))).toMatchObject({
        code: "UNSUPPORTED_OPERATION",
        message: expect.stringContaining("more than 64"),
      });
    }
    expect((await filesBelow(folder)).length).toBe(2);
  });

  it("are looked for under their plain names only where these mean what they say", () => {
    const odd = ["a:b", "d./x", "d /x", "con", "aux/x", "nul.x", "com1", "a?b", "a|b", "x/lpt9", "a\tb"];
    expect(odd.map((key) => plainNamesOfKey(key, "linux"))).toEqual(odd.map((key) => key.split("/")));
    expect(odd.map((key) => plainNamesOfKey(key, "win32"))).toEqual(odd.map(() => undefined));
    for (const key of ["team/f", "100%", "console", "a.b", NFD]) {
      expect(plainNamesOfKey(key, "win32")).toEqual(key.split("/"));
    }
  });

  it("of files that are named with unusual letters by hand find them", async () => {
    const folder = await temporaryFolder();
    const engine = createFileSystemEngine({ baseDir: folder });
    await mkdir(join(folder, "q: a"));
    await writeFile(join(folder, "q: a", "what?.flow.yaml"), "id: w\n");
    await writeFile(join(folder, "100%.composite.yaml"), '{"id": "old"}');
    expect((await engine.list()).map(({ key }) => key).sort()).toEqual(["100%", "q: a/what?"]);
    expect(await engine.load("q: a/what?")).toEqual({ id: "w" });
    expect((await engine.list("q: a")).length).toBe(1);
    await engine.save("100%", { id: "new" });
    expect(await filesBelow(folder)).toEqual(["100%.composite.yaml", "q: a/what?.flow.yaml"]);
    await mkdir(join(folder, "b%3Ac"));
    await writeFile(join(folder, "b%3Ac", "x?.flow.yaml"), "id: w\n");
    expect(await engine.problems()).toMatchObject([
      { key: "b:c/x?", code: "UNSUPPORTED_OPERATION", message: expect.stringContaining("rename it to") },
    ]);
  });
});
