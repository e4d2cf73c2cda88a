import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";

import { NodeError } from "../src/contract/error.js";
import { fileAccess } from "../src/contract/file-access.js";
import { unsafeName } from "../src/data/unsafe-name.js";
import { getNodeExecutable, nodes, pathProblems } from "../src/executables.js";
import { temporaryFolder } from "./run.js";

const folder = realpathSync(temporaryFolder());
const root = join(folder, "root");
const outside = join(folder, "outside");
const SECRET = "a,b\nSECRET,1\n";
const access = { roots: [root] };

/** Both folders as they were before anything happened. */
function layOut(): void {
  for (const path of [root, outside, `${root}-2`]) rmSync(path, { recursive: true, force: true });
  mkdirSync(join(root, "sub", "deep"), { recursive: true });
  mkdirSync(join(outside, "dir"), { recursive: true });
  mkdirSync(`${root}-2`);
  writeFileSync(join(root, "mine.csv"), "a\nmine\n");
  writeFileSync(join(root, "sub", "mine.csv"), "a\nmine\n");
  for (const path of ["secret.csv", "dir/secret.csv"]) writeFileSync(join(outside, path), SECRET);
  writeFileSync(join(`${root}-2`, "secret.csv"), SECRET);
  const links = {
    "to-dir": "../outside",
    "to-file": "../outside/secret.csv",
    "to-dir-absolute": outside,
    "to-file-absolute": join(outside, "secret.csv"),
    "to-nothing": "../outside/made.csv",
    "to-nothing-deep": "../outside/made/deep.csv",
    "to-link": "to-dir",
    "to-link-of-link": "to-link",
    "to-above": "..",
    "to-top": "/",
    "sub/up": "../../outside",
    "to-up": "sub/up",
    "to-itself": "to-itself",
    "to-inside": "sub",
    "to-inside-file": "sub/mine.csv",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, name));
}

/** Every file and link in a folder, with what is in it. Links are not followed, as a recursive `readdir` of newer Nodes does. */
function contentOf(path: string, root = path): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const whole = join(path, entry.name);
    if (entry.isDirectory()) Object.assign(found, contentOf(whole, root));
    found[relative(root, whole)] = entry.isFile()
      ? readFileSync(whole, "utf8")
      : entry.isSymbolicLink()
        ? readlinkSync(whole)
        : "";
  }
  return found;
}

const fromHere = relative(process.cwd(), outside);
const rootFromHere = relative(process.cwd(), root);

/** Paths that lead out of the root, in one way or another. */
const ESCAPES = [
  `${root}/../outside/secret.csv`,
  `${root}/../outside/dir`,
  `${root}/..`,
  `${root}/../`,
  `${root}/.`.replace(/\/\.$/, "/../root-2/secret.csv"),
  `${root}-2/secret.csv`,
  `${root}-2`,
  `${root}/sub/../../outside/secret.csv`,
  `${root}/sub/deep/../../../outside/secret.csv`,
  `${root}/./../outside/secret.csv`,
  `${root}//..//outside//secret.csv`,
  `${root}/not-there/../../outside/secret.csv`,
  `${root}/mine.csv/../../outside/secret.csv`,
  `${root}/${"../".repeat(40)}etc/passwd`,
  `${root}/${"../".repeat(40)}${outside.slice(1)}/secret.csv`,
  `${root}/sub/${"./".repeat(50)}../../outside/secret.csv`,
  `${outside}/secret.csv`,
  `//${outside.slice(1)}/secret.csv`,
  `///${outside.slice(1)}/secret.csv`,
  `${outside}/./dir/../secret.csv`,
  `${folder}/root/../outside/secret.csv`,
  fromHere,
  `${fromHere}/secret.csv`,
  `${fromHere}/new.csv`,
  `./${fromHere}/secret.csv`,
  `${rootFromHere}/../outside/secret.csv`,
  "package.json",
  "./package.json",
  ".",
  "..",
  "/",
  "/etc/passwd",
  "/proc/self/environ",
  "/proc/self/cwd/package.json",
  `/proc/self/root${outside}/secret.csv`,
  `/dev/fd/../../..${outside}/secret.csv`,
  "/dev/stdin",
  `${root}/to-dir`,
  `${root}/to-dir/`,
  `${root}/to-dir/secret.csv`,
  `${root}/to-dir/dir/secret.csv`,
  `${root}/to-dir/new.csv`,
  `${root}/to-dir/new/deep.csv`,
  `${root}/to-dir/../to-dir/secret.csv`,
  `${root}/to-dir-absolute/secret.csv`,
  `${root}/to-file`,
  `${root}/to-file-absolute`,
  `${root}/to-nothing`,
  `${root}/to-nothing-deep`,
  `${root}/to-link/secret.csv`,
  `${root}/to-link-of-link/secret.csv`,
  `${root}/to-link-of-link/dir/new.csv`,
  `${root}/to-above/outside/secret.csv`,
  `${root}/to-above/root-2/secret.csv`,
  `${root}/to-top${outside}/secret.csv`,
  `${root}/to-top/etc/passwd`,
  `${root}/to-top/proc/self/environ`,
  `${root}/sub/up/secret.csv`,
  `${root}/to-up/secret.csv`,
  `${root}/to-inside/up/secret.csv`,
  `${root}/to-inside/../to-dir/secret.csv`,
  `${root}/to-itself`,
  `${root}/to-itself/secret.csv`,
  `${root}/mine.csv\0/../../outside/secret.csv`,
  `\0${outside}/secret.csv`,
];

