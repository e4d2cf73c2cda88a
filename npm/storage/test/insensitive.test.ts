/** File systems that do not tell cases and forms of letters apart, as those of macOS and Windows. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";

import { createFileSystemEngine, saveFlowFile } from "../src/exports/desktop.js";
import { failureOf, filesBelow, temporaryFolder } from "./folder.js";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const path = await import("node:path");
  const folded = (text: string) => text.normalize("NFC").toLowerCase();
  /** The path as what there is spells it; `LONGNA~1` is the short name of the first that begins so. */
  const spelled = async (asked: string): Promise<string> => {
    const parent = path.dirname(asked);
    if (parent === asked) return asked;
    const folder = await spelled(parent);
    const name = path.basename(asked);
    const names = await real.readdir(folder).catch(() => [] as string[]);
    const short = /^(.{6})~1$/.exec(name)?.[1];
    const found =
      names.find((each) => each === name) ??
      names.find((each) => folded(each) === folded(name) || (short && folded(each).startsWith(folded(short))));
    return path.join(folder, found ?? name);
  };
  const wrapped = (name: string) => [
    name,
    async (file: string, ...rest: unknown[]) =>
      (real as unknown as Record<string, (...all: unknown[]) => unknown>)[name]?.(await spelled(file), ...rest),
  ];
  const names = ["lstat", "stat", "realpath", "readlink", "readFile", "open", "rm", "mkdir", "readdir", "chmod"];
  return {
    ...real,
    ...Object.fromEntries(names.map(wrapped)),
    rename: async (from: string, to: string) => real.rename(await spelled(from), await spelled(to)),
  };
});

async function engineAndFolder() {
  const folder = await temporaryFolder();
  return { folder, engine: createFileSystemEngine({ baseDir: folder }) };
}

const NFC = "caf\u00e9";
const NFD = "cafe\u0301";

describe("keys that the file system does not tell apart", () => {
  it("never share a file, also when they are saved at once", async () => {
    const { folder, engine } = await engineAndFolder();
    const saves = await Promise.allSettled([engine.save("Flow", 1), engine.save("flow", 2), engine.save("FLOW", 3)]);
    expect(saves.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(saves[1]).toMatchObject({
      reason: { code: "UNSUPPORTED_OPERATION", message: expect.stringContaining("choose another key") },
    });
    expect(await filesBelow(folder)).toEqual(["Flow.composite.yaml"]);
    expect(await engine.load("Flow")).toBe(1);
    expect([await engine.exists("Flow"), await engine.exists("flow")]).toEqual([true, false]);
    for (const operation of ["load", "delete"] as const) {
      expect(await failureOf(engine[operation]("flow"))).toMatchObject({ code: "NOT_FOUND" });
    }
  });

  it("are told apart where their letters have other forms", async () => {
    const { folder, engine } = await engineAndFolder();
    await engine.save(NFC, "composed");
    expect(await engine.exists(NFD)).toBe(false);
    expect(await failureOf(engine.load(NFD))).toMatchObject({ code: "NOT_FOUND" });
    await engine.save(NFD, "apart");
    expect([await engine.load(NFC), await engine.load(NFD)]).toEqual(["composed", "apart"]);
    expect((await filesBelow(folder)).length).toBe(2);
    await engine.delete(NFD);
    expect(await engine.load(NFC)).toBe("composed");
  });

  it("find a file whose name was stored in another form", async () => {
    const { folder, engine } = await engineAndFolder();
    await writeFile(join(folder, `${NFD}.flow.yaml`), "id: by hand\n");
    expect(await engine.load(NFC)).toEqual({ id: "by hand" });
  });

  it("do not answer to short names", async () => {
    const { engine } = await engineAndFolder();
    await engine.save("longname/x", 1);
    expect(await engine.exists("LONGNA~1/x")).toBe(false);
    expect(await failureOf(engine.save("LONGNA~1/x", 2))).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    expect(await engine.load("longname/x")).toBe(1);
  });

  it("are one flow file, saved in turn", async () => {
    const { folder } = await engineAndFolder();
    await mkdir(join(folder, "Team"));
    const file = join(folder, "Team", "f.flow.yaml");
    await writeFile(file, "# mine\nversion: 1.0.0\nmetadata: {}\ndata:\n  id: f\n");
    await Promise.all([
      saveFlowFile(file, { id: "f", a: 1 }, { first: true }),
      saveFlowFile(join(folder, "team", "F.flow.yaml"), { id: "f", a: 2 }, { second: true }),
    ]);
    const text = await readFile(file, "utf8");
    expect(text).toContain("first: true");
    expect(text).toContain("second: true");
    expect(text).toContain("  a: 2\n");
  });
});
