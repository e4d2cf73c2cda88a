import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/executables.ts", "src/definitions.ts"],
  format: ["esm", "cjs"],
  platform: "node",
  target: "node20",
  dts: true,
  fixedExtension: false,
});
