/** The files of deploy/: what their commands say is what the command line takes, and the servers that they start answer. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { validate } from "dockerfile-utils";
import { parse } from "yaml";

import { missingPostgres, startPostgres } from "../nodes/postgres.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CLI = join(ROOT, "npm/conductor/bin/conductor.js");
const read = (name) => readFileSync(join(ROOT, "deploy", name), "utf8");

const UNIT = read("conductor.service");
const DOCKERFILE = read("Dockerfile");
const COMPOSE = parse(read("compose.yaml"));

/** The list of an instruction in its form of JSON, the last one of that name. */
function instruction(name) {
  const lines = DOCKERFILE.replaceAll("\\\n", " ").split("\n");
  const line = lines.findLast((each) => each.startsWith(`${name} `));
  return JSON.parse(line.slice(line.indexOf("[")));
}

/** Arguments of `conductor` in the unit. */
function argumentsOfUnit() {
  const [, line] = /^ExecStart=((?:.*\\\n)*.*)$/m.exec(UNIT);
  const words = line.replaceAll("\\\n", " ").split(/\s+/);
  assert.match(words[1], /\/node_modules\/@atomiton\/conductor\/bin\/conductor\.js$/);
  return words.slice(2);
}

/** Starts a server with these arguments, with a free port and a folder in the place of `data`, and gives its address and how to end it. */
async function started(t, args, data, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-deploy-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "files"));
  const own = args.map((arg, index) => (args[index - 1] === "--port" ? "0" : arg.replaceAll(data, folder)));
  const keys = own[own.indexOf("--keys") + 1];
  assert.ok(keys.startsWith(folder));
  const added = spawnSync(process.execPath, [CLI, "keys", "add", "me", "--role", "admin", "--keys", keys]);
  assert.equal(added.status, 0);
  const child = spawn(process.execPath, [CLI, ...own], { cwd: folder, env: { ...process.env, ...env } });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  const url = await new Promise((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text) => {
      said += text;
      const [, port] = /Serving at http:\/\/[^\s:]+:(\d+)/.exec(said) ?? [];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    });
    child.on("close", () => reject(new Error(said)));
  });
  const end = async () => {
    child.kill("SIGTERM");
    const [code] = await once(child, "close");
    return code;
  };
  return { url, end, said: () => said, folder };
}

test("the unit is one that systemd takes, and it is locked up", (t) => {
  if (spawnSync("systemd-analyze", ["--version"]).status !== 0) return t.skip("systemd-analyze is not installed");
  const folder = mkdtempSync(join(tmpdir(), "conductor-unit-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const unit = join(folder, "conductor.service");
  // Where Node is on this machine.
  writeFileSync(unit, UNIT.replace("/usr/bin/node", process.execPath));
  const verified = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
  assert.equal(verified.status, 0, verified.stderr);
  assert.doesNotMatch(verified.stderr, /conductor\.service/);
  const options = ["security", "--offline=true", "--threshold=20", "--no-pager", unit];
  const { status, stdout, stderr } = spawnSync("systemd-analyze", options, { encoding: "utf8" });
  if (/unrecognized option/.test(stderr)) return;
  assert.equal(status, 0, stdout.slice(-200));
});

test("the server of the unit answers, and ends well when it is told to", async (t) => {
  const { url, end } = await started(t, argumentsOfUnit(), "/var/lib/conductor");
  assert.equal((await fetch(`${url}/health`)).status, 200);
  assert.equal(await end(), 0);
});

test("the Dockerfile has nothing that a linter finds, and its image runs as a user without rights", () => {
  assert.deepEqual(validate(DOCKERFILE), []);
  assert.match(DOCKERFILE, /^USER node$/m);
  assert.match(DOCKERFILE, /^COPY --from=dependencies /m);
});

test("the server of the image answers its health check, which fails where there is none", async (t) => {
  const [node, program] = instruction("ENTRYPOINT");
  assert.equal(node, "node");
  assert.ok(existsSync(join(ROOT, "npm/conductor", program.replace("node_modules/@atomiton/conductor/", ""))));
  const { url, end } = await started(t, instruction("CMD"), "/data");
  const line = DOCKERFILE.replaceAll("\\\n", " ").match(/^HEALTHCHECK .*?CMD (\[.*\])$/m)[1];
  const [, ...check] = JSON.parse(line).map((part) => part.replace("http://127.0.0.1:3000", url));
  assert.ok(check[1].includes(url));
  // Without blocking: the server is another process, but its output is read here.
  const checked = async () => (await once(spawn(process.execPath, check), "close"))[0];
  assert.equal(await checked(), 0);
  assert.equal(await end(), 0);
  assert.equal(await checked(), 1);
});

test("the services of compose name volumes and services that there are, and no password", () => {
  const { services, volumes } = COMPOSE;
  for (const { volumes: used, depends_on: needed = {} } of Object.values(services)) {
    for (const each of used) assert.ok(each.split(":")[0] in volumes, each);
    for (const [name, { condition }] of Object.entries(needed)) {
      assert.ok(condition !== "service_healthy" || services[name].healthcheck !== undefined, name);
    }
  }
  assert.doesNotMatch(read("compose.yaml"), /PASSWORD: (?!\$\{POSTGRES_PASSWORD:\?)/);
});

test("the server of compose keeps what it has in PostgreSQL", { skip: missingPostgres() }, async (t) => {
  const database = await startPostgres();
  t.after(() => database.stop());
  const address = "postgres://conductor@database/conductor";
  assert.ok(COMPOSE.services.conductor.command.includes(address));
  const args = COMPOSE.services.conductor.command.map((arg) => (arg === address ? database.url : arg));
  const { url, end } = await started(t, args, "/data", { PGPASSWORD: "secret" });
  assert.equal((await fetch(`${url}/health/ready`)).status, 200);
  assert.equal(await end(), 0);
});
