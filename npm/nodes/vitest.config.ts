import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

import { inlineScript } from "../../scripts/inline-script.mjs";
import { inlineText } from "../../scripts/inline-text.mjs";
import { projectsOf, testFiles } from "../../scripts/own-modules.mjs";
import { patient } from "../../scripts/patience.mjs";
import { quickJsFiles } from "./src/sandbox/quickjs/files-plugin.js";
import { flowFiles } from "./src/templates/flow-files-plugin.js";
import { typeScriptFiles } from "./src/typescript/files-plugin.js";

export default defineConfig({
  plugins: [flowFiles(), quickJsFiles(), typeScriptFiles(), inlineScript({ plugins: [quickJsFiles()] }), inlineText()],
  // Sources instead of builds, so that a test never runs against an old one.
  resolve: {
    alias: { "@atomiton/conductor-native": fileURLToPath(new URL("../native/src/index.ts", import.meta.url)) },
  },
  test: {
    ...patient,
    projects: projectsOf(testFiles(fileURLToPath(new URL("test", import.meta.url))), {
      name: "nodes",
      include: ["test/**/*.test.ts"],
    }),
  },
});
