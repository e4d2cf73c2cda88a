/** Package managers that let a package reach only what it names itself, and projects installed by them. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { demand } from "../../scripts/command.mjs";
import { packed } from "../../scripts/pack.mjs";
import { projectIn, QUIETLY } from "./project.mjs";

/**
 * By name: the package that has the program, what makes its layout strict, how it takes tarballs in the place of what a
 * registry would give, and how it runs Node and the programs of packages.
 */
const MANAGERS = {
  pnpm: {
    needed: "pnpm@10.34.9",
    program: join("pnpm", "bin", "pnpm.cjs"),
    settings: () => ({ ".npmrc": "node-linker=isolated\nhoist=false\nstore-dir=store\n" }),
    replaced: (tarballs) => ({ pnpm: { overrides: tarballs } }),
    install: ["install", "--ignore-scripts", "--no-frozen-lockfile"],
  },
  "Yarn PnP": {
    needed: "@yarnpkg/cli-dist@4.18.1",
    program: join("@yarnpkg", "cli-dist", "bin", "yarn.js"),
    settings: (registry) => ({
      // Yarn does not read npm's configuration.
      ".yarnrc.yml": JSON.stringify({
        nodeLinker: "pnp",
        pnpFallbackMode: "none",
        enableGlobalCache: false,
        npmRegistryServer: registry,
      }),
      // A project of its own, whatever lies around it.
      "yarn.lock": "",
    }),
    replaced: (tarballs) => ({ resolutions: tarballs }),
    install: ["install", "--no-immutable", "--mode=skip-build"],
  },
};

export const NAMES = Object.keys(MANAGERS);

/**
 * A project that names `@atomiton/conductor` and the given packages, and nothing of what these need.
 *
 * @param {string} name one of {@link NAMES}
 * @param {Record<string, string>} dependencies versions by package
 */
export async function createStrictProject(name, dependencies) {
  const { needed, program, settings, replaced, install } = MANAGERS[name];
  const project = projectIn(mkdtempSync(join(tmpdir(), "conductor-strict-")));
  const tarballs = Object.fromEntries((await packed()).map((file) => [packageIn(file), `file:${file}`]));
  const direct = { "@atomiton/conductor": tarballs["@atomiton/conductor"], ...dependencies };
  const manifest = { name: "project", private: true, dependencies: direct, ...replaced(tarballs) };
  project.write("package.json", JSON.stringify(manifest));
  const registry = (await demand("npm", ["config", "get", "registry"], { split: true })).trim();
  for (const [file, text] of Object.entries(settings(registry))) project.write(file, text);

  const tools = join(project.folder, "tools");
  project.write("tools/package.json", JSON.stringify({ private: true }));
  await demand("npm", ["install", ...QUIETLY, needed], { cwd: tools });
  const manager = join(tools, "node_modules", program);
  await project.run(process.execPath, [manager, ...install]);
  return {
    ...project,
    /** Runs a program as the manager does, Node or that of a package; what it wrote, to stderr as well. */
    exec: (...command) => demand(process.execPath, [manager, "exec", ...command], { cwd: project.folder }),
  };
}

/** The name of the package in a tarball, of which npm makes `atomiton-<name>-<version>.tgz`. */
function packageIn(tarball) {
  return basename(tarball).replace(/^atomiton-(.+?)-\d+\.\d+\.\d+\.tgz$/, "@atomiton/$1");
}
