/** An empty project with the packed tarballs in it, as users have it. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { demand } from "../../scripts/command.mjs";
import { packed } from "../../scripts/pack.mjs";

const require = createRequire(import.meta.url);

/** What belongs to a project in TypeScript for Node. */
export const NODE_TYPES = `@types/node@${require("@types/node/package.json").version}`;

/** What the entry point `opentelemetry` needs, an optional peer. */
export const OPENTELEMETRY = `@opentelemetry/api@${require("../../npm/conductor/package.json").devDependencies["@opentelemetry/api"]}`;

/** Settings of every installation: no scripts of packages, and no words. */
export const QUIETLY = ["--no-audit", "--no-fund", "--ignore-scripts"];

/** Where npm puts the programs of packages, from the project's folder. */
const PROGRAMS = join("node_modules", ".bin");

/**
 * Installs what `npm pack` makes of the packages, and whatever else is needed, into a folder of its own.
 *
 * @param {string[]} [needed] further packages, each with its exact version
 */
export async function createProject(needed = []) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-project-"));
  const tarballs = await packed();
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "project", private: true }));
  await demand("npm", ["install", ...QUIETLY, ...tarballs, ...needed], { cwd: folder });
  return projectIn(folder);
}

/** A folder as a project: how to write its files, run programs in it, and remove it. */
export function projectIn(folder) {
  /** Writes a file of the project; its path in the project. */
  function write(name, text) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
    return name;
  }

  /** Runs a program in the project; what it wrote to stdout. Throws with all that it said when it fails. */
  function run(program, args, { env } = {}) {
    return demand(program, args, { cwd: folder, env, split: true });
  }

  /** Writes a file and runs Node with it. */
  async function runFile(name, text, env) {
    return (await run(process.execPath, [write(name, text)], { env })).trim();
  }

  return {
    folder,
    write,
    run,
    runFile,
    /** The path of a program that a package brought. */
    program: (name) => join(folder, PROGRAMS, name),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}
