import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/constants.ts"],
  format: ["esm", "cjs"],
  platform: "neutral",
  target: "es2022",
  dts: true,
  fixedExtension: false,
  copy: [{ from: "src/generated/conductor.wasm", to: "dist" }],
});
