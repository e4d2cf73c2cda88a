/** Everything that the guides show is so: scripts print what stands below them, tests pass, commands end well. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { blocksOf, isAsPrinted } from "../readme/snippets.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CLI = join(ROOT, "npm", "conductor", "bin", "conductor.js");

// Within the checkout, so that the packages are found as they are by those who installed them.
mkdirSync(join(ROOT, "out"), { recursive: true });

for (const guide of ["durable-runs.md", "operations.md", "own-nodes.md", "server.md", "testing.md", "triggers.md"]) {
  describe(guide, () => {
    const blocks = blocksOf(readFileSync(join(ROOT, "docs", guide), "utf8"));
    const folder = mkdtempSync(join(ROOT, "out", "guide-"));
    after(() => rmSync(folder, { recursive: true, force: true }));
    // A test runner that starts another would be told so by it.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const run = (...args) => spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8", env });

    test("there is something to run", () => assert.ok(blocks.some(({ language }) => language === "js")));

    for (const [index, { language, file, text, line }] of blocks.entries()) {
      if (file !== undefined) {
        // In the order of the text, as a reader makes them.
        test(`${file} at line ${line} is written`, () => writeFileSync(join(folder, file), text));
        if (!file.includes(".test.")) continue;
        test(`${file} passes`, () => {
          const { status, stdout, stderr } = run("--test", file);
          assert.equal(status, 0, stdout + stderr);
          assert.match(stdout, /pass [1-9]/);
        });
      } else if (language === "js" && blocks[index + 1]?.language === "text") {
        test(`the script at line ${line} prints what stands below it`, () => {
          const script = `line-${line}.mjs`;
          writeFileSync(join(folder, script), text);
          const { status, stdout, stderr } = run(script);
          assert.equal(status, 0, stderr);
          assert.ok(isAsPrinted(stdout, blocks[index + 1].text), `printed:\n${stdout}`);
        });
      } else if (language === "console") {
        for (const [, command] of text.matchAll(/^\$ npx conductor (.*)$/gm)) {
          test(`conductor ${command}`, () => {
            const { status, stderr } = run(CLI, ...command.split(" "));
            assert.equal(status, 0, stderr);
          });
        }
      }
    }
  });
}
