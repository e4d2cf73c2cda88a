/** `@atomiton/conductor/browser` in a plain page: what it exports, what every member does, what importing it does. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { bundle, createBrowser, pageFiles, serve } from "./harness/index.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

const MEMBERS = {
  node: ["run", "validate", "cancel", "onProgress", "onComplete", "onError"],
  flow: ["run", "listTemplates", "getTemplate", "loadFlow", "onProgress", "onComplete", "onError"],
  storage: ["saveFlow", "loadFlow", "listFlows", "deleteFlow", "onFlowSaved"],
  auth: ["login", "logout", "getCurrentUser", "refreshToken", "onAuthExpired"],
  system: ["health", "restart"],
};

const CODES = [
  "VALIDATION_FAILED",
  "INVALID_PARAMETERS",
  "TYPE_MISMATCH",
  "INVALID_NODE",
  "MISSING_REQUIRED_FIELD",
  "EXECUTION_FAILED",
  "NODE_NOT_FOUND",
  "NODE_TYPE_NOT_FOUND",
  "IMPLEMENTATION_NOT_FOUND",
  "NO_EXECUTOR_FACTORY",
  "CIRCULAR_DEPENDENCY",
  "TIMEOUT",
  "CANCELLED",
  "MEMORY_LIMIT_EXCEEDED",
  "RATE_LIMIT_EXCEEDED",
  "TRANSPORT_ERROR",
  "IPC_COMMUNICATION_FAILED",
  "NO_TRANSPORT",
  "SERIALIZATION_FAILED",
  "DESERIALIZATION_FAILED",
  "INTERNAL_ERROR",
  "UNKNOWN_ERROR",
];

/** Counts what a page does beside computing, from before its first script. */
function countEffects() {
  const effects = { globals: [], done: [] };
  const count = (owner, name) => {
    const original = owner[name];
    const isClass = /^[A-Z]/.test(name);
    owner[name] = new Proxy(original, {
      apply: (target, self, args) => {
        effects.done.push(name);
        return Reflect.apply(target, self, args);
      },
      ...(isClass && {
        construct: (target, args) => {
          effects.done.push(`new ${name}`);
          return Reflect.construct(target, args);
        },
      }),
    });
  };
  for (const name of ["fetch", "WebSocket", "XMLHttpRequest", "Worker", "SharedWorker", "BroadcastChannel"]) {
    count(window, name);
  }
  for (const name of ["setTimeout", "setInterval", "queueMicrotask", "addEventListener"]) count(window, name);
  for (const name of ["open", "databases"]) count(IDBFactory.prototype, name);
  for (const name of ["getItem", "setItem"]) count(Storage.prototype, name);
  for (const name of ["Module", "Instance", "compile", "instantiate"]) count(WebAssembly, name);
  for (const name of ["log", "info", "debug", "warn", "error"]) count(console, name);
  window.effects = effects;
  effects.globals = Object.getOwnPropertyNames(window);
}

test("importing it does nothing that anybody could notice", async (t) => {
  const script = 'import { conductor } from "@atomiton/conductor/browser"; export const kept = () => conductor;';
  const site = await serve(t, { files: await pageFiles(script) });
  const tab = await browser.open(t, site.url, { before: countEffects });
  const { done, globals } = await tab.evaluate(() => ({
    done: window.effects.done,
    globals: Object.getOwnPropertyNames(window).filter((name) => !window.effects.globals.includes(name)),
  }));
  assert.deepEqual(done, []);
  assert.deepEqual(globals, []);
  assert.deepEqual(tab.console, []);
  assert.deepEqual(tab.sockets, []);
  assert.deepEqual(tab.page.workers(), []);
  assert.deepEqual(site.requests, ["/index.html", "/page.js"]);
  assert.deepEqual(await tab.evaluate(() => indexedDB.databases()), []);
});

test("a bundle whose application imports it for nothing does not have it", async () => {
  const text = await bundle('import "@atomiton/conductor/browser"; window.loaded = true;');
  assert.ok(text.length < 1000, `${text.length} bytes`);
});

