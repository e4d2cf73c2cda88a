/**
 * `node tests/bench/instructions/count.mjs [--update]`: compares instruction counts of fixed work in the engine, and the
 * sizes of the addon, of the WebAssembly module and of pages, with `tests/bench/budgets.json`.
 *
 * Counts repeat exactly where times do not. They depend on the compiler, so a budget counts only for the compiler and
 * machine type that it was taken with; for others the difference is shown, and nothing fails.
 */

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, exit, stderr, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { ask, CommandError, demand, ROOT, run } from "../../../scripts/command.mjs";
import { pageSizes } from "./page-sizes.mjs";

const BUDGETS = fileURLToPath(new URL("../budgets.json", import.meta.url));
const WORK = ["compile-chain", "run-chain", "run-layered"];

/**
 * Measures and compares.
 *
 * @returns {Promise<{ ok: boolean, skipped?: string, lines: string[] }>} `skipped` says why nothing was compared
 */
export async function checkBudgets() {
  const { tolerancePercent, ...budgets } = JSON.parse(readFileSync(BUDGETS, "utf8"));
  const found = await measure();
  if (found === undefined) return { ok: true, skipped: "valgrind not found: apt-get install valgrind", lines: [] };
  const rows = Object.entries(found.instructions).map(([name, count]) => row(name, count, budgets.instructions[name]));
  rows.push(row("addon, bytes", found.addonBytes, budgets.addonBytes));
  rows.push(row("WebAssembly module, bytes with gzip", found.wasmGzipBytes, budgets.wasmGzipBytes));
  for (const [page, sizes] of Object.entries(found.pageGzipBytes)) {
    for (const [part, bytes] of Object.entries(sizes)) {
      rows.push(row(`${page}, ${part}, bytes with gzip`, bytes, budgets.pageGzipBytes[page][part]));
    }
  }
  const lines = rows.map(({ name, count, budget, percent }) => {
    const sign = percent > 0 ? "+" : "";
    return `${name}: ${count} of ${budget} (${sign}${percent.toFixed(1)} %)`;
  });
  if (found.compiler !== budgets.compiler) {
    return { ok: true, skipped: `taken with ${budgets.compiler}, this is ${found.compiler}`, lines };
  }
  const over = rows.filter(({ percent }) => percent > tolerancePercent);
  const under = rows.filter(({ percent }) => percent < -tolerancePercent);
  if (over.length > 0) lines.push(`More than ${tolerancePercent} % above the budget: ${names(over)}`);
  if (under.length > 0) lines.push(`Below the budget, lower it with --update: ${names(under)}`);
  return { ok: over.length === 0, lines };
}

async function update() {
  const { tolerancePercent } = JSON.parse(readFileSync(BUDGETS, "utf8"));
  const found = await measure();
  if (found === undefined) throw new Error("valgrind not found: apt-get install valgrind");
  writeFileSync(BUDGETS, `${JSON.stringify({ tolerancePercent, ...found }, null, 2)}\n`);
}

async function measure() {
  if (ask("valgrind", ["--version"]) === undefined) return undefined;
  await demand("cargo", ["build", "--release", "-p", "conductor-core", "--example", "workload"]);
  const nothing = await count("nothing");
  const instructions = {};
  for (const name of WORK) instructions[name] = (await count(name)) - nothing;
  const folder = join(ROOT, "npm", "native");
  const addon = readdirSync(folder).find((name) => name.endsWith(".node"));
  const addonBytes = addon === undefined ? 0 : statSync(join(folder, addon)).size;
  const [, version, host] = /^rustc (\S+)[\s\S]*^host: (\S+)$/m.exec(ask("rustc", ["-vV"]));
  const module = readFileSync(join(ROOT, "npm", "wasm", "dist", "conductor.wasm"));
  const wasmGzipBytes = gzipSync(module, { level: 9 }).length;
  const pageGzipBytes = await pageSizes();
  return { compiler: `rustc ${version} on ${host}`, instructions, addonBytes, wasmGzipBytes, pageGzipBytes };
}

async function count(name) {
  const program = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "release", "examples", "workload");
  const args = ["--tool=callgrind", "--callgrind-out-file=/dev/null", program, name];
  const { output } = await run("valgrind", args);
  const collected = /Collected : (\d+)/.exec(output);
  if (collected === null) throw new CommandError(["valgrind", ...args].join(" "), "told no count", output);
  return Number(collected[1]);
}

function row(name, count, budget) {
  return { name, count, budget, percent: budget > 0 ? (count / budget - 1) * 100 : Number.POSITIVE_INFINITY };
}

function names(rows) {
  return rows.map(({ name }) => name).join("; ");
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  if (argv.includes("--update")) await update();
  const { ok, skipped, lines } = await checkBudgets();
  stdout.write(`${lines.join("\n")}\n`);
  if (skipped !== undefined) stderr.write(`Not compared: ${skipped}\n`);
  exit(ok ? 0 : 1);
}
