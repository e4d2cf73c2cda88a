import { defineConfig } from "tsdown";

import { flowFiles } from "./src/templates/flow-files-plugin.js";

export default defineConfig({
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
  plugins: [flowFiles()],
});
