/** The built command line as a child process, and files for it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, onTestFinished } from "vitest";
import { getCurrentTest } from "vitest/suite";

/** The command. */
export const CLI = fileURLToPath(new URL("../../bin/conductor.js", import.meta.url));
/** The root of the checkout. */
export const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** How the command ended. */
export interface Ending {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The command while it runs. */
export interface Running {
  child: ChildProcess;
  /** Settles once standard output and error together hold this text; rejects when the command ends without it. */
  says(text: string): Promise<void>;
  /** Where the server is that it said last to have started; empty before. */
  readonly apiUrl: string;
  ended: Promise<Ending>;
}

/** Starts `conductor` with these arguments. */
export function start(args: string[], options: { cwd?: string; env?: Record<string, string> } = {}): Running {
  return follow(process.execPath, [CLI, ...args], options);
}

/** Runs `conductor` to its end. */
export function conductor(...args: string[]): Promise<Ending> {
  return start(args).ended;
}

/** Starts a program. Colours only where the test asks for them. */
export function follow(
  program: string,
  args: string[],
  { cwd = ROOT, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Running {
  const { FORCE_COLOR: _, NO_COLOR: __, ...inherited } = process.env;
  const child = spawn(program, args, { cwd, env: { ...inherited, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  const waiting = new Set<() => void>();
  const heard = () => {
    for (const check of waiting) check();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    heard();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    heard();
  });
  const ended = new Promise<Ending>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!stdout.includes(text) && !stderr.includes(text)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
      ended.then(() => reject(new Error(`ended without saying "${text}":\n${stdout}\n${stderr}`)), reject);
    });
  return {
    child,
    says,
    ended,
    get apiUrl() {
      return [...stderr.matchAll(/(?:Serving at |"event":"listening","url":")([^\s"]+)/g)].at(-1)?.[1] ?? "";
    },
  };
}

/** A folder that goes when the test is done that asks for it; one that no test asks for, when the file is. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "conductor cli "));
  const remove = () => rmSync(path, { recursive: true, force: true });
  if (getCurrentTest() === undefined) afterAll(remove);
  else onTestFinished(remove);
  return path;
}

/** Writes a file into a folder and gives its path. */
export function file(inFolder: string, name: string, text: string): string {
  const path = join(inFolder, name);
  writeFileSync(path, text);
  return path;
}

/** Three nodes in a row, the last of them in a group: keeps what is above 1 and doubles it. */
export const DOUBLE = `
id: double
name: Keep and double
type: group
nodes:
  - { id: keep, type: transform, parameters: { operation: filter, data: [1, 2, 3], transformFunction: "x => x > 1" } }
  - id: inner
    type: group
    nodes:
      - { id: double, type: transform, parameters: { operation: map, transformFunction: "x => x * 2" } }
  - { id: last, type: transform, parameters: { operation: reverse } }
edges:
  - { source: keep, target: inner }
  - { source: inner, target: last }
`;

/** A node that ends only when it is stopped. */
export const ENDLESS = `
id: endless
type: group
nodes:
  - { id: spin, type: transform, parameters: { data: [1], timeout: 600000, transformFunction: "x => { while (true) {} }" } }
`;

/** A node whose code throws, in a group, and one that waits for it. */
export const FAILING = `
id: failing
type: group
nodes:
  - { id: fine, type: transform, parameters: { data: [1] } }
  - id: inner
    type: group
    nodes:
      - { id: fine, type: transform, parameters: {} }
      - { id: bad, type: transform, parameters: { data: [1], transformFunction: "x => x.y.z" } }
  - { id: after, type: transform }
edges:
  - { source: inner, target: after }
`;
