/**
 * Everything that `README.md` and the pages of `docs/` show is so: scripts print what stands below them, commands end well,
 * files hold what they are said to hold, links lead somewhere, the table of error codes is that of the engine.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { ErrorCode, getErrorRecoveryStrategy } from "@atomiton/conductor/types";

import { diagnose } from "../types/compiler.mjs";
import { blocksOf, isAsPrinted } from "./snippets.mjs";

/** As an application of today has it. */
const COMPILER = {
  module: "NodeNext",
  target: "ES2022",
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: ["node"],
};

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CLI = join(ROOT, "npm", "conductor", "bin", "conductor.js");
const EXAMPLES = ["examples", "npm/examples"].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}/README.md`),
);
/** Guides whose steps build on each other; `tests/docs` goes through them. */
const GUIDES = ["own-nodes.md", "testing.md"];
const PAGES = [
  "README.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md") && !GUIDES.includes(name))
    .map((name) => `docs/${name}`),
];
const LINKED = [...PAGES, "ARCHITECTURE.md", "CONTRIBUTING.md", "examples/README.md", ...EXAMPLES].filter((path) =>
  existsSync(join(ROOT, path)),
);

// Within the checkout, so that the packages are found as they are by those who installed them.
mkdirSync(join(ROOT, "out"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "out", "readme-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const textOf = (path) => readFileSync(join(ROOT, path), "utf8");

test("there is something to run", () => {
  const blocks = blocksOf(textOf("README.md"));
  assert.ok(blocks.some(({ language }) => language === "js"));
  assert.ok(blocks.some(({ language }) => language === "console"));
});

for (const [number, page] of PAGES.entries()) {
  const blocks = blocksOf(textOf(page));
  const place = join(folder, String(number));
  mkdirSync(place);
  for (const { file, text } of blocks) if (file !== undefined) writeFileSync(join(place, file), text);

  for (const [index, { language, text, line }] of blocks.entries()) {
    if (language === "js") {
      test(`${page}: the script at line ${line} prints what stands below it`, () => {
        const expected = blocks[index + 1];
        assert.equal(expected?.language, "text", "a script is followed by its output");
        const script = join(place, `line-${line}.mjs`);
        writeFileSync(script, text);
        const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: place, encoding: "utf8" });
        assert.equal(status, 0, stderr);
        assert.ok(isAsPrinted(stdout, expected.text), `printed:\n${stdout}`);
      });
    }
    if (language === "ts") {
      test(`${page}: the script at line ${line} compiles`, async () => {
        const project = `tsconfig-${line}.json`;
        writeFileSync(join(place, `line-${line}.mts`), text);
        writeFileSync(join(place, project), JSON.stringify({ compilerOptions: COMPILER, files: [`line-${line}.mts`] }));
        assert.deepEqual(await diagnose(place, project), []);
      });
    }
    if (language !== "console") continue;
    for (const [, command, shown] of text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      test(`${page}: ${command}`, () => {
        const [, program, rest] = /^(npx conductor|cat) (.*)$/.exec(command) ?? [];
        assert.ok(program !== undefined, "a command that is known here");
        if (program === "cat") return assert.equal(readFileSync(join(place, rest), "utf8"), shown);
        const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...rest.split(" ")], {
          cwd: place,
          encoding: "utf8",
        });
        assert.equal(status, 0, stderr);
        assert.ok(shown === "" || isAsPrinted(stdout, shown), `printed:\n${stdout}`);
      });
    }
  }
}

test("every link leads to a file that is there", () => {
  const broken = LINKED.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)]
      .filter(([, path]) => !existsSync(join(ROOT, dirname(page), path)))
      .map(([, path]) => `${page}: ${path}`),
  );
  assert.deepEqual(broken, []);
});

test("every npm script that is named exists", () => {
  const { scripts } = JSON.parse(textOf("package.json"));
  const named = [...textOf("README.md").matchAll(/`npm (?:run )?([a-z]+)`/g)].map(([, name]) => name);
  assert.ok(named.length > 0);
  for (const name of named) assert.ok(name in scripts, name);
});

test("the table of error codes is that of the engine", () => {
  const rows = [...textOf("docs/runs.md").matchAll(/^\| `([A-Z_]+)` \| (yes|no) \|/gm)];
  const codes = Object.keys(ErrorCode).map((code) => [code, getErrorRecoveryStrategy(code).retryable ? "yes" : "no"]);
  assert.deepEqual(
    rows.map(([, code, retryable]) => [code, retryable]),
    codes,
  );
});
