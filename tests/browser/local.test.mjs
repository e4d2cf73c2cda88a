/** Flows that run in the page, without any server. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createBrowser } from "./harness/index.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

/** Nothing but the page itself was asked for. */
function stayedHere(tab) {
  assert.deepEqual(
    tab.requests.map((url) => new URL(url).pathname),
    ["/index.html", "/page.js"],
  );
  assert.deepEqual(tab.sockets, []);
}

test("a flow of the node library has its result, without asking any server", async (t) => {
  const tab = await openConductor(browser, t);
  const result = await tab.evaluate(async () => {
    const flow = chain(
      "flow",
      { id: "set", type: "edit-fields", parameters: { values: { greeting: "Hello, {{name}}!" } } },
      { id: "again", type: "edit-fields", parameters: { values: { n: 2 }, keepOnlySet: true } },
    );
    return entry.conductor.flow.run(flow, { input: { name: "Ada" }, executionId: "exec_mine" });
  });
  assert.equal(result.error, undefined);
  assert.equal(result.success, true);
  assert.deepEqual(result.data.result, { n: 2 });
  assert.deepEqual(result.executedNodes, ["flow", "set", "again"]);
  assert.ok(result.duration >= 0);
  assert.equal(result.context.executionId, "exec_mine");
  assert.equal(result.trace.executionId, "exec_mine");
  assert.deepEqual(
    result.trace.nodes.map(({ nodeId, state, progress }) => [nodeId, state, progress]),
    [
      ["set", "completed", 100],
      ["again", "completed", 100],
    ],
  );
  stayedHere(tab);
});

test("an output is taken from the cache of the page, and from no other conductor's", async (t) => {
  const tab = await openConductor(browser, t);
  const found = await tab.evaluate(async () => {
    const flow = chain("flow", {
      id: "set",
      type: "edit-fields",
      parameters: { values: { greeting: "Hello, {{name}}!" } },
      policy: { cache: "1h" },
    });
    const cachedBy = async (conductor, name) => {
      const { data, trace } = await conductor.flow.run(flow, { input: { name } });
      return [data.result.greeting, trace.nodes[0].cached ?? 0];
    };
    const one = entry.createConductor();
    const other = entry.createConductor();
    const all = [];
    for (const [conductor, name] of [
      [one, "Ada"],
      [one, "Ada"],
      [one, "Bob"],
      [other, "Ada"],
    ]) {
      all.push(await cachedBy(conductor, name));
    }
    return all;
  });
  assert.deepEqual(found, [
    ["Hello, Ada!", 0],
    ["Hello, Ada!", 1],
    ["Hello, Bob!", 0],
    ["Hello, Ada!", 0],
  ]);
  stayedHere(tab);
});

test("parameters hold expressions, under the policy of a page that allows no code from text", async (t) => {
  const tab = await openConductor(browser, t);
  const result = await tab.evaluate(async () => {
    const conductor = entry.createConductor({
      expressions: { env: { STAGE: "test" } },
      secrets: async () => "t0k3n",
      nodeExecutorFactory: executables({ mine: ({ value }) => ({ value }) }),
    });
    const flow = chain(
      "flow",
      { id: "set", type: "edit-fields", parameters: { values: { rows: [3, 4] } } },
      { id: "between", type: "edit-fields", parameters: { values: { n: 1 }, keepOnlySet: true } },
      {
        id: "last",
        type: "mine",
        parameters: {
          value: "${{ nodes.set.result.rows.map(n => n * 2) }} ${{ data.n }} ${{ env.STAGE }} ${{ secrets.KEY }}",
        },
      },
    );
    return conductor.flow.run(flow);
  });
  assert.equal(result.error, undefined);
  assert.deepEqual(result.data, { value: "[6,8] 1 test t0k3n" });
});

