/** A page in an application's window: what its preload script leaves there leads to the main process. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createBrowser, within } from "./harness/index.mjs";
import { startMainProcess } from "./harness/main-process.mjs";
import { checkFollows } from "./page/followed.mjs";
import { checkLooksAfter, withLeftExecutions } from "./page/kept.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

/** Runs in the page, as a preload script does: what `exposeConductor` puts there. */
function preloadBridge() {
  const listeners = new Map();
  const on = (channel) => listeners.get(channel) ?? listeners.set(channel, new Set()).get(channel);
  window.fromMain = (channel, data) => {
    for (const callback of [...on(channel)]) callback(data);
  };
  const call = (channel, command, args) => window.toMain(`${channel}:call`, command, args);
  const listen = (channel, event, callback) => {
    on(`${channel}:event:${event}`).add(callback);
    return () => on(`${channel}:event:${event}`).delete(callback);
  };
  window.atomiton = { __bridge__: { call, listen, send() {} } };
}

/** The same for preload scripts that hand out `ipcRenderer`. */
function preloadRenderer() {
  const listeners = new Map();
  const on = (channel) => listeners.get(channel) ?? listeners.set(channel, new Set()).get(channel);
  window.fromMain = (channel, data) => {
    for (const listener of [...on(channel)]) listener({}, data);
  };
  const ipcRenderer = {
    invoke: (channel, ...args) => window.toMain(channel, ...args),
    send: (channel, ...args) => void window.sendToMain(channel, ...args),
    on: (channel, listener) => void on(channel).add(listener),
    removeListener: (channel, listener) => void on(channel).delete(listener),
  };
  window.electron = { ipcRenderer };
}

const FORMS = [
  ["window.atomiton.__bridge__", preloadBridge],
  ["window.electron.ipcRenderer", preloadRenderer],
];

/** A main process and a page in a window of it. */
async function openWindow(t, before, config) {
  const main = startMainProcess(t, config);
  const functions = { toMain: main.invoke, sendToMain: main.send };
  const tab = await openConductor(browser, t, { before, functions });
  main.onSent((channel, data) => {
    // A window that is being closed hears nothing more.
    tab.page.evaluate(([name, value]) => window.fromMain(name, value), [channel, data]).catch(() => {});
  });
  return { main, tab };
}