test("it exports what callers import", async (t) => {
  const tab = await openConductor(browser, t);
  const found = await tab.evaluate(() => ({
    types: Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, typeof value])),
    slowMo: entry.DEFAULT_SLOWMO_MS,
    codes: entry.ErrorCode,
    isSame: entry.createConductor === entry.createConductorInstance,
  }));
  const expected = {
    DEFAULT_SLOWMO_MS: "number",
    ErrorCode: "object",
    conductor: "object",
    createConductor: "function",
    createConductorInstance: "function",
    createExecutionId: "function",
    isValidProgressEvent: "function",
    toExecutionId: "function",
  };
  for (const [name, type] of Object.entries(expected)) assert.equal(found.types[name], type, name);
  assert.equal(found.slowMo, 250);
  assert.deepEqual(found.codes, Object.fromEntries(CODES.map((code) => [code, code])));
  assert.equal(found.isSame, true);
});

test("the conductor and every one that is made have all members", async (t) => {
  const tab = await openConductor(browser, t);
  for (const made of ["entry.conductor", "entry.createConductor()", "entry.createConductorInstance({})"]) {
    const types = await tab.evaluate(`(() => {
      const members = ${JSON.stringify(MEMBERS)};
      const made = ${made};
      return Object.entries(members).flatMap(([service, names]) =>
        names.filter((name) => typeof made[service]?.[name] !== "function").map((name) => service + "." + name));
    })()`);
    assert.deepEqual(types, [], made);
    const own = await tab.evaluate(`(() => {
      const made = ${made};
      const { inDesktop, inBrowser, getEnvironment } = made;
      return { inDesktop, inBrowser, isFunction: typeof getEnvironment === "function",
        isData: "value" in Object.getOwnPropertyDescriptor(made, "inDesktop"),
        shared: ["onProgress", "onComplete", "onError"].every((name) => made.flow[name] === made.node[name]) };
    })()`);
    assert.deepEqual(own, { inDesktop: false, inBrowser: true, isFunction: true, isData: true, shared: true }, made);
  }
});

test("the environment says that this is a browser, and what it has", async (t) => {
  const tab = await openConductor(browser, t);
  const { first, isSame, userAgent } = await tab.evaluate(() => {
    const { getEnvironment } = entry.conductor;
    const first = getEnvironment();
    return { first, isSame: getEnvironment() === first, userAgent: navigator.userAgent };
  });
  assert.equal(isSame, true);
  assert.equal(first.details.userAgent, userAgent);
  assert.match(first.details.platform, /\S/);
  const { details: _, ...rest } = first;
  assert.deepEqual(rest, {
    type: "browser",
    isDesktop: false,
    hasTransport: true,
    capabilities: {
      nodeExecution: true,
      localStorage: true,
      sessionStorage: true,
      fileSystem: false,
      cloudExecution: false,
    },
  });
});

test("every member of node and flow works without its object", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    const { run, validate, cancel, onProgress, onComplete, onError } = entry.conductor.node;
    const { run: runFlow, listTemplates, getTemplate, loadFlow } = entry.conductor.flow;
    const heard = { progress: 0, complete: 0, error: 0 };
    const leave = [
      onProgress(() => heard.progress++),
      onComplete(() => heard.complete++),
      onError(() => heard.error++),
    ];
    const node = { id: "set", type: "edit-fields", parameters: { values: { a: 1 } } };
    const ran = await run(node);
    const flow = chain("flow", node, { id: "again", type: "edit-fields", parameters: { values: { b: 2 } } });
    const ranFlow = await runFlow(flow);
    const failed = await run({ id: "none", type: "no-such-type" });
    const first = { ...heard };
    for (const end of leave) end();
    await run(node);
    const { templates } = await listTemplates();
    return {
      ran: [ran.success, ran.data?.result],
      ranFlow: [ranFlow.success, ranFlow.data?.result],
      failed: [failed.success, failed.error?.code],
      first,
      afterLeaving: { ...heard },
      valid: await validate(node),
      cancelled: await cancel("exec_unknown"),
      templates: templates.length,
      template: (await getTemplate("hello-world")).definition.name,
      loaded: (await loadFlow("hello-world")).name,
    };
  });
  assert.deepEqual(seen.ran, [true, { a: 1 }]);
  assert.equal(seen.ranFlow[0], true);
  assert.deepEqual(seen.ranFlow[1].b, 2);
  assert.deepEqual(seen.failed, [false, "NODE_TYPE_NOT_FOUND"]);
  assert.ok(seen.first.progress >= 3, `${seen.first.progress} progress events`);
  assert.deepEqual([seen.first.complete, seen.first.error], [2, 1]);
  assert.deepEqual(seen.afterLeaving, seen.first);
  assert.deepEqual(seen.valid, { valid: true, errors: [] });
  assert.equal(seen.cancelled, undefined);
  assert.equal(seen.templates, 3);
  assert.equal(seen.template, "Hello World Flow");
  assert.equal(seen.loaded, "Hello World Flow");
});

