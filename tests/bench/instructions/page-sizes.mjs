/** How much a page loads for a conductor, as its server sends it: bundled, minified and with gzip. */

import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { ROOT } from "../../../scripts/command.mjs";

const NODE = `{ id: "set", type: "edit-fields", parameters: { values: { n: 1 } } }`;

const PAGES = {
  page: `import { conductor } from "@atomiton/conductor/browser";
         conductor.node.run(${NODE});`,
  slimPage: `import { conductor, init } from "@atomiton/conductor/slim";
             init("./conductor.wasm").then(() => conductor.node.run(${NODE}));`,
};

/**
 * The sizes of pages that run one node, in bytes.
 *
 * @returns {Promise<Record<"page" | "slimPage", { first: number, node: number, all: number }>>} `first` is loaded before
 *   anything can be done, `node` more when a node that needs no code of users is first run, `all` at most, first
 *   included. A slim page also loads the module, which is not among them.
 */
export async function pageSizes() {
  const sizes = Object.entries(PAGES).map(async ([name, source]) => [name, await sizesOf(source)]);
  return Object.fromEntries(await Promise.all(sizes));
}

async function sizesOf(source) {
  const { metafile, outputFiles } = await build({
    stdin: { contents: source, resolveDir: ROOT, sourcefile: "page.js" },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outdir: "page",
    metafile: true,
    write: false,
    absWorkingDir: ROOT,
  });
  const bytes = new Map(outputFiles.map(({ path, contents }) => [path, gzipSync(contents, { level: 9 }).length]));
  const chunks = new Map(Object.entries(metafile.outputs));
  const sum = (paths) => paths.reduce((total, path) => total + bytes.get(join(ROOT, path)), 0);
  const chunkOf = (entry) => [...chunks.keys()].filter((path) => entry.test(chunks.get(path).entryPoint ?? ""));
  const first = reachable(chunks, chunkOf(/^page\.js$/), ["import-statement"]);
  const node = reachable(chunks, chunkOf(/\bedit-fields-[^/]*$/), ["import-statement", "dynamic-import"]);
  return {
    first: sum([...first]),
    node: sum([...node].filter((path) => !first.has(path))),
    all: sum([...chunks.keys()]),
  };
}

/** The chunks that come with some, through imports of these kinds. */
function reachable(chunks, from, kinds) {
  const found = new Set(from);
  // What is added while a set is gone through is gone through too.
  for (const path of found) {
    for (const { kind, path: needed } of chunks.get(path).imports) if (kinds.includes(kind)) found.add(needed);
  }
  return found;
}
