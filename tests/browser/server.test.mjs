/** A page whose flows run on a server: over HTTP with events by WebSocket, and over a WebSocket alone. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { getNodeExecutable } from "@atomiton/nodes/executables";

import { createBrowser, pageFiles, serve, within } from "./harness/index.mjs";
import { startServer } from "./harness/server.mjs";
import { openClient } from "./page/client.mjs";
import { checkFollows } from "./page/followed.mjs";
import { checkLooksAfter, withLeftExecutions } from "./page/kept.mjs";

const browser = createBrowser();

/** Nodes of the type `held`, which end when they are told to. */
function heldNodes() {
  const waiting = new Map();
  const begun = [];
  let notice = () => {};
  const execute = ({ nodeId, signal }) => {
    begun.push(nodeId);
    notice();
    return new Promise((resolve, reject) => {
      waiting.set(nodeId, resolve);
      signal.addEventListener("abort", () => reject(new Error("stopped")));
    });
  };
  return {
    factory: { getNodeExecutable: (type) => (type === "held" ? { execute } : getNodeExecutable(type)) },
    begun,
    finish: (nodeId, output) => waiting.get(nodeId)(output),
    begins(nodeId) {
      const seen = async () => {
        while (!begun.includes(nodeId)) {
          await new Promise((resolve) => {
            notice = resolve;
          });
        }
      };
      return within(seen(), `${nodeId} to begin`);
    },
  };
}

const listenToEnds = () => {
  made.node.onComplete(({ executionId, output }) => heard.push(["complete", executionId, output]));
  made.node.onError(({ executionId, code }) => heard.push(["error", executionId, code]));
};

const messagesOf = (server, type) => server.messages.filter((message) => message.type === type);

test("with the address of a server, nodes and flows run there and events come from there", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server);
  await tab.evaluate(() => {
    const tell = (event) => heard.push([entry.isValidProgressEvent(event), event.executionId, event.progress]);
    made.node.onProgress(tell);
    window.completed = new Promise((resolve) => made.flow.onComplete(resolve));
  });
  await server.until(() => server.open === 1, "the page to connect");
  const seen = await tab.evaluate(async () => {
    const { flow, getEnvironment } = made;
    const steps = ["a", "b"].map((id) => ({ id, type: "edit-fields", parameters: { values: { [id]: 1 } } }));
    const result = await flow.run(chain("flow", ...steps), { executionId: "mine", input: { x: 1 }, slowMo: 20 });
    return { result, completed: await window.completed, progress: heard, environment: getEnvironment() };
  });
  assert.equal(seen.result.success, true);
  assert.deepEqual(seen.result.executedNodes, ["flow", "a", "b"]);
  assert.deepEqual([seen.completed.executionId, seen.completed.nodeId], ["mine", "flow"]);
  assert.deepEqual(seen.completed.output, seen.result.data);
  assert.ok(seen.progress.every(([valid, executionId]) => valid && executionId === "mine"));
  assert.equal(seen.progress.at(-1)[2], 100);
  assert.deepEqual([seen.environment.type, seen.environment.hasTransport], ["browser", true]);
  const [call] = server.main.calls.filter(({ command }) => command === "execute");
  const { nodeId, executionId, variables, input, slowMo } = call.args.context;
  assert.deepEqual([nodeId, executionId, variables, input, slowMo], ["flow", "mine", {}, { x: 1 }, 20]);
  assert.equal(server.requests.filter(({ path }) => path === "/api/node/execute").length, 1);
});

for (const name of ["process.env.VITE_API_URL", "import.meta.env.VITE_API_URL"]) {
  test(`the server that a bundler puts in the place of ${name} is the one`, async (t) => {
    const server = await startServer(t);
    const script = `
      import { conductor } from "@atomiton/conductor/browser";
      window.result = () => conductor.node.run({ id: "a", type: "edit-fields" });`;
    const define = { [name]: JSON.stringify(server.apiUrl) };
    const { url } = await serve(t, { files: await pageFiles(script, { define }) });
    const tab = await browser.open(t, url);
    assert.equal((await tab.evaluate(() => window.result())).success, true);
    assert.deepEqual(
      server.requests.map(({ path }) => path),
      ["/api/node/execute"],
    );
  });
}