test("every member of storage works without its object", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    const { saveFlow, loadFlow, listFlows, deleteFlow, onFlowSaved } = entry.conductor.storage;
    const events = [];
    const leave = onFlowSaved((event) => events.push(event));
    const nodes = [{ id: "a", type: "edit-fields" }];
    const receipt = await saveFlow({ id: "mine", name: "Mine", nodes, edges: [], metadata: { tags: ["x"] } });
    const made = await saveFlow({ name: "Without id", nodes });
    leave();
    await saveFlow({ id: "third", name: "Third", nodes });
    const loaded = await loadFlow("mine");
    const list = await listFlows({ sortBy: "name", sortOrder: "asc", limit: 2 });
    const deleted = await deleteFlow("mine");
    return {
      receipt,
      made,
      events,
      loaded,
      list,
      deleted,
      empty: await rejection(saveFlow({ name: "Empty", nodes: [] })),
      gone: await rejection(loadFlow("mine")),
      after: (await listFlows()).total,
    };
  });
  assert.equal(seen.receipt.id, "mine");
  assert.match(seen.made.id, /^[0-9a-f-]{36}$/);
  assert.equal(seen.events.length, 2);
  const { savedAt, timestamp } = seen.events[0];
  assert.deepEqual(seen.events[0], { id: "mine", flowId: "mine", name: "Mine", savedAt, timestamp });
  assert.equal(Date.parse(savedAt), timestamp);
  assert.equal(seen.loaded.name, "Mine");
  assert.equal(seen.loaded.version, "1.0.0");
  assert.deepEqual(seen.loaded.metadata.tags, ["x"]);
  assert.equal(seen.list.total, 3);
  assert.deepEqual(
    seen.list.flows.map(({ name, nodeCount }) => [name, nodeCount]),
    [
      ["Mine", 1],
      ["Third", 1],
    ],
  );
  assert.equal(seen.deleted, undefined);
  assert.equal(seen.empty.message, "Flow must contain at least one node");
  assert.match(seen.gone.message, /not found/i);
  assert.equal(seen.after, 2);
});

test("every member of auth and system says what there is without a server", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(async () => {
    const { login, logout, getCurrentUser, refreshToken, onAuthExpired } = entry.conductor.auth;
    const { health, restart } = entry.conductor.system;
    window.confirm = () => {
      window.asked = true;
      return true;
    };
    sessionStorage.setItem("left", "over");
    const user = await getCurrentUser();
    const loggedOut = await logout();
    onAuthExpired(() => {})();
    return {
      user,
      loggedOut,
      left: sessionStorage.getItem("left"),
      empty: (await rejection(login({ username: "", password: "x" }))).message,
      login: (await rejection(login({ username: "ada", password: "x" }))).message,
      refresh: (await rejection(refreshToken())).message,
      health: await health(),
      restart: (await rejection(restart())).message,
      asked: window.asked === true,
    };
  });
  assert.equal(seen.user, null);
  assert.equal(seen.loggedOut, undefined);
  assert.equal(seen.left, null);
  assert.equal(seen.empty, "Invalid credentials");
  assert.equal(seen.login, "No transport available for authentication");
  assert.equal(seen.refresh, "No token to refresh");
  assert.equal(seen.health.status, "ok");
  assert.equal(typeof seen.health.timestamp, "number");
  assert.equal(seen.health.message, "Browser conductor operational (no transport)");
  assert.equal(seen.restart, "Restart not available in browser environment");
  assert.equal(seen.asked, false);
});

