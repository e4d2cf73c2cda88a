import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // Sources instead of builds, so that a test never runs against an old one.
  resolve: {
    alias: { "@atomiton/conductor-native": fileURLToPath(new URL("../native/src/index.ts", import.meta.url)) },
  },
  test: { include: ["test/**/*.test.ts"] },
});
