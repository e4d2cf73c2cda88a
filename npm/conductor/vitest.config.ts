import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  test: { include: ["test/**/*.test.ts"], globalSetup: ["test/cli/build.ts"] },
  resolve: {
    alias: [
      { find: /^@atomiton\/conductor$/, replacement: source("src/exports/index.ts") },
      {
        find: /^@atomiton\/conductor\/test-utils\/factories$/,
        replacement: source("src/exports/test-utils-factories.ts"),
      },
      { find: /^@atomiton\/conductor\/(desktop|node|preload|types)$/, replacement: source("src/exports/$1.ts") },
    ],
  },
});
