import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";

import { adviceOf } from "../../src/contract/error.js";
import { fileAccess } from "../../src/contract/file-access.js";
import { failure, run, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
let made = 0;
/** A folder that was not there before. */
const fresh = () => at(`fresh-${++made}`);

/** Files of several kinds, with names in several alphabets. */
const TREE: Record<string, Buffer> = {
  "a.txt": Buffer.from("hello\n"),
  "empty.bin": Buffer.alloc(0),
  ".hidden": Buffer.from("h"),
  "in/deep/er/b.json": Buffer.from('{"a":1}'),
  "in/ü-漢-😀 name.txt": Buffer.from("unicode"),
  "in/random.bin": Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7919 * (at >> 3)) & 255)),
  "in/zeros.bin": Buffer.alloc(400_000),
  [`in/${"long-".repeat(30)}name.txt`]: Buffer.from("long"),
};
const home = at("home");
for (const [path, content] of Object.entries(TREE)) {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), content);
}
mkdirSync(join(home, "hollow"));
chmodSync(join(home, "a.txt"), 0o755);
utimesSync(join(home, "a.txt"), 1_700_000_000, 1_700_000_000);

const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
/** The digests of the files of the tree, by path. */
const WANTED = Object.fromEntries(Object.entries(TREE).map(([path, content]) => [path, digest(content)]));

/** The digests of the files in a folder, by path. */
function treeOf(path: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    const whole = join(entry.parentPath, entry.name);
    if (entry.isFile()) found[whole.slice(path.length + 1)] = digest(readFileSync(whole));
  }
  return found;
}

async function warned(parameters: Record<string, unknown>, input: unknown = {}) {
  const warnings: string[] = [];
  const warn = (rule: string, message: string) => warnings.push(`${rule}: ${message}`);
  return { output: await run("archive", input, { ...parameters, warn }), warnings };
}

const has = (program: string, ...args: string[]) => {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};
const PYTHON = has("python3", "-c", "import zipfile, tarfile");
const FORMATS = ["zip", "tar", "tar.gz"] as const;

