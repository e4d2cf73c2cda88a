/**
 * `npm run check`: formatting, lints, types, documentation, packages and budgets. Runs all, says which failed. Steps of
 * Cargo wait for each other's lock, and most of the others keep one core busy: the two run side by side.
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exit, stdout } from "node:process";

import { checkBudgets } from "../tests/bench/instructions/count.mjs";
import { ROOT, run } from "./command.mjs";
import { CONDUCTOR_LAYERS, CONDUCTOR_PRIVATE, importProblems } from "./imports.mjs";
import { packPackage } from "./pack.mjs";
import { examples, inner, packages } from "./packages.mjs";
import { setupOrExit } from "./setup.mjs";
import { step } from "./steps.mjs";

const bin = (name) => join(ROOT, "node_modules", ...name);
const TSC = bin(["typescript", "bin", "tsc"]);
const BIOME = bin(["@biomejs", "biome", "bin", "biome"]);
const PUBLINT = bin(["publint", "src", "cli.js"]);
const ATTW = bin(["@arethetypeswrong", "cli", "dist", "index.js"]);
const WASM = ["--target", "wasm32-unknown-unknown"];

const cargo = (args, env) => () => run("cargo", args, { env });
const node = (args, options) => () => run(process.execPath, args, options);

await setupOrExit({ withWasm: true, forChecks: true });

const cargoSteps = [
  ["cargo fmt", cargo(["fmt", "--all", "--check"])],
  ["cargo clippy", cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])],
  [
    "cargo clippy, core for wasm32 without features",
    cargo(["clippy", "-p", "conductor-core", "--no-default-features", ...WASM, "--", "-D", "warnings"]),
  ],
  [
    "cargo clippy, bindings-wasm for wasm32",
    cargo(["clippy", "-p", "conductor-wasm", ...WASM, "--", "-D", "warnings"]),
  ],
  ["cargo doc", cargo(["doc", "--workspace", "--no-deps"], { RUSTDOCFLAGS: "-D warnings" })],
  ["constants and types of the addon in TypeScript are as Rust has them", node(["scripts/constants.mjs", "--check"])],
  ["instructions and sizes within budget", budgets],
];
const nodeSteps = [
  ...[...inner, ...packages].map((pack) => [`tsc ${pack.name}`, node([TSC, "--noEmit"], { cwd: pack.path })]),
  ...examples.map((pack) => [`tsc ${pack.folder}`, node([TSC, "--noEmit"], { cwd: pack.path })]),
  ["imports of the conductor keep to its layers", layers],
  ["generated documentation and schema are as `npm run docs` writes them", node(["scripts/docs.mjs", "--check"])],
  ["biome", node([BIOME, "check", "--error-on-warnings", "--max-diagnostics=200", "--colors=off"])],
  ...packages.map((pack) => [`publint and are-the-types-wrong ${pack.name}`, () => lintTarball(pack)]),
];

let failed = 0;
await Promise.all([inOrder(cargoSteps), inOrder(nodeSteps)]);
const count = cargoSteps.length + nodeSteps.length;
stdout.write(failed === 0 ? `All ${count} checks passed.\n` : `${failed} of ${count} checks failed.\n`);
exit(failed === 0 ? 0 : 1);

async function inOrder(steps) {
  for (const [name, work] of steps) {
    if (!(await step(name, work))) failed++;
  }
}

/** Packs a package as it would be published and looks at what users would get. */
async function lintTarball(pack) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-pack-"));
  try {
    const tarball = await packPackage(pack, folder);
    if (!existsSync(tarball)) return { ok: false, output: `npm pack made no ${tarball}` };
    const packed = await run(process.execPath, [PUBLINT, "run", tarball, "--strict"]);
    if (!packed.ok) return packed;
    // Node 10 knows no entry points beside the root; a runtime that old cannot run this anyway.
    const args = [ATTW, tarball, "--profile", "node16", "--no-color"];
    const untyped = Object.keys(pack.manifest.exports).filter(
      (entry) => /\.(wasm|json)$/.test(entry) && entry !== "./package.json",
    );
    return await run(process.execPath, untyped.length > 0 ? [...args, "--exclude-entrypoints", ...untyped] : args);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function layers() {
  const problems = importProblems(join(ROOT, "npm/conductor/src"), CONDUCTOR_LAYERS, CONDUCTOR_PRIVATE);
  return { ok: problems.length === 0, output: problems.join("\n") };
}

async function budgets() {
  const { ok, skipped, lines } = await checkBudgets();
  const note = skipped === undefined ? lines.find((line) => line.startsWith("Below")) : `not compared: ${skipped}`;
  return { ok, output: lines.join("\n"), note };
}
