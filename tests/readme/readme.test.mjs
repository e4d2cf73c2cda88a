/**
 * Everything that `README.md` shows is so: scripts print what stands below them, commands end well, the table of error
 * codes is that of the engine.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { ErrorCode, getErrorRecoveryStrategy } from "@atomiton/conductor/types";

import { blocksOf, isAsPrinted } from "./snippets.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CLI = join(ROOT, "npm", "conductor", "bin", "conductor.js");
const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const blocks = blocksOf(readme);

// Within the checkout, so that the packages are found as they are by those who installed them.
mkdirSync(join(ROOT, "out"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "out", "readme-"));
after(() => rmSync(folder, { recursive: true, force: true }));

for (const { file, text } of blocks) if (file !== undefined) writeFileSync(join(folder, file), text);

test("there is something to run", () => {
  assert.ok(blocks.some(({ language }) => language === "js"));
  assert.ok(blocks.some(({ language }) => language === "console"));
});

for (const [index, { language, text, line }] of blocks.entries()) {
  if (language === "js") {
    test(`the script at line ${line} prints what stands below it`, () => {
      const expected = blocks[index + 1];
      assert.equal(expected?.language, "text", "a script is followed by its output");
      const script = join(folder, `line-${line}.mjs`);
      writeFileSync(script, text);
      const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: "utf8" });
      assert.equal(status, 0, stderr);
      assert.ok(isAsPrinted(stdout, expected.text), `printed:\n${stdout}`);
    });
  }
  if (language === "console") {
    for (const [, command] of text.matchAll(/^\$ npx conductor (.*)$/gm)) {
      test(`conductor ${command}`, () => {
        const { status, stderr } = spawnSync(process.execPath, [CLI, ...command.split(" ")], {
          cwd: folder,
          encoding: "utf8",
        });
        assert.equal(status, 0, stderr);
      });
    }
  }
}

test("every npm script that is named exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const named = [...readme.matchAll(/`npm (?:run )?([a-z]+)`/g)].map(([, name]) => name);
  assert.ok(named.length > 0);
  for (const name of named) assert.ok(name in scripts, name);
});

test("the table of error codes is that of the engine", () => {
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \| (yes|no) \|/gm)].map(([, code, retryable]) => [code, retryable]);
  const codes = Object.keys(ErrorCode).map((code) => [code, getErrorRecoveryStrategy(code).retryable ? "yes" : "no"]);
  assert.deepEqual(rows, codes);
});
