/** Plugins of WebAssembly in a page: one in Rust, with the limits that it has on a machine. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";

import { builtPlugin } from "../nodes/wasm-plugin.mjs";
import { createBrowser, pageFiles, serve } from "./harness/index.mjs";

const browser = createBrowser();
const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:; connect-src 'self'";

const PAGE = `
  import { createConductor } from "@atomiton/conductor/browser";
  self.call = async (name, data, more = {}, { signal, input = {}, worker = false } = {}) => {
    const conductor = createConductor({ worker, logLevel: "error" });
    const node = { id: "plugin", type: "wasm", parameters: { function: name, file: "/plugin.wasm", ...more } };
    const flow = { id: "calls", type: "group", nodes: [node], edges: [] };
    const running = conductor.node.run(flow, { input: { data, ...input }, executionId: "calls" });
    signal?.(() => conductor.node.cancel("calls"));
    const { data: given, error } = await running;
    await conductor.shutdown();
    return error === undefined ? given.result : { code: error.code, message: error.message };
  };
`;
let plugin;
before(() => {
  plugin = readFileSync(builtPlugin());
});

async function open(t, { csp = CSP, allowed } = {}) {
  const site = await serve(t, { files: { ...(await pageFiles(PAGE)), "/plugin.wasm": plugin }, csp });
  return browser.open(t, site.url, { allowed });
}

const ORDERS = [
  { region: "north", total: 4 },
  { region: "south", total: 2.5 },
];
const SUMS = { currency: "CHF", by_region: { north: 4, south: 2.5 } };

test("a plugin is fetched, a data URL or bytes, and gets rows and settings", async (t) => {
  const tab = await open(t);
  const answers = await tab.evaluate(
    async ([orders, base64]) => {
      const config = { currency: "CHF" };
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      return [
        await call("sums", orders, { config }),
        await call("sums", orders, { config, file: `data:application/wasm;base64,${base64}` }),
        await call("sums", orders, { config, file: undefined }, { input: { module: bytes } }),
        await call("sums", orders, { config }, { worker: true }),
      ];
    },
    [ORDERS, plugin.toString("base64")],
  );
  assert.deepEqual(answers, [SUMS, SUMS, SUMS, SUMS]);
});

test("it fails in its own words, and keeps to its limits", async (t) => {
  const tab = await open(t, { allowed: [/404/] });
  const text = { inputFormat: "text", outputFormat: "text" };
  const [refused, trapped, hoarded, missing, nowhere, hosts] = await tab.evaluate(async (text) => {
    return [
      await call("sums", [{ region: "north", total: -1 }]),
      await call("mistake", "x", text),
      await call("hoard", "x", { ...text, memoryPages: 256 }),
      await call("sum", []),
      await call("sums", [], { file: "/none.wasm" }),
      await call("sums", [], { allowedHosts: ["example.com"] }),
    ];
  }, text);
  assert.match(refused.message, /^\[wasm\] The plugin failed: north has a total below zero/);
  assert.match(trapped.message, /trapped in `mistake`: unreachable/);
  assert.match(hoarded.message, /trapped in `hoard`: unreachable/);
  assert.match(missing.message, /exports no function `sum`.*Did you mean `sums`/);
  assert.match(nowhere.message, /status 404/);
  assert.deepEqual([hosts.code, /redirected/.test(hosts.message)], ["NO_TRANSPORT", true]);
});

test("a plugin without an end is ended with its worker, at its deadline or when it is cancelled", async (t) => {
  // `(module (memory (export "memory") 1) (func (export "spin") (result i32) (loop (br 0)) (i32.const 0)))`
  const spin =
    "data:application/wasm;base64,AGFzbQEAAAABBQFgAAF/AwIBAAUDAQABBxECBm1lbW9yeQIABHNwaW4AAAoLAQkAA0AMAAtBAAs=";
  const tab = await open(t);
  const [late, cancelled] = await tab.evaluate(async (file) => {
    const late = await call("spin", "x", { file, timeout: 300 });
    const cancelled = await call("spin", "x", { file }, { signal: (cancel) => cancel() });
    return [late.code, cancelled.code];
  }, spin);
  assert.deepEqual([late, cancelled], ["TIMEOUT", "CANCELLED"]);
});

test("where no worker may be started, it says so", async (t) => {
  const tab = await open(t, {
    csp: CSP.replace("worker-src blob:", "worker-src 'none'"),
    allowed: [/worker.*violates the following|Refused to create a worker/i],
  });
  const { code, message } = await tab.evaluate(() => call("sums", []));
  assert.deepEqual([code, /worker-src/.test(message)], ["INTERNAL_ERROR", true]);
});
