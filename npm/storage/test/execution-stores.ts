/** The tests that every store of executions passes. */
import { describe, expect, it } from "vitest";

import { executionBehaviour, type StoreBench } from "./execution-behaviour.js";

/** Declares the tests of a store. `open` gives a new and empty one each time. */
export function testExecutionStore(name: string, open: () => Promise<StoreBench>): void {
  describe(`the ${name} store of executions`, () => {
    executionBehaviour({ it, expect, open });
  });
}
