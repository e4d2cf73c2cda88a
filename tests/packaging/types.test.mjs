/** The types of the packed tarballs, as the compiler finds them in projects of each kind, with nothing left unchecked. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { run } from "../../scripts/command.mjs";
import { packages } from "../../scripts/packages.mjs";
import { createProject, NODE_TYPES, OPENTELEMETRY } from "./project.mjs";

const COMPILER = fileURLToPath(import.meta.resolve("typescript/bin/tsc"));
const STRICT = [
  "--noEmit",
  "--strict",
  "--exactOptionalPropertyTypes",
  "--skipLibCheck",
  "false",
  "--target",
  "es2022",
];

/** Entry points that code of a page imports; none of them may need the types of Node. */
const FOR_PAGES = ["", "/desktop", "/browser", "/slim", "/worker", "/types", "/test-utils/factories"].map(
  (name) => `@atomiton/conductor${name}`,
);

/** Every entry point that has types. */
const ENTRIES = packages
  .flatMap(({ name, manifest }) => Object.keys(manifest.exports).map((key) => name + key.slice(1)))
  .filter((entry) => !/\.(json|wasm)$/.test(entry));

const USE = `
  const made: Promise<ExecutionResult> = createConductor({ concurrency: 2 }).node.run({ id: "a", type: "b" });
  export { made };`;

let project;

before(async () => {
  project = await createProject([NODE_TYPES, OPENTELEMETRY]);
});

after(() => project.remove());

async function compiles(files, options) {
  const names = Object.entries(files).map(([name, text]) => project.write(name, text));
  const { ok, output } = await run(process.execPath, [COMPILER, ...STRICT, ...options, ...names], {
    cwd: project.folder,
  });
  assert.ok(ok, output);
}

const importing = (entries) => entries.map((entry, i) => `export * as entry${i} from "${entry}";\n`).join("");

const requiring = (entries) =>
  entries.map((entry, i) => `import entry${i} = require("${entry}");\nexport { entry${i} };\n`).join("");

test("modules of Node, of both kinds, find the types of every entry point", async () => {
  const files = {
    "node/every.mts": importing(ENTRIES),
    "node/every.cts": requiring(ENTRIES),
    "node/use.mts": `import { createConductor, type ExecutionResult } from "@atomiton/conductor"; ${USE}`,
    "node/use.cts": `import { createConductor, type ExecutionResult } from "@atomiton/conductor"; ${USE}`,
  };
  await compiles(files, ["--module", "nodenext", "--types", "node", "--lib", "es2023,dom"]);
});

test("modules for a bundler find the types of every entry point", async () => {
  const files = {
    "bundler/every.ts": importing(ENTRIES),
    "bundler/use.ts": `import { createConductor, type ExecutionResult } from "@atomiton/conductor"; ${USE}`,
  };
  const options = ["--module", "esnext", "--moduleResolution", "bundler", "--types", "node", "--lib", "es2023,dom"];
  await compiles(files, options);
  await compiles(files, [...options, "--customConditions", "browser"]);
});

test("a page needs no types of Node", async () => {
  const files = {
    "page/every.ts": importing(FOR_PAGES),
    "page/use.ts": `import { createConductor, type ExecutionResult } from "@atomiton/conductor/browser"; ${USE}`,
    "page/slim.ts": `import { init } from "@atomiton/conductor/slim"; export const started: Promise<void> = init("/a.wasm");`,
  };
  const options = ["--module", "esnext", "--moduleResolution", "bundler", "--typeRoots", "none", "--lib", "es2023,dom"];
  await compiles(files, options);
});
