/**
 * Every scenario goes as written down, on the native addon and on WebAssembly alike. README.md says how to read it.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { execPath } from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expectations, expected, firstDifference, scenarios } from "./corpus.mjs";
import { native, wasm } from "./load.mjs";

const all = scenarios();
const engines = { native: await native(), wasm: await wasm() };

test("every expectation belongs to a scenario", () => {
  assert.ok(all.length >= 60);
  const names = (chosen) => chosen.map(({ name }) => name).sort();
  assert.deepEqual(expectations("journal"), names(all));
  const throughApi = all.filter(({ scenario }) => scenario.api !== undefined);
  assert.ok(throughApi.length >= 12);
  assert.deepEqual(expectations("result"), names(throughApi));
});

for (const [engineName, { play, playAhead, engine }] of Object.entries(engines)) {
  describe(`on ${engineName}`, () => {
    for (const { name, scenario } of all) {
      test(name, () => same(play(scenario, engine), expected(name, "journal")));
    }

    test("ops that come one at a time are the same ops", () => {
      for (const { name, scenario } of all) {
        same(play(scenario, engine, { room: 1 }), expected(name, "journal"), name);
      }
    });

    test("a host that runs ahead leaves the same journal, states and trace", () => {
      let ahead = 0;
      for (const { name, scenario } of all) {
        const told = playAhead(scenario, engine);
        same(endOf(told.text), endOf(expected(name, "journal")), name);
        ahead += told.ahead;
      }
      assert.ok(ahead > 1000, `${ahead} leaves were started ahead`);
    });

    test("nothing is left of the runs", () => assert.equal(engine.backend.openRuns(), 0));
  });
}

test("a run goes on from a snapshot on the other engine as on its own", () => {
  const { native, wasm } = engines;
  const moving = all.filter(({ scenario }) => scenario.host?.acts?.some((act) => act.do === "snapshot"));
  assert.notEqual(moving.length, 0);
  for (const { name, scenario } of moving) {
    same(native.play(scenario, native.engine, { successor: wasm.engine }), expected(name, "journal"), name);
    same(wasm.play(scenario, wasm.engine, { successor: native.engine }), expected(name, "journal"), name);
  }
  assert.equal(native.engine.backend.openRuns() + wasm.engine.backend.openRuns(), 0);
});

for (const backend of ["native", "wasm"]) {
  test(`through the public API, results are the same on ${backend}`, async () => {
    const script = fileURLToPath(new URL("results-process.mjs", import.meta.url));
    const env = { ...process.env, CONDUCTOR_BACKEND: backend };
    const { stdout } = await promisify(execFile)(execPath, [script], { env });
    const told = JSON.parse(stdout);
    assert.equal(told.backend, backend);
    assert.deepEqual(Object.keys(told.results), expectations("result"));
    for (const [name, result] of Object.entries(told.results)) same(result, expected(name, "result"), name);
  });
}

test("a difference is shown by its first line", () => {
  assert.equal(firstDifference("a\nb\n", "a\nb\n"), undefined);
  assert.equal(firstDifference("a\nb\nc\n", "a\nx\ny\n"), "line 2:\n  expected  x\n  found     b");
  assert.equal(firstDifference("a", "a\nb"), "line 2:\n  expected  b\n  found     the end");
  assert.equal(firstDifference("a\nb", "a"), "line 2:\n  expected  the end\n  found     b");
});

/** What is left of a run: from its end on. Who runs ahead of a group starts its first leaf before it is entered. */
function endOf(journal) {
  return journal.slice(Math.max(journal.indexOf("\nend "), 0)).replaceAll(/ began \d+/g, " began");
}

function same(found, wanted, name = "") {
  assert.ok(wanted !== undefined, `nothing is expected of ${name}: node tests/conformance/write.mjs`);
  const difference = firstDifference(found, wanted);
  assert.ok(difference === undefined, `${name} ${difference}`.trim());
}