describe.each(FORMATS)("archive: %s", (format) => {
  const path = at(`home.${format}`);
  let packed: object;
  beforeAll(async () => {
    packed = await run("archive", {}, { operation: "create", path, folder: home });
  });

  it("gives back what went in, with times and what can be run", async () => {
    expect(packed).toMatchObject({ result: path, path, format, count: 12, size: statSync(path).size });
    const target = fresh();
    const { output, warnings } = await warned({ operation: "extract", path, folder: target });
    expect(warnings).toEqual([]);
    expect(treeOf(target)).toEqual(WANTED);
    expect(existsSync(join(target, "hollow"))).toBe(true);
    expect(output).toMatchObject({ count: 8, folder: target, format });
    expect(output.size).toBe(Object.values(TREE).reduce((sum, { length }) => sum + length, 0));
    expect([...output.files].sort()).toEqual(
      Object.keys(TREE)
        .map((name) => join(target, name))
        .sort(),
    );
    expect(statSync(join(target, "a.txt")).mtimeMs).toBe(1_700_000_000_000);
    expect(statSync(join(target, "a.txt")).mode & 0o111).not.toBe(0);
    expect(statSync(join(target, "in/random.bin")).mode & 0o111).toBe(0);
  });

  it("tells what is in it", async () => {
    const { entries, count, size } = await run("archive", {}, { path });
    expect([count, size]).toEqual([12, Object.values(TREE).reduce((sum, { length }) => sum + length, 0)]);
    expect(entries.find((entry: { path: string }) => entry.path === "a.txt")).toEqual({
      path: "a.txt",
      kind: "file",
      size: 6,
      modified: "2023-11-14T22:13:20.000Z",
      ...(format === "zip" && { compressedSize: expect.any(Number) }),
    });
    expect(entries.find((entry: { path: string }) => entry.path === "hollow").kind).toBe("folder");
    const some = await run("archive", {}, { path, patterns: ["**/*.txt", "!in"] });
    expect(some.entries.map((entry: { path: string }) => entry.path)).toEqual(["a.txt"]);
  });

  it("goes over edges as bytes, as base64 and as values", async () => {
    const files = [
      { path: "a/b.txt", content: "text" },
      { path: "c.json", content: { x: [1] } },
      { path: "d.bin", content: new Uint8Array([0, 255]) },
      { path: "e.csv", content: [{ a: 1 }] },
    ];
    for (const output of ["bytes", "base64"]) {
      const packed = await run("archive", { files }, { operation: "create", format, output });
      expect(packed.count).toBe(4);
      expect(typeof packed.result).toBe(output === "bytes" ? "object" : "string");
      const back = await run("archive", { default: packed }, { operation: "extract" });
      expect(back.result.map((file: { path: string }) => file.path)).toEqual(["a/b.txt", "c.json", "d.bin", "e.csv"]);
      const text = back.result.map(({ content }: { content: Uint8Array }) => Buffer.from(content).toString("latin1"));
      expect(text).toEqual(["text", '{\n  "x": [\n    1\n  ]\n}', "\0\u00ff", "a\n1\n"]);
      const again = await run("archive", { default: back }, { operation: "create", format: "zip" });
      expect((await run("archive", { data: again.result }, {})).count).toBe(4);
    }
  });

  it("packs and unpacks what patterns choose, and tells those that fit nothing", async () => {
    const target = at(`some.${format}`);
    const patterns = ["**/*.txt", "*.nothing", "!in"];
    const packed = await warned({ operation: "create", path: target, folder: home, patterns });
    expect(packed.output.count).toBe(1);
    expect(packed.warnings).toEqual([expect.stringMatching(/^pattern-without-match: .*`\*\.nothing` fits nothing in/)]);
    const taken = await warned({ operation: "extract", path, patterns: ["in/*.bin", "x"], hidden: false });
    expect(taken.output.files.map((file: { path: string }) => file.path)).toEqual(["in/random.bin", "in/zeros.bin"]);
    expect(taken.warnings).toEqual([
      `pattern-without-match: The pattern \`x\` fits none of the 12 entries of \`${path}\``,
    ]);
  });

  it("replaces files only when it is told to, and then all of them or none", async () => {
    const target = fresh();
    mkdirSync(join(target, "in"), { recursive: true });
    writeFileSync(join(target, "a.txt"), "mine");
    const refused = await failure("archive", {}, { operation: "extract", path, folder: target });
    expect(refused).toMatchObject({ code: "EXECUTION_FAILED" });
    expect(refused.message).toContain("1 files are in");
    expect(refused.message).toContain("`a.txt`; `overwrite: true` replaces them");
    expect(treeOf(target)).toEqual({ "a.txt": digest(Buffer.from("mine")) });
    await run("archive", {}, { operation: "extract", path, folder: target, overwrite: true });
    expect(treeOf(target)).toEqual(WANTED);
    mkdirSync(join(target, "x"));
    const blocked = fresh();
    mkdirSync(join(blocked, "a.txt"), { recursive: true });
    const message = (await failure("archive", {}, { operation: "extract", path, folder: blocked, overwrite: true }))
      .message;
    expect(message).toContain("a.txt is not a file, and the archive has one of that name");
    expect(readdirSync(blocked)).toEqual(["a.txt"]);
  });

  it("never writes through links that lie in the folder", async () => {
    const [target, outside] = [fresh(), fresh()];
    mkdirSync(target);
    mkdirSync(outside);
    symlinkSync(outside, join(target, "in"));
    const parameters = { operation: "extract", path, folder: target, overwrite: true };
    expect((await failure("archive", {}, parameters)).message).toContain(
      "in is a link, and the archive has a folder of that name",
    );
    expect([readdirSync(outside), readdirSync(target)]).toEqual([[], ["in"]]);
    // A link in the place of a file is replaced itself.
    const other = fresh();
    mkdirSync(other);
    writeFileSync(join(outside, "kept"), "kept");
    symlinkSync(join(outside, "kept"), join(other, "a.txt"));
    await run("archive", {}, { ...parameters, folder: other });
    expect(readFileSync(join(outside, "kept"), "utf8")).toBe("kept");
    expect(readFileSync(join(other, "a.txt"), "utf8")).toBe("hello\n");
  });

  it("is made by Python and read here, and the other way round", { skip: !PYTHON }, async () => {
    const theirs = at(`python.${format}`);
    const mode = format === "tar.gz" ? "w:gz" : "w";
    const make =
      format === "zip"
        ? `import shutil; shutil.make_archive(${JSON.stringify(theirs.slice(0, -4))}, "zip", ${JSON.stringify(home)})`
        : `import tarfile; t = tarfile.open(${JSON.stringify(theirs)}, "${mode}"); t.add(${JSON.stringify(home)}, "."); t.close()`;
    execFileSync("python3", ["-c", make]);
    const target = fresh();
    await run("archive", {}, { operation: "extract", path: theirs, folder: target });
    expect(treeOf(target)).toEqual(WANTED);

    const theirFolder = fresh();
    const read =
      format === "zip"
        ? `import zipfile; z = zipfile.ZipFile(${JSON.stringify(path)}); assert z.testzip() is None; z.extractall(${JSON.stringify(theirFolder)})`
        : `import tarfile; tarfile.open(${JSON.stringify(path)}).extractall(${JSON.stringify(theirFolder)})`;
    execFileSync("python3", ["-c", read]);
    expect(treeOf(theirFolder)).toEqual(WANTED);
  });

  const programs = format === "zip" ? ["zip", "unzip"] : ["tar"];
  const hasPrograms = programs.every((program) => has(program, program === "tar" ? "--version" : "-v"));
  it(`is made by ${programs.join(" and ")} and read here, and the other way round`, {
    skip: !hasPrograms,
  }, async () => {
    const theirs = at(`program.${format}`);
    const env = { ...process.env, LC_ALL: "C.UTF-8" };
    if (format === "zip") execFileSync("zip", ["-qr", theirs, "."], { cwd: home, env });
    else execFileSync("tar", [format === "tar" ? "-cf" : "-czf", theirs, "-C", home, "."], { env });
    const target = fresh();
    await run("archive", {}, { operation: "extract", path: theirs, folder: target });
    expect(treeOf(target)).toEqual(WANTED);

    const theirFolder = fresh();
    mkdirSync(theirFolder);
    if (format === "zip") execFileSync("unzip", ["-q", path, "-d", theirFolder], { env });
    else execFileSync("tar", ["-xf", path, "-C", theirFolder], { env });
    expect(treeOf(theirFolder)).toEqual(WANTED);
    expect(statSync(join(theirFolder, "a.txt")).mode & 0o111).not.toBe(0);
  });

  it("ends when it is cancelled, and leaves nothing", async () => {
    const target = fresh();
    for (const parameters of [
      { operation: "extract", path, folder: target },
      { operation: "create", path: `${target}.${format}`, folder: home },
      { operation: "list", path },
    ]) {
      expect((await failure("archive", {}, { ...parameters, signal: AbortSignal.abort() })).code).toBe("CANCELLED");
      const abort = new AbortController();
      const running = failure("archive", {}, { ...parameters, signal: abort.signal });
      setImmediate(() => setImmediate(() => abort.abort()));
      expect((await running).code).toBe("CANCELLED");
    }
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  it("can be cancelled at any moment", async () => {
    const target = fresh();
    for (let turns = 0; turns < 40; turns++) {
      for (const parameters of [
        { operation: "create", path: `${target}.${format}`, folder: home },
        { operation: "extract", path, folder: target },
        { operation: "extract", path },
      ]) {
        const abort = new AbortController();
        const later = (left: number): unknown => (left === 0 ? abort.abort() : setImmediate(() => later(left - 1)));
        later(turns * 3);
        const code = await run("archive", {}, { ...parameters, signal: abort.signal }).then(
          () => "done",
          (error) => error.code,
        );
        expect(code).toMatch(/^(?:done|CANCELLED)$/);
        if (code === "CANCELLED")
          expect([existsSync(target), existsSync(`${target}.${format}`)]).toEqual([false, false]);
        for (const made of [target, `${target}.${format}`]) rmSync(made, { recursive: true, force: true });
      }
    }
  });

  it("stays in the roots", async () => {
    const root = fresh();
    mkdirSync(root);
    writeFileSync(join(root, "mine"), "mine");
    const call = (parameters: object) =>
      failure("archive", {}, { ...parameters, [fileAccess]: { roots: [root] } } as never);
    const inside = join(root, `a.${format}`);
    for (const parameters of [
      { operation: "list", path },
      { operation: "extract", path, folder: root },
      { operation: "create", path: inside, folder: home },
      { operation: "create", path: inside, files: [join(home, "a.txt")] },
      { operation: "create", path: at(`out.${format}`), folder: root },
    ]) {
      expect((await call(parameters)).code).toBe("INVALID_PARAMETERS");
    }
    expect(existsSync(at(`out.${format}`))).toBe(false);
    const parameters = { operation: "create", path: inside, folder: root, [fileAccess]: { roots: [root] } };
    expect((await run("archive", {}, parameters as never)).count).toBe(1);
    const out = { operation: "extract", path: inside, folder: `${root}/../out`, [fileAccess]: { roots: [root] } };
    expect((await failure("archive", {}, out as never)).code).toBe("INVALID_PARAMETERS");
    expect(existsSync(at("out"))).toBe(false);
    // The archive of a folder does not hold itself, also the second time.
    expect((await run("archive", {}, parameters as never)).count).toBe(1);
  });
});

describe("archives that other programs make", () => {
  const python = (script: string) => execFileSync("python3", ["-c", script]);
  const name = JSON.stringify("in/ü-漢-😀 name.txt");
  const text = Object.keys(TREE).find((path) => path.includes("long-"));

  it.each(["USTAR_FORMAT", "GNU_FORMAT", "PAX_FORMAT"])("tar as %s", { skip: !PYTHON }, async (form) => {
    const path = at(`${form}.tar`);
    python(
      `import tarfile; t = tarfile.open(${JSON.stringify(path)}, "w", format=tarfile.${form})\n` +
        `t.add(${JSON.stringify(join(home, text as string))}, ${JSON.stringify(`${"folder/".repeat(20)}a`)})\n` +
        `t.add(${JSON.stringify(join(home, "a.txt"))}, ${name}); t.close()`,
    );
    const target = fresh();
    await run("archive", {}, { operation: "extract", path, folder: target });
    expect(Object.keys(treeOf(target)).sort()).toEqual([`${"folder/".repeat(20)}a`, JSON.parse(name)]);
  });

  it("tar of the first form", { skip: !has("tar", "--version") }, async () => {
    const path = at("first.tar");
    execFileSync("tar", ["--format=v7", "-cf", path, "-C", home, "a.txt", "in/deep"]);
    expect((await run("archive", {}, { operation: "extract", path })).count).toBe(2);
    expect((await run("archive", { data: readFileSync(path) }, { format: "tar" })).count).toBe(4);
  });

  it("zip with long sizes, with sizes behind the content, stored, with remarks", { skip: !PYTHON }, async () => {
    const path = at("odd.zip");
    python(
      `import zipfile, sys\nclass Out:\n  def __init__(s): s.f = open(${JSON.stringify(path)}, "wb")\n` +
        `  def write(s, b): return s.f.write(b)\n  def flush(s): s.f.flush()\n` +
        `z = zipfile.ZipFile(Out(), "w", zipfile.ZIP_DEFLATED)\n` +
        `w = z.open(zipfile.ZipInfo(${name}), "w", force_zip64=True); w.write(b"a" * 100000); w.close()\n` +
        `i = zipfile.ZipInfo("stored"); i.compress_type = zipfile.ZIP_STORED; i.comment = b"remark"; z.writestr(i, b"s" * 1000)\n` +
        `z.comment = b"of the archive"; z.close()`,
    );
    const { files } = await run("archive", {}, { operation: "extract", path });
    expect(files.map((file: { path: string; size: number }) => [file.path, file.size])).toEqual([
      [JSON.parse(name), 100_000],
      ["stored", 1000],
    ]);
  });

  it.each(["ZIP_BZIP2", "ZIP_LZMA"])("zip with %s is told", { skip: !PYTHON }, async (method) => {
    const path = at(`${method}.zip`);
    python(
      `import zipfile; z = zipfile.ZipFile(${JSON.stringify(path)}, "w", zipfile.${method}); z.writestr("a", "a" * 999); z.close()`,
    );
    expect((await failure("archive", {}, { operation: "extract", path })).message).toMatch(
      /compressed with (?:bzip2|LZMA)/,
    );
  });

  it("zip with a password is told", { skip: !has("zip", "-v") }, async () => {
    const path = at("locked.zip");
    execFileSync("zip", ["-q", "-P", "secret", path, "a.txt"], { cwd: home });
    expect((await failure("archive", {}, { operation: "extract", path })).message).toContain("it is encrypted");
  });
});

describe("archive", () => {
  it("packs files by their paths, as a list names them", async () => {
    const listed = await run("file-system", {}, { operation: "list", path: home, patterns: "**/*.{txt,json}" });
    const parameters = { operation: "create", folder: home };
    const packed = await run("archive", { files: listed }, parameters);
    const { entries } = await run("archive", packed, {});
    expect(entries.map((entry: { path: string }) => entry.path)).toEqual(
      listed.files.map((path: string) => path.slice(home.length + 1)),
    );
    // An edge that names no handle may only say what comes first.
    expect((await run("archive", { default: listed }, parameters)).count).toBe(12);
    const refused = await failure("archive", { default: listed }, { operation: "create" });
    expect(refused.message).toContain("cannot be the name of an entry: it is an absolute path");
  });

  it("leaves links out, and says so", async () => {
    const linked = fresh();
    mkdirSync(linked);
    writeFileSync(join(linked, "file"), "x");
    symlinkSync("/etc/passwd", join(linked, "link"));
    execFileSync("mkfifo", [join(linked, "pipe")]);
    const { output, warnings } = await warned({ operation: "create", folder: linked });
    expect(output.count).toBe(1);
    expect(warnings).toEqual(["entries-left-out: 2 links, pipes, sockets or devices were left out: `link`, `pipe`"]);
  });

  it("compresses as it is told to", async () => {
    const size = async (level: number, format: string) =>
      (await run("archive", {}, { operation: "create", folder: home, level, format })).size;
    for (const format of ["zip", "tar.gz"])
      expect(await size(0, format)).toBeGreaterThan((await size(9, format)) + 300_000);
    const tar = await run("archive", {}, { operation: "create", folder: home, format: "tar" });
    const gz = await run("archive", {}, { operation: "create", folder: home, format: "tar.gz" });
    expect(gunzipSync(gz.result)).toEqual(Buffer.from(tar.result));
  });

  it("says what is wrong with the parameters", async () => {
    const words = async (parameters: Record<string, unknown>, input: unknown = {}) => {
      const { code, message } = await failure("archive", input, parameters);
      return `${code} ${message}`;
    };
    const create = { operation: "create" };
    expect(await words({})).toBe("INVALID_PARAMETERS [archive] There is no archive: give the node `path` or `data`");
    expect(await words({ path: "a.zip" }, { data: "x" })).toContain("There is both `path` and `data`");
    expect(await words({ path: at("none.zip") })).toMatch(/^EXECUTION_FAILED .*File not found: .*none\.zip/);
    expect(await words({ path: folder })).toContain("Path is not a file");
    expect(await words({ data: 7 })).toContain("TYPE_MISMATCH");
    expect(await words({ data: "no base64!" })).toContain("TYPE_MISMATCH");
    expect(await words(create)).toContain("There is nothing to pack: give the node `folder` or `files`");
    expect(await words({ ...create, folder: at("none") })).toMatch(/^EXECUTION_FAILED .*does not exist/);
    expect(await words({ ...create, folder: join(home, "a.txt") })).toContain("Path is not a folder");
    expect(await words({ ...create, folder: home, path: at("a.rar") })).toContain("does not say which archive");
    expect(await words({ ...create, folder: home, path: at("a.zip"), output: "bytes" })).toContain("`output` is for");
    expect(await words({ ...create, folder: home, format: "tar", level: 9 })).toContain(
      "`level` is for zip and tar.gz",
    );
    expect(await words({ ...create, folder: home, maxEntries: 3 })).toMatch(/^MEMORY_LIMIT_EXCEEDED .*the 3 entries/);
    expect(await words({ ...create, data: "x" })).toContain("`data` is for list, extract, and says nothing to create");
    expect(await words({ path: "a.zip", folder: "x" })).toContain("`folder` is for extract, create");
    expect(await words({ ...create, files: [7] })).toContain(
      "`files[0]` must be a path or `{ path, content }`, found 7",
    );
    expect(await words({ ...create, files: "x", patterns: "*" })).toContain("`patterns` choose from a `folder`");
    for (const path of ["../a", "/a", "C:\\a", "a\\b", "", ".", "aux.c", "a\nb"]) {
      expect(await words({ ...create, files: [{ path, content: "" }] }), path).toContain(
        "cannot be the name of an entry",
      );
    }
    expect(
      await words({
        ...create,
        files: [
          { path: "a", content: "" },
          { path: "./a", content: "" },
        ],
      }),
    ).toContain('two entries "a"');
    const file = join(home, "a.txt");
    expect(await words({ ...create, files: [file], folder: join(home, "in") })).toContain("is not in");
    expect((await warned({ ...create, files: [] })).warnings).toEqual([
      "empty-archive: There was nothing to put into the archive",
    ]);
  });

  it.skipIf(process.platform === "win32")("leaves out files of a folder whose names no entry can have", async () => {
    const odd = fresh();
    mkdirSync(join(odd, "in\\side"), { recursive: true });
    for (const name of ["good.txt", "a\\b.txt", "a\nb", "in\\side/c"]) writeFileSync(join(odd, name), "x");
    const create = { operation: "create", folder: odd };
    const { output, warnings } = await warned(create);
    expect(output.count).toBe(1);
    expect(warnings).toEqual([
      expect.stringMatching(/^names-left-out: 4 files and folders .*`a\\b\.txt`.*control|backslash/s),
    ]);
    const error = await failure("archive", {}, { ...create, files: [join(odd, "a\\b.txt")] });
    expect([error.code, adviceOf(error)]).toEqual([
      "INVALID_PARAMETERS",
      [
        "Write `/` between folders; rename a file that is called so, or give `{ path, content }` with a name of its own.",
      ],
    ]);
    const outside = await failure("archive", {}, { operation: "create", files: [join(odd, "good.txt")] });
    expect(adviceOf(outside)).toEqual([expect.stringContaining("Set `folder`")]);
  });
});
