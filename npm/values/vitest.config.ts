import { defineConfig } from "vitest/config";

import { patient } from "../../scripts/patience.mjs";

export default defineConfig({
  test: { ...patient, include: ["test/**/*.test.ts"] },
});
