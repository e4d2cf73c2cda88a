import { defineConfig } from "tsdown";

import { inlineScript } from "../../scripts/inline-script.mjs";
import { quickJsFiles } from "./src/sandbox/quickjs/files-plugin.js";
import { flowFiles } from "./src/templates/flow-files-plugin.js";

export default defineConfig([
  {
    entry: {
      index: "src/index.ts",
      executables: "src/executables.ts",
      definitions: "src/definitions.ts",
      "templates/flows": "src/templates/flows.ts",
    },
    format: ["esm", "cjs"],
    platform: "node",
    target: "node20",
    dts: true,
    fixedExtension: false,
    plugins: [flowFiles(), quickJsFiles(), inlineScript({ plugins: [quickJsFiles()] })],
  },
  // A build of its own, so that no chunk it shares with the others brings anything of Node into a page.
  {
    entry: { browser: "src/browser.ts" },
    format: ["esm", "cjs"],
    platform: "browser",
    target: "es2022",
    dts: true,
    fixedExtension: false,
    plugins: [quickJsFiles(), inlineScript({ plugins: [quickJsFiles()] })],
    outputOptions: (options, format) => ({
      ...options,
      chunkFileNames: `browser/[name]-[hash].${format === "cjs" ? "cjs" : "js"}`,
    }),
  },
]);