test("execution ids are given, kept or refused", async (t) => {
  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(() => {
    const { createExecutionId, toExecutionId } = entry;
    const refused = [];
    for (const value of ["", 5, null]) {
      try {
        toExecutionId(value);
      } catch (error) {
        refused.push(error.message);
      }
    }
    const fresh = [createExecutionId(), createExecutionId()];
    return { fresh, kept: createExecutionId("mine"), empty: createExecutionId(""), to: toExecutionId("mine"), refused };
  });
  const made = /^exec_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const id of [...seen.fresh, seen.empty]) assert.match(id, made);
  assert.notEqual(seen.fresh[0], seen.fresh[1]);
  assert.equal(seen.kept, "mine");
  assert.equal(seen.to, "mine");
  assert.deepEqual(seen.refused, Array(3).fill("Invalid execution ID: must be a non-empty string"));
});

test("a progress event is told from what is none", async (t) => {
  const tab = await openConductor(browser, t);
  const verdicts = await tab.evaluate(() => {
    const graph = { executionOrder: [["a"]], criticalPath: ["a"], totalWeight: 100, maxParallelism: 1, edges: [] };
    const event = { nodeId: "a", progress: 5, message: "", nodes: [{ id: "a", name: "A", state: "pending" }], graph };
    const changed = [
      { nodeId: 1 },
      { progress: "5" },
      { message: undefined },
      { nodes: {} },
      { nodes: [{ id: "a", name: "A" }] },
      { nodes: [{ id: "a", name: 1, state: "pending" }] },
      { graph: undefined },
      ...["executionOrder", "criticalPath", "edges"].map((key) => ({ graph: { ...graph, [key]: "none" } })),
      ...["totalWeight", "maxParallelism"].map((key) => ({ graph: { ...graph, [key]: "1" } })),
    ];
    const others = [null, undefined, 5, "event", []];
    return {
      whole: [entry.isValidProgressEvent(event), entry.isValidProgressEvent({ ...event, nodes: [], more: true })],
      broken: [...changed.map((change) => ({ ...event, ...change })), ...others].map(entry.isValidProgressEvent),
    };
  });
  assert.deepEqual(verdicts.whole, [true, true]);
  assert.deepEqual(verdicts.broken, Array(17).fill(false));
});

test("a node without id or type is an INVALID_NODE result, with what to do", async (t) => {
  const tab = await openConductor(browser, t);
  const results = await tab.evaluate(async () => {
    const { run, validate } = entry.conductor.node;
    const nodes = [{ type: "transform" }, { id: "", type: "transform" }, { id: "a" }, { id: "a", type: "" }];
    return {
      ran: await Promise.all(nodes.map((node) => run(node))),
      validated: await Promise.all([...nodes, {}].map((node) => validate(node))),
    };
  });
  for (const [index, result] of results.ran.entries()) {
    const { error, ...rest } = result;
    assert.deepEqual(rest, { success: false, duration: 0, executedNodes: [] });
    assert.equal(error.code, "INVALID_NODE");
    assert.equal(error.message, "Invalid node definition: id and type are required");
    assert.equal(error.nodeId, index < 2 ? "unknown" : "a");
    assert.ok(error.timestamp instanceof Date);
    assert.equal(error.recovery.retryable, false);
    assert.ok(error.recovery.suggestions.length > 0);
  }
  const [id, type] = ["Node must have an id", "Node must have a type"];
  assert.deepEqual(
    results.validated.map(({ errors }) => errors),
    [[id], [id], [type], [type], [id, type]],
  );
  assert.ok(results.validated.every(({ valid }) => valid === false));
});
