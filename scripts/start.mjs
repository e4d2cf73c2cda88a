/**
 * `npm start`: makes the checkout ready, runs the example, shows what came out.
 *
 * Arguments go to `conductor run`, such as `npm start -- --var title="Birds" --concurrency 1`.
 */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { argv, cwd, exit, stdout } from "node:process";

import { ROOT } from "./command.mjs";
import { setupOrExit } from "./setup.mjs";

const FLOW = join("examples", "birdstrikes", "birdstrikes.flow.yaml");
const OUT = join(ROOT, "out", "birdstrikes");
const TRACE = join(OUT, "..", "birdstrikes.trace.json");
/** Lines of the report that are shown. */
const SHOWN_LINES = 14;

await setupOrExit();
stdout.write(`Running ${FLOW}\n\n`);
const status = await conductor(["run", FLOW, "--trace", TRACE, ...argv.slice(2)]);
if (status === 0) stdout.write(findings());
exit(status);

/** Runs the command line on this terminal. Ctrl-C reaches it by itself; it decides how to end. */
function conductor(args) {
  const child = spawn(process.execPath, [join(ROOT, "npm", "conductor", "dist", "cli.js"), ...args], {
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

function findings() {
  const { rowsRead, rowsKept } = JSON.parse(readFileSync(join(OUT, "results.json"), "utf8"));
  const trace = JSON.parse(readFileSync(TRACE, "utf8"));
  const report = readFileSync(join(OUT, "report.md"), "utf8").split("\n");
  const figures = [
    ["rows read", rowsRead],
    ["rows kept", rowsKept],
    ["nodes", leavesOf(trace.nodes)],
    ["duration", `${Math.round(trace.duration)} ms`],
  ];
  const files = [
    ["report", join(OUT, "report.md")],
    ["results", join(OUT, "results.json")],
    ["trace", TRACE],
  ].map(([label, path]) => [label, relative(cwd(), path)]);
  return [
    "",
    ...[...figures, ...files].map(([label, value]) => `${label.padEnd(12)}${value}`),
    "",
    ...report.slice(0, SHOWN_LINES).map((line) => `  ${line}`.trimEnd()),
    `  … ${report.length - SHOWN_LINES} more lines`,
    "",
  ].join("\n");
}

function leavesOf(nodes) {
  return nodes.reduce((sum, { childTraces }) => sum + (childTraces?.length ? leavesOf(childTraces) : 1), 0);
}
