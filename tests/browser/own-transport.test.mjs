/** A page whose application brings a transport of its own. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createBrowser } from "./harness/index.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

/** Lets the waits of a page pass at once, and keeps what they were; shorter ones are left alone. */
function skipWaits() {
  const wait = window.setTimeout;
  window.waits = [];
  window.setTimeout = (work, ms, ...args) => {
    if (ms >= 1000) window.waits.push(ms);
    return wait(work, ms >= 1000 && ms <= 4000 ? 0 : ms, ...args);
  };
}

test("it executes, with the context that a transport is promised", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    const calls = [];
    const transport = {
      async execute(node, context) {
        calls.push({ node, keys: Object.keys(context), context });
        return { success: true, data: "from elsewhere", duration: 3, executedNodes: [node.id] };
      },
      health: async () => ({ status: "degraded", timestamp: 1, message: "slow" }),
    };
    const { node, flow, system, getEnvironment } = entry.createConductor({ transport });
    const result = await node.run(
      { id: "a", type: "anything" },
      { input: 1, slowMo: 20, executionId: "mine", other: 1 },
    );
    const flowResult = await flow.run(chain("f", { id: "x", type: "anything" }), { debug: true, slowMo: 5 });
    return { calls, result, flowResult, health: await system.health(), environment: getEnvironment() };
  });
  const keys = ["nodeId", "executionId", "variables", "input", "parentContext", "slowMo", "debug"];
  assert.deepEqual(seen.calls[0].keys.sort(), keys.sort());
  const { nodeId, executionId, variables, input, slowMo } = seen.calls[0].context;
  assert.deepEqual([nodeId, executionId, variables, input, slowMo], ["a", "mine", {}, 1, 20]);
  assert.deepEqual(seen.result, { success: true, data: "from elsewhere", duration: 3, executedNodes: ["a"] });
  assert.equal(seen.flowResult.data, "from elsewhere");
  assert.deepEqual([seen.calls[1].context.slowMo, seen.calls[1].context.debug], [5, true]);
  assert.deepEqual(seen.health, { status: "degraded", timestamp: 1, message: "slow" });
  assert.equal(seen.environment.hasTransport, true);
});

test("what it throws is tried again after 1, 2 and 4 s, and then is a result", async (t) => {
  const tab = await openConductor(browser, t);
  await tab.evaluate(skipWaits);
  const { result, attempts, waits } = await tab.evaluate(async () => {
    let attempts = 0;
    const execute = async () => {
      throw new Error(`broken ${++attempts}`);
    };
    const { node } = entry.createConductor({ transport: { execute } });
    return { result: await node.run({ id: "a", type: "t" }), attempts, waits: window.waits };
  });
  assert.equal(attempts, 4);
  assert.deepEqual(waits, [1000, 2000, 4000]);
  assert.deepEqual([result.success, result.duration, result.executedNodes], [false, 0, []]);
  assert.deepEqual(
    [result.error.code, result.error.message, result.error.nodeId],
    ["EXECUTION_FAILED", "broken 4", "a"],
  );
  assert.equal(result.error.recovery.retryable, true);
  assert.deepEqual(
    tab.console.map(({ type, text }) => [type, text]),
    [1000, 2000, 4000].map((ms, at) => [
      "warning",
      `[CONDUCTOR] Execution attempt ${at + 1} failed, retrying in ${ms}ms`,
    ]),
  );
});

test("it succeeds at a further attempt", async (t) => {
  const tab = await openConductor(browser, t);
  await tab.evaluate(skipWaits);
  const { result, attempts } = await tab.evaluate(async () => {
    let attempts = 0;
    const execute = async () => {
      if (++attempts < 3) throw new Error("broken");
      return { success: true, data: attempts };
    };
    const { flow } = entry.createConductor({ transport: { execute } });
    return { result: await flow.run(chain("f", { id: "a", type: "t" })), attempts };
  });
  assert.equal(attempts, 3);
  assert.deepEqual([result.success, result.data], [true, 3]);
});

test("a failure that it answers is passed on, once", async (t) => {
  const tab = await openConductor(browser, t);
  const { result, attempts } = await tab.evaluate(async () => {
    let attempts = 0;
    const error = { code: "EXECUTION_FAILED", message: "no", timestamp: new Date(), nodeId: "a" };
    const execute = async () => {
      attempts++;
      return { success: false, error };
    };
    const { node } = entry.createConductor({ transport: { execute } });
    return { result: await node.run({ id: "a", type: "t" }), attempts };
  });
  assert.equal(attempts, 1);
  assert.deepEqual([result.success, result.error.code, result.error.message], [false, "EXECUTION_FAILED", "no"]);
});

test("it is not asked about a node without id or type, nor about a flow without nodes", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    let attempts = 0;
    const execute = async () => {
      attempts++;
      return { success: true };
    };
    const { node, flow } = entry.createConductor({ transport: { execute } });
    const result = await node.run({ id: "a" });
    const empty = [
      { id: "f", type: "group" },
      { id: "f", type: "group", nodes: [] },
    ];
    const refused = await Promise.all(empty.map((given) => rejection(flow.run(given))));
    return { code: result.error.code, refused: refused.map(({ message }) => message), attempts };
  });
  const message = "Flow must be a group node with child nodes. Use conductor.node.run() for atomic nodes.";
  assert.deepEqual(seen, { code: "INVALID_NODE", refused: [message, message], attempts: 0 });
});
