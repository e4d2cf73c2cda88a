import { defineConfig } from "tsdown";

export default defineConfig({
  entry: {
    index: "src/exports/index.ts",
    desktop: "src/exports/desktop.ts",
    browser: "src/exports/browser.ts",
  },
  format: ["esm", "cjs"],
  platform: "node",
  target: "node20",
  // CommonJS inside: browsers that load the package's files as they are could not import it.
  noExternal: ["eventemitter3"],
  dts: true,
  fixedExtension: false,
});
