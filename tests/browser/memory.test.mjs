/** What runs leave behind in a page: nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createBrowser } from "./harness/index.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

const RUNS = 1000;
/** What may be left, as part of what there was before. */
const MOST_LEFT = 0.1;

test(`${RUNS} runs leave no more than a tenth of the memory that there was before`, async (t) => {
  const tab = await openConductor(browser, t);
  const devtools = await tab.page.context().newCDPSession(tab.page);
  const used = async () => {
    await devtools.send("HeapProfiler.enable");
    await devtools.send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = await devtools.send("Runtime.getHeapUsage");
    return usedSize + backingStorageSize;
  };
  const run = (count) =>
    tab.evaluate(async (count) => {
      const nodes = Array.from({ length: 10 }, (_, i) => ({
        id: `n${i}`,
        type: "edit-fields",
        parameters: { values: { [`field${i}`]: i } },
      }));
      let failed = 0;
      for (let i = 0; i < count; i++) {
        // A flow of its own each time, so that nothing is found that an earlier run left.
        const { success } = await entry.conductor.node.run(chain(`flow${i}`, ...structuredClone(nodes)), {
          input: { text: "x".repeat(1000), i },
        });
        if (!success) failed++;
      }
      return failed;
    }, count);

  // Engine, code and caches are there after these.
  assert.equal(await run(RUNS), 0);
  const before = await used();
  assert.equal(await run(RUNS), 0);
  const after = await used();
  assert.ok(after < before * (1 + MOST_LEFT), `${before} bytes before, ${after} after`);
});
