/** `@atomiton/conductor/slim` in a real browser: the module as a file of its own, given in every way there is. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import { createBrowser, pageFiles, serve } from "../browser/harness/index.mjs";

const MODULE = createRequire(import.meta.url).resolve("@atomiton/conductor/conductor.wasm");
const NODE = { id: "set", type: "edit-fields", parameters: { values: { n: 1 } } };

const browser = createBrowser();

/** A page with the entry point on `globalThis.slim`, and the module beside it under each of `names`. */
async function open(t, { names = ["/conductor.wasm"], files = {}, allowed = [], ...options } = {}) {
  const bytes = readFileSync(MODULE);
  const page = await pageFiles(`import * as slim from "@atomiton/conductor/slim"; globalThis.slim = slim;`);
  const modules = Object.fromEntries(names.map((name) => [name, bytes]));
  const { url } = await serve(t, { files: { ...page, ...modules, ...files }, ...options });
  return browser.open(t, url, { allowed });
}

function runs(tab) {
  return tab.evaluate(async (node) => {
    const { success, data, error } = await slim.conductor.node.run(node);
    return { success, data, code: error?.code, message: error?.message };
  }, NODE);
}

const RIGHT = { success: true, data: { result: { n: 1 } }, code: undefined, message: undefined };

/** What `init` rejects with, for a source that is made in the page. */
function refusal(tab, source) {
  return tab.evaluate(`(async () => {
    try { await slim.init(${source}); } catch ({ code, message }) { return { code, message }; }
  })()`);
}

for (const [name, source] of Object.entries({
  "an address": `"./conductor.wasm"`,
  "a URL": `new URL("./conductor.wasm", location.href)`,
  "a request": `new Request("./conductor.wasm")`,
  "an answer": `await fetch("./conductor.wasm")`,
  "a promise of an answer": `fetch("./conductor.wasm")`,
  "an answer of no known type": `fetch("./conductor.bin")`,
  "an ArrayBuffer": `await (await fetch("./conductor.wasm")).arrayBuffer()`,
  "a typed array": `new Uint8Array(await (await fetch("./conductor.wasm")).arrayBuffer())`,
  "a module": `await WebAssembly.compileStreaming(fetch("./conductor.wasm"))`,
})) {
  test(`starts with ${name}`, async (t) => {
    const tab = await open(t, { names: ["/conductor.wasm", "/conductor.bin"] });
    assert.equal(await tab.evaluate(`(async () => slim.init(${source}))()`), undefined);
    assert.deepEqual(await runs(tab), RIGHT);
  });
}

test("compiles an answer while it arrives", async (t) => {
  const tab = await open(t);
  const calls = await tab.evaluate(async () => {
    const calls = [];
    for (const name of ["compile", "compileStreaming"]) {
      const own = WebAssembly[name];
      WebAssembly[name] = (source) => {
        calls.push(name);
        return own.call(WebAssembly, source);
      };
    }
    await slim.init("./conductor.wasm");
    return calls;
  });
  assert.deepEqual(calls, ["compileStreaming"]);
});

test("fetches once, however often it is called", async (t) => {
  const tab = await open(t);
  await tab.evaluate(async () => {
    await Promise.all([slim.init("./conductor.wasm"), slim.init("./conductor.wasm")]);
    await slim.init("./nowhere.wasm");
  });
  assert.deepEqual(await runs(tab), RIGHT);
  assert.equal(tab.requests.filter((url) => url.endsWith(".wasm")).length, 1);
});

test("running before it has its module says what to do, and works after", async (t) => {
  const tab = await open(t);
  const early = await runs(tab);
  assert.equal(early.code, "INTERNAL_ERROR");
  assert.match(early.message, /is not there yet\. Await init/);
  await tab.evaluate(() => slim.init("./conductor.wasm"));
  assert.deepEqual(await runs(tab), RIGHT);
});

test("a module that cannot be had is an error with a code, and another try may succeed", async (t) => {
  const tab = await open(t, { files: { "/text.wasm": "no module" }, allowed: [/404/] });
  const missing = await refusal(tab, `"./missing.wasm"`);
  assert.equal(missing.code, "INTERNAL_ERROR");
  assert.match(missing.message, /missing\.wasm answered with status 404/);
  const foreign = await refusal(tab, `"./text.wasm"`);
  assert.equal(foreign.code, "INTERNAL_ERROR");
  assert.match(foreign.message, /expected magic word/);
  const nothing = await refusal(tab, "7");
  assert.equal(nothing.code, "INTERNAL_ERROR");
  assert.match(nothing.message, /no address, request, answer, bytes or WebAssembly\.Module/);
  assert.equal(await refusal(tab, `"./conductor.wasm"`), undefined);
  assert.deepEqual(await runs(tab), RIGHT);
});

test("needs no more of a content security policy than 'wasm-unsafe-eval' and its own file", async (t) => {
  const csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
  const tab = await open(t, { csp });
  await tab.evaluate(() => slim.init("./conductor.wasm"));
  assert.deepEqual(await runs(tab), RIGHT);
});

test("a content security policy without 'wasm-unsafe-eval' is told as what it is", async (t) => {
  const csp = "default-src 'none'; script-src 'self'; connect-src 'self'";
  const tab = await open(t, { csp, allowed: [/Content Security Policy/i] });
  const { code, message } = await refusal(tab, `"./conductor.wasm"`);
  assert.equal(code, "INTERNAL_ERROR");
  assert.match(message, /'wasm-unsafe-eval' in script-src/);
});

test("what needs no engine needs no module", async (t) => {
  const tab = await open(t);
  const health = await tab.evaluate(() => slim.conductor.system.health());
  assert.equal(typeof health.status, "string");
  assert.equal(
    tab.requests.some((url) => url.endsWith(".wasm")),
    false,
  );
});
