/**
 * Peers are installed by the benchmark itself into a cache folder of the checkout, at the exact versions of
 * `peers/package-lock.json`. They are no dependencies of the product.
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder for everything that the benchmark keeps between runs. */
export const CACHE = fileURLToPath(new URL("../../.cache/", import.meta.url));

const MANIFESTS = fileURLToPath(new URL("peers/", import.meta.url));
const FILES = ["package.json", "package-lock.json"];
const INSTALLED = join(CACHE, "bench-peers");
const STAMP = join(INSTALLED, "installed.json");

/**
 * Installs the peers unless these very versions are there already. No install script of any of them runs.
 *
 * @throws {Error} with what npm said, when installing fails
 */
export function installPeers() {
  const wanted = FILES.map((file) => readFileSync(join(MANIFESTS, file), "utf8"));
  const stamp = JSON.stringify(wanted);
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp) return;

  mkdirSync(INSTALLED, { recursive: true });
  rmSync(STAMP, { force: true });
  for (const file of FILES) copyFileSync(join(MANIFESTS, file), join(INSTALLED, file));
  process.stderr.write("Installing the peers into .cache/bench-peers (once, about half a minute) …\n");
  const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: INSTALLED,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) {
    throw new Error(`Installing the peers failed:\n${npm.stderr || npm.error?.message || npm.stdout}`);
  }
  writeFileSync(STAMP, stamp);
}

/** Loads a peer. @param {string} specifier as in `require` @returns {any} */
export function requirePeer(specifier) {
  return createRequire(join(INSTALLED, "package.json"))(specifier);
}

/** Exact versions of the packages named in `peers/package.json`. @returns {Record<string, string>} */
export function peerVersions() {
  return JSON.parse(readFileSync(join(MANIFESTS, "package.json"), "utf8")).dependencies;
}

/**
 * What peers must find in the environment of a process that measures them. n8n writes a key file into the home
 * folder of whoever loads it unless it is given one.
 *
 * @returns {Record<string, string>}
 */
export function peerEnvironment() {
  return {
    N8N_ENCRYPTION_KEY: "benchmark",
    N8N_USER_FOLDER: INSTALLED,
    N8N_LOG_LEVEL: "silent",
  };
}
