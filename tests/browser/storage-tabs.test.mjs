/** Tabs and workers that share one IndexedDB database, in a real browser. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { bundle, createBrowser } from "./harness/index.mjs";
import { site } from "./storage/site.mjs";

const browser = createBrowser();

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