for (const transport of [undefined, "websocket"]) {
  test(`the executions that a server keeps are looked after, and one that was left goes on (${transport ?? "http"})`, async (t) => {
    const server = await startServer(t, await withLeftExecutions(t));
    await checkLooksAfter(await openClient(browser, t, server, { transport, allowed: [/422/] }));
  });

  test(`the store follows every step of a run (${transport ?? "http"})`, async (t) => {
    await checkFollows(await openClient(browser, t, await startServer(t), { transport }));
  });

  test(`one connection, opened when it is first needed (${transport ?? "http"})`, async (t) => {
    const server = await startServer(t);
    const tab = await openClient(browser, t, server, { transport });
    assert.deepEqual([tab.sockets, server.connections, server.requests.length], [[], 0, 0]);
    await tab.evaluate(async () => {
      made.node.onProgress(() => {});
      made.flow.onComplete(() => {});
      made.storage.onFlowSaved(() => {});
      made.auth.onAuthExpired(() => {});
      await Promise.all([made.system.health(), made.flow.listTemplates(), made.storage.listFlows()]);
    });
    await server.until(() => server.connections > 0, "a connection");
    assert.deepEqual([server.connections, tab.sockets], [1, [server.wsUrl]]);
    await tab.evaluate(() => entry.createConductor({ apiUrl: "http://127.0.0.1:9/api" }).getEnvironment());
    assert.equal(tab.sockets.length, 1);
  });
}

test("all services are the server's", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server, { allowed: [/422/] });
  await tab.evaluate(() => {
    window.saved = new Promise((resolve) => made.storage.onFlowSaved(resolve));
  });
  await server.until(() => server.open === 1, "the page to connect");
  const seen = await tab.evaluate(async () => {
    const { templates } = await made.flow.listTemplates();
    const receipt = await made.storage.saveFlow({ id: "f", name: "F", nodes: [{ id: "a", type: "transform" }] });
    return {
      templates: templates.length,
      slug: (await made.flow.getTemplate("hello-world")).definition.id === templates[0].id,
      receipt,
      event: await window.saved,
      loaded: (await made.storage.loadFlow("f")).name,
      list: await made.storage.listFlows({ sortBy: "name" }),
      deleted: await made.storage.deleteFlow("f"),
      missing: (await rejection(made.storage.loadFlow("f"))).message,
      template: (await rejection(made.flow.getTemplate("none"))).message,
      validated: await made.node.validate({ id: "a", type: "file-system", parameters: { path: 5 } }),
      health: (await made.system.health()).status,
      restart: (await rejection(made.system.restart())).message,
    };
  });
  assert.deepEqual([seen.templates, seen.slug, seen.loaded, seen.list.total], [12, true, "F", 1]);
  assert.equal(seen.receipt.id, "f");
  assert.deepEqual(Object.keys(seen.event).sort(), ["flowId", "id", "name", "savedAt", "timestamp"]);
  assert.equal(seen.missing, "Flow not found");
  assert.match(seen.template, /Flow template none not found/);
  assert.equal(seen.validated.valid, false);
  assert.match(seen.validated.errors.join("\n"), /^parameters\.path/);
  assert.equal(seen.health, "ok");
  assert.equal(seen.restart, "Restart not available in browser environment");
  assert.equal(server.main.calls.filter(({ command }) => command === "restart").length, 0);
});

for (const transport of [undefined, "websocket"]) {
  const name = transport ?? "http";

  test(`a cancelled execution ends there and here (${name})`, async (t) => {
    const held = heldNodes();
    const server = await startServer(t, { nodeExecutorFactory: held.factory });
    const tab = await openClient(browser, t, server, { transport });
    await tab.evaluate(() => {
      window.run = made.node.run({ id: "n", type: "held" }, { executionId: "mine" });
    });
    await held.begins("n");
    const result = await tab.evaluate(async () => {
      await made.node.cancel("mine");
      return window.run;
    });
    assert.deepEqual([result.success, result.error.code], [false, "CANCELLED"]);
    assert.deepEqual(await server.main.conductor.node.active(), []);
  });

  test(`an execution outlives a broken connection, and is carried out once (${name})`, async (t) => {
    const held = heldNodes();
    const server = await startServer(t, { nodeExecutorFactory: held.factory });
    const tab = await openClient(browser, t, server, { transport });
    await tab.evaluate(listenToEnds);
    await server.until(() => server.open === 1, "the page to connect");
    await tab.evaluate(() => {
      window.run = made.node.run(chain("flow", { id: "a", type: "held" }, { id: "b", type: "held" }), {
        executionId: "mine",
      });
    });
    await held.begins("a");
    server.dropConnections();
    held.finish("a", 1);
    await held.begins("b");
    await server.until(() => server.connections === 2, "the page to connect again");
    held.finish("b", "the end");
    const result = await tab.evaluate(() => window.run);
    assert.deepEqual([result.success, result.data], [true, "the end"]);
    assert.deepEqual(held.begun, ["a", "b"]);
    await tab.until(() => heard.length > 0);
    assert.deepEqual(await tab.evaluate(() => heard), [["complete", "mine", "the end"]]);
  });
}

