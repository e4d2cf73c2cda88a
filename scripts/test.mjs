/**
 * `npm test`: every test there is, in Rust, in TypeScript, through the built packages, in a browser.
 *
 * The closing line adds up what the runners themselves counted; before it stand the tests that a runner left out.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exit, stdout } from "node:process";

import { ROOT, run } from "./command.mjs";
import { has, packages } from "./packages.mjs";
import { setupOrExit } from "./setup.mjs";
import { step } from "./steps.mjs";
import { readCargo, readNodeTest, readVitest } from "./tallies.mjs";

const VITEST = join(ROOT, "node_modules", "vitest", "vitest.mjs");
const WASM = ["--target", "wasm32-unknown-unknown"];

await setupOrExit({ withWasm: true, withBrowser: true });

const suites = [
  ["Rust", rust],
  [
    "core builds for wasm32",
    () => build("core for wasm32", ["-p", "conductor-core", "--no-default-features", ...WASM]),
  ],
  ["bindings-wasm builds", () => build("bindings-wasm", ["-p", "conductor-wasm", ...WASM])],
  ...packages
    .filter(({ manifest }) => manifest.scripts?.test !== undefined)
    .map((pack) => [pack.name, () => inPackage(pack)]),
  ...files(join(ROOT, "tests"), ".test.mjs").map((file) => [file, () => nodeTest(file)]),
];

const total = { passed: 0, failed: 0, skipped: [] };
for (const [name, work] of suites) {
  const before = total.failed;
  const ok = await step(name, async () => {
    const { tally, ended, output } = await work();
    const { passed, failed, skipped } = judged(tally, ended);
    total.passed += passed;
    total.failed += failed;
    total.skipped.push(...skipped);
    return { ok: failed === 0, output, note: `${passed} passed, ${failed} failed` };
  });
  // A suite that broke down before it could count.
  if (!ok && total.failed === before) total.failed++;
}

if (total.skipped.length > 0) {
  stdout.write(`${total.skipped.length} skipped:\n${total.skipped.map((line) => `  ${line}\n`).join("")}`);
}
stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
exit(total.failed === 0 ? 0 : 1);

/** A runner that ends badly without a failing test, because nothing compiled or no test ran, is a failure itself. */
function judged(tally, ended) {
  const ranNothing = tally.passed + tally.failed === 0;
  return tally.failed === 0 && (!ended || ranNothing) ? { ...tally, failed: 1 } : tally;
}

async function rust() {
  const { ok, output } = await run("cargo", ["test", "--workspace", "--no-fail-fast"], {
    env: { CARGO_TERM_COLOR: "never" },
  });
  return { tally: readCargo(output), ended: ok, output };
}

/** A build is one test: it passes when it compiles. */
async function build(name, args) {
  const { ok, output } = await run("cargo", ["check", ...args]);
  return { tally: { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [] }, ended: ok, output: `${name}\n${output}` };
}

async function inPackage(pack) {
  if (!has(pack, "vitest.config.ts")) {
    const { ok, output } = await run("npm", ["test"], { cwd: pack.path });
    return { tally: { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [] }, ended: ok, output };
  }
  const folder = mkdtempSync(join(tmpdir(), "conductor-test-"));
  const report = join(folder, "report.json");
  try {
    const args = [VITEST, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const { ok, output } = await run(process.execPath, args, { cwd: pack.path, env: { NO_COLOR: "1" } });
    return { tally: readVitest(read(report), pack.name), ended: ok, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function nodeTest(file) {
  const { ok, output } = await run(process.execPath, ["--test", "--test-reporter=tap", join(ROOT, file)]);
  return { tally: readNodeTest(output, file), ended: ok, output };
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "{}"; // The runner ended before it could report, which its status says.
  }
}

/** Files of a folder and its subfolders with this ending, as paths within the checkout, sorted. */
function files(folder, ending) {
  return readdirSync(folder, { recursive: true })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(ending) && !path.includes("node_modules/"))
    .map((path) => `tests/${path}`)
    .sort();
}
