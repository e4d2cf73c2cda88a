/**
 * Sends requests that schemathesis makes of `/openapi.json`, right ones and wrong ones, to a server with all that it can serve, and fails
 * for an answer from 500 on, for one that the description does not have, and for a server that ends.
 *
 *     node tests/server/schemathesis.mjs [--cases 10000] [--seed n] [--role admin|viewer|…]
 *
 * By default as an admin, and then as a viewer. Needs Python 3.10 with venv; schemathesis goes into `.cache`.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exit, stdout } from "node:process";
import { parseArgs } from "node:util";

import { demand, ROOT } from "../../scripts/command.mjs";
import { fill } from "./filled.mjs";
import { ROLES, startServer } from "./started.mjs";

const VERSION = "4.32.5";
const CONFIG = join(ROOT, "tests/server/schemathesis.toml");
const HOOKS = join(ROOT, "tests/server/schemathesis_hooks.py");

/** Goes on until its client ends it, which schemathesis does not; `fuzz.mjs` reads it. */
const LEFT_OUT = ["--exclude-path", "/api/events"];

const { values: wanted } = parseArgs({
  options: {
    cases: { type: "string", default: "10000" },
    seed: { type: "string" },
    role: { type: "string", multiple: true, default: ["admin", "viewer"] },
  },
});
const cases = Number(wanted.cases);
if (!(Number.isInteger(cases) && cases > 0)) throw new Error(`--cases ${wanted.cases}: give a whole number from 1`);
const strange = wanted.role.find((role) => !ROLES.includes(role));
if (strange !== undefined) throw new Error(`--role ${strange}: give one of ${ROLES.join(", ")}`);

const program = await installed();
const server = await startServer();
let isWell = true;
try {
  await fill(server);
  for (const role of wanted.role) isWell = (await attack(role)) && isWell;
} finally {
  const code = await server.end();
  if (code !== 0) {
    isWell = false;
    stdout.write(`The server ended with ${code}\n`);
  }
  const lines = server.said().split("\n");
  const bad = lines.filter((line) => /A request failed|Cannot (read|destructure)|is not a function| {4}at /.test(line));
  if (bad.length > 0) {
    isWell = false;
    stdout.write(`The server said:\n${[...new Set(bad)].slice(0, 20).join("\n")}\n`);
  }
}
exit(isWell ? 0 : 1);

/** The program, in an environment of its own. */
async function installed() {
  const folder = join(ROOT, ".cache", `schemathesis-${VERSION}`);
  const found = join(folder, "bin", "schemathesis");
  if (!existsSync(found)) {
    mkdirSync(join(ROOT, ".cache"), { recursive: true });
    await demand("python3", ["-m", "venv", folder]);
    await demand(join(folder, "bin", "pip"), ["install", "--quiet", `schemathesis==${VERSION}`]);
  }
  return found;
}

/** Whether nothing was found for a role. */
async function attack(role) {
  const { paths } = await (await fetch(`${server.url}/openapi.json`)).json();
  const operations = Object.values(paths).flatMap((methods) => Object.keys(methods)).length;
  const folder = mkdtempSync(join(tmpdir(), "schemathesis-"));
  const report = join(folder, "report.json");
  const args = [
    ...["--config-file", CONFIG, "run", `${server.url}/openapi.json`, ...LEFT_OUT],
    ...["--header", `Authorization: Bearer ${server.keys[role]}`],
    ...["--max-examples", String(Math.ceil(cases / operations)), "--continue-on-failure", "--max-redirects", "0"],
    ...["--request-timeout", "60", "--warnings", "off", "--no-color"],
    ...["--report", "json", "--report-json-path", report],
    ...(wanted.seed === undefined ? [] : ["--seed", wanted.seed]),
  ];
  try {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, SCHEMATHESIS_HOOKS: HOOKS },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const [code] = await Promise.race([
      once(child, "close"),
      server.ended.then((code) => [`a server that ended with ${code}`]),
    ]);
    const { test_cases: found } = JSON.parse(readFileSync(report, "utf8"));
    stdout.write(`${role}: ${found.generated} cases, ${found.unique_failures} failures\n`);
    return code === 0 && found.generated >= cases;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
