import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "tsdown";

import { inlineScript } from "../../scripts/inline-script.mjs";

const outDir = "dist/page";
const ASIDE = "node_modules/.page-types";

/** The engine as a file, for `./slim`. */
const module = createRequire(import.meta.url).resolve("@atomiton/conductor-wasm/conductor.wasm");

/** Entry points that are for pages alone, and so have types of their own. */
const forPages = {
  browser: "src/exports/browser.ts",
  slim: "src/exports/slim.ts",
  worker: "src/exports/worker.ts",
};

/** What a page has in the place of what only Node has. */
const inPage: Record<string, string> = {
  "node:events": "./src/events/page-emitter.ts",
  "./state-persistence.js": "./src/compat/page-state-persistence.ts",
  "./schemas.js": "./src/services/page-schemas.ts",
  "./known-constants.js": "./src/engine/page-known-constants.ts",
};

/** Builds of their own, so that no chunk shared with those for Node brings anything of Node into a page. */
const page = { outDir, platform: "browser", target: "es2022", clean: false, fixedExtension: false } as const;

/** Types of entry points for pages alone; the others have those for Node. */
const types = { ...page, entry: forPages, dts: { emitDtsOnly: true }, external: [/\?script$/] };

export default defineConfig([
  {
    ...page,
    entry: {
      ...forPages,
      index: "src/exports/page/index.ts",
      desktop: "src/exports/page/desktop.ts",
      types: "src/exports/page/types.ts",
    },
    format: ["esm", "cjs"],
    // CommonJS inside: browsers that load the packages' files as they are could not import it.
    noExternal: ["eventemitter3"],
    dts: false,
    clean: true,
    plugins: [
      inlineScript(),
      {
        name: "in-page",
        resolveId: (source: string) => {
          const file = inPage[source];
          return file === undefined ? null : fileURLToPath(new URL(file, import.meta.url));
        },
      },
    ],
    copy: [{ from: module, to: outDir }],
  },
  { ...types, format: "esm" },
  {
    ...types,
    format: "cjs",
    // For CommonJS code comes along with the types, under the names of the build above.
    outDir: ASIDE,
    clean: true,
    hooks: {
      "build:done": async ({ chunks }) => {
        const names = chunks.map(({ fileName }) => fileName).filter((name) => name.endsWith(".d.cts"));
        await Promise.all(names.map((name) => copyFile(join(ASIDE, name), join(outDir, name))));
      },
    },
  },
]);
