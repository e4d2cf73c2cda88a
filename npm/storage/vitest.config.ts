import { defineConfig } from "vitest/config";

// Tests sync real files; how long that takes is the disk's business.
export default defineConfig({
  test: { include: ["test/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 },
});
