import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { createFileSystemEngine } from "../src/exports/desktop.js";
import { whereabouts } from "../src/files/containment.js";
import { failureOf, filesBelow, temporaryFolder } from "./folder.js";

async function world() {
  const outer = await temporaryFolder();
  const base = join(outer, "base");
  await mkdir(join(outer, "secret"), { recursive: true });
  await mkdir(join(outer, "base-evil"));
  await mkdir(base);
  await writeFile(join(outer, "secret", "s.composite.yaml"), "id: secret\n");
  return { outer, base, engine: createFileSystemEngine({ baseDir: base }) };
}

describe("links", () => {
  it("to files outside are neither read nor written nor removed", async () => {
    const { outer, base, engine } = await world();
    await symlink(join(outer, "secret", "s.composite.yaml"), join(base, "s.composite.yaml"));
    for (const attempt of [
      () => engine.load("s"),
      () => engine.save("s", 1),
      () => engine.save("s", 1, { overwrite: true }),
      () => engine.delete("s"),
    ]) {
      const error = await failureOf(attempt());
      expect(error).toMatchObject({ code: "ACCESS_DENIED", message: expect.stringContaining("leads out of") });
    }
    expect(await engine.list()).toEqual([]);
    expect(await engine.problems()).toMatchObject([{ key: "s", code: "ACCESS_DENIED" }]);
    expect(await readFile(join(outer, "secret", "s.composite.yaml"), "utf8")).toBe("id: secret\n");
  });

  it.each(["../secret", "../base-evil", "../nowhere", "/"])("to a folder outside (%s) hold nothing", async (target) => {
    const { outer, base, engine } = await world();
    const before = await filesBelow(outer);
    await symlink(target, join(base, "team"));
    expect(await failureOf(engine.save("team/new", 1))).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await failureOf(engine.save("team/deep/new", 1))).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await failureOf(engine.load("team/s"))).toMatchObject({
      code: target === "../secret" ? "ACCESS_DENIED" : "NOT_FOUND",
    });
    expect(await failureOf(engine.list("team"))).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await engine.list()).toEqual([]);
    expect(await filesBelow(outer)).toEqual([...before, "base/team"].sort());
  });

  it("to nothing, outside, are not followed when saving", async () => {
    const { outer, base, engine } = await world();
    await symlink(join(outer, "made.yaml"), join(base, "f.composite.yaml"));
    expect(await failureOf(engine.save("f", 1))).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await filesBelow(outer)).not.toContain("made.yaml");
  });

  it("inside are followed", async () => {
    const { base, engine } = await world();
    await engine.save("real", { x: 1 });
    await symlink("real.composite.yaml", join(base, "alias.composite.yaml"));
    expect(await engine.load("alias")).toEqual({ x: 1 });
    await engine.save("alias", { x: 2 });
    expect(await engine.load("real")).toEqual({ x: 2 });
    await engine.delete("alias");
    expect(await engine.exists("real")).toBe(true);
  });

  it("to nothing, inside, are no value until one is saved", async () => {
    const { base, engine } = await world();
    await symlink("gone.yaml", join(base, "f.composite.yaml"));
    expect(await failureOf(engine.load("f"))).toMatchObject({ code: "NOT_FOUND", message: "Data not found: f" });
    expect(await engine.problems()).toMatchObject([{ key: "f" }]);
    await engine.save("f", 1);
    expect(await engine.load("f")).toBe(1);
  });

  it("in a circle are an error, not a hang", async () => {
    const { base, engine } = await world();
    await symlink("b.composite.yaml", join(base, "a.composite.yaml"));
    await symlink("a.composite.yaml", join(base, "b.composite.yaml"));
    await symlink("loop", join(base, "loop"));
    expect(await failureOf(engine.load("a"))).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await failureOf(engine.save("loop/x", 1))).toMatchObject({ code: "ACCESS_DENIED" });
    expect(await engine.list()).toEqual([]);
    expect(await engine.exists("a")).toBe(false);
    await engine.delete("a");
    expect(await filesBelow(base)).toEqual(["b.composite.yaml", "loop"]);
    expect(await failureOf(engine.delete("a"))).toMatchObject({ code: "NOT_FOUND" });
  });

  it("are no value that exists where load finds none", async () => {
    const { outer, base, engine } = await world();
    await symlink(join(outer, "secret", "s.composite.yaml"), join(base, "out.composite.yaml"));
    await symlink("nothing.yaml", join(base, "dangling.composite.yaml"));
    expect([await engine.exists("out"), await engine.exists("dangling")]).toEqual([false, false]);
    await engine.delete("dangling");
    expect(await filesBelow(base)).toEqual(["out.composite.yaml"]);
  });

  it("may lead to the base folder itself", async () => {
    const { outer, base } = await world();
    await symlink(base, join(outer, "link"));
    const engine = createFileSystemEngine({ baseDir: join(outer, "link") });
    await engine.save("team/f", 1);
    expect(await engine.load("team/f")).toBe(1);
    expect(await filesBelow(base)).toEqual(["team/f.composite.yaml"]);
  });
});

describe("whereabouts", () => {
  it("takes a folder whose name only begins like the base for outside", async () => {
    const { outer, base } = await world();
    expect((await whereabouts(base, join(outer, "base-evil", "x"))).kind).toBe("outside");
    expect((await whereabouts(base, join(base, "not", "yet"))).kind).toBe("inside");
    expect((await whereabouts(join(outer, "no", "base"), join(outer, "no", "base", "x"))).kind).toBe("inside");
  });

  it("knows a name that the file system holds for another spelling", async () => {
    const { base } = await world();
    await writeFile(join(base, "Flow.composite.yaml"), "1\n");
    // A link stands in for a file system that does not tell cases apart.
    await symlink("Flow.composite.yaml", join(base, "flow.composite.yaml"));
    expect((await whereabouts(base, join(base, "flow.composite.yaml"))).kind).toBe("other-spelling");
    expect((await whereabouts(base, join(base, "Flow.composite.yaml"))).kind).toBe("inside");
    const engine = createFileSystemEngine({ baseDir: base });
    expect(await failureOf(engine.save("flow", 2))).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      message: expect.stringContaining("choose another key"),
    });
    expect(await engine.exists("flow")).toBe(false);
    for (const operation of ["load", "delete"] as const) {
      expect(await failureOf(engine[operation]("flow"))).toMatchObject({ code: "NOT_FOUND" });
    }
    expect(await engine.load("Flow")).toBe(1);
  });
});
