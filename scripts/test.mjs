/**
 * `npm test`: every test there is, in Rust, in TypeScript, through the built packages, in browsers.
 *
 * `npm test -- --node <path>` runs what is written in JavaScript and needs no browser on another Node as well;
 * `npm test -- --every-node` does so on each version that is tested (`nodes.mjs`), and `--packages-on-every-node` does so with
 * what goes through the built packages alone, without the packages' own suites and without what documents show.
 *
 * The closing line adds up what the runners themselves counted; before it stand the tests that a runner left out.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { env, execPath, exit, stdout } from "node:process";
import { parseArgs } from "node:util";

import { ROOT, run } from "./command.mjs";
import { nodeAt, otherNodes } from "./nodes.mjs";
import { has, inner, packages } from "./packages.mjs";
import { setupOrExit } from "./setup.mjs";
import { step } from "./steps.mjs";
import { readCargo, readNodeTest, readVitest } from "./tallies.mjs";

/** A file of tests may take so long, in ms, that only one that hangs is ended, also beside others on a machine that is busy. */
const LIMIT = `--test-timeout=${3 * 60 * 60_000}`;
const VITEST = join(ROOT, "node_modules", "vitest", "vitest.mjs");
const WASM = ["--target", "wasm32-unknown-unknown"];

const { values: wanted } = parseArgs({
  options: {
    node: { type: "string", multiple: true, default: [] },
    "every-node": { type: "boolean", default: false },
    "packages-on-every-node": { type: "boolean", default: false },
  },
});

/** Tests beside those of the packages' own suites that are run on further Nodes. */
const ON_OTHERS = [
  "tests/conformance/conformance.test.mjs",
  "tests/examples/flights.test.mjs",
  "tests/flows/golden.test.mjs",
  "tests/packaging/packaging.test.mjs",
  // With the suites: what documents show takes as long as all the others.
  ...(wanted["packages-on-every-node"] ? [] : ["tests/readme/readme.test.mjs", "tests/docs/guides.test.mjs"]),
];

await setupOrExit({ withWasm: true, withBrowser: true });

const tested = [...inner, ...packages].filter(({ manifest }) => manifest.scripts?.test !== undefined);
const suites = [
  ["Rust", rust],
  [
    "core builds for wasm32",
    () => build("core for wasm32", ["-p", "conductor-core", "--no-default-features", ...WASM]),
  ],
  ["bindings-wasm builds", () => build("bindings-wasm", ["-p", "conductor-wasm", ...WASM])],
  ...tested.map((pack) => [pack.name, () => inPackage(pack)]),
  ...files(join(ROOT, "tests"), ".test.mjs").map((file) => [file, () => nodeTest(file)]),
];
for (const node of await furtherNodes()) {
  const on = (name) => `${name} on Node ${node.version}`;
  suites.push(
    ...tested
      .filter((pack) => has(pack, "vitest.config.ts") && !wanted["packages-on-every-node"])
      .map((pack) => [on(pack.name), () => inPackage(pack, node.path, on(pack.name))]),
    ...ON_OTHERS.map((file) => [on(file), () => nodeTest(file, node.path, on(file))]),
  );
}

// The long ones first, so that none of them is left to run alone at the end.
const LONG = [
  "Rust",
  "@atomiton/conductor",
  "@atomiton/nodes",
  "@atomiton/storage",
  "tests/packaging/bundlers.test.mjs",
  "tests/browser/engines.test.mjs",
  "tests/nodes/examples.test.mjs",
  "tests/packaging/strict.test.mjs",
  "tests/packaging/types.test.mjs",
];
const isLong = ([name]) => LONG.includes(name);
suites.sort((one, other) => Number(isLong(other)) - Number(isLong(one)));

const total = { passed: 0, failed: 0, failures: [], skipped: [] };
// Much of what a suite takes is waiting: for a browser, for npm, for one thread. So three share a machine that has two cores.
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) + 1 }, runSuites));

