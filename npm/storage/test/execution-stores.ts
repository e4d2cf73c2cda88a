/** The tests that every store of executions passes. */
import { describe, expect, it } from "vitest";

import type { OutputCache } from "../src/executions/output-cache.js";
import { entryBehaviour } from "./entry-behaviour.js";
import { executionBehaviour, type StoreBench } from "./execution-behaviour.js";
import { flowBehaviour } from "./flow-behaviour.js";
import { testOutputCache } from "./output-cache-behaviour.js";

/** Declares the tests of a store. `open` gives a new and empty one each time. */
export function testExecutionStore(name: string, open: () => Promise<StoreBench>): void {
  describe(`the ${name} store of executions`, () => {
    executionBehaviour({ it, expect, open });
  });
  describe(`flows in the ${name} store`, () => {
    flowBehaviour({ it, expect, open });
  });
  describe(`states in the ${name} store`, () => {
    entryBehaviour({ it, expect, open });
  });
  describe(`the cache of the ${name} store`, () => {
    testOutputCache({ it, expect, open: async () => (await open()).store.cache as OutputCache });
  });
}
