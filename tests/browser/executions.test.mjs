/** Executions that a page keeps in IndexedDB, in a real browser. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { bundle, createBrowser, filePage, pageFiles, profileFolder, serve } from "./harness/index.mjs";

const PAGE = { path: fileURLToPath(new URL("storage/executions.js", import.meta.url)) };
const browser = createBrowser();

const site = async (t) => serve(t, { files: await pageFiles(PAGE), csp: "default-src 'none'; script-src 'self'" });

/** Two tabs of one profile. */
async function twoTabs(t) {
  const { url } = await site(t);
  const context = await browser.context(t);
  return [await browser.open(t, url, { context }), await browser.open(t, url, { context })];
}

test("IndexedDB does what all stores of executions do", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const behaviours = await tab.evaluate(() => [...behaviours.keys()]);
  assert.ok(behaviours.length >= 60);
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

test("a tab claims what another had only when that is closed", async (t) => {
  const [first, second] = await twoTabs(t);
  await first.evaluate(async () => {
    window.store = await openIndexedDbStore();
    await store.write([begin("left"), append("left", 1, 1), begin("done"), finish("done")]);
  });
  const before = await second.evaluate(async () => {
    window.store = await openIndexedDbStore();
    return [await store.claimable(START, 10), await store.claim("left"), await store.claim("done")];
  });
  assert.deepEqual(before, [[], undefined, undefined]);
  await first.close();
  await second.until(async () => (await store.claimable(START, 10)).length > 0);
  const [claimed, done, refusals] = await second.evaluate(async () => [
    await store.claim("left"),
    await store.claim("done"),
    await store.write([append("left", 2, 2), finish("left", 2)]),
  ]);
  assert.deepEqual([claimed.epoch, claimed.sequence, done, refusals], [2, 1, undefined, []]);
});

test("two tabs that claim at once never own the same execution", async (t) => {
  const [first, second] = await twoTabs(t);
  const ids = await first.evaluate(async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `e${index}`);
    const store = await openIndexedDbStore();
    await store.write(ids.map((id) => begin(id)));
    await store.close();
    return ids;
  });
  const claims = await Promise.all(
    [first, second].map((tab) =>
      tab.evaluate(async (ids) => {
        window.store = await openIndexedDbStore();
        const rows = await Promise.all(ids.map((id) => store.claim(id)));
        return rows.filter((row) => row !== undefined).map(({ id, epoch }) => `${id} ${epoch}`);
      }, ids),
    ),
  );
  assert.deepEqual(claims.flat().sort(), ids.map((id) => `${id} 2`).sort());
});

test("what a tab wrote is there after the browser was closed", async (t) => {
  const folder = await profileFolder(t);
  const { url } = await site(t);
  const earlier = await browser.persistent(t, folder);
  const tab = await browser.open(t, url, { context: earlier });
  await tab.evaluate(async () => {
    await (await openIndexedDbStore()).write([begin("e"), append("e", 1, 1), append("e", 1, 2)]);
  });
  await earlier.close();
  const later = await browser.open(t, url, { context: await browser.persistent(t, folder) });
  const [row, records] = await later.evaluate(async () => {
    const store = await openIndexedDbStore();
    return [await store.claim("e"), (await store.records("e")).map(({ sequence }) => sequence)];
  });
  assert.deepEqual([row.epoch, row.sequence, records], [2, 2, [1, 2]]);
});

test("a database of a later version or of something else is refused by name", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const failures = await tab.evaluate(async () => {
    const make = (name, version, store) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open(name, version);
        request.onupgradeneeded = () => request.result.createObjectStore(store);
        request.onsuccess = () => resolve(request.result.close());
        request.onerror = () => reject(request.error);
      });
    await make("later", 99, "executions");
    await make("other", 1, "documents");
    const failures = [];
    for (const name of ["later", "other"]) {
      failures.push(await openIndexedDbStore(name).then(String, ({ code, message }) => `${code} ${message}`));
    }
    const left = await indexedDB.databases();
    return [...failures, left.find(({ name }) => name === "other")?.version];
  });
  assert.match(failures[0], /^UNSUPPORTED_OPERATION .*indexeddb:later.*newer version of this page.*reload/);
  assert.match(failures[1], /^UNSUPPORTED_OPERATION .*indexeddb:other.*holds something else; choose another name/);
  assert.equal(failures[2], 1);
});

test("a database that does not answer is told, not waited for", async (t) => {
  const context = await browser.context(t);
  const { url } = await site(t);
  const busy = await browser.open(t, url, { context });
  await busy.evaluate(async () => {
    await (await openIndexedDbStore("busy")).close();
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open("busy");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const counters = database.transaction(["counters"], "readwrite").objectStore("counters");
    // Asks again and again, so that the transaction does not end.
    const ask = () => {
      counters.get("place").onsuccess = ask;
    };
    ask();
  });
  const before = () => {
    const wait = window.setTimeout;
    window.setTimeout = (work, ms, ...args) => wait(work, ms === 15_000 ? 50 : ms, ...args);
  };
  const tab = await browser.open(t, url, { context, before });
  const failure = await tab.evaluate(() =>
    openIndexedDbStore("busy").then(String, ({ code, message }) => [code, message]),
  );
  assert.equal(failure[0], "ACCESS_DENIED");
  assert.match(failure[1], /indexeddb:busy.*does not answer.*reload the page/);
  assert.deepEqual(await tab.evaluate(async () => (await navigator.locks.query()).held), []);
});

