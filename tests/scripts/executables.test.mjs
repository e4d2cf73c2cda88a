/** Programs are found where a variable, the path or a usual place has them. */

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";

import { findExecutable } from "../../scripts/executables.mjs";
import { nodeAt } from "../../scripts/nodes.mjs";

/** A folder with an executable `browser` and a file `notes`; their paths. */
function folderOf(t) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-executables-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [browser, notes] = ["browser", "notes"].map((name) => join(folder, name));
  for (const path of [browser, notes]) writeFileSync(path, "#!/bin/sh\n");
  chmodSync(browser, 0o755);
  return { folder, browser, notes };
}

test("the one that a variable names comes first, then the path, then usual places", (t) => {
  const [first, second] = [folderOf(t), folderOf(t)];
  const program = { variable: "BROWSER_PATH", names: ["other", "browser"], paths: [second.browser] };
  const PATH = ["/nowhere", first.folder].join(delimiter);
  assert.equal(findExecutable(program, { PATH, BROWSER_PATH: second.browser }), second.browser);
  assert.equal(findExecutable(program, { PATH }), first.browser);
  assert.equal(findExecutable(program, {}), second.browser);
});

test("a variable that names no executable finds nothing, and neither does a folder or a file of another kind", (t) => {
  const { folder, notes } = folderOf(t);
  const program = { variable: "BROWSER_PATH", names: ["notes"], paths: [] };
  for (const BROWSER_PATH of [notes, folder, join(folder, "missing")]) {
    assert.equal(findExecutable({ ...program, names: ["browser"] }, { PATH: folder, BROWSER_PATH }), undefined);
  }
  assert.equal(findExecutable(program, { PATH: folder }), undefined);
});

test("a Node is asked for its version, and what is none is refused", () => {
  assert.deepEqual(nodeAt(process.execPath), { version: process.versions.node, path: process.execPath });
  assert.throws(() => nodeAt("/nowhere/node"), /\/nowhere\/node is no Node/);
});
