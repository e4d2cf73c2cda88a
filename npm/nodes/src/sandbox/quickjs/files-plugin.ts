/** Puts QuickJS and the code that runs inside it into the bundle as text, so that there is no further file to find or fetch. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { transform } from "esbuild";

/** The part of a plugin that Rolldown, Rollup and Vite share. */
export interface BundlerPlugin {
  name: string;
  enforce: "pre";
  resolveId(source: string): string | undefined;
  load(id: string): Promise<{ code: string; moduleType: "js" } | undefined>;
}

/** QuickJS-ng as WebAssembly. */
const MODULE = createRequire(import.meta.url).resolve("quickjs-wasi/quickjs.wasm");
/** The part of the sandbox that runs inside the engine. */
const HARNESS = fileURLToPath(new URL("harness.js", import.meta.url));

const files: Readonly<Record<string, () => Promise<string>>> = {
  "quickjs:module": async () => deflateRawSync(await readFile(MODULE), { level: 9 }).toString("base64"),
  "quickjs:harness": async () => (await transform(await readFile(HARNESS, "utf8"), { minify: true })).code,
};

/**
 * Gives `quickjs:module` (base64 of the deflated WebAssembly module) and `quickjs:harness` (JavaScript) as the default
 * exports of modules.
 */
export function quickJsFiles(): BundlerPlugin {
  return {
    name: "quickjs-files",
    enforce: "pre",
    resolveId: (source) => (Object.hasOwn(files, source) ? `\0${source}` : undefined),
    async load(id) {
      const text = await (id.startsWith("\0") ? files[id.slice(1)]?.() : undefined);
      return text === undefined ? undefined : { code: `export default ${JSON.stringify(text)};`, moduleType: "js" };
    },
  };
}
