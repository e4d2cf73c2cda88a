import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

import { adviceOf } from "../src/contract/error.js";
import { failure, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
const shell = (script: string, more: object = {}, input: unknown = {}) =>
  run("shell-command", input, { program: "sh", args: ["-c", script], ...more });
const refused = (parameters: Record<string, unknown>, input: unknown = {}) =>
  failure("shell-command", input, parameters);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that was not waited for is dead all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<void> {
  expect(pid).toBeGreaterThan(0);
  while (isAlive(pid)) await sleep(10);
}

async function written(path: string): Promise<string> {
  for (;;) {
    try {
      const text = readFileSync(path, "utf8");
      if (text.endsWith("\n")) return text;
    } catch {
      // Not yet.
    }
    await sleep(10);
  }
}

describe.skipIf(process.platform === "win32")("shell-command", () => {
  it("gives what a program wrote and how it ended", async () => {
    const output = await shell("echo out; echo err >&2; exit 3");
    expect(output).toEqual({
      stdout: "out\n",
      stderr: "err\n",
      exitCode: 3,
      command: "sh -c echo out; echo err >&2; exit 3",
      duration: expect.any(Number) as number,
      success: false,
      timedOut: false,
      signal: null,
    });
    expect(await run("shell-command", undefined, { program: "true" })).toMatchObject({ success: true, exitCode: 0 });
  });

  it("hands arguments on as they are written", async () => {
    const args = ["a b", "$HOME", "'", "*", ";true", "", "é"];
    const { stdout } = await run("shell-command", {}, { program: "printf", args: ["<%s>", ...args] });
    expect(stdout).toBe(args.map((each) => `<${each}>`).join(""));
    expect((await run("shell-command", {}, { program: "echo", args: '["-n","x y"]' })).stdout).toBe("x y");
    expect((await run("shell-command", {}, { program: "echo", args: "" })).stdout).toBe("\n");
  });

  it("takes everything over edges as well", async () => {
    const folderOfEdge = join(folder, "there");
    mkdirSync(folderOfEdge, { recursive: true });
    const input = {
      program: "sh",
      args: { result: ["-c", 'pwd; echo "$A"; cat'] },
      workingDirectory: folderOfEdge,
      environment: { A: 1 },
      stdin: { result: [1, { a: 2 }] },
    };
    expect((await run("shell-command", input)).stdout).toBe(`${folderOfEdge}\n1\n[1,{"a":2}]`);
    expect((await run("shell-command", { command: ["echo", "-n", "x"] })).stdout).toBe("x");
    expect((await run("shell-command", { command: "echo" }, { program: "false", args: ["y"] })).stdout).toBe("y\n");
  });

  it("hands text, bytes and values to standard input, and closes it", async () => {
    expect((await run("shell-command", {}, { program: "cat" })).stdout).toBe("");
    expect((await run("shell-command", {}, { program: "cat", stdin: "two\nlines" })).stdout).toBe("two\nlines");
    const bytes = { stdin: new Uint8Array([104, 105]) };
    expect((await run("shell-command", bytes, { program: "cat" })).stdout).toBe("hi");
    expect(await refused({ program: "cat" }, { stdin: new Map() })).toMatchObject({ code: "TYPE_MISMATCH" });
    // More than a pipe holds, for a program that reads none of it.
    expect((await run("shell-command", {}, { program: "true", stdin: "x".repeat(10_000_000) })).success).toBe(true);
    expect(
      (await run("shell-command", {}, { program: "wc", args: ["-c"], stdin: "é".repeat(5_000_000) })).stdout,
    ).toMatch(/^\s*10000000\n$/);
  });

  it("replaces bytes that are no text, and says so", async () => {
    const warnings: string[] = [];
    const script = "import sys; sys.stdout.buffer.write(bytes([97, 255, 0, 98]))";
    const warn = (rule: string) => warnings.push(rule);
    const { stdout } = await run("shell-command", {}, { program: "python3", args: ["-c", script], warn });
    expect(stdout).toBe("a\ufffd\0b");
    expect(warnings).toEqual(["not-utf-8"]);
  });

  it("gives standard output in other forms", async () => {
    expect((await shell("printf 'a\\r\\nb\\n\\n'", { parse: "lines" })).result).toEqual(["a", "b", ""]);
    expect((await shell("printf 'a\\nb'", { parse: "lines" })).result).toEqual(["a", "b"]);
    expect((await shell("true", { parse: "lines" })).result).toEqual([]);
    expect((await shell("echo '{\"a\":[1]}'", { parse: "json" })).result).toEqual({ a: [1] });
    expect((await shell("echo x", { parse: "text" })).result).toBe("x\n");
    expect(await failure("shell-command", {}, { program: "sh", args: ["-c", "exit 2"], parse: "json" })).toMatchObject({
      code: "DESERIALIZATION_FAILED",
      message: "[shell-command] Standard output is no JSON: it is empty (the program ended with exit code 2)",
    });
    expect(await shell("echo x")).not.toHaveProperty("result");
  });

  it("keeps no output that is not wanted", async () => {
    expect(await shell("head -c 60000000 /dev/zero; exit 1", { captureOutput: false })).toMatchObject({
      stdout: "",
      stderr: "",
      exitCode: 1,
    });
  });

  it("ends a program that writes too much, and takes megabytes", async () => {
    const { stdout } = await run("shell-command", {}, { program: "head", args: ["-c", "40000000", "/dev/zero"] });
    expect(stdout.length).toBe(40_000_000);
    expect(await refused({ program: "cat", args: ["/dev/zero"] })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: expect.stringContaining("wrote more than 52428800 bytes") as string,
    });
  });

  it("tells of a signal that ended it", async () => {
    expect(await shell("kill -KILL $$")).toMatchObject({ exitCode: 137, signal: "SIGKILL", success: false });
    expect(await shell("kill -TERM $$")).toMatchObject({ exitCode: 143, signal: "SIGTERM", timedOut: false });
  });

  it("fails with another exit code than 0 where that is asked for", async () => {
    const failing = { program: "sh", args: ["-c", "echo why >&2; exit 7"], failOn: "nonzero" };
    expect(await refused(failing)).toMatchObject({
      code: "EXECUTION_FAILED",
      message: "[shell-command] sh ended with exit code 7: why",
    });
    expect(await refused({ ...failing, args: ["-c", "kill -KILL $$"] })).toMatchObject({
      message: "[shell-command] sh was ended by SIGKILL",
    });
    expect(await refused({ program: "sleep", args: ["100"], failOn: "nonzero", timeout: 50 })).toMatchObject({
      code: "TIMEOUT",
      message: "[shell-command] sleep was ended after 50 ms",
    });
    expect(await run("shell-command", {}, { ...failing, failOn: "never" })).toMatchObject({ exitCode: 7 });
  });

  it("warns where what it reads of a program may be a part", async () => {
    const warnings: string[] = [];
    const warn = (rule: string) => warnings.push(rule);
    const part = { program: "sh", args: ["-c", "echo a; exit 3"], parse: "lines", warn };
    expect((await run("shell-command", {}, part)).result).toEqual(["a"]);
    expect(warnings).toEqual(["partial-output"]);
    await run("shell-command", {}, { ...part, args: ["-c", "echo a"] });
    expect(warnings).toHaveLength(1);
    expect((await failure("shell-command", {}, { ...part, failOn: "nonzero" })).code).toBe("EXECUTION_FAILED");
  });

  it("warns of a program that failed, unless that is said to be meant", async () => {
    const warnings: string[] = [];
    const failing = { program: "sh", args: ["-c", "exit 3"], warn: (rule: string) => warnings.push(rule) };
    expect(await run("shell-command", {}, failing)).toMatchObject({ exitCode: 3, success: false });
    expect(warnings).toEqual(["exit-code-ignored"]);
    await run("shell-command", {}, { ...failing, failOn: "never" });
    await run("shell-command", {}, { ...failing, args: ["-c", "exit 0"] });
    expect(warnings).toHaveLength(1);
  });

  it("warns of data that an edge brings to no handle", async () => {
    const warnings: string[] = [];
    const counting = { program: "wc", args: ["-c"], warn: (rule: string) => warnings.push(rule) };
    const rows = [{ a: 1 }, { a: 2 }];
    expect(String((await run("shell-command", { default: { result: rows } }, counting)).stdout).trim()).toBe("0");
    expect(warnings).toEqual(["data-ignored"]);
    await run("shell-command", { stdin: rows }, counting);
    await run("shell-command", { default: { result: "ok" } }, counting);
    await run("shell-command", { default: { result: [] } }, counting);
    await run("shell-command", { default: { result: rows } }, { ...counting, stdin: "given" });
    expect(warnings).toHaveLength(1);
  });

  it("warns where a flow handles errors of which it would see none", async () => {
    const warnings: string[] = [];
    const own = { program: "false", args: [] as string[], nodeId: "n", executionId: "e", input: {} };
    const attempt = { errorsHandled: true, warn: (rule: string) => warnings.push(rule) };
    const { nodes } = await import("../src/executables.js");
    const execute = (more: object) =>
      nodes["shell-command"]?.execute(Object.assign(Object.create(attempt), { ...own, ...more }));
    await execute({});
    expect(warnings).toEqual(["exit-code-ignored"]);
    await execute({ failOn: "never" });
    await execute({ program: "true" });
    expect(warnings).toHaveLength(1);
  });

  it("says what is wrong", async () => {
    const words = async (parameters: Record<string, unknown>, input: unknown = {}) =>
      (await refused(parameters, input)).message;
    expect(await words({})).toContain("Program is required");
    expect(await words({ program: " " })).toContain("Program is required for command execution");
    expect(await words({ program: "ls" }, { program: 7 })).toContain("Program is required for command execution");
    expect(await words({ program: "ls" }, { command: [] })).toContain("Program is required for command execution");
    expect(await words({ program: "ls", workingDirectory: "/no/such" })).toBe(
      "[shell-command] Invalid or inaccessible working directory: /no/such",
    );
    expect(await words({ program: "ls", workingDirectory: "/etc/passwd" })).toContain("inaccessible working directory");
    expect(await words({ program: "no-such-program" })).toBe("[shell-command] spawn no-such-program ENOENT");
    const reason = async (parameters: Record<string, unknown>) => adviceOf(await refused(parameters))?.[0];
    expect(await reason({ program: "no-such-program" })).toBe(
      'There is no program "no-such-program" in the folders of PATH.',
    );
    expect(await reason({ program: "./none", workingDirectory: folder })).toContain(
      `There is no file ./none in ${folder}`,
    );
    writeFileSync(join(folder, "text"), "text");
    expect(await words({ program: join(folder, "text") })).toMatch(/ EACCES$/);
    expect(await reason({ program: join(folder, "text") })).toContain("It may not be run");
    expect(await words({ program: "ls", args: "-la /tmp" })).toContain("text is not split into arguments");
    expect(await words({ program: "ls" }, { args: ["-n", 5] })).toContain("`args[1]` must be text, found 5");
    expect(await words({ program: "ls", args: ["a\0b"] })).toContain("`args[0]` has a NUL character");
    expect(await words({ program: "ls", environment: { "A=B": "" } })).toContain('"A=B" is no name of a variable');
    expect(await words({ program: "ls", environment: { A: {} } })).toContain("`environment.A` must be text");
    expect(await reason({ program: "ls", args: ["x".repeat(3_000_000)] })).toContain("longer than the system allows");
    const spaced = await refused({ program: "ls -la" });
    expect(spaced).toMatchObject({ code: "EXECUTION_FAILED" });
  });

  it("sets variables, takes them away, and refuses those that load libraries", async () => {
    const warnings: string[] = [];
    process.env["SHELL_COMMAND_TEST"] = "kept";
    const environment = { LD_PRELOAD: "/x.so", DYLD_INSERT_LIBRARIES: "/x", A: "1", HOME: null, constructor: "own" };
    const warn = (_rule: string, message: string) => warnings.push(message);
    const { stdout } = await run(
      "shell-command",
      {},
      { program: "env", environment: JSON.stringify(environment), warn },
    );
    const variables = (stdout as string).split("\n");
    expect(variables).toEqual(expect.arrayContaining(["A=1", "SHELL_COMMAND_TEST=kept", "constructor=own"]));
    expect(stdout).not.toMatch(/^(?:LD_PRELOAD|DYLD_INSERT_LIBRARIES|HOME)=/m);
    expect(warnings).toEqual([expect.stringContaining("LD_PRELOAD, DYLD_INSERT_LIBRARIES")]);
    delete process.env["SHELL_COMMAND_TEST"];
  });

  it("tells the last line as progress", async () => {
    const told: unknown[][] = [];
    const progress = (...report: unknown[]) => told.push(report);
    await shell("echo one; echo two", { progress });
    expect(told[0]?.[0]).toBe(50);
    expect(["one", "two"]).toContain(told[0]?.[1]);
  });
});

