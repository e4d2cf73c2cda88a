import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { defineConfig } from "tsdown";

import { inlineScript } from "../../scripts/inline-script.mjs";

const module = createRequire(import.meta.url).resolve("@atomiton/conductor-wasm/conductor.wasm");

const entry = {
  index: "src/exports/index.ts",
  desktop: "src/exports/desktop.ts",
  node: "src/exports/node.ts",
  types: "src/exports/types.ts",
  "test-utils/factories": "src/exports/test-utils-factories.ts",
};

/** Entry points that are for pages alone, and so have types of their own. */
const forPages = {
  browser: "src/exports/browser.ts",
  slim: "src/exports/slim.ts",
  worker: "src/exports/worker.ts",
};

/** A build of its own, so that no chunk it shares with the others brings anything of Node into a page. */
const page = {
  format: ["esm", "cjs"],
  platform: "browser",
  target: "es2022",
  clean: false,
  fixedExtension: false,
  outputOptions: (options: object, format: string) => ({
    ...options,
    chunkFileNames: `page/[name]-[hash].${format === "cjs" ? "cjs" : "js"}`,
  }),
} as const;

/** What a page has in the place of what only Node has. */
const inPage = {
  "node:events": "./src/events/page-emitter.ts",
  "./state-files.js": "./src/compat/page-state-files.ts",
  "./known-constants.js": "./src/engine/page-known-constants.ts",
};

/** A sandboxed preload script can load nothing but Electron: each is one file, that shares nothing with the others. */
const alone = {
  platform: "neutral",
  target: "node20",
  external: ["electron"],
  dts: true,
  clean: false,
  fixedExtension: false,
} as const;

export default defineConfig([
  {
    entry,
    // The command line is a program, not something to require.
    format: { esm: { entry: { ...entry, cli: "src/exports/cli.ts" } }, cjs: {} },
    platform: "node",
    target: "node20",
    dts: true,
    fixedExtension: false,
    copy: [{ from: module, to: "dist" }],
  },
  {
    ...page,
    dts: false,
    entry: {
      ...forPages,
      "page/index": "src/exports/page/index.ts",
      "page/desktop": "src/exports/page/desktop.ts",
      "page/types": "src/exports/page/types.ts",
    },
    plugins: [
      inlineScript(),
      {
        name: "in-page",
        resolveId: (source: string) =>
          source in inPage ? fileURLToPath(new URL(inPage[source as keyof typeof inPage], import.meta.url)) : null,
      },
    ],
  },
  { ...page, entry: forPages, dts: { emitDtsOnly: true }, external: [/\?script$/] },
  { ...alone, entry: { preload: "src/exports/preload.ts" }, format: ["esm", "cjs"] },
  { ...alone, entry: { "preload-script": "src/exports/preload-script.ts" }, format: "cjs" },
]);
