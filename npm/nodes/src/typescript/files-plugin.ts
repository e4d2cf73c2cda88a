/** Puts swc, which takes types out of TypeScript, into the bundle of pages: its module as text, its glue without what asks for Node. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { deflateRawSync } from "node:zlib";

import type { BundlerPlugin } from "../sandbox/quickjs/files-plugin.js";

const PACKAGE = createRequire(import.meta.url).resolve("@swc/wasm-typescript");
/** The lines of the glue that are of Node, and its last ones, which start the module as soon as it is loaded. */
const OF_NODE = /^const \{ TextDecoder, TextEncoder \} = require\(`util`\);$/m;
/** Where it makes a function of text, which gives the global object: a page's policy forbids the one, and has the other. */
const OF_TEXT = /new Function\(.*\);/g;
const START =
  /^const \{ Buffer \} = require\('node:buffer'\);\nconst bytes = Buffer\.from\('([A-Za-z0-9+/=]+)', 'base64'\);[\s\S]*$/m;

const files: Readonly<Record<string, (text: string, base64: string) => string>> = {
  "typescript:module": (_, base64) =>
    `export default ${JSON.stringify(deflateRawSync(Buffer.from(base64, "base64"), { level: 9 }).toString("base64"))};`,
  "typescript:glue": (text) => `export default async (bytes) => {
const module = { exports: {} };
${text.replace(OF_NODE, "").replace(OF_TEXT, "() => globalThis;").replace(START, "wasm = (await WebAssembly.instantiate(bytes, imports)).exports;")}
return module.exports.transformSync;
};`,
};

/** Gives `typescript:module` and `typescript:glue`, as `files.d.ts` says. */
export function typeScriptFiles(): BundlerPlugin {
  return {
    name: "typescript-files",
    enforce: "pre",
    resolveId: (source) => (Object.hasOwn(files, source) ? `\0${source}` : undefined),
    async load(id) {
      const make = id.startsWith("\0") ? files[id.slice(1)] : undefined;
      if (make === undefined) return undefined;
      const text = await readFile(PACKAGE, "utf8");
      const base64 = START.exec(text)?.[1];
      if (base64 === undefined || !OF_NODE.test(text))
        throw new Error(`${PACKAGE} is put together otherwise than known`);
      return { code: make(text, base64), moduleType: "js" };
    },
  };
}
