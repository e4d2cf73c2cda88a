/** Users of each role, who sign in with passwords in tabs of their own: each method of the services does what the role allows. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { createUsers } from "@atomiton/conductor/server";
import { createMemoryExecutions } from "@atomiton/storage";
import { build } from "esbuild";

import { createBrowser } from "./harness/index.mjs";
import { startServer } from "./harness/server.mjs";
import { openClient } from "./page/client.mjs";
import { defineCalls, outcomes } from "./page/role-calls.mjs";

const browser = createBrowser();

const ROLES = ["viewer", "runner", "editor", "admin"];
/** By role. */
const USERS = { viewer: "vera", runner: "ron", editor: "edna", admin: "ada" };
const PASSWORD = "four words of mine";
const REFUSED = [/40[134]/, /422/];
const IDLE_MS = 12 * 3_600_000;

/** What a call comes to that is allowed, and about nothing that is there. */
const ALLOWED = {
  "node.attach": "NODE_NOT_FOUND",
  "executions.answer": "NODE_NOT_FOUND",
  "executions.resume": "NODE_NOT_FOUND",
  "executions.cancel": "NODE_NOT_FOUND",
  "auth.redeem": "VALIDATION_FAILED",
};
/** What no page asks a server for. */
const OF_DESKTOP = { "system.restart": "NO_TRANSPORT" };

/** Every method of the contract, as the sources declare it: its role, and whether strangers may call it. */
async function declared() {
  const entry = fileURLToPath(new URL("../../npm/conductor/src/services/contract.ts", import.meta.url));
  const bundled = await build({ entryPoints: [entry], bundle: true, format: "esm", platform: "node", write: false });
  const code = encodeURIComponent(bundled.outputFiles[0].text);
  const { SERVICES } = await import(`data:text/javascript,${code}`);
  return Object.entries(SERVICES).flatMap(([service, { methods }]) =>
    Object.entries(methods).map(([name, { role, isForStrangers = false }]) => ({
      name: `${service}.${name}`,
      role,
      isForStrangers,
    })),
  );
}

/** A server with users of each role, a flow in two versions, and executions of it. */
async function serveUsers(t) {
  const store = createMemoryExecutions();
  const users = createUsers({ store });
  for (const [role, name] of Object.entries(USERS)) await users.add(name, { role, password: PASSWORD });
  const server = await startServer(t, { store }, { users });
  const { conductor } = server.main;
  const flow = (id, n) => ({ id, name: id, nodes: [{ id: "a", type: "edit-fields", parameters: { values: { n } } }] });
  for (const saved of [flow("saved", 1), flow("saved", 2)]) await conductor.storage.saveFlow(saved);
  for (const executionId of ["done", "other"]) {
    const { success } = await conductor.execute({ flowId: "saved", context: { executionId } });
    assert.equal(success, true);
  }
  return { server, users, conductor };
}

/** A tab of a user who signed in, with what it may call on `window.calls`. */
async function signedIn(t, { server, users, conductor }, role, transport) {
  const username = USERS[role];
  const tab = await openClient(browser, t, server, { transport, allowed: REFUSED });
  const user = await tab.evaluate(
    async (credentials) => {
      const { user } = await made.auth.login(credentials);
      return user;
    },
    { username, password: PASSWORD },
  );
  assert.deepEqual(user, { username, roles: [role] });
  const before = (await users.sessions(username)).map(({ id }) => id);
  await users.auth.login({ username, password: PASSWORD });
  const other = (await users.sessions(username)).find(({ id }) => !before.includes(id));
  const copy = Buffer.from(await conductor.executions.export("done")).toString("base64");
  const { templates } = await conductor.flow.listTemplates();
  const world = { username, password: PASSWORD, copy, template: templates[0].id, session: other.id };
  return { tab, names: await tab.evaluate(defineCalls, world) };
}

