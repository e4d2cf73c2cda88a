import { defineConfig } from "tsdown";

const entry = {
  index: "src/exports/index.ts",
  desktop: "src/exports/desktop.ts",
  types: "src/exports/types.ts",
};

export default defineConfig({
  entry,
  // The command line is a program, not something to require.
  format: { esm: { entry: { ...entry, cli: "src/exports/cli.ts" } }, cjs: {} },
  platform: "node",
  target: "node20",
  dts: true,
  fixedExtension: false,
});
