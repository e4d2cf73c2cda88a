/**
 * `npm start`: makes the checkout ready, runs the example, shows what came out. What only pages need, whose first build takes
 * a minute or two, is built after that.
 *
 * Arguments go to `conductor run`, such as `npm start -- --var title="Birds" --concurrency 1`.
 */

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { argv, cwd, exit, stdout } from "node:process";

import { CommandError, ROOT } from "./command.mjs";
import { setup, setupOrExit } from "./setup.mjs";
import { MissingTools } from "./toolchain.mjs";

const FLOW = join("examples", "birdstrikes", "birdstrikes.flow.yaml");
const OUT = join(ROOT, "out", "birdstrikes");
const TRACE = join(OUT, "trace.json");
/** Lines of the report that are shown. */
const SHOWN_LINES = 13;

await setupOrExit();
stdout.write(`Running ${FLOW}\n\n`);
// The trace's file is opened before the flow makes this folder for its report.
mkdirSync(OUT, { recursive: true });
const status = await conductor(["run", FLOW, "--trace", TRACE, ...argv.slice(2)]);
if (status === 0) {
  stdout.write(findings());
  await preparePages();
}
exit(status);

/** Builds what pages import. The example has run by now, and stays well where that cannot be built. */
async function preparePages() {
  try {
    await setup({ withWasm: true });
  } catch (error) {
    if (!(error instanceof MissingTools) && !(error instanceof CommandError)) throw error;
    stdout.write(`\nFlows run in Node; what pages import could not be built:\n${error.output ?? ""}${error.message}\n`);
  }
}

/** Runs the command line on this terminal. Ctrl-C reaches it by itself; it decides how to end. */
function conductor(args) {
  const child = spawn(process.execPath, [join(ROOT, "npm", "conductor", "bin", "conductor.js"), ...args], {
    cwd: ROOT,
    stdio: "inherit",
  });
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** What the run found and where it lies. How long it took, the command line has said. */
function findings() {
  const { rowsRead, rowsKept } = JSON.parse(readFileSync(join(OUT, "results.json"), "utf8"));
  const report = readFileSync(join(OUT, "report.md"), "utf8").split("\n");
  const facts = [
    ["rows read", rowsRead.toLocaleString("en")],
    ["rows kept", rowsKept.toLocaleString("en")],
    ["report", here(join(OUT, "report.md"))],
    ["results", here(join(OUT, "results.json"))],
    ["trace", here(TRACE)],
  ];
  return [
    "",
    ...facts.map(([label, value]) => `${label.padEnd(12)}${value}`),
    "",
    ...report.slice(0, SHOWN_LINES).map((line) => `  ${line}`.trimEnd()),
    `  … ${report.length - SHOWN_LINES} more lines`,
    "",
  ].join("\n");
}

function here(path) {
  return relative(cwd(), path);
}
