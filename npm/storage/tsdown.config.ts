import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { defineConfig } from "tsdown";

/** The parser of YAML has modules of ES, which it offers to pages alone; those for Node are CommonJS, in 74 files. */
const yaml = join(dirname(createRequire(import.meta.url).resolve("yaml/package.json")), "browser");
const MODULES: Readonly<Record<string, string>> = {
  yaml: join(yaml, "index.js"),
  "yaml/util": join(yaml, "dist", "util.js"),
};

export default defineConfig({
  entry: {
    index: "src/exports/index.ts",
    desktop: "src/exports/desktop.ts",
    browser: "src/exports/browser.ts",
    page: "src/exports/page.ts",
    engines: "src/exports/engines.ts",
    files: "src/exports/files.ts",
  },
  format: ["esm", "cjs"],
  platform: "node",
  target: "node20",
  dts: true,
  fixedExtension: false,
  // The parser is built into the package: of all that everyone loads it took longest, and as one file it takes a sixth of that.
  noExternal: [/^yaml/],
  plugins: [{ name: "yaml-modules", resolveId: (source: string) => MODULES[source] ?? null }],
});
