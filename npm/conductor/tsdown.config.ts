import { defineConfig } from "tsdown";

import { inlineText } from "../../scripts/inline-text.mjs";

/** Entry points for Node and Electron. Those of pages are in `tsdown.page.config.ts`: they need the WebAssembly package. */
const entry = {
  index: "src/exports/index.ts",
  desktop: "src/exports/desktop.ts",
  node: "src/exports/node.ts",
  types: "src/exports/types.ts",
  server: "src/exports/server.ts",
  opentelemetry: "src/exports/opentelemetry.ts",
  testing: "src/exports/testing.ts",
  "test-utils/factories": "src/exports/test-utils-factories.ts",
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
    // The command line and the process of isolated executions are programs, not something to require.
    format: { esm: { entry: { ...entry, cli: "src/exports/cli.ts", isolated: "src/exports/isolated.ts" } }, cjs: {} },
    platform: "node",
    target: "node20",
    dts: true,
    clean: ["dist/*.*", "dist/test-utils"],
    fixedExtension: false,
    // The files of templates.
    plugins: [inlineText()],
  },
  // Threads load it before anything else, which a module of ES cannot be in all of them.
  {
    entry: { "isolated-thread": "src/exports/isolated-thread.ts" },
    format: "cjs",
    platform: "node",
    target: "node20",
    dts: false,
    clean: false,
    fixedExtension: false,
  },
  { ...alone, entry: { preload: "src/exports/preload.ts" }, format: ["esm", "cjs"] },
  { ...alone, entry: { "preload-script": "src/exports/preload-script.ts" }, format: "cjs" },
]);
