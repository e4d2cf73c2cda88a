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

test("it executes requests, with their variables and deadline, and their flow is found in the page", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    const calls = [];
    const execute = async (node, { executionId, variables, input }) => {
      calls.push([node.id, executionId, variables, input]);
      if (input?.isLate) return new Promise(() => {});
      return { success: true, data: "from elsewhere", executedNodes: ["a"] };
    };
    const { execute: request, storage } = entry.createConductor({ transport: { execute } });
    await storage.saveFlow({ ...chain("f", { id: "a", type: "anything" }), variables: { kept: { defaultValue: 1 } } });
    const context = { executionId: "mine", variables: { given: 2 } };
    const result = await request({ flowId: "f", inputs: { x: 1 }, context });
    const late = await request({ flowId: "f", inputs: { isLate: true }, options: { timeout: 20 } });
    const missing = await request({ flowId: "none" });
    return { calls: calls.slice(0, 1), count: calls.length, result, late: late.metadata.error.code, missing };
  });
  assert.deepEqual(seen.calls, [["f", "mine", { kept: 1, given: 2 }, { x: 1 }]]);
  assert.equal(seen.count, 2);
  const { success, data, metadata } = seen.result;
  assert.deepEqual([success, data, metadata.flowId, metadata.executedNodes], [true, "from elsewhere", "f", ["a"]]);
  assert.deepEqual([seen.late, seen.missing.metadata.error.code], ["TIMEOUT", "NODE_NOT_FOUND"]);
  assert.deepEqual(tab.console, []);
});

test("its executions are listed, attached to and cancelled while they go on", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    const held = gate();
    const begun = gate();
    let left = 3;
    const execute = async (node) => {
      if (--left === 0) begun.open();
      return { success: true, data: await held.passed, executedNodes: [node.id] };
    };
    const { node, execute: request, storage, shutdown } = entry.createConductor({ transport: { execute } });
    const ends = [];
    node.onError(({ executionId, code }) => ends.push([executionId, code]));
    await storage.saveFlow(chain("f", { id: "a", type: "anything" }));
    const one = node.run({ id: "n", type: "anything" }, { executionId: "one" });
    const two = request({ flowId: "f", context: { executionId: "two" } });
    const three = node.run({ id: "n", type: "anything" }, { executionId: "three" });
    await begun.passed;
    const active = (await node.active()).map(({ executionId, nodeId }) => [executionId, nodeId]);
    const attached = node.attach("one");
    await node.cancel("two");
    const cancelled = (await two).metadata.error.code;
    held.open(7);
    const results = [(await attached).data, (await one).data, (await three).data];
    const after = [await node.active(), (await rejection(node.attach("one"))).message];
    const last = new Promise(() => {});
    const stuck = entry.createConductor({ transport: { execute: () => last } });
    const run = stuck.node.run({ id: "n", type: "anything" });
    await stuck.shutdown();
    await shutdown();
    return { active, cancelled, results, after, ends, stopped: (await run).error.code };
  });
  assert.deepEqual(seen.active.sort(), [
    ["one", "n"],
    ["three", "n"],
    ["two", "f"],
  ]);
  assert.deepEqual(seen.results, [7, 7, 7]);
  assert.deepEqual(seen.after, [[], "Execution one not found"]);
  assert.deepEqual([seen.cancelled, seen.stopped], ["CANCELLED", "CANCELLED"]);
  assert.deepEqual(seen.ends, [["two", "CANCELLED"]]);
  assert.deepEqual(tab.console, []);
});

test("all but executions is done by the application whose page it is", async (t) => {
  const before = () => {
    window.calls = [];
    window.listeners = new Map();
    const answers = {
      "storage.listFlows": { flows: [] },
      "storage.loadFlow": { id: "f", name: "F", type: "group", nodes: [{ id: "a", type: "anything" }], edges: [] },
      "flow.listTemplates": { templates: [] },
      "auth.login": { token: "secret" },
      "node.active": [{ executionId: "there", nodeId: "n", startTime: 1 }],
      "node.validate": { valid: false, errors: ["no"] },
    };
    const call = async (channel, command, args) => {
      window.calls.push([`${channel}.${command}`, args]);
      return { result: answers[`${channel}.${command}`] ?? { success: true } };
    };
    const listen = (channel, event, callback) => {
      window.listeners.set(`${channel}.${event}`, callback);
      return () => window.listeners.delete(`${channel}.${event}`);
    };
    window.atomiton = { __bridge__: { call, listen, send() {} } };
  };
  const tab = await openConductor(browser, t, { before });
  const seen = await tab.evaluate(async () => {
    const nodes = [];
    const execute = async (node) => {
      nodes.push(node.id);
      return { success: true, data: 1 };
    };
    const conductor = entry.createConductor({ transport: { execute } });
    const { node, flow, storage, auth, system } = conductor;
    const heard = [];
    node.onComplete(({ executionId }) => heard.push(executionId));
    storage.onFlowSaved(({ id }) => heard.push(id));
    await storage.saveFlow(chain("f", { id: "a", type: "anything" }));
    await storage.listFlows();
    await flow.listTemplates();
    await auth.login({ username: "ada", password: "analytical" });
    await node.cancel("there");
    const { valid } = await node.validate({ id: "n", type: "anything" });
    await node.run({ id: "n", type: "anything" }, { executionId: "one" });
    await flow.run(chain("g", { id: "a", type: "anything" }), { executionId: "two" });
    const request = await conductor.execute({ flowId: "f", context: { executionId: "three" } });
    const told = { nodeId: "n", executionId: "there", result: { success: true }, timestamp: 1 };
    window.listeners.get("node.completed")(told);
    window.listeners.get("storage.flowSaved")({ id: "g", name: "G", savedAt: "2030-01-01T00:00:00.000Z" });
    const active = (await node.active()).map(({ executionId }) => executionId);
    const { message } = await system.health();
    await conductor.shutdown();
    const closed = window.listeners.size;
    await storage.listFlows();
    const opened = [...window.listeners.keys()].sort();
    return { nodes, heard, valid, request: request.data, active, message, closed, opened, calls: window.calls };
  });
  assert.deepEqual(seen.nodes, ["n", "g", "f"]);
  assert.deepEqual(seen.heard, ["one", "two", "three", "there", "g"]);
  assert.deepEqual([seen.valid, seen.request, seen.active], [false, 1, ["there"]]);
  assert.equal(seen.message, "Browser conductor operational (no transport)");
  assert.deepEqual(
    seen.calls.map(([command]) => command),
    [
      "storage.saveFlow",
      "storage.listFlows",
      "flow.listTemplates",
      "auth.login",
      "node.cancel",
      "node.validate",
      "storage.loadFlow",
      "node.active",
      "storage.listFlows",
    ],
  );
  assert.equal(seen.calls.find(([command]) => command === "node.cancel")[1], "there");
  assert.deepEqual([seen.closed, seen.opened], [0, ["node.completed", "storage.flowSaved"]]);
  assert.deepEqual(tab.console, []);
});
