/**
 * `npm run build`, and the first thing that every other command does: makes a fresh clone ready to run.
 *
 * Checks the machine, installs npm packages, builds the addon and the packages; each only when it is missing or older
 * than its sources. The WebAssembly module is left out where nothing needs it, so that a first run comes sooner.
 */

import { existsSync, mkdirSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { argv, exit, stderr, stdout } from "node:process";
import { fileURLToPath } from "node:url";

import { CommandError, demand, ROOT } from "./command.mjs";
import { newest, oldest } from "./freshness.mjs";
import { has, inner, packages, promisedFiles } from "./packages.mjs";
import { checkToolchain, MissingTools } from "./toolchain.mjs";

const ADDON_SOURCES = [
  ".cargo",
  "Cargo.toml",
  "Cargo.lock",
  "core/Cargo.toml",
  "core/src",
  "nodes-native",
  "store-native",
  "bindings-node",
  "npm/native/build.mjs",
];
const WASM_SOURCES = ["Cargo.toml", "Cargo.lock", "core/Cargo.toml", "core/src", "bindings-wasm", "npm/wasm/build.mjs"];
const WASM_PACKAGE = "@atomiton/conductor-wasm";
const PACKAGE_SOURCES = ["src", "package.json", "tsconfig.json"];
/** What a package is built from beside its own files, within the checkout. */
const FURTHER_SOURCES = {
  // The harness of user code and the script of its worker go into the code.
  "@atomiton/nodes": ["scripts/inline-script.mjs", "scripts/inline-text.mjs", "scripts/inlined.mjs"],
  // The command line writes templates to files.
  "@atomiton/conductor": ["scripts/inline-text.mjs", "npm/nodes/src/templates/flows"],
};
/** What a package promises for pages lies here. It brings other packages along, the WebAssembly module among them. */
const FOR_PAGES = "dist/page/";
const PAGE_CONFIG = "tsdown.page.config.ts";

/**
 * Makes the checkout ready to run.
 *
 * @param {{ quiet?: boolean, withWasm?: boolean, withBrowser?: boolean, forChecks?: boolean }} options `quiet` leaves
 *   out what is being done; `withWasm` also builds the WebAssembly module, `withBrowser` looks for browsers, `forChecks`
 *   for what checks need beyond that
 * @throws {MissingTools} when the machine lacks something; the message says what, and how to get it
 * @throws {CommandError} when a step fails; its `output` says why
 */
export async function setup({ quiet = false, withWasm = false, withBrowser = false, forChecks = false } = {}) {
  const say = quiet ? () => {} : (line) => stdout.write(`${line}\n`);
  await checkToolchain({ withWasm, withBrowser, forChecks, say });
  await installPackages(say);
  // The addon is linked by one thread, for a minute or two, and none of the packages needs it to be built.
  await Promise.all([buildAddon(say), buildPackages(withWasm, say)]);
}

/** {@link setup}, but ends the process with status 1, saying why, when it fails. */
export async function setupOrExit(options) {
  try {
    await setup(options);
  } catch (error) {
    if (!(error instanceof MissingTools) && !(error instanceof CommandError)) throw error;
    stderr.write(`${error.output ?? ""}\n${error.message}\n`);
    exit(1);
  }
}

async function installPackages(say) {
  // npm writes this file when it is done, so that an interrupted installation is not taken for a whole one.
  const installed = join(ROOT, "node_modules", ".package-lock.json");
  if (oldest([installed]) >= newest([join(ROOT, "package-lock.json")])) return;
  const command = existsSync(join(ROOT, "node_modules")) ? "install" : "ci";
  say("Installing npm packages");
  await demand("npm", [command, "--no-audit", "--no-fund", "--loglevel=error"]);
  const now = new Date();
  if (existsSync(installed)) utimesSync(installed, now, now);
}

async function buildAddon(say) {
  const folder = join(ROOT, "npm", "native");
  const sources = newest(ADDON_SOURCES.map((path) => join(ROOT, path)));
  const addons = readdirSync(folder).filter((name) => name.endsWith(".node"));
  if (addons.length > 0 && oldest(addons.map((name) => join(folder, name))) >= sources) return;
  say("Building the native addon");
  const start = new Date();
  await demand(process.execPath, [join(folder, "build.mjs")]);
  // A build that changes nothing leaves the file alone; it is as new as its sources all the same.
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".node"))) {
    utimesSync(join(folder, name), start, start);
  }
}

async function buildWasm(say) {
  const folder = join(ROOT, "npm", "wasm");
  const built = ["conductor.d.ts", "conductor.js", "conductor.wasm", "constants.ts"];
  const sources = newest(WASM_SOURCES.map((path) => join(ROOT, path)));
  if (oldest(built.map((name) => join(folder, "src", "generated", name))) >= sources) return;
  say("Building the WebAssembly module");
  await demand(process.execPath, [join(folder, "build.mjs")]);
}

async function buildPackages(withWasm, say) {
  if (withWasm) await buildWasm(say);
  for (const pack of packages) {
    if (withWasm || pack.name !== WASM_PACKAGE) await buildPackage(pack, withWasm, say);
  }
}

async function buildPackage(pack, withPages, say) {
  const promised = promisedFiles(pack).filter((path) => path.startsWith("dist/"));
  const isForPages = (path) => path.startsWith(FOR_PAGES);
  const { dependencies, devDependencies } = pack.manifest;
  const within = inner.filter(({ name }) => name in { ...dependencies, ...devDependencies });
  const own = [
    ...[pack, ...within].flatMap(({ path }) => PACKAGE_SOURCES.map((source) => join(path, source))),
    ...furtherSources(pack),
  ];
  await bundle(
    pack,
    "tsdown.config.ts",
    own,
    promised.filter((path) => !isForPages(path)),
    say,
  );
  if (!withPages || !has(pack, PAGE_CONFIG)) return;
  // Whatever changed in them goes into the scripts of workers as well.
  const brought = packages.filter(({ name }) => name in (pack.manifest.dependencies ?? {}));
  const sources = [
    ...own,
    join(ROOT, "scripts", "inline-script.mjs"),
    ...brought.map(({ path }) => join(path, "dist")),
  ];
  await bundle(pack, PAGE_CONFIG, sources, promised.filter(isForPages), say);
}

function furtherSources({ name }) {
  return (FURTHER_SOURCES[name] ?? []).map((path) => join(ROOT, path));
}

/** Builds what a configuration builds, unless all of it is there and younger than what it is built from. */
async function bundle(pack, config, sources, built, say) {
  if (oldest(built.map((path) => join(pack.path, path))) >= newest([...sources, join(pack.path, config)])) return;
  say(`Building ${pack.name}${config === PAGE_CONFIG ? " for pages" : ""}`);
  mkdirSync(join(pack.path, "dist"), { recursive: true });
  const tsdown = join(ROOT, "node_modules", "tsdown", "dist", "run.mjs");
  const start = new Date();
  await demand(process.execPath, [tsdown, "--config", config], { cwd: pack.path });
  // Files that are copied keep their times.
  for (const path of built) utimesSync(join(pack.path, path), start, start);
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  await setupOrExit({ withWasm: true });
  stdout.write("Ready.\n");
}
