/** Gives waits of vitest the limit of a test: by themselves they give up after a second, which a busy machine needs. */

import { vi } from "vitest";

import { PATIENCE } from "./patience.mjs";

for (const name of ["waitFor", "waitUntil"]) {
  const wait = vi[name];
  vi[name] = (condition, options) => {
    const given = typeof options === "number" ? { timeout: options } : options;
    // Less than the test has, so that the test fails with what was waited for.
    return wait(condition, { timeout: PATIENCE / 2, ...given });
  };
}
