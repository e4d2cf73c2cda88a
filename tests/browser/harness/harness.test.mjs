/** The harness itself: a page's errors fail its test, waits end, pages come as they should. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { bundle, createBrowser, filePage, pageFiles, profileFolder, serve, within } from "./index.mjs";
import { openTab } from "./tab.mjs";

const browser = createBrowser();
const SAYS = "window.said = location.protocol;";

test("a page over HTTP and a page on disk run the same script", async (t) => {
  const site = await serve(t, { files: await pageFiles(SAYS) });
  const tab = await browser.open(t, site.url);
  assert.equal(await tab.evaluate(() => window.said), "http:");
  const file = await browser.open(t, await filePage(t, SAYS));
  assert.equal(await file.evaluate(() => window.said), "file:");
});

test("an uncaught error and an error on the console fail the test that opened the page", async (t) => {
  const site = await serve(t, { files: await pageFiles("console.error('said'); throw new Error('thrown');") });
  const tab = await openTab({ after() {} }, await browser.context(t), site.url);
  await assert.rejects(tab.close(), ({ actual }) => {
    assert.equal(actual.length, 2);
    assert.ok(actual.some((text) => text.includes("said")) && actual.some((text) => text.includes("thrown")));
    return true;
  });
});

test("a complaint that is allowed does not", async (t) => {
  const site = await serve(t, { files: await pageFiles("throw new Error('thrown');") });
  const tab = await browser.open(t, site.url, { allowed: [/thrown/] });
  assert.equal(tab.complaints.length, 1);
});

test("a policy, cross-origin isolation and types of files reach the page", async (t) => {
  const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  const site = await serve(t, {
    files: { ...(await pageFiles(SAYS)), "/empty.wasm": empty },
    csp: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
    isolated: true,
  });
  const tab = await browser.open(t, site.url);
  assert.equal(await tab.evaluate(() => window.crossOriginIsolated), true);
  const streamed = async () => (await WebAssembly.instantiateStreaming(fetch("/empty.wasm"))).instance !== undefined;
  assert.equal(await tab.evaluate(streamed), true);
  assert.deepEqual(site.requests, ["/index.html", "/page.js", "/empty.wasm"]);
});

test("a wait that does not end says what was waited for", async () => {
  await assert.rejects(within(new Promise(() => {}), "nothing at all", 1), /gave up waiting for nothing at all/);
});

test("a wait asks a promise again until it gives something", async (t) => {
  const site = await serve(t, { files: await pageFiles("window.asked = 0;") });
  const tab = await browser.open(t, site.url);
  const found = await tab.until(async () => {
    await new Promise((resolve) => setTimeout(resolve));
    window.asked += 1;
    return window.asked === 3 && { asked: window.asked };
  });
  assert.deepEqual(found, { asked: 3 });
});

test("a module of Node's cannot be bundled", async () => {
  await assert.rejects(bundle('import { readFileSync } from "node:fs"; readFileSync("x");'), /node:fs/);
});

test("a profile outlives its browser, and no other test sees it", async (t) => {
  const site = await serve(t, { files: await pageFiles(SAYS) });
  const folder = await profileFolder(t);
  const first = await browser.persistent(t, folder);
  const tab = await browser.open(t, site.url, { context: first });
  await tab.evaluate(() => localStorage.setItem("kept", "yes"));
  await first.close();
  const again = await browser.open(t, site.url, { context: await browser.persistent(t, folder) });
  assert.equal(await again.evaluate(() => localStorage.getItem("kept")), "yes");
  const other = await browser.open(t, site.url);
  assert.equal(await other.evaluate(() => localStorage.getItem("kept")), null);
});
