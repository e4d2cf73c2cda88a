/** Imports keep to the layers that ARCHITECTURE.md names, and one that does not is found. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { ROOT } from "../../scripts/command.mjs";
import { CONDUCTOR_LAYERS, CONDUCTOR_PRIVATE, importProblems } from "../../scripts/imports.mjs";

/** What is found in these files, by path. */
function problemsOf(t, files) {
  const root = mkdtempSync(join(tmpdir(), "conductor-imports-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return importProblems(root, CONDUCTOR_LAYERS, CONDUCTOR_PRIVATE);
}

test("the conductor's own imports keep to its layers", () => {
  assert.deepEqual(importProblems(join(ROOT, "npm/conductor/src"), CONDUCTOR_LAYERS, CONDUCTOR_PRIVATE), []);
});

for (const [kind, text] of Object.entries({
  "an import": 'import { runs } from "../api/runs.js";',
  "an import over lines": 'import {\n  runs,\n} from "../api/runs.js";',
  "an import of a type": 'import type { Runs } from "../api/runs.js";',
  "a re-export": 'export * from "../api/runs.js";',
  "an import for its effects": 'import "../api/runs.js";',
  "a dynamic import": 'const runs = await import("../api/runs.js");',
  "a type by import": 'export type Runs = import("../api/runs.js").Runs;',
  "a import from a deeper folder": undefined,
})) {
  test(`${kind} that leads upward is found`, (t) => {
    const path = text === undefined ? "engine/parts/driver.ts" : "engine/driver.ts";
    const files = {
      [path]: text ?? 'import { runs } from "../../api/runs.js";',
      "api/runs.ts": "export const runs = 1;",
    };
    assert.deepEqual(problemsOf(t, files), [`${path} imports api/runs.ts: engine/ may import expressions, types only`]);
  });
}

test("an import that leads downward, stays in its folder or comes from a package is no problem", (t) => {
  const files = {
    "api/runs.ts":
      'import { driver } from "../engine/driver.js";\nimport "./settings.js";\nimport "node:fs";\nimport "zod";',
    "api/settings.ts": "// import { main } from '../cli/program.js';\nexport {};",
    "engine/driver.ts": "export const driver = 1;",
  };
  assert.deepEqual(problemsOf(t, files), []);
});

test("the layout of the engine's words is known in its folder alone", (t) => {
  const files = {
    "cli/look.ts": 'import { EventKind } from "../engine/mailbox.js";',
    "engine/mailbox.ts": "export {};",
  };
  assert.deepEqual(problemsOf(t, files), ["cli/look.ts imports engine/mailbox.ts, which only engine/ may"]);
});

test("a folder that has no layer is found", (t) => {
  const [problem] = problemsOf(t, { "misc/thing.ts": "export {};" });
  assert.match(problem, /^misc\/thing\.ts: its folder "misc" has no layer/);
});