test("an executable of the application gets the context that executables are promised", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    const seen = [];
    const nodeExecutorFactory = executables({
      mine: (params) => {
        const { signal, attempt, idempotencyKey } = params;
        seen.push({
          keys: Object.keys(params),
          input: params.input,
          variables: params.variables,
          isSignal: signal instanceof AbortSignal,
          attempt,
          hasKey: typeof idempotencyKey === "string" && idempotencyKey !== "",
        });
        return { sum: (params.input.default?.sum ?? 0) + params.by };
      },
    });
    const { node } = entry.createConductor({ nodeExecutorFactory });
    const flow = chain(
      "flow",
      { id: "a", type: "mine", parameters: { by: 2 } },
      { id: "b", type: "mine", parameters: { by: 3 } },
    );
    const result = await node.run(flow, { variables: { v: 1 } });
    return { seen, data: result.data };
  });
  assert.deepEqual(seen.data, { sum: 5 });
  const context = ["nodeId", "executionId", "variables", "input", "parentContext", "slowMo", "debug"];
  for (const { keys } of seen.seen) assert.deepEqual([...keys].sort(), [...context, "by"].sort());
  const [, second] = seen.seen;
  assert.deepEqual(second.input, { default: { sum: 2 } });
  assert.deepEqual(second.variables, { v: 1 });
  assert.deepEqual([second.isSignal, second.attempt, second.hasKey], [true, 1, true]);
});

test("progress goes from 0 to 100 in events that are valid, and completion comes last", async (t) => {
  const tab = await openConductor(browser, t);
  const heard = await tab.evaluate(async () => {
    const heard = [];
    const { node } = entry.createConductor({ nodeExecutorFactory: executables({ t: () => "out" }) });
    node.onProgress((event) => heard.push({ kind: "progress", valid: entry.isValidProgressEvent(event), event }));
    node.onComplete((event) => heard.push({ kind: "complete", event }));
    node.onError((event) => heard.push({ kind: "error", event }));
    const flow = chain("flow", { id: "a", type: "t", name: "First" }, { id: "b", type: "t" });
    await node.run(flow, { executionId: "exec_1", slowMo: 60 });
    return heard;
  });
  const progress = heard.filter(({ kind }) => kind === "progress");
  assert.ok(progress.every(({ valid }) => valid));
  assert.ok(progress.every(({ event }) => event.executionId === "exec_1"));
  const overall = progress.map(({ event }) => event.progress);
  assert.equal(overall[0], 0);
  assert.equal(overall.at(-1), 100);
  assert.deepEqual(
    overall,
    [...overall].sort((a, b) => a - b),
  );
  assert.ok(overall.length > 2, `${overall.length} progress events`);
  const executing = progress.filter(({ event }) => event.nodes[0].state === "executing");
  assert.ok(executing.length > 0);
  assert.ok(executing.every(({ event }) => event.nodeId === "a" && event.message === "Executing: First"));
  const last = progress.at(-1).event;
  assert.equal(last.message, "All nodes completed");
  for (const { state, duration, startTime, endTime } of last.nodes) {
    assert.deepEqual([state, duration], ["completed", endTime - startTime]);
  }
  const { event: complete } = heard.at(-1);
  assert.deepEqual([heard.at(-1).kind, heard.filter(({ kind }) => kind !== "progress").length], ["complete", 1]);
  assert.deepEqual([complete.nodeId, complete.executionId, complete.output], ["flow", "exec_1", "out"]);
  assert.equal(complete.result.success, true);
});

test("slowMo takes twice its time for each node", async (t) => {
  const tab = await openConductor(browser, t);
  const { duration, slowMo } = await tab.evaluate(async () => {
    const { flow } = entry.createConductor({ nodeExecutorFactory: executables({ t: () => 1 }) });
    const result = await flow.run(chain("flow", { id: "a", type: "t" }, { id: "b", type: "t" }), { slowMo: 50 });
    return { duration: result.duration, slowMo: result.trace.config.slowMo };
  });
  // Timers are never early, but clocks are rounded.
  assert.ok(duration >= 4 * 50 - 5, `${duration} ms`);
  assert.equal(slowMo, 50);
});