/** Names that mean something elsewhere, and are just names here, or nothing. */
const HARMLESS_HERE = [
  "..\\outside\\secret.csv",
  "C:\\Windows\\win.ini",
  "C:mine.csv",
  "\\\\server\\share\\secret.csv",
  "\\\\?\\C:\\secret.csv",
  "CON",
  "nul.csv",
  "com1",
  "mine.csv:stream",
  "%2e%2e/outside/secret.csv",
  "..%2foutside%2fsecret.csv",
  "%252e%252e%252foutside",
  "..%c0%afoutside/secret.csv",
  "..\u2215outside\u2215secret.csv",
  "\u2024\u2024/outside/secret.csv",
  "..;/outside/secret.csv",
  ".../outside/secret.csv",
  "~/secret.csv",
  "$HOME/secret.csv",
  "file:///etc/passwd",
].map((name) => `${root}/${name}`);

/** All that a flow can do with a path. */
const USES: Record<string, (path: string) => [type: string, parameters: Record<string, unknown>]> = {
  read: (path) => ["file-system", { path }],
  "read as bytes": (path) => ["file-system", { path, format: "bytes" }],
  list: (path) => ["file-system", { operation: "list", path }],
  "list by patterns": (path) => ["file-system", { operation: "list", path, patterns: "**", details: true }],
  stat: (path) => ["file-system", { operation: "stat", path }],
  exists: (path) => ["file-system", { operation: "exists", path }],
  write: (path) => ["file-system", { operation: "write", path, content: "EVIL" }],
  append: (path) => ["file-system", { operation: "append", path, content: "EVIL" }],
  create: (path) => ["file-system", { operation: "create", path }],
  "copy from": (path) => ["file-system", { operation: "copy", path, targetPath: join(root, "copied") }],
  "copy to": (path) => ["file-system", { operation: "copy", path: join(root, "mine.csv"), targetPath: path }],
  "copy a folder to": (path) => ["file-system", { operation: "copy", path: join(root, "sub"), targetPath: path }],
  "move to": (path) => ["file-system", { operation: "move", path: join(root, "mine.csv"), targetPath: path }],
  "read a table": (path) => ["spreadsheet", { path, format: "csv" }],
  "read a workbook": (path) => ["spreadsheet", { path, format: "xlsx" }],
  "write a table": (path) => ["spreadsheet", { operation: "write", path, format: "csv", data: [{ a: "EVIL" }] }],
  "write a workbook": (path) => ["spreadsheet", { operation: "write", path, format: "xlsx", data: [{ a: 1 }] }],
  "move from": (path) => ["file-system", { operation: "move", path, targetPath: join(root, "moved") }],
  delete: (path) => ["file-system", { operation: "delete", path }],
  "delete with all in it": (path) => ["file-system", { operation: "delete", path, recursive: true }],
};

/** What a node gives or fails with, when its owner allows the root alone. */
async function attempt(type: string, parameters: Record<string, unknown>): Promise<unknown> {
  const executable = getNodeExecutable(type);
  const call = { nodeId: "n", executionId: "e", input: {}, ...parameters, [fileAccess]: access };
  return executable?.execute(call).then(
    (output: unknown) => {
      // Records of a table are made when they are asked for.
      const { records } = output as { records?: unknown };
      return JSON.stringify({ ...(output as object), ...(records !== undefined && { r: records }) });
    },
    (error: unknown) => error,
  );
}

