/** `conductor serve` of the built package with all that it can serve, in a folder of its own. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ROOT } from "../../scripts/command.mjs";
import { CLIENT_ID, CLIENT_SECRET, startIssuer } from "../openid/issuer.mjs";

const CLI = join(ROOT, "npm/conductor/bin/conductor.js");

/** Every option of `conductor serve` that adds routes; the limits of rates would end a run of thousands of requests. */
const ALL = ["--metrics", "--mcp", "--webhooks", "--no-rate-limit"];

/** Roles of callers who have a key. */
export const ROLES = ["viewer", "runner", "editor", "admin"];

/**
 * Starts one, with an issuer where people could sign in and a key for each role.
 *
 * @param {{ nodeArgs?: string[] }} options `nodeArgs`: of the process, such as `--expose-gc`
 * @returns `keys` by role; `ended`, settled once the process is over; `said()`, all that it wrote to stderr; `end()`, which ends it as its owner
 *   would, and gives its exit code
 */
export async function startServer({ nodeArgs = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-server-"));
  const issuer = await startIssuer({ redirectUris: ["http://127.0.0.1/api/auth/openid/callback"] });
  const env = { ...process.env, OPENID_SECRET: CLIENT_SECRET };
  const command = (args, input) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { cwd: folder, env, input });
    if (status !== 0) throw new Error(`conductor ${args.join(" ")} ended with ${status}: ${stderr}`);
    return String(stdout).trim();
  };
  const keys = Object.fromEntries(ROLES.map((role) => [role, command(["keys", "add", role, "--role", role])]));
  command(["users", "add", "ada", "--role", "editor"], "correct horse\n");
  command(["secrets", "set", "TOKEN"], "the value of a secret");
  const settings = {
    issuer: issuer.address,
    clientId: CLIENT_ID,
    clientSecret: "env:OPENID_SECRET",
    redirectUri: "http://127.0.0.1/api/auth/openid/callback",
    default: "viewer",
  };
  writeFileSync(join(folder, "openid.json"), JSON.stringify(settings));
  const args = [CLI, "serve", "--port", "0", "--openid", "openid.json", ...ALL];
  const child = spawn(process.execPath, [...nodeArgs, ...args], {
    cwd: folder,
    env,
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const ended = once(child, "close").then(async ([code, signal]) => {
    await issuer.stop();
    rmSync(folder, { recursive: true, force: true });
    return code ?? signal;
  });
  const url = await new Promise((resolve, reject) => {
    child.stderr.on("data", () => {
      const [, found] = /Serving at (http:\S+)\/api/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    ended.then((code) => reject(new Error(`The server ended with ${code}: ${said}`)));
  });
  const end = () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { url, keys, child, ended, end, said: () => said };
}
