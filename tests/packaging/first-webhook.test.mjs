/** The five commands of the README that lead from an empty folder to the execution that a request began, as they stand there. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { ROOT } from "../../scripts/command.mjs";
import { packed } from "../../scripts/pack.mjs";
import { startRegistry } from "./registry.mjs";

const README = readFileSync(join(ROOT, "README.md"), "utf8");
const [, COMMANDS] = /```sh\n(npm install @atomiton\/conductor\n(?:.*\n)*?)```/.exec(README) ?? [];

test("five commands of the README lead from an empty folder to the execution of a webhook in the list", async (t) => {
  const lines = COMMANDS.trim().split("\n");
  assert.equal(lines.length, 5);
  const place = mkdtempSync(join(tmpdir(), "conductor-first-"));
  t.after(() => rmSync(place, { recursive: true, force: true, maxRetries: 5 }));
  const registry = await startRegistry(await packed());
  t.after(() => registry.stop());
  const folder = join(place, "empty");
  mkdirSync(folder);
  const { code, output } = await carriedOut(await atFreePort(lines), folder, registry.env);
  assert.equal(code, 0, output);
  assert.match(output, /Hello, Ada!/);
  assert.match(output, /\bcompleted\b/);
});

/** The commands, with another port where something on this machine listens at theirs. */
async function atFreePort(lines) {
  const port = await freePort(3000).catch(() => freePort(0));
  if (port === 3000) return lines;
  return lines.map((line) => line.replace("3000", port).replace("conductor serve", `conductor serve --port ${port}`));
}

function freePort(wanted) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(wanted, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Has a shell carry them out; one that fails ends it. What is left in the background ends with it. */
async function carriedOut(lines, cwd, env) {
  const shell = spawn("bash", ["-c", ["set -e", ...lines].join("\n")], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, with the server in it.
    detached: true,
  });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  const code = await new Promise((resolve) => shell.once("exit", resolve));
  const closed = new Promise((resolve) => shell.once("close", resolve));
  try {
    process.kill(-shell.pid, "SIGTERM");
  } catch {
    // Nothing is left: the server never came up, which the code and the output say.
  }
  await closed;
  return { code, output };
}
