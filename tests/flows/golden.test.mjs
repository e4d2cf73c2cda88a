/** The flows of `tests/flows/bad`, read and validated through the built packages, have the problems that are listed. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { FlowTextError, readFlow, validateFlow } from "@atomiton/conductor/desktop";

const BAD = new URL("bad/", import.meta.url);
const read = (name, base = BAD) => readFileSync(new URL(name, base), "utf8");

const types = {
  ...JSON.parse(read("node-types.json", new URL("./", import.meta.url))),
  closed: true,
  file: true,
};
const names = readdirSync(BAD).filter((name) => !name.endsWith(".problems.json"));

test("there are bad flows", () => assert.notEqual(names.length, 0));

for (const name of names) {
  test(`${name} has the problems that are listed`, () => {
    assert.deepEqual(inOrder(problemsOf(name)), inOrder(JSON.parse(read(`${name}.problems.json`))));
  });
}

function problemsOf(name) {
  const format = name.endsWith(".json") ? "json" : "yaml";
  try {
    return validateFlow(readFlow(read(name), format), types);
  } catch (error) {
    if (error instanceof FlowTextError) return error.problems;
    throw error;
  }
}

/** Writing a flow as JSON changes the order of its fields, and so that of problems. */
function inOrder(problems) {
  const key = ({ path, code, message }) => `${path}\n${code}\n${message}`;
  return [...problems].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