describe.skipIf(process.platform === "win32")("files stay in the roots", () => {
  beforeEach(layOut);

  it("has as many ways out to try as it should", () => expect(new Set(ESCAPES).size).toBeGreaterThanOrEqual(60));

  it.each(Object.keys(USES))("%s: no path leads out", async (use) => {
    const before = contentOf(outside);
    const beside = contentOf(`${root}-2`);
    const inside = JSON.stringify(contentOf(root));
    for (const path of [...ESCAPES, ...HARMLESS_HERE]) {
      const [type, parameters] = (USES[use] as (typeof USES)[string])(path);
      const answer = await attempt(type, parameters);
      const told = answer instanceof Error ? answer.message : String(answer);
      expect(told, path).not.toMatch(/SECRET|root:x:|conductor-workspace/);
      if (ESCAPES.includes(path)) {
        const isCircle = path.includes("to-itself");
        // A link that leads out is itself inside: it may be moved, replaced or deleted.
        const isLink = /root\/to-[a-z-]+\/?$/.test(path) && /^(?:delete|move|copy to|copy a folder to)/.test(use);
        if (isCircle) expect(answer instanceof NodeError || isLink, path).toBe(true);
        else if (!isLink) expect(answer, path).toMatchObject({ code: "INVALID_PARAMETERS" });
      }
      expect(contentOf(outside), path).toEqual(before);
      expect(contentOf(`${root}-2`), path).toEqual(beside);
      expect(existsSync(root), path).toBe(true);
      if (JSON.stringify(contentOf(root)) !== inside) layOut();
    }
  });

  it("lets everything inside be used, over links that stay inside too", async () => {
    const run = async (type: string, parameters: Record<string, unknown>) =>
      JSON.parse((await attempt(type, parameters)) as string);
    for (const path of [
      join(root, "mine.csv"),
      `${root}/to-inside/mine.csv`,
      `${root}/to-inside-file`,
      `${root}/sub/../mine.csv`,
      `${rootFromHere}/mine.csv`,
    ]) {
      expect(await run("file-system", { path })).toMatchObject({ result: "a\nmine\n", path });
      expect(await run("spreadsheet", { path, format: "csv" })).toMatchObject({ r: [{ a: "mine" }] });
    }
    const path = join(root, "new", "deep", "a.csv");
    expect(await run("file-system", { operation: "write", path, content: "x" })).toMatchObject({ result: path });
    expect(await run("file-system", { operation: "list", path: root })).toMatchObject({ count: 17 });
    expect(await run("file-system", { operation: "delete", path: `${root}/to-dir` })).toMatchObject({ deleted: true });
    await run("file-system", { operation: "copy", path: join(root, "sub"), targetPath: join(root, "twin") });
    expect(readFileSync(join(root, "twin", "mine.csv"), "utf8")).toBe("a\nmine\n");
    // A link that was copied along leads out as before, and is as little followed.
    expect(await attempt("file-system", { path: join(root, "twin", "up", "secret.csv") })).toMatchObject({
      code: "INVALID_PARAMETERS",
    });
  });

  it("copies nothing through links that lie in the target", async () => {
    mkdirSync(join(root, "target"));
    writeFileSync(join(root, "sub", "deep", "secret.csv"), "EVIL");
    symlinkSync(outside, join(root, "target", "deep"));
    symlinkSync(join(outside, "secret.csv"), join(root, "target", "mine.csv"));
    const before = contentOf(outside);
    await attempt("file-system", { operation: "copy", path: join(root, "sub"), targetPath: join(root, "target") });
    expect(contentOf(outside)).toEqual(before);
  });

  it("never lets the root itself be deleted, moved or replaced", async () => {
    for (const parameters of [
      { operation: "delete", path: root, recursive: true },
      { operation: "delete", path: `${root}/sub/..`, recursive: true },
      { operation: "move", path: root, targetPath: join(root, "x") },
      { operation: "move", path: join(root, "sub"), targetPath: root },
    ]) {
      expect(await attempt("file-system", parameters)).toMatchObject({
        code: "INVALID_PARAMETERS",
        message: expect.stringContaining("is one of those that nodes may use, and stays"),
      });
    }
    expect(existsSync(join(root, "mine.csv"))).toBe(true);
  });

  it("says where it looked and what is allowed, and tells of a root that is not there", async () => {
    const refused = (await attempt("file-system", { path: "package.json" })) as NodeError;
    expect(refused.message).toBe(
      `[file-system] Read operation failed: The path package.json (${process.cwd()}/package.json) is outside of the folders ` +
        `that nodes may use: ${root}`,
    );
    const over = (await attempt("file-system", { path: `${root}/to-file` })) as NodeError;
    expect(over.message).toContain("leads over a link out of the folders that nodes may use");
    expect(over.message).not.toContain("outside/");
    rmSync(root, { recursive: true });
    const gone = (await attempt("file-system", { path: `${root}/a` })) as NodeError;
    expect(gone.message).toContain(`The folder ${root}, which \`files.roots\` names, is not there`);
  });

  it("cannot be set or taken away by a flow's parameters, and survives copies of a call", async () => {
    const names = ["fileAccess", "files", "roots", "@atomiton/file-access", "Symbol(@atomiton/file-access)"];
    const parameters = Object.fromEntries(names.map((name) => [name, { roots: ["/"] }]));
    const path = join(outside, "secret.csv");
    expect(await attempt("file-system", { path, ...parameters })).toMatchObject({ code: "INVALID_PARAMETERS" });
    const call = { nodeId: "n", executionId: "e", input: {}, path, [fileAccess]: access };
    for (const executable of [nodes["file-system"]?.({ path }), nodes["file-system"]]) {
      await expect(executable?.execute({ ...call })).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
    }
  });

  it("counts for paths that come over edges too", async () => {
    const secret = join(outside, "secret.csv");
    const made = join(outside, "made.csv");
    const write = { operation: "write", path: join(root, "x"), pathOfFile: true };
    for (const [type, input, parameters] of [
      ["file-system", { file: { path: made, content: "EVIL" } }, write],
      ["file-system", { path: secret }, {}],
      ["file-system", { targetPath: made }, { operation: "copy", path: join(root, "mine.csv") }],
      ["spreadsheet", { filePath: secret }, {}],
      ["spreadsheet", { file: secret }, {}],
      ["archive", { path: secret }, {}],
      ["archive", { files: [secret] }, { operation: "create" }],
    ] as const) {
      expect(await attempt(type, { ...parameters, input }), type).toMatchObject({ code: "INVALID_PARAMETERS" });
    }
    expect(existsSync(made)).toBe(false);
  });

  it("keeps attachments of mails inside", async () => {
    const mail = { host: "127.0.0.1", port: 1, from: "a@example.com", to: "b@example.com", text: "x" };
    const attachments = [{ path: join(root, "to-file") }];
    expect(await attempt("email", { ...mail, attachments })).toMatchObject({ code: "INVALID_PARAMETERS" });
  });

  it("is told by validation, which says nothing of what is outside", async () => {
    const node = (id: string, type: string, parameters: object) => ({ id, type, parameters });
    const flow = {
      id: "f",
      nodes: [
        node("a", "file-system", { path: join(outside, "secret.cvs") }),
        node("b", "file-system", { path: join(root, "mine.cvs") }),
        node("c", "file-system", { operation: "write", path: `${root}/to-dir/x`, content: "" }),
        node("d", "spreadsheet", { path: join(root, "mine.csv") }),
      ],
    };
    const found = await pathProblems(flow, access);
    expect(found.map(({ rule, nodeId, path }) => [rule, nodeId, path])).toEqual([
      ["path-outside-roots", "a", "/nodes/0/parameters/path"],
      ["path-outside-roots", "c", "/nodes/2/parameters/path"],
      ["no-such-path", "b", "/nodes/1/parameters/path"],
    ]);
    expect(found.map(({ message }) => message).join()).not.toContain("secret.csv");
    expect((await pathProblems(flow)).map(({ rule }) => rule)).toEqual(["no-such-path", "no-such-path"]);
  });
});

describe("names that are not safe everywhere", () => {
  it.each([
    "con",
    "NUL",
    "Aux.txt",
    "com1",
    "LPT9.csv",
    "com¹",
    "CONIN$",
    "nul .txt",
    "con:x",
    "a:b",
    "C:",
    "a.",
    "a ",
    "a\n",
    "\0",
  ])("%j", (name) => expect(unsafeName(name, true)).toBeDefined());
  it.each(["a", "console", "nul1", "com", "com10", "a.b", ".a", "..a", "", "漢"])("%j is safe", (name) =>
    expect(unsafeName(name, true)).toBeUndefined(),
  );
});
