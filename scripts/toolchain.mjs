/** What must be on the machine before anything can be built, and how to get what is missing. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { CHROMIUM_HINT, findChromium } from "./chromium.mjs";
import { ask, demand, ROOT } from "./command.mjs";
import {
  FIREFOX_HINT,
  findFirefox,
  findWebKitDriver,
  findXvfb,
  WEBKIT_HINT,
  WITHOUT_WEBKIT,
  XVFB_HINT,
} from "./other-browsers.mjs";

/** A machine that lacks something. The message has one line for each thing, with the way to get it. */
export class MissingTools extends Error {}

const WASM = "wasm32-unknown-unknown";

/** Oldest versions that work, from the manifests that promise them. */
const OLDEST_NODE = /"node": ">=(\d+)/.exec(readFileSync(join(ROOT, "package.json"), "utf8"))[1];
const OLDEST_RUST = /rust-version = "([\d.]+)"/.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8"))[1];

/** Browsers that tests need, and what one of them needs. */
const BROWSERS = [
  { tool: "Chromium", variable: "CHROMIUM_PATH", pack: "chromium", find: findChromium, hint: CHROMIUM_HINT },
  { tool: "Firefox", variable: "FIREFOX_PATH", pack: "firefox-esr", find: findFirefox, hint: FIREFOX_HINT },
];
if (WITHOUT_WEBKIT === undefined) {
  BROWSERS.push(
    {
      tool: "WebKitWebDriver",
      variable: "WEBKIT_DRIVER_PATH",
      pack: "webkit2gtk-driver",
      find: findWebKitDriver,
      hint: WEBKIT_HINT,
    },
    { tool: "Xvfb", variable: "XVFB_PATH", pack: "xvfb", find: findXvfb, hint: XVFB_HINT },
  );
}

/**
 * Checks that the machine has what is needed; as root on Debian and its kin, installs Debian packages that are missing.
 *
 * @param {{ withWasm: boolean, withBrowser: boolean, forChecks: boolean, say: (line: string) => void }} need
 * @throws {MissingTools}
 */
export async function checkToolchain({ withWasm, withBrowser, forChecks, say }) {
  const missing = [];
  if (!atLeast(process.versions.node, OLDEST_NODE)) {
    missing.push(`Node is ${process.versions.node}, ${OLDEST_NODE} or newer is needed: https://nodejs.org`);
  }
  const cargo = /^cargo ([\d.]+)/.exec(ask("cargo", ["--version"]) ?? "")?.[1];
  if (cargo === undefined) {
    missing.push("cargo not found: install Rust with rustup, https://rustup.rs");
  } else if (!atLeast(cargo, OLDEST_RUST)) {
    missing.push(`Rust is ${cargo}, ${OLDEST_RUST} or newer is needed: rustup update`);
  }
  const debian = [{ tool: "cc", pack: "build-essential", isThere: hasCompiler }];
  if (forChecks && process.platform === "linux") {
    const isThere = () => ask("valgrind", ["--version"]) !== undefined;
    debian.push({ tool: "valgrind", pack: "valgrind", isThere, optional: true });
  }
  if (withBrowser && process.platform === "linux") {
    debian.push({ tool: "gnome-keyring", pack: "gnome-keyring", isThere: hasKeychain, optional: true });
  }
  for (const { variable, find, ...browser } of withBrowser ? BROWSERS : []) {
    const isThere = () => find() !== undefined;
    if (process.env[variable] && !isThere()) {
      missing.push(`${variable} is ${process.env[variable]}, which is no executable: ${browser.hint}`);
    } else {
      debian.push({ ...browser, isThere });
    }
  }
  missing.push(...(await installFromDebian(debian, say)));
  if (missing.length > 0) throw new MissingTools(missing.join("\n"));
  if (withWasm) await needWasmTarget(say);
  if (forChecks) needRustTools();
}

/** Whether the compiler can build for WebAssembly: the standard library for it must be there. */
async function needWasmTarget(say) {
  const library = ask("rustc", ["--print", "target-libdir", "--target", WASM]);
  if (library !== undefined && existsSync(library)) return;
  if (ask("rustup", ["--version"]) === undefined) {
    throw new MissingTools(
      `Rust has no standard library for ${WASM}: apt-get install libstd-rust-dev-wasm32, or use rustup`,
    );
  }
  say(`Adding the Rust target ${WASM}`);
  await demand("rustup", ["target", "add", WASM]);
}

function needRustTools() {
  const missing = [
    ["rustfmt", ["--version"], "rustfmt"],
    ["cargo", ["clippy", "--version"], "clippy"],
  ].filter(([program, args]) => ask(program, args) === undefined);
  if (missing.length === 0) return;
  const lines = missing.map(([, , name]) => `${name} not found: rustup component add ${name}`);
  throw new MissingTools(lines.join("\n"));
}

function hasCompiler() {
  if (process.platform === "win32") return true; // Rust for Windows brings its own complaint about a missing linker.
  return ["cc", "gcc", "clang"].some((name) => ask(process.env.CC ?? name, ["--version"]) !== undefined);
}

/** Whether there is a keychain that tests may have for themselves. */
function hasKeychain() {
  return ["gnome-keyring-daemon", "dbus-run-session"].every((name) => ask(name, ["--version"]) !== undefined);
}

/** Returns a line for each needed tool that is still missing. */
async function installFromDebian(tools, say) {
  const wanted = tools.filter(({ isThere }) => !isThere());
  if (wanted.length === 0) return [];
  const packs = wanted.map(({ pack }) => pack);
  const canInstall =
    process.platform === "linux" && process.getuid() === 0 && ask("apt-get", ["--version"]) !== undefined;
  if (canInstall) {
    say(`Installing ${packs.join(", ")}`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    try {
      await demand("apt-get", ["update"], { env });
      await demand("apt-get", ["install", "-y", "--no-install-recommends", ...packs], { env });
    } catch (error) {
      say(`apt-get could not install them: ${error.message}`);
    }
  }
  return wanted
    .filter(({ isThere, optional }) => !optional && !isThere())
    .map(({ tool, pack, hint = hintFor(pack) }) => `${tool} not found: ${hint}`);
}

function hintFor(pack) {
  return process.platform === "darwin" ? "xcode-select --install" : `apt-get install ${pack}`;
}

function atLeast(version, least) {
  const [have, want] = [version, least].map((text) => text.split(".").map(Number));
  for (let i = 0; i < want.length; i++) {
    if ((have[i] ?? 0) !== want[i]) return (have[i] ?? 0) > want[i];
  }
  return true;
}
