import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLI, conductor, DOUBLE, type Ending, file, folder, start } from "./cli.js";

const here = folder();
const double = file(here, "double.yaml", DOUBLE);

/** Runs `conductor` in a shell, which can redirect. */
function shell(rest: string): Ending {
  const command = `set -o pipefail; "${process.execPath}" "${CLI}" ${rest}`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8", cwd: here });
  return { code: status, stdout, stderr };
}

const full = "ENOSPC: no space left on device, write";

describe.skipIf(process.platform !== "linux")("output that cannot be written", () => {
  it.each([
    "run double.yaml --json --quiet",
    "run double.yaml",
    "validate double.yaml",
    "graph double.yaml --json",
    "--help",
  ])("makes `%s` end with 2 and one line", (rest) => {
    const { code, stderr } = shell(`${rest} > /dev/full`);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.any(String) });
    const said = stderr.split("\n").filter((line) => !/^(started|completed) /.test(line));
    expect(said).toEqual([`Standard output cannot be written: ${full}`, ""]);
  });

  it("makes the command end with 2 where it is standard error", () => {
    const { code, stdout } = shell("run double.yaml --json 2> /dev/full");
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ success: true });
  });

  it("is none where a reader goes away early", () => {
    const { code, stdout, stderr } = shell("run double.yaml --json 2>&1 | head -c 1");
    expect({ code, length: stdout.length, stderr }).toEqual({ code: 0, length: 1, stderr: "" });
  });

  it("leaves the result there where it is the trace", () => {
    const { code, stdout, stderr } = shell("run double.yaml --json --trace /dev/full");
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ success: true });
    expect(stderr).toContain(`\nThe trace cannot be written: ${full}\n`);
    expect(stderr).not.toContain("    at ");
  });
});

describe("a trace", () => {
  it("that cannot be written ends the command before the run", async () => {
    const { code, stdout, stderr } = await conductor("run", double, "--json", "--trace", join(here, "none", "t.json"));
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^The trace cannot be written: ENOENT: .*\n$/);
  });

  it("replaces one that was longer", async () => {
    const trace = file(here, "trace.json", "x".repeat(1_000_000));
    expect((await conductor("run", double, "--quiet", "--trace", trace)).code).toBe(0);
    expect(JSON.parse(readFileSync(trace, "utf8"))).toMatchObject({ events: expect.any(Array) });
  });
});

describe("a choice of engine that cannot be met", () => {
  it.each([["run", double], ["--version"]])("is told in one line: %s", async (...args) => {
    const { code, stdout, stderr } = await start(args, { env: { CONDUCTOR_BACKEND: "abacus" } }).ended;
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: 'CONDUCTOR_BACKEND is "abacus"; it may be "native" or "wasm"\n',
    });
  });
});

describe("a flow file", () => {
  const tooLarge = (found: string) => expect.stringContaining(`The limit \`bytes\` is 33554432, found ${found}`);

  it("is not read where it is too large", async () => {
    const sparse = file(here, "sparse.yaml", "");
    truncateSync(sparse, 3 * 1024 ** 3);
    for (const command of ["run", "validate", "graph"]) {
      const { code, stdout, stderr } = await conductor(command, sparse);
      expect({ code, said: stdout + stderr }).toEqual({ code: 3, said: tooLarge("3221225472") });
    }
  });

  it.skipIf(process.platform === "win32")("may be a pipe or standard input, up to the limit", async () => {
    const pipe = join(here, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const [source, code] of [
      [`cat '${double}'`, 0],
      ["cat /dev/zero", 3],
    ] as const) {
      for (const rest of [
        `validate pipe < /dev/null & ${source} > pipe; wait $!`,
        `validate - < <(${source})`,
        `validate <(${source})`,
      ]) {
        const ending = shell(rest);
        expect(ending, rest).toMatchObject({ code, ...(code === 3 && { stdout: tooLarge("more") }) });
      }
    }
    expect(shell("validate - < double.yaml")).toMatchObject({ code: 0 });
    expect(shell("validate - < /dev/zero")).toMatchObject({ code: 3 });
  });

  it("may come over a socket, as it does where a program of Node starts the command", async () => {
    const child = spawn(process.execPath, [CLI, "validate", "-"], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.on("close", resolve));
    child.stdin.end(DOUBLE);
    expect(await ended).toBe(0);
  });

  it.skipIf(process.platform === "win32")("is neither a folder, nor a device, nor a socket", async () => {
    mkdirSync(join(here, "nested"));
    const socket = join(here, "s");
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.on("listening", resolve));
    try {
      for (const [path, kind] of [
        [join(here, "nested"), "a folder"],
        ["/dev/zero", "a device or a socket"],
        ["/dev/null", "a device or a socket"],
        [socket, "a device or a socket"],
      ] as const) {
        const { code, stdout, stderr } = await conductor("run", path);
        expect({ code, stdout, stderr }).toEqual({
          code: 2,
          stdout: "",
          stderr: `The flow cannot be read: ${path} is ${kind}, not a file; "-" reads standard input\n`,
        });
      }
    } finally {
      server.close();
    }
  });

  it("is UTF-8", async () => {
    const latin = join(here, "latin.yaml");
    writeFileSync(latin, Buffer.from("id: caf\xe9\n", "latin1"));
    const { code, stdout } = await conductor("validate", latin);
    expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringContaining("A flow is UTF-8 text") });
  });
});
