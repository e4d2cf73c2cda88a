/** The npm packages of this repository, in the order in which they build on each other. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "./command.mjs";

const { workspaces } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/** Name, place and `package.json` of each workspace. */
const all = workspaces.map((folder) => {
  const path = join(ROOT, folder);
  const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  return { name: manifest.name, folder, path, manifest };
});

/** Those that are published. */
export const packages = all.filter(({ manifest }) => manifest.private !== true);

/** Applications that show how the packages are used. */
export const examples = all.filter(({ folder }) => folder.startsWith("npm/examples/"));

/** Those whose code goes into the packages that use it. */
export const inner = all.filter((pack) => !packages.includes(pack) && !examples.includes(pack));

/** Files that a package promises to its importers and to users of its commands, as paths within the package. */
export function promisedFiles({ manifest }) {
  return [...leaves(manifest.exports), ...leaves(manifest.bin)].map((path) => path.replace(/^\.\//, ""));
}

/** Whether a package has a file. */
export function has(pack, file) {
  return existsSync(join(pack.path, file));
}

function leaves(value) {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [];
}