test("a node and a stored flow are carried out once although their answers are lost", async (t) => {
  let runs = 0;
  const factory = { getNodeExecutable: () => ({ execute: async () => ++runs }) };
  const server = await startServer(t, { nodeExecutorFactory: factory });
  const tab = await openClient(browser, t, server);
  await server.main.conductor.storage.saveFlow({ id: "f", name: "F", nodes: [{ id: "a", type: "count" }] });
  const loseAnswer = async (route) => {
    await route.fetch();
    await route.abort("connectionreset");
  };
  await tab.page.route(/\/execute$/, loseAnswer, { times: 1 });
  const ofNode = await tab.evaluate(() => made.node.run({ id: "n", type: "count" }));
  assert.deepEqual([ofNode.success, ofNode.data, runs], [true, 1, 1]);
  await tab.page.route(/\/execute$/, loseAnswer, { times: 1 });
  const ofFlow = await tab.evaluate(() => made.execute({ flowId: "f" }));
  assert.deepEqual([ofFlow.success, ofFlow.data, runs], [true, 2, 2]);
  assert.deepEqual(
    server.requests.map(({ path }) => path),
    ["/api/node/execute", "/api/node/attach", "/api/execute", "/api/node/attach"],
  );
});

test("a run is waited for, however often its answer takes too long", async (t) => {
  const held = heldNodes();
  const server = await startServer(t, { nodeExecutorFactory: held.factory });
  // On a busy machine time may be up before the first call reaches the server, which then says that it knows no such run.
  const tab = await openClient(browser, t, server, { allowed: [/422 .*\/api\/node\/attach/] });
  await tab.evaluate((apiUrl) => {
    made.configureTransport("http", { apiUrl, timeout: 100 });
    window.run = made.node.run({ id: "n", type: "held" });
  }, server.apiUrl);
  const attaches = () => server.requests.filter(({ path }) => path === "/api/node/attach").length;
  await server.until(() => attaches() > 5, "the page to ask again");
  held.finish("n", "the end");
  const result = await tab.evaluate(() => window.run);
  assert.deepEqual([result.success, result.data], [true, "the end"]);
  assert.deepEqual(held.begun, ["n"]);
});

test("where there are no WebSockets, calls are answered, and whoever listens is told once", async (t) => {
  const server = await startServer(t);
  const before = () => delete window.WebSocket;
  const tab = await openClient(browser, t, server, { before });
  const { result, health } = await tab.evaluate(async () => {
    const health = await made.system.health();
    made.node.onProgress(() => {});
    made.storage.onFlowSaved(() => {});
    return { health, result: await made.node.run({ id: "n", type: "edit-fields" }) };
  });
  assert.deepEqual([result.success, health.status], [true, "ok"]);
  assert.equal(tab.console.filter(({ text }) => /Real-time events not supported/.test(text)).length, 1);
});

test("a connection that never opens holds up the first call only for a moment, and no other", async (t) => {
  const server = await startServer(t);
  const release = server.holdSockets();
  const tab = await openClient(browser, t, server);
  const waits = await tab.evaluate(async () => {
    const wait = window.setTimeout;
    const waits = [];
    window.setTimeout = (work, ms, ...args) => {
      waits.push(ms);
      return wait(work, ms === 1000 ? 0 : ms, ...args);
    };
    made.node.onProgress(() => {});
    await made.system.health();
    const first = waits.filter((ms) => ms === 1000).length;
    await made.system.health();
    return { first, all: waits.filter((ms) => ms === 1000).length };
  });
  assert.deepEqual(waits, { first: 1, all: 1 });
  assert.equal(server.connections, 0);
  release();
});

test("whoever listens before a call hears what comes of it, however slowly the connection opens", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server);
  const release = server.holdSockets();
  await tab.evaluate(listenToEnds);
  await tab.evaluate(async (apiUrl) => {
    made.storage.onFlowSaved(({ id }) => heard.push(["saved", id]));
    window.calls = Promise.all([
      made.node.run({ id: "n", type: "edit-fields" }, { executionId: "mine" }),
      made.storage.saveFlow({ id: "f", name: "F", nodes: [{ id: "a", type: "edit-fields" }] }),
    ]);
    await fetch(`${apiUrl}/system/health`, { method: "POST" });
  }, server.apiUrl);
  release();
  await tab.evaluate(async () => void (await window.calls));
  await tab.until(() => heard.length === 2);
  assert.deepEqual(await tab.evaluate(() => heard.map(([what, id]) => `${what} ${id}`).sort()), [
    "complete mine",
    "saved f",
  ]);
});

