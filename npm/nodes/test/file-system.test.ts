import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";

import { failure, isUnread, run, temporaryFolder } from "./run.js";
import { outcome } from "./warned.js";

const folder = temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
/** A picture of one pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

describe("file-system", () => {
  it("writes and reads text, making folders", async () => {
    const path = at("new", "deep", "a.txt");
    expect(await run("file-system", undefined, { operation: "write", path, content: "é" })).toEqual({
      result: path,
      success: true,
      path,
      size: 2,
    });
    const read = await run("file-system", { ignored: 1 }, { path });
    expect(read).toMatchObject({ result: "é", content: "é", size: 2, success: true, path });
    expect(new Date(read.modified).getTime()).toBeGreaterThan(0);
  });

  it("writes what other nodes hand on: text, data, tables", async () => {
    const write = async (name: string, input: unknown) => {
      await run("file-system", input, { operation: "write", path: at(name) });
      return readFileSync(at(name), "utf8");
    };
    const table = () => run("spreadsheet", {}, { data: 'a,b\n1,"x,y"\n' });
    expect(await write("t", { input: { result: "text" } })).toBe("text");
    expect(await write("b", { content: Buffer.from([65]) })).toBe("A");
    expect(await write("j.json", { default: { result: { a: 1 }, success: true } })).toBe('{\n  "a": 1\n}');
    expect(
      await write("o.csv", {
        data: [
          { a: 1, b: 'say "x"' },
          { a: null, c: "," },
        ],
      }),
    ).toBe('a,b,c\n1,"say ""x""",\n,,","\n');
    const read = await table();
    expect(await write("t.json", { default: read })).toBe(JSON.stringify((await table()).records, null, 2));
    expect(await write("t.csv", { default: read })).toBe('a,b\n1,"x,y"\n');
    expect(isUnread(read, "records")).toBe(true);
  });

  it("writes a file that another node describes, to where it says if the author lets it", async () => {
    const write = (input: unknown, more: object = {}) =>
      run("file-system", input, { operation: "write", path: at("usual.txt"), ...more });
    const described = { result: { path: at("described", "a.txt"), content: "described" } };
    const target = at("described", "a.txt");
    expect(await write({ file: described })).toMatchObject({ path: at("usual.txt"), size: 9 });
    expect(existsSync(target)).toBe(false);
    rmSync(at("usual.txt"));
    const chosen = { pathOfFile: true };
    expect(await write({ file: described }, chosen)).toMatchObject({ result: target, path: target, size: 9 });
    expect(readFileSync(target, "utf8")).toBe("described");
    expect(existsSync(at("usual.txt"))).toBe(false);

    expect(await write({ file: { content: "a" } }, chosen)).toMatchObject({ path: at("usual.txt") });
    expect(await write({ file: { content: "ab", path: "" } }, chosen)).toMatchObject({
      path: at("usual.txt"),
      size: 2,
    });
    expect(await write({ file: described }, { content: "own" })).toMatchObject({ path: at("usual.txt"), size: 3 });
    // Names a file to some other node, and is nothing to be written here.
    expect(await write({ file: "other.csv", content: "abcd" })).toMatchObject({ path: at("usual.txt"), size: 4 });
    expect(
      await failure("file-system", { file: { content: "", path: 7 } }, { operation: "write", path: "x" }),
    ).toMatchObject({ code: "TYPE_MISMATCH", message: expect.stringContaining("A path must be text, not a number") });
  });

  it("replaces a file as a whole and leaves nothing beside it", async () => {
    const home = at("whole");
    mkdirSync(home);
    const path = join(home, "real");
    writeFileSync(path, "old");
    chmodSync(path, 0o640);
    symlinkSync(path, join(home, "link"));
    await run("file-system", {}, { operation: "write", path: join(home, "link"), content: "new" });
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const refused = await failure("file-system", { data: { big: 1n } }, { operation: "write", path });
    expect(refused.code).toBe("TYPE_MISMATCH");
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(readdirSync(home).sort()).toEqual(["link", "real"]);
  });

  it("writes through a link, also to what is not there yet, and refuses links in a circle", async () => {
    const home = at("links");
    mkdirSync(join(home, "inner"), { recursive: true });
    symlinkSync("second", join(home, "first"));
    symlinkSync("inner/made", join(home, "second"));
    await run("file-system", {}, { operation: "write", path: join(home, "first"), content: "through" });
    expect(readFileSync(join(home, "inner", "made"), "utf8")).toBe("through");
    expect(readlinkSync(join(home, "first"))).toBe("second");

    symlinkSync("b", join(home, "a"));
    symlinkSync("a", join(home, "b"));
    const refused = await failure("file-system", {}, { operation: "write", path: join(home, "a"), content: "x" });
    expect(refused).toMatchObject({
      code: "EXECUTION_FAILED",
      message: expect.stringContaining("Write operation failed: ELOOP"),
    });
    expect(readlinkSync(join(home, "a"))).toBe("b");

    symlinkSync("nowhere/x", join(home, "far"));
    const far = await failure("file-system", {}, { operation: "write", path: join(home, "far"), content: "x" });
    expect(far.message).toContain("Write operation failed: ENOENT");
    expect(readlinkSync(join(home, "far"))).toBe("nowhere/x");
    expect(readdirSync(home).sort()).toEqual(["a", "b", "far", "first", "inner", "second"]);
  });

  it.skipIf(process.platform === "win32")(
    "copies no device, pipe or socket, and puts no file in its place",
    async () => {
      const home = at("kinds");
      mkdirSync(join(home, "folder"), { recursive: true });
      writeFileSync(join(home, "file"), "content");
      execFileSync("mkfifo", [join(home, "pipe"), join(home, "folder", "pipe")]);
      const server = createServer().listen(join(home, "socket"));
      await new Promise((resolve) => server.on("listening", resolve));
      const refused = (path: string, targetPath: string) =>
        failure("file-system", {}, { operation: "copy", path, targetPath });
      try {
        for (const [path, kind] of [
          ["/dev/zero", "a device"],
          ["/dev/null", "a device"],
          [join(home, "pipe"), "a pipe"],
          [join(home, "socket"), "a socket"],
        ] as const) {
          expect(await refused(path, join(home, "copy"))).toMatchObject({
            code: "EXECUTION_FAILED",
            message: `[file-system] Copy operation failed: Path is ${kind}, not a file or a folder: ${path}`,
          });
          expect(existsSync(join(home, "copy"))).toBe(false);
        }
        const inner = await refused(join(home, "folder"), join(home, "copied"));
        expect(inner.message).toContain(`Path is a pipe, not a file or a folder: ${join(home, "folder", "pipe")}`);
        const over = await refused(join(home, "file"), join(home, "pipe"));
        expect(over.message).toContain(`Path is a pipe, not a file or a folder: ${join(home, "pipe")}`);
        expect(statSync(join(home, "pipe")).isFIFO()).toBe(true);
      } finally {
        server.close();
      }
    },
  );

  it("lists, creates, finds and deletes", async () => {
    const home = at("dir");
    expect((await run("file-system", {}, { operation: "create", path: home })).created).toBe(true);
    expect((await run("file-system", {}, { operation: "create", path: home })).created).toBe(false);
    mkdirSync(join(home, "sub"));
    for (const name of ["b", ".hidden", "sub/c"]) writeFileSync(join(home, name), "");
    expect(await run("file-system", {}, { operation: "list", path: home })).toMatchObject({
      files: [join(home, "b"), join(home, "sub")],
      count: 2,
    });
    expect((await run("file-system", {}, { operation: "list", path: home, recursive: true })).count).toBe(3);
    mkdirSync(join(home, ".git"));
    writeFileSync(join(home, ".git", "c.md"), "");
    const hidden = (parameters: object) => outcome("file-system", {}, { operation: "list", path: home, ...parameters });
    const { output, warnings } = await hidden({});
    expect([output.count, output.hiddenCount]).toEqual([2, 2]);
    expect(warnings).toEqual([["hidden-entries", expect.stringContaining(`2 entries of ${home} are left out`)]]);
    expect((await hidden({ patterns: "**/*.md" })).output.hiddenCount).toBe(1);
    expect((await hidden({ patterns: ["*", "!.*"] })).output.hiddenCount).toBe(0);
    expect(await hidden({ hidden: false })).toMatchObject({ output: { hiddenCount: 2 }, warnings: [] });
    expect(await hidden({ hidden: true })).toMatchObject({ output: { count: 4, hiddenCount: 0 }, warnings: [] });
    expect((await failure("file-system", {}, { operation: "delete", path: home })).message).toMatch(
      /^\[file-system\] Delete operation failed: /,
    );
    expect((await run("file-system", {}, { operation: "delete", path: home, recursive: true })).deleted).toBe(true);
    expect((await run("file-system", {}, { operation: "delete", path: home })).deleted).toBe(false);
    expect((await run("file-system", {}, { operation: "exists", path: home })).exists).toBe(false);
  });

  it("deletes a link, not what it leads to", async () => {
    mkdirSync(at("linked"));
    writeFileSync(at("linked", "kept"), "");
    for (const [name, target] of [
      ["to-folder", at("linked")],
      ["to-nothing", at("nowhere")],
    ] as const) {
      symlinkSync(target, at(name));
      expect((await run("file-system", {}, { operation: "delete", path: at(name) })).deleted).toBe(true);
      expect(lstatSync(at(name), { throwIfNoEntry: false })).toBeUndefined();
    }
    expect(readdirSync(at("linked"))).toEqual(["kept"]);
  });

  it("never deletes a folder that the process works in", async () => {
    const home = at("working");
    mkdirSync(join(home, "here"), { recursive: true });
    const cwd = vi.spyOn(process, "cwd").mockReturnValue(join(home, "here"));
    try {
      for (const path of [home, join(home, "here"), join(home, "here", ".."), "/"]) {
        expect((await failure("file-system", {}, { operation: "delete", path, recursive: true })).message).toContain(
          "The working folder is inside",
        );
      }
    } finally {
      cwd.mockRestore();
    }
    expect(existsSync(join(home, "here"))).toBe(true);
  });

  it("writes files only, under names of any length that the disk takes", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    for (const path of [at("pipe"), folder]) {
      expect((await failure("file-system", {}, { operation: "write", path, content: "x" })).message).toContain(
        `Path is not a file: ${path}`,
      );
    }
    const long = at("漢".repeat(84));
    expect((await run("file-system", {}, { operation: "write", path: long, content: "x" })).size).toBe(1);
  });

  it("writes the own properties of records as CSV", async () => {
    const records: unknown[] = [{ constructor: "a" }, { toString: "b" }];
    await run("file-system", { data: records }, { operation: "write", path: at("own.csv") });
    expect(readFileSync(at("own.csv"), "utf8")).toBe("constructor,toString\na,\n,b\n");
  });

  it("warns of files that copy and move replace, and replaces none where it may not", async () => {
    const [from, to] = [at("over", "from"), at("over", "to")];
    const put = () => {
      for (const path of [from, to]) {
        mkdirSync(join(path, "in"), { recursive: true });
        writeFileSync(join(path, "a"), path);
        writeFileSync(join(path, "in", "b"), path);
      }
    };
    const text = (...parts: string[]) => readFileSync(join(...parts), "utf8");
    for (const operation of ["copy", "move"]) {
      for (const name of ["a", ...(operation === "copy" ? ["."] : [])]) {
        const given = { operation, path: join(from, name), targetPath: join(to, name) };
        put();
        const error = await failure("file-system", {}, { ...given, overwrite: false });
        expect(error).toMatchObject({
          code: "EXECUTION_FAILED",
          message: expect.stringContaining("`overwrite` is false"),
        });
        expect([text(from, "a"), text(to, "a"), text(to, "in", "b")]).toEqual([from, to, to]);
        const rules: unknown[] = [];
        const warn = (rule: string, message: string) => rules.push([rule, message]);
        await run("file-system", {}, { ...given, warn });
        expect(rules).toEqual([["file-replaced", expect.stringContaining(join(to, "a"))]]);
        expect(text(to, "a")).toBe(from);
        put();
        await run("file-system", {}, { ...given, warn, overwrite: true });
        await run("file-system", {}, { ...given, path: to, targetPath: at("over", "new", operation, name), warn });
        expect(rules).toHaveLength(1);
        rmSync(at("over"), { recursive: true });
      }
    }
    put();
    for (const operation of ["copy", "move"]) {
      const given = { operation, path: join(from, "a"), targetPath: at("over", `${operation}-new`), overwrite: false };
      await run("file-system", {}, given);
      expect(text(given.targetPath)).toBe(from);
    }
    expect(existsSync(join(from, "a"))).toBe(false);
    const unused = await failure("file-system", {}, { operation: "delete", path: to, overwrite: false });
    expect(unused.message).toContain("`overwrite` is for copy, move, write");
  });

  it("moves one of several files that go to the same place at once, where none may be replaced", async () => {
    const names = ["1", "2", "3", "4"];
    mkdirSync(at("race"));
    for (const name of names) writeFileSync(at("race", name), name);
    const moves = names.map((name) =>
      run(
        "file-system",
        {},
        { operation: "move", path: at("race", name), targetPath: at("race", "to"), overwrite: false },
      ),
    );
    const ends = await Promise.allSettled(moves);
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(readdirSync(at("race"))).toHaveLength(4);
  });

  it("writes one of several files that go to the same place at once, where none may be replaced", async () => {
    const baseImage = `data:image/png;base64,${PNG}`;
    const data = [{ a: 1 }];
    const writers: [string, string, object][] = [
      ["file-system", "new.txt", { operation: "write", content: "a" }],
      ["spreadsheet", "new.csv", { operation: "write", data }],
      ["spreadsheet", "new.xlsx", { operation: "write", data }],
      ["spreadsheet", "sheets.xlsx", { operation: "write", sheets: { One: data } }],
      ["spreadsheet", "new.json", { operation: "write", data }],
      ["image", "new.png", { operation: "convert", baseImage }],
    ];
    for (const [type, name, parameters] of writers) {
      const path = at("once", name);
      const given = { ...parameters, path, output: path, overwrite: false };
      const ends = await Promise.allSettled(Array.from({ length: 4 }, () => run(type, {}, given)));
      const failed = ends.flatMap((end) => (end.status === "rejected" ? [String(end.reason.message)] : []));
      expect(failed, name).toHaveLength(3);
      for (const message of failed) expect(message).toContain("`overwrite` is false");
    }
    expect(readdirSync(at("once")).sort()).toEqual(writers.map(([, name]) => name).sort());
  });

  it("copies and moves files and folders", async () => {
    mkdirSync(at("from"));
    writeFileSync(at("from", "x"), "1");
    const copied = await run("file-system", { targetPath: at("to", "there") }, { operation: "copy", path: at("from") });
    expect(copied).toMatchObject({ path: at("to", "there"), sourcePath: at("from"), destPath: at("to", "there") });
    expect(readFileSync(at("to", "there", "x"), "utf8")).toBe("1");
    await run("file-system", {}, { operation: "move", path: at("from", "x"), targetPath: at("moved", "y") });
    expect([existsSync(at("from", "x")), readFileSync(at("moved", "y"), "utf8")]).toEqual([false, "1"]);
  });

  it("says what is wrong", async () => {
    const words = async (parameters: Record<string, unknown>) => (await failure("file-system", {}, parameters)).message;
    expect(await words({})).toContain("Path is required");
    expect(await words({ path: "/no/such" })).toBe(
      "[file-system] Read operation failed: File does not exist: /no/such",
    );
    expect(await words({ path: folder })).toContain("Path is not a file: ");
    expect(await words({ path: "/no/such", operation: "list" })).toContain("Directory does not exist: /no/such");
    expect(await words({ path: folder, operation: "copy" })).toContain("Target path is required for copy operation");
    expect(await words({ path: "/no/such", operation: "move", targetPath: at("z") })).toContain(
      "Source does not exist: /no/such",
    );
    expect(await words({ path: at("n"), operation: "write" })).toContain("Received undefined");
  });
});
