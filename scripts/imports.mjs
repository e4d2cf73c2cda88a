/** Who may import whom within a package: folders stand in layers, and nothing imports upward. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import ts from "typescript";

/**
 * The folders of `npm/conductor/src`, and those that each may import beside itself; `ARCHITECTURE.md` says why. What is
 * only a type counts as well: who knows a shape depends on it.
 */
export const CONDUCTOR_LAYERS = layers({
  types: [],
  expressions: ["types"],
  engine: ["expressions", "types"],
  events: ["engine", "types"],
  services: ["types"],
  executions: ["services", "types"],
  transports: ["executions", "services", "types"],
  worker: ["engine", "events", "transports", "types"],
  api: ["engine", "events", "executions", "expressions", "services", "transports", "types"],
  builder: ["types"],
  queue: ["api", "events", "types"],
  compat: ["api", "events", "executions", "transports", "types"],
  triggers: ["api", "engine", "executions", "types"],
  isolation: ["engine", "services", "types", "worker"],
  desktop: ["api", "engine", "events", "executions", "services", "types"],
  server: ["api", "desktop", "executions", "triggers", "engine", "isolation", "services", "transports", "types"],
  telemetry: ["api", "engine", "types"],
  "test-utils": ["types"],
  exports: "all",
  testing: "all",
  cli: "all",
});

/** Files that only their own folder may import: what the words mean that cross to the engine. */
export const CONDUCTOR_PRIVATE = ["engine/generated.ts", "engine/mailbox.ts"];

/** @param {Record<string, string[] | "all">} table */
function layers(table) {
  return new Map(Object.entries(table));
}

/**
 * The imports of a folder's TypeScript that its layers do not allow, each in a line with file, what it imports, and what
 * its folder may import. A folder without a layer is a problem too.
 *
 * @param {string} root
 * @param {Map<string, string[] | "all">} allowed by folder
 * @param {string[]} [own] files that only their own folder may import
 * @returns {string[]}
 */
export function importProblems(root, allowed, own = []) {
  const problems = [];
  for (const file of filesBelow(root)) {
    const from = pathIn(root, file);
    const folder = from.split("/")[0];
    const may = allowed.get(folder);
    if (may === undefined) {
      problems.push(`${from}: its folder "${folder}" has no layer; add it to scripts/imports.mjs and ARCHITECTURE.md`);
      continue;
    }
    for (const name of importsOf(file)) {
      if (!name.startsWith(".")) continue;
      const to = pathIn(root, resolve(dirname(file), name));
      if (to.startsWith("../")) continue;
      const target = to.split("/")[0];
      if (target === folder) continue;
      const source = to.replace(/\.js$/, ".ts");
      if (own.includes(source)) problems.push(`${from} imports ${source}, which only ${target}/ may`);
      else if (may !== "all" && !may.includes(target)) {
        problems.push(`${from} imports ${source}: ${folder}/ may import ${may.join(", ") || "nothing"} only`);
      }
    }
  }
  return problems;
}

/** @param {string} folder */
function* filesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts")) yield path;
  }
}

/** Everything that a file imports, re-exports or loads, types included. */
function importsOf(file) {
  const text = readFileSync(file, "utf8");
  const found = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  // `import("…")` as a type.
  for (const [, name] of text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g))
    if (!found.includes(name)) found.push(name);
  return found;
}

function pathIn(root, file) {
  return relative(root, file).split(sep).join(posix.sep);
}
