/** The list of `docs/security.md`: each item says how it is met, and names tests that there are. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));

const lines = readFileSync(join(DOCS, "security.md"), "utf8").split("\n");
const begin = lines.indexOf("| item | what it asks for | how it is met | shown by |");
const end = lines.indexOf("", begin);
const rows = lines.slice(begin + 2, end).map((line) => {
  const [item, what, how, shown] = line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
  const tests = shown.split("<br>").filter(Boolean);
  return { item, what, how, tests };
});

test("there are items, each once", () => {
  assert.ok(begin > 0 && rows.length > 40);
  const items = rows.map(({ item }) => item);
  assert.deepEqual([...new Set(items)], items);
});

for (const { item, how, tests } of rows) {
  test(`${item} is met, or said not to be, and the tests that show it are there`, () => {
    assert.match(how, /^(met\b|\*\*(not met|in part|not shown)\*\*)/);
    // What is met by what is not ours has none.
    if (how.startsWith("met")) assert.ok(tests.length > 0, "what is met is shown by a test");
    for (const link of tests) {
      const [, title, path] = /^\[(.+)\]\((\.\.\/\S+)\)$/.exec(link) ?? [];
      assert.ok(title !== undefined, link);
      const text = readFileSync(join(DOCS, path), "utf8");
      // One that a loop names ends with what it is about.
      const named = [`"${title}"`, `\`${title}: $\{`];
      assert.ok(
        named.some((name) => text.includes(name)),
        `${path} has no test "${title}"`,
      );
    }
  });
}