for (const transport of ["http", "websocket"]) {
  test(`users of each role, each in a tab, may what the role allows, and nothing else: ${transport}`, async (t) => {
    const methods = await declared();
    const world = await serveUsers(t);
    const tabs = [];
    for (const role of ROLES) tabs.push({ role, ...(await signedIn(t, world, role, transport)) });
    assert.ok(methods.length > 40);
    for (const { role, tab, names } of tabs) {
      // A method that is new needs a call in `page/role-calls.mjs`.
      assert.deepEqual([...names].sort(), methods.map(({ name }) => name).sort());
      const expected = methods.map(({ name, role: least, isForStrangers }) => {
        const may = isForStrangers || ROLES.indexOf(role) >= ROLES.indexOf(least);
        return [name, may ? (ALLOWED[name] ?? "ok") : "role"];
      });
      const found = await tab.evaluate(outcomes, names);
      assert.deepEqual(found, { ...Object.fromEntries(expected), ...OF_DESKTOP }, role);
    }
  });

  for (const [how, end] of [
    ["expired", (t) => t.mock.timers.enable({ apis: ["Date"], now: Date.now() + IDLE_MS + 60_000 })],
    ["was ended", (_, users) => users.logout(USERS.admin)],
  ]) {
    test(`of a session that ${how} nothing is left, whatever the role: ${transport}`, async (t) => {
      const methods = await declared();
      const world = await serveUsers(t);
      const { tab } = await signedIn(t, world, "admin", transport);
      await tab.evaluate(() => {
        made.auth.onAuthExpired(() => heard.push("expired"));
        return made.storage.listFlows();
      });
      await end(t, world.users);
      // A connection that is open may be looked at a second later; a request is as it comes.
      if (transport === "websocket") await tab.until(() => heard.length > 0);
      const names = methods.filter(({ isForStrangers }) => !isForStrangers).map(({ name }) => name);
      const expected = Object.fromEntries(names.map((name) => [name, "sign-in"]));
      assert.deepEqual(await tab.evaluate(outcomes, names), { ...expected, ...OF_DESKTOP });
      assert.equal(await tab.evaluate(() => made.auth.getCurrentUser()), null);
      const again = { username: USERS.admin, password: PASSWORD };
      const total = await tab.evaluate(async (credentials) => {
        await made.auth.login(credentials);
        return (await made.storage.listFlows()).total;
      }, again);
      assert.equal(total, 1);
    });
  }

  test(`what is kept and under way is looked after by who may, and others see it: ${transport}`, async (t) => {
    const world = await serveUsers(t);
    const { tab } = await signedIn(t, world, "editor", transport);
    const { tab: viewers } = await signedIn(t, world, "viewer", transport);
    await tab.evaluate(() => {
      const nodes = [
        { id: "first", type: "edit-fields", parameters: { values: { n: 1 } } },
        { id: "ask", type: "wait-for-input", parameters: { message: "Go on?" } },
        { id: "last", type: "edit-fields", parameters: { values: { n: 2 } } },
      ];
      const edges = [
        { id: "e1", source: "first", target: "ask" },
        { id: "e2", source: "ask", target: "last" },
      ];
      const flow = { id: "asking", type: "group", nodes, edges };
      window.result = made.flow.run(flow, { executionId: "mine" });
    });
    const asked = await viewers.until(async () => (await made.executions.waiting("mine"))[0]);
    assert.equal(asked.message, "Go on?");
    await viewers.evaluate(() => {
      window.states = [];
      made.executions.subscribe("mine", ({ status }) => states.push(status));
      window.attached = made.node.attach("mine");
    });
    await viewers.until(() => states.length > 0);

    const isActive = async (isPaused) => {
      const all = await made.node.active();
      return all.some(({ executionId, paused = false }) => executionId === "mine" && paused === isPaused);
    };
    await tab.until(isActive, false);
    await tab.evaluate(() => made.node.pause("mine"));
    await viewers.until(isActive, true);
    await tab.evaluate(() => made.node.resume("mine"));
    await viewers.until(isActive, false);
    await tab.evaluate((id) => made.executions.answer(id, { approved: true }), asked.id);
    const executed = ["asking", "first", "ask", "last"];
    const { success, executedNodes } = await tab.evaluate(() => window.result);
    assert.deepEqual([success, [...executedNodes].sort()], [true, [...executed].sort()]);
    assert.equal((await viewers.evaluate(() => window.attached)).success, true);
    await viewers.until(() => states.at(-1) === "completed");
    assert.deepEqual(await viewers.evaluate(() => made.executions.waiting("mine")), []);

    const replayed = await viewers.evaluate(async () => {
      const replay = await made.executions.replay("mine");
      const { value } = replay.at(replay.length);
      return { flow: replay.flow.id, status: replay.status, answer: value("ask") };
    });
    assert.deepEqual([replayed.flow, replayed.status], ["asking", "completed"]);
    assert.deepEqual(replayed.answer.result, { approved: true });

    const moved = await tab.evaluate(async () => {
      const { executions } = made;
      const imported = await executions.import(await executions.export("mine"), { id: "copy" });
      const fork = await executions.fork("mine", { parameters: { last: { values: { n: 3 } } }, executionId: "fork" });
      const { success, data } = await executions.result("fork");
      const [same, other] = [await executions.diff("mine", "copy"), await executions.diff("mine", "fork")];
      return { imported, fork, success, data, same, other };
    });
    assert.equal(moved.imported, "copy");
    assert.deepEqual([moved.fork.executionId, moved.success], ["fork", true]);
    const changed = ({ nodes }) => nodes.filter(({ differences }) => differences.length > 0).map(({ path }) => path);
    assert.deepEqual([changed(moved.same), changed(moved.other)], [[], ["last"]]);

    const restored = await tab.evaluate(async () => {
      const versions = async () => (await made.flow.history("saved")).versions.map(({ version }) => version);
      const before = await versions();
      await made.flow.restore("saved", 1);
      const { nodes } = await made.flow.loadFlow("saved");
      return { before, after: await versions(), n: nodes[0].parameters.values.n };
    });
    assert.deepEqual(restored, { before: [2, 1], after: [3, 2, 1], n: 1 });
  });
}
