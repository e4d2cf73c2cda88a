/**
 * Writes down what is expected of scenarios that have no expectation yet, as the native engine runs them.
 *
 *     node tests/conformance/write.mjs                    new scenarios only
 *     node tests/conformance/write.mjs --again NAME …     these as well, and says what changes
 *
 * An expectation that exists is history: nothing rewrites it that was not named.
 */
import { writeFileSync } from "node:fs";
import { argv, exit, stdout } from "node:process";

import { createConductor } from "@atomiton/conductor/desktop";

import { EXPECTED, expected, firstDifference, scenarios } from "./corpus.mjs";
import { native } from "./load.mjs";
import { resultText } from "./results.mjs";

const again = new Set(argv[2] === "--again" ? argv.slice(3) : []);
const all = scenarios();
const names = new Set(all.map(({ name }) => name));
const unknown = [...again].filter((name) => !names.has(name));
if (unknown.length > 0 || (argv.length > 2 && again.size === 0)) {
  stdout.write(`usage: node tests/conformance/write.mjs [--again NAME …]; unknown: ${unknown.join(" ") || argv[2]}\n`);
  exit(2);
}

const { play, engine } = await native();
for (const { name, scenario } of all) {
  keep(name, "journal", play(scenario, engine));
  if (scenario.api !== undefined) keep(name, "result", await resultText(scenario, createConductor));
}

function keep(name, kind, found) {
  const wanted = expected(name, kind);
  if (wanted !== undefined && !again.has(name)) return;
  if (wanted === found) return;
  writeFileSync(new URL(`${name}.${kind}`, EXPECTED), found);
  const change = wanted === undefined ? "written" : `changed from ${firstDifference(found, wanted)}`;
  stdout.write(`${name}.${kind}: ${change}\n`);
}
