/** The numbers that cross the boundary and what the addon exports stand in TypeScript as Rust has them, and one that does not is found. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { before, test } from "node:test";

import { constantFiles, differing } from "../../scripts/constants.mjs";

const NUMBERS = "npm/conductor/src/engine/generated.ts";
const CODES = "npm/conductor/src/types/error-code.ts";
const ADDON = "npm/native/src/generated/addon.ts";

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

test("the files that are there are those that Rust gives", () => {
  assert.deepEqual([...files.keys()], [NUMBERS, CODES, ADDON]);
  assert.deepEqual(differing(files), []);
});

for (const [change, path, from, to] of [
  ["the number of an op", NUMBERS, "  finish: 12,", "  finish: 13,"],
  ["a width", NUMBERS, "export const JOURNAL_WORDS = 5;", "export const JOURNAL_WORDS = 6;"],
  ["a code that is missing", CODES, '  TIMEOUT: "TIMEOUT",\n', ""],
  ["a type", ADDON, "nextWake(): Promise<number | null>", "nextWake(): Promise<number>"],
  ["a function that is missing", ADDON, "export declare function addonVersion(): string\n", ""],
  ["what is said of an export", ADDON, "/** What SQLite refuses. */", "/** What SQLite allows. */"],
]) {
  test(`${change} that differs is found`, (t) => {
    const text = files.get(path);
    assert.ok(text.includes(from));
    const root = checkout(t, new Map(files).set(path, text.replace(from, to)));
    assert.deepEqual(differing(files, root), [path]);
  });
}

test("a file that is missing is found", (t) => {
  assert.deepEqual(differing(files, checkout(t, [...files].slice(1))), [NUMBERS]);
});

test("the types of the addon say what each value is", () => {
  // Where the derive does not know a type of Rust, one of these stands for it: `ts_return_type` and its like say what it is.
  const declarations = files.get(ADDON).replace(/\/\*\*.*?\*\//gs, "");
  assert.doesNotMatch(declarations, /\b(any|unknown|object|AsyncTask|PromiseRaw|Work)\b/);
});
