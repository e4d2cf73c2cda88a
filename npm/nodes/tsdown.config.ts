import { fileURLToPath } from "node:url";

import { defineConfig } from "tsdown";

import { inlineScript } from "../../scripts/inline-script.mjs";
import { inlineText } from "../../scripts/inline-text.mjs";
import { quickJsFiles } from "./src/sandbox/quickjs/files-plugin.js";
import { flowFiles } from "./src/templates/flow-files-plugin.js";
import { typeScriptFiles } from "./src/typescript/files-plugin.js";

/** Pages have no templates that they could not run. */
const pageTemplates = {
  name: "page-templates",
  resolveId: (source: string) =>
    source === "./machine-templates.js"
      ? fileURLToPath(new URL("src/templates/page-templates.ts", import.meta.url))
      : null,
};

/** What everyone loads who knows the types, in one file instead of dozens. */
const advancedChunks = {
  groups: [{ name: "known", test: /\/src\/types\/(?:[^/]+\/definition|definitions)\.ts$/ }],
};

export default defineConfig([
  {
    entry: {
      index: "src/index.ts",
      executables: "src/executables.ts",
      definitions: "src/definitions.ts",
      graph: "src/graph.ts",
      schemas: "src/schemas.ts",
      "templates/flows": "src/templates/flows.ts",
    },
    format: ["esm", "cjs"],
    platform: "node",
    target: "node20",
    dts: true,
    fixedExtension: false,
    plugins: [flowFiles(), quickJsFiles(), inlineScript({ plugins: [quickJsFiles()] }), inlineText()],
    // What checks parameters, which the first node that runs loads: 95 files of zod, two thirds of them words of other languages.
    noExternal: ["zod/v4"],
    outputOptions: { advancedChunks },
  },
  // A build of its own, so that no chunk it shares with the others brings anything of Node into a page.
  {
    entry: {
      browser: "src/browser.ts",
      // What pages share with it: once, whichever way it is asked for.
      "browser/definitions": "src/definitions.ts",
      "browser/graph": "src/graph.ts",
      "browser/schemas": "src/schemas.ts",
      "browser/templates": "src/templates/flows.ts",
    },
    format: ["esm", "cjs"],
    platform: "browser",
    target: "es2022",
    dts: true,
    fixedExtension: false,
    plugins: [
      flowFiles(),
      quickJsFiles(),
      inlineScript({ plugins: [quickJsFiles()] }),
      typeScriptFiles(),
      pageTemplates,
    ],
    // What it stands on is CommonJS, of which a dev server that is told to leave packages alone makes nothing.
    noExternal: ["css-select", "css-what", "nth-check", "boolbase"],
    outputOptions: (options, format) => ({
      ...options,
      advancedChunks,
      // What a type does is called by its type: so people find it among what a page loaded.
      chunkFileNames: ({ facadeModuleId }) => {
        const type = /\/types\/([^/]+)\/execute\.ts$/.exec(facadeModuleId ?? "")?.[1] ?? "[name]";
        return `browser/${type}-[hash].${format === "cjs" ? "cjs" : "js"}`;
      },
    }),
  },
]);