test("a cancelled run ends at once with CANCELLED, fires the signal and starts no further node", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    const begun = gate();
    const started = [];
    const errors = [];
    const nodeExecutorFactory = executables({
      never: ({ nodeId, signal }) => {
        started.push(nodeId);
        begun.open(signal);
        return new Promise(() => {});
      },
    });
    const { node } = entry.createConductor({ nodeExecutorFactory });
    node.onError((event) => errors.push(event));
    const run = node.run(chain("flow", { id: "a", type: "never" }, { id: "b", type: "never" }), {
      executionId: "mine",
    });
    const signal = await begun.passed;
    const before = signal.aborted;
    await node.cancel("mine");
    const { success, error } = await run;
    return { success, error, started, errors, before, after: signal.aborted };
  });
  assert.deepEqual([seen.success, seen.error.code, seen.error.executionId], [false, "CANCELLED", "mine"]);
  assert.equal(seen.error.recovery.retryable, false);
  assert.deepEqual(seen.started, ["a"]);
  assert.deepEqual([seen.before, seen.after], [false, true]);
  assert.deepEqual(
    seen.errors.map(({ executionId, code }) => [executionId, code]),
    [["mine", "CANCELLED"]],
  );
});

test("a node that asks for retries gets them, with the number of the attempt", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    const attempts = [];
    const nodeExecutorFactory = executables({
      shaky: ({ attempt }) => {
        attempts.push(attempt);
        if (attempts.length < 3) throw new Error("not yet");
        return "at last";
      },
      broken: () => {
        attempts.push("broken");
        throw new Error("never");
      },
    });
    const { node } = entry.createConductor({ nodeExecutorFactory, retryDelay: 1 });
    const result = await node.run({ id: "a", type: "shaky", parameters: { retries: 2 } });
    const failed = await node.run({ id: "b", type: "broken" });
    return { attempts, data: result.data, error: failed.error };
  });
  assert.deepEqual(seen.attempts, [1, 2, 3, "broken"]);
  assert.equal(seen.data, "at last");
  const { code, message, nodeId, recovery } = seen.error;
  assert.deepEqual([code, message, nodeId, recovery.retryable], ["EXECUTION_FAILED", "never", "b", true]);
});

test("a timeout of the conductor or of a node ends what takes too long with TIMEOUT", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    const aborted = [];
    const nodeExecutorFactory = executables({
      never: ({ nodeId, signal }) => {
        signal.addEventListener("abort", () => aborted.push(nodeId));
        return new Promise(() => {});
      },
    });
    const whole = entry.createConductor({ nodeExecutorFactory, timeout: 20 });
    const ofRun = await whole.node.run({ id: "a", type: "never" });
    const { node } = entry.createConductor({ nodeExecutorFactory });
    const ofNode = await node.run({ id: "b", type: "never", parameters: { timeout: 20 } });
    return { codes: [ofRun.error?.code, ofNode.error?.code], recovery: ofNode.error?.recovery, aborted };
  });
  assert.deepEqual(seen.codes, ["TIMEOUT", "TIMEOUT"]);
  assert.deepEqual([seen.recovery.retryable, seen.recovery.retryDelayMs, seen.recovery.maxRetries], [true, 1000, 3]);
  assert.deepEqual(seen.aborted, ["a", "b"]);
});

test("a node that needs a machine ends its run with NO_TRANSPORT, which names it", async (t) => {
  const tab = await openConductor(browser, t);
  const results = await tab.evaluate(async () => {
    const nodes = [
      { id: "list", type: "shell-command", parameters: { program: "ls" } },
      { id: "read", type: "file-system", parameters: { path: "/etc/hostname" } },
      { id: "sheet", type: "spreadsheet", parameters: { path: "/data.csv" } },
    ];
    const alone = await Promise.all(nodes.map((node) => entry.conductor.node.run(node)));
    const first = { id: "set", type: "edit-fields", parameters: { values: { a: 1 } } };
    const inFlow = await entry.conductor.flow.run(chain("flow", first, nodes[0]));
    return { nodes, alone, inFlow };
  });
  for (const [index, { success, error }] of [...results.alone, results.inFlow].entries()) {
    const { id, type } = results.nodes[index % 3];
    assert.deepEqual([success, error.code, error.nodeId], [false, "NO_TRANSPORT", id]);
    assert.ok(error.message.includes(type), error.message);
    assert.equal(error.recovery.retryable, false);
  }
  stayedHere(tab);
});

