/** Flows in a page without any server, other than running them: validating them, templates, saving them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createConductor } from "@atomiton/conductor/node";

import { createBrowser } from "./harness/index.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

const TEMPLATES = ["hello-world", "data-transform", "image-processor"];

/** Nothing but the page itself was asked for. */
function stayedHere(tab) {
  assert.deepEqual(
    tab.requests.map((url) => new URL(url).pathname),
    ["/index.html", "/page.js"],
  );
  assert.deepEqual(tab.sockets, []);
}

test("validation needs no server and tells every problem", async (t) => {
  const tab = await openConductor(browser, t);
  const { errors, valid } = await tab.evaluate(async () => {
    const { validate } = entry.conductor.node;
    const edge = (id, source, target) => ({ id, source, target });
    const a = { id: "a", type: "edit-fields" };
    const b = { id: "b", type: "edit-fields" };
    const group = (nodes, edges = []) => ({ id: "flow", type: "group", nodes, edges });
    const nodes = {
      parameter: { id: "a", type: "transform", parameters: { operation: "unheard", limitCount: "many" } },
      machine: { id: "m", type: "file-system", parameters: { operation: "unheard", path: "/data.csv" } },
      type: { id: "a", type: "no-such-type" },
      cycle: group([a, b], [edge("1", "a", "b"), edge("2", "b", "a")]),
      duplicate: group([a, { ...a }]),
      edge: group([a], [edge("1", "a", "nowhere")]),
      nested: group([group([{ id: "x" }])]),
    };
    const found = {};
    for (const [name, node] of Object.entries(nodes)) found[name] = await validate(node);
    return {
      errors: Object.fromEntries(Object.entries(found).map(([name, result]) => [name, result.errors])),
      valid: [...Object.values(found).map((result) => result.valid), (await validate(group([a, b]))).valid],
    };
  });
  assert.deepEqual(valid, [...Array(7).fill(false), true]);
  assert.equal(errors.parameter.length, 2);
  assert.match(errors.parameter.join("\n"), /parameters\.operation[\s\S]*parameters\.limitCount/);
  assert.match(errors.machine.join("\n"), /^parameters\.operation/);
  assert.match(errors.type.join("\n"), /no-such-type/);
  assert.match(errors.cycle.join("\n"), /Cycle detected in node graph/);
  assert.match(errors.duplicate.join("\n"), /\ba\b/);
  assert.match(errors.edge.join("\n"), /nowhere/);
  assert.match(errors.nested.join("\n"), /type/);
  stayedHere(tab);
});

test("validation in a page says what it says in Node, but for files that only a machine can look for", async (t) => {
  const tab = await openConductor(browser, t);
  const inNode = createConductor({ transport: "local" });
  t.after(() => inNode.shutdown());
  const flows = [{ id: "m", type: "file-system", parameters: { operation: "unheard" } }];
  for (const id of TEMPLATES) flows.push((await inNode.flow.getTemplate(id)).definition);
  const expected = (await Promise.all(flows.map((flow) => inNode.node.validate(flow)))).map(
    ({ warnings = [], ...rest }) => {
      const others = warnings.filter((warning) => !/There is no .*: looked for /.test(warning));
      return others.length === 0 ? rest : { ...rest, warnings: others };
    },
  );
  const found = await tab.evaluate(
    (given) => Promise.all(given.map((flow) => entry.conductor.node.validate(flow))),
    flows,
  );
  assert.deepEqual(found, expected);
  assert.deepEqual([found[0].valid, found[1].valid], [false, true]);
});

test("a flow that is wrong does not run", async (t) => {
  const tab = await openConductor(browser, t);
  const { results, started } = await tab.evaluate(async () => {
    let started = 0;
    const { node } = entry.createConductor({ nodeExecutorFactory: executables({ t: () => started++ }) });
    const nodes = ["a", "b"].map((id) => ({ id, type: "t" }));
    const edges = [
      [
        ["a", "b"],
        ["b", "a"],
      ],
      [["a", "nowhere"]],
    ].map((pairs) => pairs.map(([source, target], at) => ({ id: `${at}`, source, target })));
    const flows = edges.map((each) => ({ id: "flow", type: "group", nodes, edges: each }));
    const results = await Promise.all(flows.map((flow) => node.run(flow)));
    return { results: results.map(({ success, error }) => [success, error.code, error.message]), started };
  });
  assert.equal(started, 0);
  assert.deepEqual(
    results.map(([success, code]) => [success, code]),
    [
      [false, "CIRCULAR_DEPENDENCY"],
      [false, "NODE_NOT_FOUND"],
    ],
  );
  assert.match(results[0][2], /Cycle detected in node graph/);
  assert.match(results[1][2], /nowhere/);
});

test("templates are known by id and by short name, and whoever changes one changes a copy", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async (slugs) => {
    const { listTemplates, getTemplate, loadFlow } = entry.conductor.flow;
    const { templates } = await listTemplates();
    const bySlug = await Promise.all(slugs.map((id) => getTemplate(id)));
    const byId = await Promise.all(templates.map(({ id }) => loadFlow(id)));
    byId[0].name = "Changed";
    return {
      templates,
      slugs: bySlug.map(({ definition }) => definition.id),
      ids: byId.map(({ id }) => id),
      counts: byId.map(({ nodes }) => nodes.length),
      again: (await loadFlow(templates[0].id)).name,
      missing: (await rejection(getTemplate("no-such"))).message,
      missingFlow: (await rejection(loadFlow("no-such"))).message,
    };
  }, TEMPLATES);
  assert.deepEqual(
    seen.templates.map(({ nodeCount }) => nodeCount),
    seen.counts,
  );
  assert.ok(seen.templates.every(({ name, description }) => /\S/.test(name) && /\S/.test(description)));
  assert.deepEqual(seen.slugs, seen.ids);
  assert.equal(seen.again, seen.templates[0].name);
  assert.equal(seen.missing, "Flow template no-such not found");
  assert.match(seen.missingFlow, /no-such not found/);
  stayedHere(tab);
});

test("a saved flow is loaded and run", async (t) => {
  const tab = await openConductor(browser, t);
  const data = await tab.evaluate(async () => {
    const { storage, flow } = entry.conductor;
    const { nodes, edges } = chain("f", { id: "set", type: "edit-fields", parameters: { values: { kept: true } } });
    await storage.saveFlow({ id: "mine", name: "Mine", nodes, edges });
    const loaded = await flow.loadFlow("mine");
    return (await flow.run({ type: "group", ...loaded })).data;
  });
  assert.deepEqual(data.result, { kept: true });
});

test("a saved flow is there when the page is loaded again", async (t) => {
  const tab = await openConductor(browser, t);
  await tab.evaluate(() =>
    entry.conductor.storage.saveFlow({ id: "mine", name: "Mine", nodes: [{ id: "a", type: "edit-fields" }] }),
  );
  await tab.goto();
  assert.equal(await tab.evaluate(async () => (await entry.conductor.storage.loadFlow("mine")).name), "Mine");
  assert.equal(await tab.evaluate(async () => (await entry.createConductor().storage.listFlows()).total), 1);
});

test("a flow that was not saved is not found, in the words that pages know", async (t) => {
  const tab = await openConductor(browser, t);
  const missing = await tab.evaluate(() => rejection(entry.conductor.storage.loadFlow("none")));
  assert.deepEqual(missing, { code: "NODE_NOT_FOUND", message: "Flow not found" });
});
