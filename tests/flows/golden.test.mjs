/**
 * The flows of `tests/flows/bad`, read and validated through the built packages, have the problems that are listed.
 *
 * Reading for people fills in what hand-written files leave out, and with it the type of a node: that it is missing is
 * the one problem that may be gone.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { FlowTextError, readFlow, validateFlow } from "@atomiton/conductor/desktop";

const BAD = new URL("bad/", import.meta.url);
const read = (name, base = BAD) => readFileSync(new URL(name, base), "utf8");

const types = { schemas: JSON.parse(read("node-types.json", new URL("./", import.meta.url))), closed: true };
const names = readdirSync(BAD).filter((name) => !name.endsWith(".problems.json"));
const FILLED_IN = "The node has no type";

test("there are bad flows", () => assert.notEqual(names.length, 0));

for (const name of names) {
  test(`${name} has the problems that are listed`, () => {
    const found = inOrder(problemsOf(name));
    const listed = inOrder(JSON.parse(read(`${name}.problems.json`)));
    const filledIn = ({ message, path }) => message === FILLED_IN && !found.some((problem) => problem.path === path);
    assert.deepEqual(
      found,
      listed.filter((problem) => !filledIn(problem)),
    );
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

/** Fields that were filled in change the order of fields, and so that of problems. */
function inOrder(problems) {
  const key = ({ path, code, message }) => `${path}\n${code}\n${message}`;
  return [...problems].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
