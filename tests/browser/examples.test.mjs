/** Every example of a node type that needs no machine, run in a page as it stands in the documentation, gives what it says. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { readFlow } from "@atomiton/conductor";
import { machineTypesIn, nodeExamples, nodeTypes } from "@atomiton/nodes/definitions";

import { startExampleServers } from "../nodes/example-servers.mjs";
import { createBrowser } from "./harness/index.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

let servers;
before(async () => {
  servers = await startExampleServers({ withDatabase: false });
});
after(() => servers.close());

/** The flows among the files of an example, by their paths; `undefined` where one is no flow, which a page has no place for. */
function flowsIn(files) {
  const entries = Object.entries(files);
  if (entries.some(([path]) => !path.endsWith(".flow.yaml"))) return undefined;
  return entries.map(([path, text]) => ({ path, flow: readFlow(text) }));
}

/** What of an example keeps it from running in a page; `undefined` where nothing does. */
function neededBy({ flow, files = {} }) {
  const needs = machineTypesIn(readFlow(flow));
  if (needs.length > 0) return `${needs.join(", ")} needs a machine`;
  return flowsIn(files) === undefined ? "it needs files" : undefined;
}

/** Runs a flow in the page, answers what it asks, and gives its outputs as the command line writes them. */
function runInPage(tab, example) {
  return tab.evaluate(async ({ definition, flows, input, answers }) => {
    const conductor = entry.createConductor();
    for (const flow of flows) await conductor.storage.saveFlow(flow);
    conductor.executions.onQuestion(({ id, nodeId }) => {
      if (nodeId in answers) void conductor.executions.answer(id, answers[nodeId]);
    });
    const { success, error, outputs } = await conductor.flow.run(definition, { input });
    return JSON.stringify({ success, error, outputs });
  }, example);
}

const pageTypes = [...nodeTypes.keys()].filter((type) => machineTypesIn({ type }).length === 0);

test("most types need no machine", () => assert.ok(pageTypes.length >= 30));

for (const type of pageTypes) {
  test(`${type} in a page`, async (t) => {
    const tab = await openConductor(browser, t);
    let count = 0;
    for (const example of nodeExamples(type)) {
      const { title, flow, input = {}, files = {}, answers = {}, outputs, isPart } = example;
      await t.test(title, async (t) => {
        const needed = neededBy(example);
        if (needed !== undefined) return t.skip(needed);
        count++;
        const others = flowsIn(files);
        // A page finds flows by their ids.
        const text = others.reduce((text, { path, flow }) => text.replaceAll(path, flow.id), servers.local(flow));
        const flows = others.map(({ flow }) => ({ name: flow.id, ...flow }));
        const told = JSON.parse(await runInPage(tab, { definition: readFlow(text), flows, input, answers }));
        assert.equal(told.success, true, JSON.stringify(told.error));
        for (const [node, expected] of Object.entries(outputs)) {
          const given = told.outputs[node];
          const shown = isPart ? Object.fromEntries(Object.keys(expected).map((key) => [key, given?.[key]])) : given;
          assert.deepEqual(shown, expected, node);
        }
      });
    }
    // Its examples are given the file of a plugin, which a page fetches: `wasm.test.mjs` has it.
    if (type === "wasm") return;
    assert.ok(
      count > 0,
      `no example of ${type} runs in a page: give it one without files and types that need a machine`,
    );
  });
}
