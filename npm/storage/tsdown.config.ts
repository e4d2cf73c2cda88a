import { defineConfig } from "tsdown";

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
});
