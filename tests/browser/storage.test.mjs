/** Flows kept in a page: the IndexedDB engine, in a real browser. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { bundle, createBrowser, filePage, pageFiles, profileFolder, serve, within } from "./harness/index.mjs";

const browser = createBrowser();
const PAGE = { path: fileURLToPath(new URL("storage/page.js", import.meta.url)) };
/** Nothing but scripts of the site: no `eval`, nothing inline. */
const CSP = "default-src 'none'; script-src 'self'; worker-src 'self'";

const site = async (t, files = {}, options = {}) =>
  serve(t, { files: { ...(await pageFiles(PAGE)), ...files }, csp: CSP, ...options });

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
    limits: { maxSize: 32 * 1024 * 1024, maxDepth: 128 },
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

test("what is no flow and what cannot be read is left to its owner", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const failures = await tab.evaluate(async () => {
    const engine = createIndexedDBEngine({ name: "flows" });
    await engine.save("a", 1);
    await engine.save("b", 1);
    const database = await openRaw("flows", 1);
    const stored = database.transaction("documents", "readwrite").objectStore("documents");
    stored.put({ secret: 1 }, "a");
    await new Promise((resolve) => {
      stored.put("{secret", "b").onsuccess = resolve;
    });
    database.close();
    const foreign = await openRaw("foreign", 1, (made) => made.createObjectStore("theirs"));
    foreign.close();
    const other = createIndexedDBEngine({ name: "foreign" });
    return [
      await failureOf(engine.load("a")),
      await failureOf(engine.load("b")),
      await failureOf(other.save("a", 1)),
      await engine.delete("a"),
      (await engine.list()).map(({ key }) => key),
    ];
  });
  const unreadable = (key) => ({
    name: "StorageError",
    code: "SERIALIZATION_ERROR",
    message: `Failed to load data: ${key}: what is stored under the key is not JSON`,
    context: { key, operation: "load" },
  });
  assert.deepEqual(failures.slice(0, 2), [unreadable("a"), unreadable("b")]);
  assert.equal(failures[2].code, "UNSUPPORTED_OPERATION");
  assert.match(failures[2].message, /^Failed to save data: a: the database foreign .* choose another name$/);
  assert.deepEqual(failures.slice(3), [undefined, ["b"]]);
});

test("other tabs hear once of a flow that was saved or deleted, and so does the tab that did it", async (t) => {
  const { url } = await site(t);
  const context = await browser.context(t);
  const tabs = [await browser.open(t, url, { context }), await browser.open(t, url, { context })];
  for (const tab of tabs) {
    await tab.evaluate(() => {
      window.engine = createIndexedDBEngine({ name: "flows" });
      window.flows = flowsIn(engine);
      flows.listen();
    });
  }
  const [first, second] = tabs;
  await first.evaluate(async () => {
    await engine.save("no-flow", { x: 1 });
    await engine.delete("no-flow");
    await flows.store.saveFlow({ id: "f", name: "Mine", nodes: [], edges: [] });
    await flows.store.deleteFlow("f");
  });
  await second.until(() => flows.heard.length === 2);
  await second.evaluate(() => flows.store.saveFlow({ id: "g", name: "Yours", nodes: [], edges: [] }));
  await first.until(() => flows.heard.some(({ saved }) => saved?.id === "g"));
  const [mine, theirs] = await Promise.all(tabs.map((tab) => tab.evaluate(() => flows.heard)));
  assert.deepEqual(
    mine.map(({ saved, deleted }) => (saved ? `saved ${saved.id}` : `deleted ${deleted.id}`)),
    ["saved f", "deleted f", "saved g"],
  );
  assert.deepEqual(Object.keys(mine[0].saved).sort(), ["flowId", "id", "name", "savedAt", "timestamp"]);
  assert.deepEqual([theirs[0], theirs[2]], [mine[0], mine[2]]);
  assert.deepEqual([theirs[1].deleted.id, theirs[1].deleted.name], ["f", "Mine"]);
  assert.ok(Date.parse(theirs[1].deleted.deletedAt) <= Date.parse(mine[1].deleted.deletedAt));
});

test("a tab hears of others only while it listens, and of the storage that it uses", async (t) => {
  const { url } = await site(t);
  const context = await browser.context(t);
  const tabs = [await browser.open(t, url, { context }), await browser.open(t, url, { context })];
  for (const tab of tabs) {
    await tab.evaluate(() => {
      window.one = flowsIn(createIndexedDBEngine({ name: "one" }));
      window.save = (id, name = "one") =>
        flowsIn(createIndexedDBEngine({ name })).store.saveFlow({ id, nodes: [], edges: [] });
    });
  }
  const [first, second] = tabs;
  const heard = () => second.evaluate(() => one.heard.map(({ saved }) => saved.id));
  await first.evaluate(() => save("before"));
  await second.evaluate(() => {
    window.leave = one.listen();
  });
  await first.evaluate(() => save("while"));
  await second.until(() => one.heard.length === 1);
  await second.evaluate(() => leave());
  await first.evaluate(() => save("after"));
  await second.evaluate(() => {
    window.leave = one.listen();
  });
  await first.evaluate(() => save("again"));
  await second.until(() => one.heard.some(({ saved }) => saved.id === "again"));
  await second.evaluate(() => one.store.use(Promise.resolve(createIndexedDBEngine({ name: "two" }))));
  await first.evaluate(() => save("unheard"));
  await first.evaluate(() => save("elsewhere", "two"));
  await second.until(() => one.heard.some(({ saved }) => saved.id === "elsewhere"));
  assert.deepEqual(await heard(), ["while", "again", "elsewhere"]);
});

