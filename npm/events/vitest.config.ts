import { defineConfig } from "vitest/config";

import { PATIENCE, patient } from "../../scripts/patience.mjs";

export default defineConfig({
  test: {
    ...patient,
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/build.ts"],
    typecheck: {
      enabled: true,
      spawnTimeout: PATIENCE,
      include: ["test/**/*.test-d.ts"],
      tsconfig: "test/tsconfig.json",
    },
  },
});