for (const [form, before] of FORMS) {
  test(`${form}: the environment is the desktop`, async (t) => {
    const { main, tab } = await openWindow(t, before);
    const seen = await tab.evaluate(() => {
      const { inDesktop, inBrowser, getEnvironment } = entry.conductor;
      const { type, isDesktop, hasTransport, capabilities } = getEnvironment();
      return { inDesktop, inBrowser, type, isDesktop, hasTransport, capabilities };
    });
    assert.deepEqual(seen, {
      inDesktop: true,
      inBrowser: false,
      type: "desktop",
      isDesktop: true,
      hasTransport: true,
      capabilities: {
        nodeExecution: true,
        localStorage: true,
        sessionStorage: true,
        fileSystem: true,
        cloudExecution: false,
      },
    });
    assert.deepEqual(main.calls, []);
    assert.deepEqual(tab.sockets, []);
  });

  test(`${form}: flows run in the main process and their events come from there`, async (t) => {
    const { main, tab } = await openWindow(t, before);
    const seen = await tab.evaluate(async () => {
      const { node, flow } = entry.conductor;
      const progress = [];
      node.onProgress((event) => progress.push([entry.isValidProgressEvent(event), event.executionId, event.progress]));
      const completed = new Promise((resolve) => node.onComplete(resolve));
      const failed = new Promise((resolve) => flow.onError(resolve));
      const steps = ["a", "b"].map((id) => ({ id, type: "edit-fields", parameters: { values: { [id]: 1 } } }));
      const result = await flow.run(chain("flow", ...steps), { executionId: "mine", slowMo: 20 });
      const bad = await node.run({ id: "x", type: "none" }, { executionId: "bad" });
      return { result, bad, completed: await completed, failed: await failed, progress };
    });
    assert.equal(seen.result.success, true);
    assert.deepEqual(seen.result.executedNodes, ["flow", "a", "b"]);
    assert.deepEqual([seen.completed.executionId, seen.completed.nodeId], ["mine", "flow"]);
    assert.deepEqual(seen.completed.output, seen.result.data);
    const mine = seen.progress.filter(([, executionId]) => executionId === "mine");
    assert.ok(seen.progress.every(([valid]) => valid));
    assert.equal(mine.at(-1)[2], 100);
    assert.deepEqual([seen.bad.success, seen.bad.error.code], [false, "NODE_TYPE_NOT_FOUND"]);
    assert.equal(seen.bad.error.recovery.retryable, false);
    assert.deepEqual([seen.failed.executionId, seen.failed.code], ["bad", "NODE_TYPE_NOT_FOUND"]);
    assert.deepEqual(
      main.calls.map(({ channel, command }) => `${channel}.${command}`),
      ["node.execute", "node.execute"],
    );
  });

  test(`${form}: cancelling stops what runs in the main process`, async (t) => {
    let begun;
    const signal = new Promise((resolve) => {
      begun = resolve;
    });
    const execute = (params) => {
      begun(params.signal);
      return new Promise(() => {});
    };
    const { tab } = await openWindow(t, before, { nodeExecutorFactory: { getNodeExecutable: () => ({ execute }) } });
    await tab.evaluate(() => {
      window.run = entry.conductor.node.run({ id: "n", type: "held" }, { executionId: "mine" });
    });
    const fired = await within(signal, "the node to begin");
    const result = await tab.evaluate(async () => {
      await entry.conductor.node.cancel("mine");
      return window.run;
    });
    assert.deepEqual([result.success, result.error.code, fired.aborted], [false, "CANCELLED", true]);
  });

  test(`${form}: all services are those of the main process`, async (t) => {
    const { main, tab } = await openWindow(t, before);
    const seen = await tab.evaluate(async () => {
      const { flow, storage, auth, system, node } = entry.conductor;
      const saved = new Promise((resolve) => storage.onFlowSaved(resolve));
      const { templates } = await flow.listTemplates();
      await storage.saveFlow({ id: "f", name: "F", nodes: [{ id: "a", type: "transform" }] });
      const session = await auth.login({ username: "ada", password: "analytical" });
      return {
        templates: templates.length,
        slug: (await flow.getTemplate("hello-world")).definition.id === templates[0].id,
        event: await saved,
        loaded: (await storage.loadFlow("f")).name,
        asFlow: (await flow.loadFlow("f")).name,
        total: (await storage.listFlows()).total,
        deleted: await storage.deleteFlow("f"),
        missing: (await rejection(storage.loadFlow("f"))).message,
        unknown: (await rejection(flow.getTemplate("none"))).message,
        validated: (await node.validate({ id: "a", type: "file-system", parameters: { path: 5 } })).valid,
        kept: localStorage.getItem("auth_token") === session.token,
        health: await system.health(),
      };
    });
    assert.deepEqual([seen.templates, seen.slug, seen.loaded, seen.asFlow, seen.total], [12, true, "F", "F", 1]);
    assert.deepEqual([seen.event.id, seen.event.flowId, seen.event.name], ["f", "f", "F"]);
    assert.equal(seen.missing, "Flow not found");
    assert.equal(seen.unknown, "Flow template none not found");
    assert.deepEqual([seen.validated, seen.kept, seen.health.status], [false, true, "ok"]);
    assert.equal(seen.health.message, "IPC connection active");
    const [save] = main.calls.filter(({ command }) => command === "saveFlow");
    assert.equal(save.args.flow.version, "1.0.0");
    assert.ok(!Number.isNaN(Date.parse(save.args.flow.savedAt)));
  });

  test(`${form}: the executions that the main process keeps are looked after, and one that was left goes on`, async (t) => {
    const { tab } = await openWindow(t, before, await withLeftExecutions(t));
    await checkLooksAfter(tab);
  });

  test(`${form}: the store follows every step of a run`, async (t) => {
    await checkFollows((await openWindow(t, before)).tab);
  });

  test(`${form}: an end of the session is announced until nobody listens`, async (t) => {
    const { main, tab } = await openWindow(t, before);
    await tab.evaluate(() => {
      window.heard = [];
      window.leave = entry.conductor.auth.onAuthExpired((event) => window.heard.push(event));
      entry.conductor.storage.onFlowDeleted?.(() => window.heard.push("deleted"));
    });
    main.sessions.expireAll();
    await tab.until(() => window.heard.length > 0);
    await tab.evaluate(() => window.leave());
    main.sessions.expireAll();
    await tab.evaluate(() => entry.conductor.system.health());
    assert.deepEqual(await tab.evaluate(() => window.heard), [{ reason: "expired" }]);
  });

  test(`${form}: the application is restarted when its user agrees, and only then`, async (t) => {
    const { main, tab } = await openWindow(t, before);
    const asked = [];
    let agrees = false;
    tab.page.on("dialog", async (dialog) => {
      asked.push([dialog.type(), dialog.message()]);
      await (agrees ? dialog.accept() : dialog.dismiss());
    });
    const question = ["confirm", "System will restart. Continue?"];
    assert.equal(await tab.evaluate(() => entry.conductor.system.restart()), undefined);
    assert.deepEqual(asked, [question]);
    assert.deepEqual([main.calls, main.app.did], [[], []]);
    agrees = true;
    await tab.evaluate(() => entry.conductor.system.restart());
    assert.deepEqual(asked, [question, question]);
    await within(main.app.asked("quit"), "the application to be restarted");
    assert.deepEqual(main.app.did, ["relaunch", "quit"]);
  });
}

test("a bridge that appears after the import is found by a conductor that is made then", async (t) => {
  const main = startMainProcess(t);
  const tab = await openConductor(browser, t, { functions: { toMain: main.invoke } });
  await tab.evaluate(preloadBridge);
  const seen = await tab.evaluate(async () => {
    const made = entry.createConductor();
    return [entry.conductor.inDesktop, made.inDesktop, (await made.system.health()).message];
  });
  assert.deepEqual(seen, [false, true, "IPC connection active"]);
});

test("a bridge that breaks is an error with a code", async (t) => {
  const before = () => {
    const broken = async () => {
      throw new Error("the window was torn off");
    };
    window.atomiton = { __bridge__: { call: broken, listen: () => () => {}, send() {} } };
    const wait = window.setTimeout;
    window.setTimeout = (work, ms, ...args) => wait(work, ms >= 1000 && ms <= 4000 ? 0 : ms, ...args);
  };
  const tab = await openConductor(browser, t, { before });
  const { result, health, list } = await tab.evaluate(async () => ({
    result: await entry.conductor.node.run({ id: "a", type: "t" }),
    health: await entry.conductor.system.health(),
    list: await rejection(entry.conductor.storage.listFlows()),
  }));
  assert.deepEqual([result.success, result.error.code], [false, "IPC_COMMUNICATION_FAILED"]);
  assert.match(result.error.message, /the window was torn off/);
  assert.equal(result.error.recovery.retryable, true);
  assert.equal(health.status, "down");
  assert.equal(list.code, "IPC_COMMUNICATION_FAILED");
});