/** A program that ignores signals, and so does what it starts, the number of which it writes to a file. */
function ignoring(path: string): string {
  const ignore = "trap '' HUP INT QUIT TERM; while :; do sleep 1; done";
  return `(bash -c "echo \\$\\$ > ${path}; ${ignore}" &); ${ignore}`;
}

describe.skipIf(process.platform === "win32")("a program with others that it started", () => {
  it("ends with all of them at the time limit", async () => {
    const output = await shell("sleep 1000 & echo $!; sleep 1000", { timeout: 1500 });
    expect(output).toMatchObject({ timedOut: true, success: false, signal: "SIGTERM", exitCode: 143 });
    await gone(Number(output.stdout));
  });

  it("is ended by force where it does not end when asked to", async () => {
    const script = "trap '' TERM; (trap '' TERM; echo $BASHPID; while :; do sleep 1; done) & while :; do sleep 1; done";
    const output = await run("shell-command", {}, { program: "bash", args: ["-c", script], timeout: 1500 });
    expect(output).toMatchObject({ timedOut: true, signal: "SIGKILL", exitCode: 137 });
    await gone(Number(output.stdout));
  });

  it("may tidy up when it is asked to end", async () => {
    const output = await shell("trap 'echo tidy; exit 0' TERM; sleep 1000 & wait", { timeout: 1500 });
    expect(output).toMatchObject({ stdout: "tidy\n", exitCode: 0, timedOut: true, success: false });
  });

  it("ends with all of them when the node is cancelled", async () => {
    const path = join(folder, "child.pid");
    const abort = new AbortController();
    const script = `sleep 1000 & echo $! > ${path}; sleep 1000`;
    const pending = failure("shell-command", {}, { program: "sh", args: ["-c", script], signal: abort.signal });
    const pid = Number(await written(path));
    abort.abort();
    expect((await pending).code).toBe("CANCELLED");
    await gone(pid);
    expect((await failure("shell-command", {}, { program: "true", signal: AbortSignal.abort() })).code).toBe(
      "CANCELLED",
    );
  });

  it("is ended by force, with all of them, when the node is cancelled and they ignore it", async () => {
    const path = join(folder, "stubborn.pid");
    const abort = new AbortController();
    const args = ["-c", ignoring(path)];
    const pending = failure("shell-command", {}, { program: "bash", args, signal: abort.signal });
    const pid = Number(await written(path));
    abort.abort();
    expect((await pending).code).toBe("CANCELLED");
    await gone(pid);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "exit"])(
    "ends with all of them when this process ends by %s",
    async (how) => {
      const [bundle, path] = [join(folder, "program.mjs"), join(folder, `${how}.pid`)];
      const entryPoints = [fileURLToPath(new URL("../src/machine/program.ts", import.meta.url))];
      await build({ entryPoints, outfile: bundle, bundle: true, platform: "node", format: "esm", logLevel: "error" });
      const call = {
        program: "bash",
        args: ["-c", ignoring(path)],
        env: process.env,
        stdin: "",
        capture: true,
        timeLimit: 100_000,
      };
      const script = `
      import { runProgram } from ${JSON.stringify(bundle)};
      process.on("message", () => process.exit(7));
      runProgram(${JSON.stringify(call)});`;
      const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      const ended = once(parent, "close");
      const pid = Number(await written(path));
      if (how === "exit") parent.send("exit");
      else parent.kill(how as NodeJS.Signals);
      expect(await ended).toEqual(how === "exit" ? [7, null] : [null, how]);
      await gone(pid);
    },
  );

  it("says what held its output open after it had ended", async () => {
    const warnings: string[] = [];
    const warn = (rule: string) => warnings.push(rule);
    const output = await shell("sleep 1000 & echo $!", { timeout: 1500, warn });
    expect(output).toMatchObject({ exitCode: 0, timedOut: true, success: false, signal: null });
    expect(warnings).toEqual(["output-held-open"]);
    await gone(Number(output.stdout));
    const background = await shell("sleep 1000 > /dev/null 2>&1 & echo $!");
    expect(background).toMatchObject({ exitCode: 0, timedOut: false });
    process.kill(Number(background.stdout));
  });

  it("is not waited for where it has left the group and holds the output open", async () => {
    const output = await shell("setsid sleep 1000 & echo $!", { timeout: 1500 });
    expect(output).toMatchObject({ timedOut: true, exitCode: 0 });
    for (const pid of [Number(output.stdout)]) if (isAlive(pid)) process.kill(pid);
  });

  it("is no late one where only this thread was", async () => {
    const pending = shell("exit 0", { timeout: 200 });
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
    expect(await pending).toMatchObject({ timedOut: false, success: true });
  });
});