test("a page hears of what its worker saves", async (t) => {
  const worker = await bundle(`
    import { createIndexedDBEngine } from "@atomiton/storage/browser";
    onmessage = ({ data }) => createIndexedDBEngine({ name: "flows" }).save(data, { nodes: [1] });
  `);
  const { url } = await site(t, { "/worker.js": worker });
  const tab = await browser.open(t, url);
  const [change, value] = await tab.evaluate(async () => {
    const engine = createIndexedDBEngine({ name: "flows" });
    const changed = new Promise((resolve) => engine.onChange(resolve));
    const worker = new Worker("/worker.js", { type: "module" });
    worker.postMessage("from-the-worker");
    return [await changed, await engine.load("from-the-worker")];
  });
  assert.equal(change.kind, "saved");
  assert.equal(change.item.key, "from-the-worker");
  assert.deepEqual(change.item.outline, { nodeCount: 1 });
  assert.equal(change.at, change.item.updated);
  assert.deepEqual(value, { nodes: [1] });
});

test("an open tab does not keep another one from updating the database, and asks to be reloaded", async (t) => {
  const { url } = await site(t);
  const context = await browser.context(t);
  const old = await browser.open(t, url, { context });
  const next = await browser.open(t, url, { context });
  await old.evaluate(async () => {
    window.engine = createIndexedDBEngine({ name: "flows" });
    await engine.save("a", 1);
  });
  await next.evaluate(async () => {
    (await openRaw("flows", 2, (database) => database.createObjectStore("more"))).close();
  });
  const [failure, info] = await old.evaluate(async () => [await failureOf(engine.save("a", 2)), engine.getInfo()]);
  assert.deepEqual(failure, {
    name: "StorageError",
    code: "UNSUPPORTED_OPERATION",
    message: "Failed to save data: a: a newer version of this page has updated the database; reload the page to go on",
    context: { key: "a", operation: "save" },
  });
  assert.equal(info.connected, false);
});

test("an open tab does not keep another one from removing the database, and goes on with a new one", async (t) => {
  const { url } = await site(t);
  const context = await browser.context(t);
  const tabs = [await browser.open(t, url, { context }), await browser.open(t, url, { context })];
  await tabs[0].evaluate(async () => {
    window.engine = createIndexedDBEngine({ name: "flows" });
    await engine.save("a", 1);
  });
  await tabs[1].evaluate(() => deleteRaw("flows"));
  const left = await tabs[0].evaluate(async () => {
    await engine.save("b", 2);
    return (await engine.list()).map(({ key }) => key);
  });
  assert.deepEqual(left, ["b"]);
});

test("a database that another tab holds is not waited for without end", async (t) => {
  const { url } = await site(t);
  const context = await browser.context(t);
  const [holder, tab] = [await browser.open(t, url, { context }), await browser.open(t, url, { context })];
  await tab.page.clock.install();
  await holder.evaluate(async () => {
    window.held = await openRaw("flows", 1, (database) => {
      for (const store of ["documents", "summaries"]) database.createObjectStore(store);
    });
    await new Promise((asked) => {
      window.gone = deleteRaw("flows", asked);
    });
  });
  await tab.evaluate(() => {
    window.engine = createIndexedDBEngine({ name: "flows" });
    window.failing = failureOf(engine.save("a", 1));
  });
  await tab.page.clock.fastForward(5000);
  const failure = await tab.evaluate(() => failing);
  assert.equal(failure.code, "ACCESS_DENIED");
  assert.match(failure.message, /held by another tab of this site; close the other tabs and try again$/);
  await holder.evaluate(() => {
    held.close();
    return gone;
  });
  const after = await tab.evaluate(async () => {
    await engine.save("a", 2);
    return [await engine.load("a"), engine.getInfo().connected];
  });
  assert.deepEqual(after, [2, true]);
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
    await engine.save("b", 2);
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

test("a frame that may store nothing is told so, and what to do", async (t) => {
  const script = await bundle(PAGE, { format: "iife" });
  const { url } = await serve(t, {
    files: {
      "/index.html": '<!doctype html><iframe sandbox="allow-scripts" src="/framed.html"></iframe>',
      "/framed.html": '<!doctype html><script src="/framed.js"></script>',
      "/framed.js": script,
    },
  });
  const tab = await browser.open(t, url);
  const frame = tab.page.frames().find((each) => each.url().endsWith("/framed.html"));
  const [failure, info] = await frame.evaluate(async () => {
    const engine = createStorage();
    return [await failureOf(engine.save("a", 1)), engine.getInfo()];
  });
  assert.equal(failure.code, "ACCESS_DENIED");
  assert.match(
    failure.message,
    /^Failed to save data: a: this page may not use IndexedDB; allow the site to store data/,
  );
  assert.deepEqual([info.type, info.connected], ["indexeddb", false]);
});

test("a save beyond the space of the site is refused, and the old value stays", async (t) => {
  const { url, origin } = await site(t);
  const tab = await browser.open(t, url);
  const session = await tab.page.context().newCDPSession(tab.page);
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1_000_000 });
  await tab.evaluate(async () => {
    window.engine = createIndexedDBEngine({ name: "flows" });
    await engine.save("a", "old");
  });
  const failure = await tab.evaluate(() => failureOf(engine.save("a", ["x".repeat(4_000_000)])));
  assert.equal(failure.code, "QUOTA_EXCEEDED");
  assert.match(failure.message, /^Failed to save data: a: the space that the browser gives to this site is used up/);
  const [old, next, size] = await tab.evaluate(async () => {
    const old = await engine.load("a");
    await engine.save("a", "next");
    return [old, await engine.load("a"), (await engine.list())[0].size];
  });
  assert.deepEqual([old, next, size], ["old", "next", 6]);
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
