// Builds the module with cargo and puts it, with its glue, where `src` imports them from.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const generated = join(here, "src", "generated");
const WASM = "wasm32-unknown-unknown";

/** Folder of a name of its own, because two may build at once. */
const work = join(target, `conductor-wasm.${process.pid}`);
try {
  build();
} finally {
  rmSync(work, { recursive: true, force: true });
}
await check();

function build() {
  mkdirSync(work, { recursive: true });
  run("cargo", ["build", "--profile", "wasm", "-p", "conductor-wasm", "--target", WASM]);
  const module = join(target, WASM, "wasm", "conductor_wasm.wasm");
  const tool = ["--manifest-path", join("bindings-wasm", "glue", "Cargo.toml"), "--target-dir", join(target, "glue")];
  run("cargo", ["run", "--locked", ...tool, "--", module, work, "conductor"]);
  const optimised = join(work, "conductor.wasm");
  run(process.execPath, [
    join(dirname(createRequire(import.meta.url).resolve("binaryen/package.json")), "bin", "wasm-opt"),
    "-O3",
    // What rustc uses by itself; the module does not say so in a way that survives.
    ...["bulk-memory", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"].map(
      (feature) => `--enable-${feature}`,
    ),
    "--enable-multivalue",
    "--strip-debug",
    "--strip-producers",
    join(work, "conductor_bg.wasm"),
    "-o",
    optimised,
  ]);

  const bytes = readFileSync(optimised);
  mkdirSync(generated, { recursive: true });
  copyFileSync(join(work, "conductor.js"), join(generated, "conductor.js"));
  copyFileSync(join(work, "conductor.d.ts"), join(generated, "conductor.d.ts"));
  copyFileSync(optimised, join(generated, "conductor.wasm"));
  const size = gzipSync(bytes, { level: 9 }).length;
  process.stdout.write(`conductor.wasm: ${bytes.length} bytes, ${size} with gzip\n`);
}

/** Glue and module must fit each other, and the package that they go into. */
async function check() {
  const glue = await import(pathToFileURL(join(generated, "conductor.js")).href);
  glue.initSync({ module: readFileSync(join(generated, "conductor.wasm")) });
  const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
  if (glue.moduleVersion() !== version) {
    fail(`The module is version ${glue.moduleVersion()}, but package.json says ${version}: change Cargo.toml or it`);
  }
  writeFileSync(
    join(generated, "constants.ts"),
    `/** The version that the module was built as. */\nexport const VERSION = ${JSON.stringify(version)};\n\n` +
      `/** What the engine's \`constants\` says, for code that needs it before an engine is loaded. */\n` +
      `export const CONSTANTS =\n  ${JSON.stringify(glue.constants())};\n`,
  );
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (status === 0) return;
  fail(`The module was not built: ${error?.message ?? `${program} ${args[0]} ended with ${status}`}`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  rmSync(work, { recursive: true, force: true });
  process.exit(1);
}
