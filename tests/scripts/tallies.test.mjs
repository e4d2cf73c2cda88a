/** What `npm test` adds up is what the runners said. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { readCargo, readNodeTest, readVitest } from "../../scripts/tallies.mjs";

test("cargo: all test binaries count, and ignored tests are named", () => {
  const output = [
    "test order::a_chain ... ok",
    "test slow ... ignored, takes an hour",
    "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
    "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
  ].join("\n");
  assert.deepEqual(readCargo(output), { passed: 15, failed: 2, skipped: ["slow: takes an hour"] });
});

test("cargo: what did not compile counts nothing", () => {
  assert.deepEqual(readCargo("error: could not compile"), { passed: 0, failed: 0, skipped: [] });
});

test("vitest: a file that did not load is a failure, a skipped test is named", () => {
  const report = JSON.stringify({
    numPassedTests: 4,
    numFailedTests: 1,
    testResults: [
      { status: "failed", assertionResults: [] },
      { status: "passed", assertionResults: [{ status: "pending", fullName: "later" }] },
    ],
  });
  assert.deepEqual(readVitest(report, "pack"), { passed: 4, failed: 2, skipped: ["pack: later: pending"] });
});

test("vitest: a runner that wrote no report counts nothing", () => {
  assert.deepEqual(readVitest("{}", "pack"), { passed: 0, failed: 0, skipped: [] });
});

test("node: cancelled tests are failures, a skipped test is named with its reason", () => {
  const output = ["ok 1 - a", "ok 2 - b # SKIP no network", "# pass 7", "# fail 1", "# cancelled 2"].join("\n");
  assert.deepEqual(readNodeTest(output, "file"), { passed: 7, failed: 3, skipped: ["file: b: no network"] });
});
