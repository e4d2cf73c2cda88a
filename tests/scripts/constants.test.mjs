/** The numbers that cross the boundary stand in TypeScript as the engine has them, and one that does not is found. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { before, test } from "node:test";

import { constantFiles, differing } from "../../scripts/constants.mjs";

const NUMBERS = "npm/conductor/src/engine/generated.ts";
const CODES = "npm/conductor/src/types/error-code.ts";

let files;
before(async () => {
  files = await constantFiles();
});

/** A checkout with these files in it. */
function checkout(t, texts) {
  const root = mkdtempSync(join(tmpdir(), "conductor-constants-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test("the files that are there are those that the engine gives", () => {
  assert.deepEqual([...files.keys()], [NUMBERS, CODES]);
  assert.deepEqual(differing(files), []);
});

for (const [change, path, from, to] of [
  ["the number of an op", NUMBERS, "  finish: 12,", "  finish: 13,"],
  ["a width", NUMBERS, "export const JOURNAL_WORDS = 5;", "export const JOURNAL_WORDS = 6;"],
  ["a code that is missing", CODES, '  TIMEOUT: "TIMEOUT",\n', ""],
]) {
  test(`${change} that differs is found`, (t) => {
    const text = files.get(path);
    assert.ok(text.includes(from));
    const root = checkout(t, new Map(files).set(path, text.replace(from, to)));
    assert.deepEqual(differing(files, root), [path]);
  });
}

test("a file that is missing is found", (t) => {
  assert.deepEqual(differing(files, checkout(t, [[CODES, files.get(CODES)]])), [NUMBERS]);
});