test("a database of version 1 gets the stores of flows, outputs and entries, once for two tabs that open it at once", async (t) => {
  const { url } = await site(t);
  const context = await browser.context(t);
  const made = await browser.open(t, url, { context });
  await made.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open("earlier", 1);
        request.onupgradeneeded = () => {
          const executions = request.result.createObjectStore("executions", { keyPath: "row.id" });
          const order = ["row.startedAt", "place"];
          executions.createIndex("order", order);
          executions.createIndex("flow", ["row.flowId", ...order]);
          executions.createIndex("status", ["row.status", ...order]);
          executions.createIndex("unfinished", ["unfinished", ...order]);
          for (const store of ["records", "heads", "documents", "blobs", "uses", "counters"]) {
            request.result.createObjectStore(store);
          }
          const { execution } = begin("left", { document: "{}", documentHash: "hash" });
          const { document, head, ...begun } = execution;
          const row = { ...begun, status: "running", epoch: 1, sequence: 0, bytes: 3, updatedAt: START };
          const put = (store, value, ...key) => request.transaction.objectStore(store).put(value, ...key);
          put("executions", { place: 1, row, owner: "", unfinished: 1, blobs: [] });
          put("heads", head, "left");
          put("documents", document, "hash");
          put("uses", 1, ["documents", "hash"]);
          put("counters", 1, "place");
        };
        request.onsuccess = () => resolve(request.result.close());
        request.onerror = () => reject(request.error);
      }),
  );
  const tabs = [made, await browser.open(t, url, { context })];
  const found = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(async () => {
        window.store = await openIndexedDbStore("earlier");
        return (await store.get("left"))?.status;
      }),
    ),
  );
  assert.deepEqual(found, ["running", "running"]);
  const [claimed, document, saved] = await tabs[0].evaluate(async () => [
    (await store.claim("left")).epoch,
    (await store.begun("left")).document,
    (await store.flows.save("a", flow("a"))).version,
  ]);
  assert.deepEqual([claimed, document, saved], [2, "{}", 1]);
  const loaded = await tabs[1].evaluate(async () => {
    await store.cache.keep([cached("a")]);
    await store.entries("states").write([kept("left", "1")]);
    return [
      (await store.flows.load("a")).id,
      (await store.cache.figures()).entries,
      await store.entries("states").ids(),
    ];
  });
  assert.deepEqual(loaded, ["a", 1, ["left"]]);
});

test("a database of version 3 keeps its states of executions, as a collection", async (t) => {
  const { url } = await site(t);
  const context = await browser.context(t);
  const tab = await browser.open(t, url, { context });
  const found = await tab.evaluate(async () => {
    await (await openIndexedDbStore("states")).close();
    await new Promise((resolve, reject) => {
      indexedDB.deleteDatabase("states").onsuccess = () => {
        const request = indexedDB.open("states", 3);
        request.onupgradeneeded = () => {
          const executions = request.result.createObjectStore("executions", { keyPath: "row.id" });
          const order = ["row.startedAt", "place"];
          executions.createIndex("order", order);
          executions.createIndex("flow", ["row.flowId", ...order]);
          executions.createIndex("status", ["row.status", ...order]);
          executions.createIndex("unfinished", ["unfinished", ...order]);
          const others = ["records", "heads", "documents", "blobs", "uses", "counters", "flows", "versions", "states"];
          for (const store of others) request.result.createObjectStore(store);
          const outputs = request.result.createObjectStore("outputs", { keyPath: "key" });
          outputs.createIndex("used", "used");
          outputs.createIndex("type", "nodeType");
          outputs.createIndex("expiry", "expiresAt");
          for (const id of ["a", "b"]) {
            request.transaction.objectStore("states").put({ hash: `hash of ${id}`, content: id }, id);
          }
        };
        request.onsuccess = () => resolve(request.result.close());
        request.onerror = () => reject(request.error);
      };
    });
    const store = await openIndexedDbStore("states");
    return [await store.entries("states").list(), await store.entries("users").list(), (await store.list()).executions];
  });
  const states = ["a", "b"].map((id) => ({ id, hash: `hash of ${id}`, content: id }));
  assert.deepEqual(found, [states, [], []]);
});

test("the cache of a page has a bound, and what was used least recently goes first", async (t) => {
  const { url } = await site(t);
  const tab = await browser.open(t, url);
  const [left, figures] = await tab.evaluate(async () => {
    const store = await openIndexedDbStore("bounded", { cacheBytes: 3 * 516 });
    await store.cache.keep(["a", "b", "c"].map((name) => cached(name)));
    await store.cache.find(cached("a").key, START);
    await store.cache.keep([cached("d"), cached("e", { output: new Uint8Array(2000) })]);
    const found = [];
    for (const name of ["a", "b", "c", "d", "e"]) {
      if (await store.cache.find(cached(name).key, START)) found.push(name);
    }
    return [found, await store.cache.figures()];
  });
  assert.deepEqual(left, ["a", "c", "d"]);
  assert.deepEqual(figures, { entries: 3, bytes: 12, hits: 4 });
});

test("a page without Web Locks is told what to do", async (t) => {
  const tab = await browser.open(
    t,
    await filePage(
      t,
      'import { openIndexedDbStore } from "@atomiton/storage/browser"; Object.defineProperty(navigator, "locks", { value: undefined }); window.openIndexedDbStore = openIndexedDbStore;',
    ),
  );
  const failure = await tab.evaluate(() =>
    openIndexedDbStore("flows").then(String, ({ code, message }) => [code, message]),
  );
  assert.equal(failure[0], "UNSUPPORTED_OPERATION");
  assert.match(failure[1], /no Web Locks.*indexeddb:flows.*HTTPS or from localhost/);
});

test("a page that keeps no executions has none of this", async () => {
  const page = await bundle(
    'import { createIndexedDBEngine } from "@atomiton/storage/browser"; createIndexedDBEngine();',
    {
      minify: true,
    },
  );
  assert.ok(!page.includes("atomiton-executions"));
});