test("a server that has no WebSocket answers all the same", async (t) => {
  const server = await startServer(t);
  server.refuseSockets();
  const tab = await openClient(browser, t, server, { allowed: [/WebSocket connection/] });
  await tab.evaluate(listenToEnds);
  const [result, flows] = await tab.evaluate(() =>
    Promise.all([made.node.run({ id: "n", type: "edit-fields" }), made.storage.listFlows()]),
  );
  assert.deepEqual([result.success, flows.total], [true, 0]);
});

test("events that happen while the page is not connected reach it, in order and once", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server);
  await tab.evaluate(listenToEnds);
  await server.until(() => server.open === 1, "the page to connect");
  const happen = async (executionId) =>
    server.main.conductor.node.run({ id: "n", type: "edit-fields", parameters: {} }, { executionId });
  for (const id of ["before-1", "before-2"]) await happen(id);
  await tab.until(() => heard.length === 2);
  server.dropConnections();
  for (const id of ["between-1", "between-2", "between-3"]) await happen(id);
  await server.until(() => messagesOf(server, "resume").length === 1, "the page to resume");
  await happen("after");
  await tab.until(() => heard.some(([, executionId]) => executionId === "after"));
  assert.deepEqual(await tab.evaluate(() => heard.map(([, executionId]) => executionId)), [
    "before-1",
    "before-2",
    "between-1",
    "between-2",
    "between-3",
    "after",
  ]);
});

test("events go on after a server came back that forgot what it told", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server);
  await tab.evaluate(listenToEnds);
  await server.until(() => server.open === 1, "the page to connect");
  await server.leave();
  await server.comeBack({ forgetful: true });
  await server.until(() => messagesOf(server, "resume").length === 1, "the page to resume");
  await server.main.conductor.node.run({ id: "n", type: "edit-fields" }, { executionId: "later" });
  await tab.until(() => heard.length > 0);
  assert.deepEqual(await tab.evaluate(() => heard.map(([, executionId]) => executionId)), ["later"]);
});

test("calls made while the connection is being opened wait for it", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server, { transport: "websocket" });
  const results = await tab.evaluate(async () => {
    const node = (at) => ({ id: `n${at}`, type: "edit-fields", parameters: { values: { at } } });
    const runs = Array.from({ length: 10 }, (_, at) => made.node.run(node(at)));
    const [templates, ...rest] = await Promise.all([made.flow.listTemplates(), ...runs]);
    return [templates.templates.length, ...rest.map(({ data }) => data.result.at)];
  });
  assert.deepEqual(results, [12, ...Array(10).keys()]);
  assert.equal(server.connections, 1);
  assert.equal(messagesOf(server, "call").length, 11);
});

for (const transport of [undefined, "websocket"]) {
  test(`a server that is away at first is found when it comes (${transport ?? "http"})`, async (t) => {
    const server = await startServer(t, {}, { listening: false });
    // The page cannot know whether its first call arrived, so it asks.
    const tab = await openClient(browser, t, server, { transport, allowed: [/422/] });
    const refused = tab.page.waitForEvent("console", { predicate: (message) => message.type() === "error" });
    await tab.evaluate(listenToEnds);
    await tab.evaluate(() => {
      const node = { id: "n", type: "edit-fields", parameters: { values: { a: 1 } } };
      window.run = made.node.run(node, { executionId: "mine" });
    });
    await refused;
    await server.comeBack();
    const result = await tab.evaluate(() => window.run);
    assert.deepEqual([result.success, result.data.result], [true, { a: 1 }]);
    await server.until(() => server.open === 1, "the page to connect");
    await server.main.conductor.node.run({ id: "n", type: "edit-fields" }, { executionId: "later" });
    await tab.until(() => heard.some(([, executionId]) => executionId === "later"));
  });
}

test("a server that stays away is said to be down, and a run there ends with what went wrong", async (t) => {
  const server = await startServer(t, {}, { listening: false });
  const tab = await openClient(browser, t, server);
  const { health, result, flows } = await tab.evaluate(async () => {
    const wait = window.setTimeout;
    window.setTimeout = (work, ms, ...args) => wait(work, ms >= 1000 && ms <= 4000 ? 0 : ms, ...args);
    return {
      health: await made.system.health(),
      result: await made.node.run({ id: "n", type: "edit-fields" }),
      flows: await rejection(made.storage.listFlows()),
    };
  });
  assert.equal(health.status, "down");
  assert.deepEqual([result.success, result.error.code, result.duration], [false, "TRANSPORT_ERROR", 0]);
  assert.match(result.error.message, /Cannot reach http:\/\/127\.0\.0\.1/);
  assert.deepEqual([result.error.recovery.retryable, result.error.recovery.maxRetries], [true, 3]);
  assert.equal(flows.code, "TRANSPORT_ERROR");
  assert.equal(tab.console.filter(({ text }) => text.startsWith("[CONDUCTOR] Execution attempt")).length, 3);
});