if (total.skipped.length > 0) {
  stdout.write(`${total.skipped.length} skipped:\n${total.skipped.map((line) => `  ${line}\n`).join("")}`);
}
// Again at the end, where they are found in a long log.
if (total.failures.length > 0) {
  stdout.write(`${total.failures.length} failed:\n${total.failures.map((line) => `  ${line}\n`).join("")}`);
}
stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
exit(total.failed === 0 ? 0 : 1);

/** Runs suites that no other has taken, one after the other. */
async function runSuites() {
  for (let suite = suites.shift(); suite !== undefined; suite = suites.shift()) {
    const [name, work] = suite;
    let counted = 0;
    const ok = await step(name, async () => {
      const { tally, ended, output, busy } = await work();
      const { passed, failed, failures, skipped } = judged(tally, ended);
      counted = failed;
      total.passed += passed;
      total.failed += failed;
      total.failures.push(...failures);
      total.skipped.push(...skipped);
      return { ok: failed === 0, output, note: `${passed} passed, ${failed} failed, ${busy.toFixed(0)} s busy` };
    });
    // A suite that broke down before it could count.
    if (!ok && counted === 0) {
      total.failed++;
      total.failures.push(`${name} broke down before it could count`);
    }
  }
}

/** A runner that ends badly without a failing test, because nothing compiled or no test ran, is a failure itself. */
function judged(tally, ended) {
  const ranNothing = tally.passed + tally.failed === 0;
  return tally.failed === 0 && (!ended || ranNothing)
    ? { ...tally, failed: 1, failures: ["the runner ended badly, or ran nothing"] }
    : tally;
}

async function rust() {
  const { ok, output, busy } = await run("cargo", ["test", "--workspace", "--no-fail-fast"], {
    env: { CARGO_TERM_COLOR: "never" },
  });
  return { tally: readCargo(output), ended: ok, output, busy };
}

/** A build is one test: it passes when it compiles. */
async function build(name, args) {
  const { ok, output, busy } = await run("cargo", ["check", ...args]);
  return {
    tally: { passed: ok ? 1 : 0, failed: ok ? 0 : 1, failures: [], skipped: [] },
    ended: ok,
    output: `${name}\n${output}`,
    busy,
  };
}

/** Nodes beside this one that were asked for. */
async function furtherNodes() {
  try {
    const isWanted = wanted["every-node"] || wanted["packages-on-every-node"];
    const all = isWanted ? await otherNodes((line) => stdout.write(`${line}\n`)) : [];
    return [...all, ...wanted.node.map(nodeAt)];
  } catch (error) {
    stdout.write(`${error.message}\n0 passed, 1 failed\n`);
    exit(1);
  }
}

async function inPackage(pack, node = execPath, name = pack.name) {
  if (!has(pack, "vitest.config.ts")) {
    const { ok, output, busy } = await run("npm", ["test"], { cwd: pack.path });
    return { tally: { passed: ok ? 1 : 0, failed: ok ? 0 : 1, failures: [], skipped: [] }, ended: ok, output, busy };
  }
  const folder = mkdtempSync(join(tmpdir(), "conductor-test-"));
  const report = join(folder, "report.json");
  try {
    // By itself it leaves one core to others, which is half of them where there are two.
    const workers = `--maxWorkers=${availableParallelism()}`;
    const args = [VITEST, "run", workers, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const { ok, output, busy } = await run(node, args, { cwd: pack.path, env: { NO_COLOR: "1", ...pathOf(node) } });
    return { tally: readVitest(read(report), name), ended: ok, output, busy };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function nodeTest(file, node = execPath, name = file) {
  const { ok, output, busy } = await run(node, ["--test", "--test-reporter=tap", LIMIT, join(ROOT, file)], {
    env: pathOf(node),
  });
  return { tally: readNodeTest(output, name), ended: ok, output, busy };
}

/** Programs of npm start the Node that comes first on the path. */
function pathOf(node) {
  return node === execPath ? {} : { PATH: `${dirname(node)}${delimiter}${env.PATH}` };
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
