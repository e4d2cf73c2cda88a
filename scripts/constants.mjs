/**
 * `npm run constants`: writes the numbers that cross the boundary, the codes of errors, and what the native addon exports, as
 * TypeScript, from what is said of them in Rust. With `--check` it writes nothing and tells what is not as it would be written.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, exit, stdout } from "node:process";
import { fileURLToPath } from "node:url";

import { addonTypes } from "./addon-types.mjs";
import { demand, ROOT } from "./command.mjs";

/**
 * All generated files, by their paths from the root.
 *
 * @returns {Promise<Map<string, string>>}
 * @throws {import("./command.mjs").CommandError} when the program or the crate that knows them cannot be built
 */
export async function constantFiles() {
  const cargo = ["run", "--quiet", "--locked", "-p", "conductor-core", "--example", "constants"];
  const files = new Map(Object.entries(JSON.parse(await demand("cargo", cargo, { split: true }))));
  return files.set("npm/native/src/generated/addon.ts", await addonTypes());
}

/**
 * The paths of files that are not as they would be written.
 *
 * @param {Map<string, string>} files
 * @param {string} root where they stand
 */
export function differing(files, root = ROOT) {
  return [...files].filter(([path, text]) => textOf(join(root, path)) !== text).map(([path]) => path);
}

function textOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const files = await constantFiles();
  const paths = differing(files);
  if (argv.includes("--check")) {
    for (const path of paths) stdout.write(`${path} is not as Rust has it: npm run constants\n`);
    exit(paths.length === 0 ? 0 : 1);
  }
  for (const path of paths) writeFileSync(join(ROOT, path), files.get(path));
}
