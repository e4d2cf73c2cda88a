/** The scenarios of `tests/conformance` go as written down in a page, too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { expected, firstDifference, scenarios } from "../conformance/corpus.mjs";
import { createBrowser, pageFiles, serve } from "./harness/index.mjs";

const browser = createBrowser();
const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";
const all = scenarios();

test("every scenario goes as written down, on WebAssembly in a page", async (t) => {
  const tab = await open(t, "page.mjs");
  for (const { name, scenario } of all) {
    same(await tab.evaluate((text) => window.play(text), JSON.stringify(scenario)), expected(name, "journal"), name);
  }
  assert.equal(await tab.evaluate(() => window.openRuns()), 0);
});

test("through the public API of a page, results are those of Node", async (t) => {
  const tab = await open(t, "results-page.mjs");
  assert.equal(await tab.evaluate(() => window.backend), "wasm");
  const told = all.filter(({ scenario }) => scenario.api !== undefined);
  assert.notEqual(told.length, 0);
  for (const { name, scenario } of told) {
    same(await tab.evaluate((text) => window.result(text), JSON.stringify(scenario)), expected(name, "result"), name);
  }
});

async function open(t, script) {
  const path = fileURLToPath(new URL(`../conformance/${script}`, import.meta.url));
  const site = await serve(t, { files: await pageFiles({ path }), csp: CSP });
  return browser.open(t, site.url);
}

function same(found, wanted, name) {
  assert.ok(wanted !== undefined, `nothing is expected of ${name}`);
  const difference = firstDifference(found, wanted);
  assert.ok(difference === undefined, `${name} ${difference}`);
}
