/** What IndexedDB refuses, and in which words, in a real browser. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { bundle, createBrowser, pageFiles, serve } from "./harness/index.mjs";
import { PAGE, site } from "./storage/site.mjs";

const browser = createBrowser();

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
  // Browsers compress what they store, which is of no use against random text.
  const failure = await tab.evaluate(() => {
    const random = () => Array.from(crypto.getRandomValues(new Uint32Array(10_000)), (number) => number.toString(36));
    return failureOf(
      engine.save(
        "a",
        Array.from({ length: 100 }, () => random().join("")),
      ),
    );
  });
  assert.equal(failure.code, "QUOTA_EXCEEDED");
  assert.match(failure.message, /^Failed to save data: a: the space that the browser gives to this site is used up/);
  // What was refused takes space until the browser has cleared it away, which it does in its own time.
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 100_000_000 });
  const [old, next, size] = await tab.evaluate(async () => {
    const old = await engine.load("a");
    await engine.save("a", "next");
    return [old, await engine.load("a"), (await engine.list())[0].size];
  });
  assert.deepEqual([old, next, size], ["old", "next", 6]);
});

test("code that is written for files as well can be bundled for a page, and is told there that it has none", async (t) => {
  const script = `
    import { createFileSystemEngine, createPathManager, createStorage, loadFlowFile } from "@atomiton/storage";
    const code = (work) => work().then(() => "done", ({ name, code }) => name + " " + code);
    window.told = Promise.all([
      code(async () => createFileSystemEngine({ baseDir: "/data" })),
      code(async () => createPathManager()),
      code(() => loadFlowFile("/data/f.flow.yaml")),
      code(() => createStorage().save("a", 1)),
    ]);
  `;
  const { url } = await serve(t, { files: await pageFiles(script) });
  const tab = await browser.open(t, url);
  const refused = "StorageError UNSUPPORTED_OPERATION";
  assert.deepEqual(await tab.evaluate(() => told), [refused, refused, refused, "done"]);
});