test("a simulated error fails the node that it is meant for", async (t) => {
  const tab = await openConductor(browser, t);
  const { error, ran } = await tab.evaluate(async () => {
    const ran = [];
    const { flow } = entry.createConductor({
      nodeExecutorFactory: executables({ t: ({ nodeId }) => ran.push(nodeId) }),
    });
    const nodes = ["a", "b", "c"].map((id) => ({ id, type: "t" }));
    const debug = { simulateError: { nodeId: "b", errorType: "network" } };
    return { error: (await flow.run(chain("flow", ...nodes), { debug })).error, ran };
  });
  assert.deepEqual(ran, ["a"]);
  assert.deepEqual([error.code, error.nodeId], ["EXECUTION_FAILED", "b"]);
  assert.equal(error.message, "[NETWORK] Network error - failed to connect to server");
});

test("nodes run at once where concurrency is asked for, and one at a time otherwise", async (t) => {
  const tab = await openConductor(browser, t);
  const most = await tab.evaluate(async () => {
    const measure = async (config) => {
      let [now, most] = [0, 0];
      const body = async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve));
        now--;
      };
      const { node } = entry.createConductor({ ...config, nodeExecutorFactory: executables({ t: body }) });
      const nodes = ["a", "b", "c", "d"].map((id) => ({ id, type: "t" }));
      await node.run({ id: "flow", type: "group", nodes, edges: [] });
      return most;
    };
    return [await measure({}), await measure({ concurrency: 3 })];
  });
  assert.deepEqual(most, [1, 3]);
});

test("runs at the same time keep their results and events apart", async (t) => {
  const tab = await openConductor(browser, t);
  const { data, outputs } = await tab.evaluate(async () => {
    const { node } = entry.createConductor({
      nodeExecutorFactory: executables({ t: async ({ input }) => input.default * 2 }),
    });
    const outputs = {};
    node.onComplete(({ executionId, output }) => {
      outputs[executionId] = output;
    });
    const nodes = ["a", "b"].map((id) => ({ id, type: "t" }));
    const run = (_, at) => node.run(chain("flow", ...nodes), { input: { default: at }, executionId: `run-${at}` });
    const results = await Promise.all(Array.from({ length: 20 }, run));
    return { data: results.map((result) => result.data), outputs };
  });
  const expected = Array.from({ length: 20 }, (_, at) => at * 4);
  assert.deepEqual(data, expected);
  assert.deepEqual(outputs, Object.fromEntries(expected.map((value, at) => [`run-${at}`, value])));
});

test("a listener that throws hurts neither the run nor the page", async (t) => {
  const tab = await openConductor(browser, t, { allowed: [/thrown by a listener/] });
  const { success, heard } = await tab.evaluate(async () => {
    let heard = 0;
    const { node } = entry.createConductor({ nodeExecutorFactory: executables({ t: () => 1 }) });
    for (const on of [node.onProgress, node.onComplete]) {
      on(() => {
        throw new Error("thrown by a listener");
      });
    }
    node.onComplete(() => heard++);
    return { success: (await node.run({ id: "a", type: "t" })).success, heard };
  });
  assert.deepEqual([success, heard], [true, 1]);
});

test("a run that a page does not watch writes nothing to its console", async (t) => {
  const tab = await openConductor(browser, t);
  await tab.evaluate(async () => {
    const { node } = entry.createConductor({ nodeExecutorFactory: executables({ t: () => 1 }) });
    await node.run({ id: "a", type: "t" }, { slowMo: 1 });
    await node.run({ id: "a", type: "none" });
  });
  assert.deepEqual(tab.console, []);
});

test("an id that is no text is that of no node", async (t) => {
  const tab = await openConductor(browser, t);
  const codes = await tab.evaluate(async () => {
    const { node } = entry.createConductor({ nodeExecutorFactory: executables({ t: () => 1 }) });
    const results = await Promise.all([5, true, {}, null].map((id) => node.run({ id, type: "t" })));
    return results.map(({ success, error }) => [success, error.code, error.nodeId]);
  });
  assert.deepEqual(codes, Array(4).fill([false, "INVALID_NODE", "unknown"]));
});
