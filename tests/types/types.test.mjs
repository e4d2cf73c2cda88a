/**
 * The types as the programs of users see them, through the built packages: every name is where it is imported from, code
 * that uses it compiles in each kind of project, and wrong code does not.
 *
 * - `names/`      every name of every entry point with what is promised of it; for modules in Node and for bundlers
 * - `commonjs/`   the same entry points, required
 * - `samples/`    code of applications. What a sample takes for granted stands above it; `loose/` holds what is only right
 *                 without null checks and with untyped parameters
 * - `inference/`  what the compiler works out of node types and flows by itself, and what it refuses there
 * - `rejects/`    what must not compile
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { diagnose } from "./compiler.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const EXPECTED = /^\s*\/\/ (TS\d+):/;

// The same text as CommonJS, which only a file of that name is.
const inferred = readFileSync(join(HERE, "inference/infers.ts"), "utf8");
writeFileSync(join(HERE, "inference/commonjs/infers.cts"), inferred.replace('"../names/', '"../../names/'));

describe("what compiles", { concurrency: 2 }, () => {
  for (const [name, project] of [
    ["every name, for modules in Node", "names/tsconfig.json"],
    ["every name, for bundlers", "names/tsconfig.bundler.json"],
    ["every entry point, required", "commonjs/tsconfig.json"],
    ["what is inferred, for modules in Node", "inference/tsconfig.json"],
    ["what is inferred, for bundlers", "inference/tsconfig.bundler.json"],
    ["what is inferred, required", "inference/commonjs/tsconfig.json"],
    ["samples, strictly", "samples/tsconfig.json"],
    ["samples of applications without null checks", "samples/loose/tsconfig.json"],
  ]) {
    test(name, async () => {
      const found = await diagnose(HERE, project);
      assert.ok(
        found.length === 0,
        `
${report(found)}`,
      );
    });
  }
});

for (const [file, project] of [
  ["rejects/rejects.ts", "rejects/tsconfig.json"],
  ["inference/rejects.ts", "inference/tsconfig.rejects.json"],
])
  test(`wrong code is rejected, line by line, for the right reason: ${file}`, async () => {
    const expected = expectations(readFileSync(join(HERE, file), "utf8"));
    assert.notEqual(expected.length, 0);
    const found = await diagnose(HERE, project);
    assert.deepEqual(
      found.map(({ file, line, code }) => `${file}:${line} ${code}`),
      expected.map(({ line, code }) => `${file}:${line} ${code}`),
      report(found),
    );
  });

test("the types are those that the package itself leads to", () => {
  const { compilerOptions } = JSON.parse(readFileSync(join(HERE, "tsconfig.base.json"), "utf8"));
  assert.equal("paths" in compilerOptions, false);
});

/** The errors that a file announces, each with the line below the announcement. */
function expectations(source) {
  return source.split("\n").flatMap((text, index) => {
    const code = EXPECTED.exec(text)?.[1];
    return code === undefined ? [] : [{ line: index + 2, code }];
  });
}

function report(diagnostics) {
  return diagnostics.map(({ file, line, code, message }) => `${file}:${line} ${code} ${message}`).join("\n");
}
