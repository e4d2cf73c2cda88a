/** How long tests wait. A limit is there for what hangs, so no machine may be so busy that it is reached by what does not. */

import { fileURLToPath } from "node:url";

/** How long anything in a test may take, in ms. */
export const PATIENCE = 600_000;

/** Settings of vitest that every package shares; waits of its own have the same limit, by `vitest-setup.mjs`. */
export const patient = {
  testTimeout: PATIENCE,
  hookTimeout: PATIENCE,
  teardownTimeout: PATIENCE,
  // Less than the test has, so that the test fails with what was waited for.
  expect: { poll: { timeout: PATIENCE / 2 } },
  setupFiles: [fileURLToPath(new URL("vitest-setup.mjs", import.meta.url))],
};
