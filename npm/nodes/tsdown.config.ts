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

/**
 * What everyone loads who knows the types, in one file instead of dozens. Pages that list the types need words about effects too, and
 * not the examples that stand where these words would be by themselves.
 */
const advancedChunks = {
  groups: [
    { name: "known", test: /\/src\/(?:types\/(?:[^/]+\/definition|definitions)|definition\/effects-text)\.ts$/ },
  ],
};

/** Comments are read in the types. Those that let bundlers leave out what is not used stay. */
const comments = { annotation: true, jsdoc: false, legal: false } as const;

/** Packages of which little is used: whole they are larger than the library. Each has its licence in THIRD-PARTY.md. */
const parsers = [
  "boolbase",
  "css-select",
  "css-what",
  "dom-serializer",
  "domelementtype",
  "domhandler",
  "domutils",
  "entities",
  /^entities\//,
  "htmlparser2",
  "nth-check",
  "fast-xml-parser",
];

/** What is bundled for Node, which starts sooner with fewer files. */
const bundled = ["zod", "zod/v4", "zod/v4/core", ...parsers];

/** Leaves the types alone of a build, which for CommonJS writes code as well. */
const typesAlone = {
  name: "types-alone",
  generateBundle(_: unknown, bundle: Record<string, { code?: string }>) {
    for (const name of Object.keys(bundle)) if (!/\.d\.c?ts$/.test(name)) delete bundle[name];
  },
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
    dts: false,
    fixedExtension: false,
    plugins: [flowFiles(), quickJsFiles(), inlineScript({ plugins: [quickJsFiles()] }), inlineText()],
    noExternal: bundled,
    outputOptions: { advancedChunks, comments },
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
    dts: false,
    fixedExtension: false,
    plugins: [
      flowFiles(),
      quickJsFiles(),
      inlineScript({ plugins: [quickJsFiles()] }),
      typeScriptFiles(),
      pageTemplates,
    ],
    // zod is the page's own, which its bundler makes smaller than one of ours would be.
    noExternal: parsers,
    outputOptions: (options, format) => ({
      ...options,
      advancedChunks,
      comments,
      // What a type does is called by its type: so people find it among what a page loaded.
      chunkFileNames: ({ facadeModuleId }) => {
        const type = /\/types\/([^/]+)\/execute\.ts$/.exec(facadeModuleId ?? "")?.[1] ?? "[name]";
        return `browser/${type}-[hash].${format === "cjs" ? "cjs" : "js"}`;
      },
    }),
  },
  // The types of both, which are mostly the same.
  {
    entry: {
      index: "src/index.ts",
      executables: "src/executables.ts",
      definitions: "src/definitions.ts",
      graph: "src/graph.ts",
      schemas: "src/schemas.ts",
      "templates/flows": "src/templates/flows.ts",
      browser: "src/browser.ts",
    },
    format: ["esm", "cjs"],
    platform: "node",
    target: "node20",
    // Those of zod are its own, so that schemas fit into an application's.
    dts: { emitDtsOnly: true },
    clean: false,
    fixedExtension: false,
    plugins: [flowFiles(), quickJsFiles(), inlineScript({ plugins: [quickJsFiles()] }), inlineText(), typesAlone],
    noExternal: parsers,
  },
]);
