/** Executions that were recorded in Node, stepped through in a page on the WebAssembly engine. */

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { createConductor, openReplay } from "@atomiton/conductor/node";
import { createMemoryExecutions } from "@atomiton/storage";

import { createBrowser } from "./harness/index.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

const FLOW = {
  id: "orders",
  type: "group",
  nodes: [
    { id: "list", type: "code", parameters: { code: "return [5, 7, 9]" } },
    {
      id: "each",
      type: "loop",
      nodes: [{ id: "double", type: "code", parameters: { code: "return input.item * 2" } }],
    },
    { id: "large", type: "code", parameters: { code: "return { text: 'x'.repeat(100000) }" } },
    { id: "bad", type: "code", policy: { retries: 1, retryDelay: 1 }, parameters: { code: "throw new Error('no')" } },
  ],
  edges: [
    { id: "a", source: "list", target: "each" },
    { id: "b", source: "each", target: "large" },
    { id: "c", source: "large", target: "bad" },
  ],
};

/** The file, and every moment of it as Node shows it. */
let file;
let moments;

/** What a replay of the file shows at each of its steps; runs on both sides. */
async function walk(data) {
  const replay = await entry.openReplay(Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
  const found = [];
  for (let step = 0; step <= replay.length; step++) {
    const moment = replay.at(step);
    const { time, kind, progress, changed } = moment;
    found.push({
      step,
      time,
      kind: kind ?? null,
      progress,
      changed,
      nodes: moment.nodes.map((node) => ({ ...node })),
      values: moment.nodes.map(({ path }) => JSON.stringify(moment.value(path)) ?? null),
      errors: moment.nodes.map(({ path }) => moment.error(path)?.message ?? null),
    });
  }
  return found;
}

before(async () => {
  const conductor = createConductor({ store: createMemoryExecutions(), logLevel: "error" });
  await conductor.node.run(FLOW, { executionId: "mine" });
  file = Buffer.from(await conductor.executions.export("mine")).toString("base64");
  globalThis.entry = { openReplay };
  moments = await walk(file);
  await conductor.shutdown();
});

test("a page shows each step of an exported execution as Node does", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(walk, file);
  assert.ok(seen.length > 8);
  assert.deepEqual(seen, moments);
  const last = seen.at(-1);
  const at = (id) => last.nodes.findIndex((node) => node.id === id);
  assert.equal(last.nodes[at("bad")].attempts, 2);
  assert.deepEqual(JSON.parse(last.values[at("each")]).result, [{ result: 10 }, { result: 14 }, { result: 18 }]);
  assert.match(last.errors[at("bad")], /no/);
});

test("a page refuses a file that is cut short, and goes on", async (t) => {
  const tab = await openConductor(browser, t);
  const codes = await tab.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const codes = [];
    for (const length of [0, 5, 20, 200, bytes.length - 1]) {
      codes.push(await entry.openReplay(bytes.subarray(0, length)).catch(({ code }) => code));
    }
    codes.push((await entry.openReplay(bytes)).length > 0);
    return codes;
  }, file);
  assert.deepEqual(codes, [...Array.from({ length: 5 }, () => "DESERIALIZATION_FAILED"), true]);
});
