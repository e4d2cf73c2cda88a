/** Runs other programs: quietly, with what they said kept for the case that they fail. */

import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** A program that ended with another status than 0, or that could not be started. */
export class CommandError extends Error {
  /** @param {string} output everything it said */
  constructor(line, reason, output) {
    super(`${line}: ${reason}`);
    this.output = output;
  }
}

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, split?: boolean }} options `env` is added to this process's
 *   environment; `split` leaves what it wrote to stderr out of `output`
 * @returns {Promise<{ ok: boolean, output: string, reason: string, busy: number }>} never rejects; `reason` says how it
 *   ended, `busy` how long it and what it started kept a processor, in s: what tells on a machine that others use as well
 */
export function run(program, args, { cwd = ROOT, env = {}, split = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(...launch(program, args), {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = [];
    const complained = split ? [] : said;
    child.stdout.on("data", (chunk) => said.push(chunk));
    child.stderr.on("data", (chunk) => complained.push(chunk));
    const text = (chunks) => Buffer.concat(chunks).toString("utf8");
    child.on("error", (error) => resolve({ ok: false, output: error.message, reason: error.message, busy: 0 }));
    let busy = 0;
    child.on("exit", () => {
      busy = busySinceLast();
    });
    child.on("close", (status, signal) => {
      const ok = status === 0;
      const output = split && !ok ? text(said) + text(complained) : text(said);
      resolve({ ok, output, reason: signal === null ? `ended with ${status}` : `ended by ${signal}`, busy });
    });
  });
}

let ended = 0;

/** What processes that ended since the last call kept a processor, in s. Linux counts it; elsewhere it is 0. */
function busySinceLast() {
  try {
    // Behind the name, which may hold anything: times of children in user and in system mode, in hundredths of a second.
    const fields = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    const before = ended;
    ended = (Number(fields[13]) + Number(fields[14])) / 100;
    return ended - before;
  } catch {
    return 0;
  }
}

/** Like {@link run}, but throws {@link CommandError} unless the program ends well. Returns its output. */
export async function demand(program, args, options) {
  const { ok, output, reason } = await run(program, args, options);
  if (!ok) throw new CommandError([program, ...args].join(" "), reason, output);
  return output;
}

/** What a program answers, in one line, or `undefined` when there is no such program or it refuses. */
export function ask(program, args) {
  const { status, stdout } = spawnSync(...launch(program, args), { cwd: ROOT, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** npm is a script on Windows, which only a shell can start. */
function launch(program, args) {
  const isScript = process.platform === "win32" && (program === "npm" || program === "npx");
  return isScript ? ["cmd.exe", ["/d", "/s", "/c", program, ...args]] : [program, args];
}
