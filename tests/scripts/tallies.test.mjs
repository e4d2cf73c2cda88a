/** What `npm test` adds up is what the runners said. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { readCargo, readNodeTest, readVitest } from "../../scripts/tallies.mjs";

test("cargo: all test binaries count, and ignored tests are named", () => {
  const output = [
    "test order::a_chain ... ok",
    "test slow ... ignored, takes an hour",
    "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
    "---- order::a_tree stdout ----",
    "thread panicked: not a tree",
    "---- order::a_fan stdout ----",
    "thread panicked: not a fan",
    "",
    "failures:",
    "    order::a_tree",
    "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
  ].join("\n");
  assert.deepEqual(readCargo(output), {
    passed: 15,
    failed: 2,
    failures: ["order::a_tree\n    thread panicked: not a tree", "order::a_fan\n    thread panicked: not a fan"],
    skipped: ["slow: takes an hour"],
  });
});

test("cargo: what did not compile counts nothing", () => {
  assert.deepEqual(readCargo("error: could not compile"), { passed: 0, failed: 0, failures: [], skipped: [] });
});

test("vitest: a file that did not load is a failure, a skipped test is named", () => {
  const report = JSON.stringify({
    numPassedTests: 4,
    numFailedTests: 1,
    testResults: [
      { status: "failed", name: "a.test.ts", message: "no such module", assertionResults: [] },
      { status: "failed", assertionResults: [{ status: "failed", fullName: "wrong", failureMessages: ["Error: no"] }] },
      { status: "passed", assertionResults: [{ status: "pending", fullName: "later" }] },
    ],
  });
  assert.deepEqual(readVitest(report, "pack"), {
    passed: 4,
    failed: 2,
    failures: ["pack: a.test.ts\n    no such module", "pack: wrong\n    Error: no"],
    skipped: ["pack: later: pending"],
  });
});

test("vitest: a runner that wrote no report counts nothing", () => {
  assert.deepEqual(readVitest("{}", "pack"), { passed: 0, failed: 0, failures: [], skipped: [] });
});

test("node: cancelled tests are failures, a skipped test is named with its reason", () => {
  const output = ["ok 1 - a", "ok 2 - b # SKIP no network", "# pass 7", "# fail 1", "# cancelled 2"].join("\n");
  assert.deepEqual(readNodeTest(output, "file"), {
    passed: 7,
    failed: 3,
    failures: [],
    skipped: ["file: b: no network"],
  });
});

test("node: a failed test is told with what it said, shortened", () => {
  const said = Array.from({ length: 20 }, (_, line) => `        line ${line}`);
  const output = [
    "not ok 1 - a",
    "  ---",
    "  duration_ms: 1",
    "  error: 'no'",
    "  ...",
    "    not ok 2 - b",
    "      ---",
    "      duration_ms: 1",
    "      error: |-",
    ...said,
    "      ...",
    "not ok 3 - c",
    "  ---",
    "  failureType: 'subtestsFailed'",
    "  error: '1 subtest failed'",
    "  ...",
    "# fail 2",
  ].join("\n");
  const { failures } = readNodeTest(output, "file");
  assert.equal(failures.length, 2);
  assert.equal(failures[0], "file: a\n    error: 'no'");
  assert.match(failures[1], /^file: b\n {4}error: \|-\n {12}line 0\n[\s\S]* {12}line 10\n {4}… 9 more lines$/);
});
