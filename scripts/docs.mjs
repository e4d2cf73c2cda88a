/**
 * `npm run docs`: writes what is generated from the definitions of the node types: `docs/nodes` and the JSON Schema of flow
 * files; and of what a server declares, who may what, in `docs/security.md`. With `--check` it writes nothing and tells what is not as it would be written.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { argv, exit, stdout } from "node:process";
import { fileURLToPath } from "node:url";

import { ROOT } from "./command.mjs";
import { withRoles } from "./roles.mjs";

/** Of which only tables are generated. */
const SECURITY = "docs/security.md";

/** All generated files, by their paths from the root. */
export async function generatedFiles() {
  const { effectsText, flowSchema, nodeTypePage, nodeTypes, touchesText } = await import("@atomiton/nodes/definitions");
  const types = [...nodeTypes.values()];
  const rows = types.map(
    (type) => `| [${type.type}](${type.type}.md) | ${type.description} | ${touchesText(type)} | ${effectsText(type)} |`,
  );
  const index = [
    "# Node types",
    "",
    "Generated from the definitions in `npm/nodes/src/definition` by `npm run docs`; `conductor nodes` tells the same. Every",
    "example is run by a test, and its output compared.",
    "",
    "[Effects](../executables.md#effects) are what carrying out a node does to the world.",
    "",
    "| type | what it does | touches | effects |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
  return new Map([
    ["docs/nodes/README.md", index],
    ...types.map((type) => [`docs/nodes/${type.type}.md`, nodeTypePage(type)]),
    [SECURITY, await withRoles(textOf(SECURITY) ?? "")],
    ["npm/conductor/flow.schema.json", `${JSON.stringify(flowSchema(), null, 2)}\n`],
  ]);
}

/** The files that are not as they would be written, with what is to be done about it. */
export async function staleFiles() {
  const files = await generatedFiles();
  const stale = [...files].filter(([path, text]) => textOf(path) !== text).map(([path]) => path);
  return [...stale, ...leftovers(files)];
}

/** Pages of types that are no more. */
function leftovers(files) {
  const folder = join(ROOT, "docs", "nodes");
  const found = textOf("docs/nodes/README.md") === undefined ? [] : readdirSync(folder);
  return found
    .map((name) => relative(ROOT, join(folder, name)).replaceAll("\\", "/"))
    .filter((path) => !files.has(path));
}

function textOf(path) {
  try {
    return readFileSync(join(ROOT, path), "utf8");
  } catch {
    return undefined;
  }
}

async function main() {
  if (argv.includes("--check")) {
    const stale = await staleFiles();
    if (stale.length > 0) stdout.write(`Not as \`npm run docs\` writes them: ${stale.join(", ")}\n`);
    exit(stale.length > 0 ? 1 : 0);
  }
  const files = await generatedFiles();
  for (const path of leftovers(files)) rmSync(join(ROOT, path));
  for (const [path, text] of files) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) await main();
