/** What a page keeps in IndexedDB, in a real browser. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createBrowser, filePage, profileFolder, within } from "./harness/index.mjs";
import { PAGE, site } from "./storage/site.mjs";

const browser = createBrowser();

test("IndexedDB does what all engines do", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const behaviours = await tab.evaluate(() => [...behaviours.keys()]);
  assert.ok(behaviours.length >= 18);
  for (const behaviour of behaviours) {
    await t.test(behaviour, async () => {
      const wrong = await tab.evaluate(
        (name) =>
          behaviours
            .get(name)()
            .then(
              () => null,
              (error) => String(error?.stack ?? error),
            ),
        behaviour,
      );
      assert.equal(wrong, null);
    });
  }
});

test("a list by the beginning of keys finds exactly those that begin so", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const wrong = await tab.evaluate(async () => {
    const engine = createIndexedDBEngine();
    const units = ["a", "b", "/", "\ud83d", "\ude00", "\uffff", "\0"];
    const keys = ["", ...units];
    for (const one of units) for (const two of units) keys.push(one + two);
    keys.push("\uffff\uffff\uffff", "a\uffff\uffffb", "x".repeat(10_000));
    await Promise.all(keys.map((key) => engine.save(key, key.length)));
    const found = [];
    for (const prefix of keys) {
      const listed = (await engine.list(prefix)).map(({ key }) => key).sort();
      const expected = keys.filter((key) => key.startsWith(prefix)).sort();
      if (JSON.stringify(listed) !== JSON.stringify(expected)) found.push({ prefix, listed, expected });
    }
    return found;
  });
  assert.deepEqual(wrong, []);
});

test("nothing is opened before it is needed, nor held for longer", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const steps = await tab.evaluate(async () => {
    const steps = [];
    const held = countHeld();
    const step = () => steps.push({ ...held });
    const engine = createStorage({ type: "indexeddb", name: "flows" });
    engine.getInfo();
    step();
    const leave = [engine.onChange(() => {}), engine.onChange(() => {})];
    step();
    leave[0]();
    leave[0]();
    step();
    leave[1]();
    step();
    await engine.save("a", 1);
    step();
    const saving = [engine.save("b", 1), engine.save("c", 1)];
    engine.onChange(() => {});
    await engine.close();
    await Promise.all(saving);
    step();
    return steps;
  });
  assert.deepEqual(steps, [
    { databases: 0, channels: 0, opened: 0 },
    { databases: 0, channels: 1, opened: 1 },
    { databases: 0, channels: 1, opened: 1 },
    { databases: 0, channels: 0, opened: 1 },
    { databases: 1, channels: 0, opened: 3 },
    { databases: 0, channels: 0, opened: 6 },
  ]);
});

test("an engine that is closed while it opens finishes what was asked for", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const [held, keys] = await tab.evaluate(async () => {
    const held = countHeld();
    const engine = createIndexedDBEngine({ name: "flows" });
    const saving = [engine.save("a", 1), engine.save("b", 2)];
    await engine.close();
    const before = { ...held };
    await Promise.all(saving);
    return [before, (await engine.list()).map(({ key }) => key).sort()];
  });
  assert.equal(held.databases, 0);
  assert.deepEqual(keys, ["a", "b"]);
});

test("a list tells when a value without times of its own was first and last saved", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const save = (value) => tab.evaluate((each) => createStorage().save("a", each), value);
  await tab.page.clock.setFixedTime("2030-01-01T00:00:00Z");
  await save([1]);
  await tab.page.clock.setFixedTime("2030-01-02T00:00:00Z");
  await save([1, 2]);
  assert.deepEqual(await tab.evaluate(() => createStorage().list()), [
    {
      key: "a",
      name: "a",
      size: 5,
      created: "2030-01-01T00:00:00.000Z",
      updated: "2030-01-02T00:00:00.000Z",
      metadata: {},
    },
  ]);
});

test("a page keeps what it saves by default, without a warning", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  await tab.evaluate(() =>
    createStorage().save("f", { id: "f", name: "Kept", version: "1.0.0", nodes: [], edges: [] }),
  );
  await tab.goto();
  const [flow, info, others] = await tab.evaluate(async () => {
    const storage = createStorage();
    return [await storage.load("f"), storage.getInfo(), await createStorage({ name: "another" }).list()];
  });
  assert.equal(flow.name, "Kept");
  assert.equal(flow.metadata.created, flow.metadata.updated);
  assert.deepEqual(info, {
    type: "indexeddb",
    platform: "browser",
    connected: true,
    limits: { maxSize: 32 * 1024 * 1024, maxDepth: 256 },
  });
  assert.deepEqual(others, []);
  assert.deepEqual(tab.console, []);
});

test("a page on disk keeps what it saves", async (t) => {
  const context = await browser.context(t);
  const tab = await browser.open(t, await filePage(t, PAGE), { context });
  await tab.evaluate(() => createStorage().save("a", 1));
  await tab.goto();
  assert.equal(await tab.evaluate(() => createStorage().load("a")), 1);
});

test("a connection that the browser ended is made again", async (t) => {
  const { url, origin } = await site(t);
  const tab = await browser.open(t, url);
  await tab.evaluate(async () => {
    window.engine = createIndexedDBEngine({ name: "flows" });
    await engine.save("a", 1);
  });
  const session = await tab.page.context().newCDPSession(tab.page);
  await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
  const result = await tab.evaluate(async () => {
    // What is under way when the browser ends the connection fails, and changes nothing.
    const save = async () => {
      const failure = await engine.save("b", 2).catch((error) => error);
      if (failure?.code === "ACCESS_DENIED") return save();
      if (failure instanceof Error) throw failure;
    };
    await save();
    return [(await failureOf(engine.load("a"))).code, await engine.load("b")];
  });
  assert.deepEqual(result, ["NOT_FOUND", 2]);
});

test("an engine that was closed opens and listens again when it is used", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const result = await tab.evaluate(async () => {
    const engine = createIndexedDBEngine({ name: "flows" });
    const unheard = [];
    const leave = engine.onChange(({ key }) => unheard.push(key));
    await engine.save("a", 1);
    await engine.close();
    await engine.save("b", 2);
    const heard = new Promise((resolve) => engine.onChange(({ key }) => resolve(key)));
    leave();
    await createIndexedDBEngine({ name: "flows" }).save("c", 3);
    return [await heard, unheard, (await engine.list()).map(({ key }) => key).sort()];
  });
  assert.deepEqual(result, ["c", [], ["a", "b", "c"]]);
});

test("a browser that was killed has kept everything that was reported as saved", async (t) => {
  const { url } = await site(t);
  const folder = await profileFolder(t);
  const context = await browser.persistent(t, folder);
  const reported = [];
  let stop;
  const enough = new Promise((resolve) => {
    stop = resolve;
  });
  const report = (key) => {
    reported.push(key);
    if (reported.length === 40) stop();
  };
  const tab = await browser.open(t, url, { context, functions: { report } });
  const devtools = await context.browser().newBrowserCDPSession();
  const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
  await tab.evaluate(() => {
    const engine = createIndexedDBEngine({ name: "flows" });
    const body = "x".repeat(20_000);
    const go = async () => {
      for (let turn = 0; ; turn++) {
        await engine.save(`flow-${turn}`, { turn, body });
        void report(`flow-${turn}`);
      }
    };
    void go();
  });
  await within(enough, "40 saves");
  const closed = new Promise((resolve) => context.once("close", resolve));
  process.kill(processInfo.find(({ type }) => type === "browser").id, "SIGKILL");
  await within(closed, "the browser to be gone");

  const again = await browser.open(t, url, { context: await browser.persistent(t, folder) });
  const lost = await again.evaluate(async (keys) => {
    const engine = createIndexedDBEngine({ name: "flows" });
    const listed = new Set((await engine.list()).map(({ key }) => key));
    const lost = keys.filter((key) => !listed.has(key));
    for (const key of listed) {
      const { turn, body } = await engine.load(key);
      if (key !== `flow-${turn}` || body.length !== 20_000) lost.push(key);
    }
    return lost;
  }, reported);
  assert.deepEqual(lost, []);
});

test("a thousand flows are listed without reading one of them", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const result = await tab.evaluate(async () => {
    const engine = createIndexedDBEngine({ name: "flows" });
    const body = "x".repeat(20_000);
    const nodes = [{ id: "a", type: "code", parameters: { body } }];
    const { store } = flowsIn(engine);
    const ids = Array.from({ length: 1000 }, (_, index) => `flow-${String(index).padStart(4, "0")}`);
    await Promise.all(ids.map((id) => engine.save(id, { id, name: `Flow ${id}`, version: "1.0.0", nodes, edges: [] })));
    const reads = readsOf("documents");
    const { flows, total } = await store.listFlows({ sortBy: "name", sortOrder: "asc", limit: 3, offset: 500 });
    const items = await engine.list("flow-07");
    const before = reads.count;
    await engine.load(ids[0]);
    return { ids: flows.map(({ id }) => id), total, items: items.length, reads: [before, reads.count] };
  });
  assert.deepEqual(result, {
    ids: ["flow-0500", "flow-0501", "flow-0502"],
    total: 1000,
    items: 100,
    reads: [0, 1],
  });
});

test("a list shows of a flow what the flow itself tells", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const [kept, inMemory] = await tab.evaluate(async () => {
    const nodes = [{ id: "a" }, { id: "b" }];
    const updated = "2030-01-01T00:00:00.000Z";
    const values = {
      plain: { id: "plain", name: "Plain", version: "1.0.0", nodes, edges: [], savedAt: "2029", updatedAt: "2028" },
      old: { id: "old", name: "Old", version: "0.9.0", nodes, tags: ["top"], metadata: { tags: ["below"] } },
      tagged: {
        id: "other-id",
        name: "Tagged",
        version: "2",
        nodes,
        description: "does it",
        metadata: { tags: ["x"] },
      },
      bare: { nodes, savedAt: 5 },
      gone: { id: "gone", name: "Gone", version: "1.0.0", nodes, deleted: true },
      wrapped: { version: "1.0.0", metadata: { updatedAt: updated }, data: { name: "Wrapped", nodes } },
      value: [1, 2],
    };
    const lists = [];
    for (const engine of [createIndexedDBEngine({ name: "flows" }), createMemoryEngine()]) {
      for (const [key, value] of Object.entries(values)) await engine.save(key, value, { metadata: { updated } });
      lists.push((await flowsIn(engine).store.listFlows({ sortBy: "name", sortOrder: "asc" })).flows);
    }
    return lists;
  });
  assert.deepEqual(kept, inMemory);
  assert.deepEqual(
    kept.map(({ id }) => id),
    ["old", "plain", "other-id", "wrapped", "bare"],
  );
});
