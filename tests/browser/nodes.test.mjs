/** The node library in a page: what runs there, and that user code stays where it was put. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { build } from "esbuild";

import { overrunning } from "../../npm/nodes/test/overrunning.mjs";
import { ROOT } from "../../scripts/command.mjs";
import { bundle, createBrowser, filePage, pageFiles, serve } from "./harness/index.mjs";

const browser = createBrowser();

/** Gives the page `run(type, input, parameters)`, which tells what came of it. */
const PAGE = `
  import { codeOf, getNodeExecutable } from "@atomiton/nodes/browser";
  self.run = async (type, input, parameters) => {
    try {
      return await getNodeExecutable(type).execute({ input, variables: {}, ...parameters });
    } catch (error) {
      return { code: codeOf(error), message: error.message };
    }
  };
`;
const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";
const WITH_WORKERS = `${STRICT}; worker-src blob:; connect-src 'self'`;
const WITHOUT_WORKERS = `${STRICT}; worker-src 'none'`;
/** What Chromium writes when a worker is refused. */
const WORKER_REFUSED = [/worker.*violates the following|Refused to create a worker/i];

async function open(t, { csp = WITH_WORKERS, allowed } = {}) {
  const site = await serve(t, { files: { ...(await pageFiles(PAGE)), "/data.json": '{"a":[1,2]}' }, csp });
  const tab = await browser.open(t, site.url, { allowed });
  return { tab, site };
}

/** Runs user code over `[1]` in a page. */
function map(tab, transformFunction, parameters = {}) {
  return tab.evaluate(
    ([code, others]) => run("transform", [1], { transformFunction: code, ...others }),
    [transformFunction, parameters],
  );
}

const STOPPED = { code: "TIMEOUT", message: "[transform] transformFunction was stopped after 200 ms" };

test("types that need no machine run in a page under a strict policy", async (t) => {
  const { tab, site } = await open(t);
  const answers = await tab.evaluate(async () => [
    (await run("edit-fields", { data: { a: 1 } }, { values: { b: "{{a}}!" } })).result,
    (await run("transform", [3, 1, 2], { operation: "sort" })).result,
    (await run("transform", [3, 1, 2], { operation: "filter", transformFunction: "(x, i, all) => x < all.length" }))
      .result,
    (
      await run("transform", [3, 1, 2], {
        operation: "reduce",
        transformFunction: "(acc, x) => acc + x",
        reduceInitial: 1,
      })
    ).result,
    (await run("condition", { total: 5 }, { expression: "item.total > variables.least", variables: { least: 4 } }))
      .result,
    (await run("http-request", {}, { url: new URL("/data.json", location.href).href })).result,
  ]);
  assert.deepEqual(answers, [{ a: 1, b: "1!" }, [1, 2, 3], [1, 2], 7, true, { a: [1, 2] }]);
  assert.equal(tab.page.workers().length, 1);
  assert.deepEqual(site.requests, ["/index.html", "/page.js", "/data.json"]);
});

test("types that need a machine say where they can run", async (t) => {
  const { tab } = await open(t);
  for (const type of ["file-system", "spreadsheet", "shell-command", "image"]) {
    assert.deepEqual(await tab.evaluate((type) => run(type, {}, { nodeId: "n" }), type), {
      code: "NO_TRANSPORT",
      message: `The node "n" (${type}) needs a machine: run this flow on a server or in the desktop application`,
    });
  }
});

test("TypeScript runs in a page under a strict policy", async (t) => {
  const { tab } = await open(t);
  const answers = await tab.evaluate(async () => {
    const language = "typescript";
    return [
      await run("code", [2], { code: "enum A { B = 3 }\nreturn (data as number[])[0]! * A.B", language }),
      await run("code", [2], { code: "const a: number = 1;\nlet b: = 1;", language }),
      await run("code", [2], { code: "const a: number = 1; return a" }),
    ];
  });
  assert.equal(answers[0].result, 6);
  assert.match(answers[1].message, /^\[code\] `code` is no TypeScript: .*\(line 2, column 8 of it\)$/);
  assert.match(answers[2].message, /SyntaxError.*; if it is TypeScript, say so by `language: typescript`$/);
});

test("what reads TypeScript, and what runs plugins, is loaded by what needs it alone", async () => {
  const options = { bundle: true, splitting: true, format: "esm", write: false, outdir: "/out", metafile: true };
  const { metafile } = await build({ stdin: { contents: PAGE, resolveDir: ROOT }, logLevel: "silent", ...options });
  const { outputs } = metafile;
  const parts = (names) => names.flatMap((name) => Object.keys(outputs[name].inputs)).join("\n");
  const [entry] = Object.keys(outputs).filter((name) => outputs[name].entryPoint === "<stdin>");
  const atOnce = [entry];
  for (const name of atOnce) {
    for (const { path, kind } of outputs[name].imports) {
      if (kind === "import-statement" && !atOnce.includes(path)) atOnce.push(path);
    }
  }
  for (const part of [/browser\/typescript-module-/, /browser\/typescript-/, /browser\/page-/]) {
    assert.match(parts(Object.keys(outputs)), part);
    assert.doesNotMatch(parts(atOnce), part);
  }
});

test("values come out of user code as they went in", async (t) => {
  const { tab } = await open(t);
  const same = await tab.evaluate(async () => {
    const data = [
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      undefined,
      null,
      new Date(5),
      "\ud800 \u0000",
      { "": [undefined] },
    ];
    const { result } = await run("transform", data, { transformFunction: "(x) => (x, x)" });
    const told = (value) =>
      value instanceof Date
        ? `date ${value.getTime()}`
        : typeof value === "object"
          ? JSON.stringify(value)
          : String(value);
    return [result.map(told).join(), data.map(told).join(), result.length];
  });
  assert.equal(same[0], same[1]);
  assert.equal(same[2], 7);
});

test("code without end is stopped at its deadline", async (t) => {
  const { tab } = await open(t);
  const outcomes = await tab.evaluate(() => {
    const loop = { transformFunction: "() => { while (true) { try { while (true) {} } catch {} } }", timeout: 200 };
    return Promise.all(Array.from({ length: 8 }, () => run("transform", [1], loop)));
  });
  assert.deepEqual(outcomes, Array(8).fill(STOPPED));
  assert.ok(tab.page.workers().length <= 4);
});

test("the page goes on while code without end runs", async (t) => {
  const { tab } = await open(t);
  await map(tab, "x => (x, x)");
  const codes = await tab.evaluate(async () => {
    const abort = new AbortController();
    const loop = { transformFunction: "() => { while (true) {} }", timeout: 600_000, signal: abort.signal };
    const all = Promise.all(Array.from({ length: 8 }, () => run("transform", [1], loop)));
    await new Promise((resolve) => {
      let turns = 0;
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => (++turns < 10_000 ? port2.postMessage(0) : resolve());
      port2.postMessage(0);
    });
    abort.abort();
    return (await all).map(({ code }) => code);
  });
  assert.deepEqual(codes, Array(8).fill("CANCELLED"));
});

test("built-ins that do not look at the clock are ended with their workers, and other code is unhurt", async (t) => {
  const { tab } = await open(t);
  const seen = await tab.evaluate(async (codes) => {
    const healthy = async () => (await run("transform", [1], { transformFunction: "(x) => x + 1" })).result;
    const limits = { timeout: 200, memoryLimit: 2 ** 30 };
    await healthy();
    const running = codes.map((transformFunction) => run("transform", [1], { transformFunction, ...limits }));
    const beside = await healthy();
    const outcomes = await Promise.all(running);
    const begun = performance.now();
    await run("transform", [1], { transformFunction: codes[0], ...limits });
    return { beside, outcomes, after: await healthy(), took: performance.now() - begun };
  }, Object.values(overrunning));
  const names = Object.keys(overrunning);
  assert.deepEqual(
    seen.outcomes.map(({ message, code }, i) => [names[i], code, message]),
    names.map((name) => [name, STOPPED.code, STOPPED.message]),
  );
  assert.deepEqual([seen.beside, seen.after], [[2], [2]]);
  // On a busy machine the page itself comes late; without an end of the worker it would take a minute.
  assert.ok(seen.took < 10_000, `${seen.took} ms`);
});

test("a memory bomb ends itself alone", async (t) => {
  const { tab } = await open(t);
  const bomb = "() => { const kept = []; while (true) kept.push('x'.repeat(1e5) + kept.length) }";
  assert.deepEqual(await map(tab, bomb, { memoryLimit: 16 * 1024 * 1024, timeout: 60_000 }), {
    code: "MEMORY_LIMIT_EXCEEDED",
    message: "[transform] transformFunction needed more than its 16 MiB of memory",
  });
  const deep = "() => { let n = 0; const f = () => { n++; return f() + 1 }; try { f() } catch (e) { return e.name } }";
  assert.deepEqual((await map(tab, deep)).result, ["RangeError"]);
  assert.equal((await map(tab, "() => JSON.parse('['.repeat(1e6))")).code, "EXECUTION_FAILED");
  assert.deepEqual((await map(tab, "x => x + 1")).result, [2]);
});

test("a signal ends user code and its worker at once, whether it runs or waits", async (t) => {
  const { tab } = await open(t);
  await map(tab, "x => (x, x)");
  const codes = await tab.evaluate(async () => {
    const abort = new AbortController();
    const loop = { transformFunction: "() => { while (true) {} }", timeout: 600_000, signal: abort.signal };
    const all = Promise.all(Array.from({ length: 6 }, () => run("transform", [1], loop)));
    // By then some have a worker, the others wait for one.
    await run("edit-fields", {}, { values: {} });
    abort.abort();
    return (await all).map(({ code }) => code);
  });
  assert.deepEqual(codes, Array(6).fill("CANCELLED"));
  assert.deepEqual((await map(tab, "x => x + 1")).result, [2]);
});

test("user code finds nothing of the page, its worker or the run before", async (t) => {
  for (const [csp, allowed] of [[WITH_WORKERS], [WITHOUT_WORKERS, WORKER_REFUSED]]) {
    const { tab } = await open(t, { csp, allowed });
    const names = [
      "self",
      "window",
      "document",
      "fetch",
      "XMLHttpRequest",
      "postMessage",
      "importScripts",
      "indexedDB",
    ];
    const found = `() => ${JSON.stringify([...names, "process", "require", "console", "WebAssembly", "setTimeout"])}`;
    const nothing = `${found}.filter((name) => name in globalThis || (0, eval)("typeof " + name) !== "undefined")`;
    assert.deepEqual((await map(tab, nothing)).result, [[]]);
    for (const attempt of [
      "x => x.constructor.constructor('return typeof fetch')()",
      "x => [].filter['const' + 'ructor']('return typeof self')()",
      "() => (function () { return typeof this.postMessage })()",
      "() => typeof Function('return this')().fetch",
      "() => typeof (async () => {}).constructor('return this')().fetch",
      "() => { try { null.f() } catch (e) { return e.constructor.constructor('return typeof document')() } }",
      "() => { Error.prepareStackTrace = (_, s) => s; return typeof new Error().stack[0]?.getThis }",
      "() => typeof new Proxy({}, {}).document",
      "() => { try { f() } catch (e) { return typeof e.host } function f() { return f() } }",
    ]) {
      assert.deepEqual((await map(tab, attempt)).result, ["undefined"], attempt);
    }
    for (const attempt of [
      "() => import('data:text/javascript,1')",
      "() => import('/page.js')",
      "async () => fetch('/x')",
    ]) {
      assert.equal((await map(tab, attempt)).code, "TYPE_MISMATCH", attempt);
    }
    await map(tab, "() => { globalThis.left = 1; Object.prototype.left = 1; JSON.stringify = () => '[9]'; return 1 }");
    assert.deepEqual((await map(tab, "() => typeof left")).result, ["undefined"]);
    assert.equal(await tab.evaluate(() => typeof {}.left), "undefined");
    await tab.close();
  }
});

test("where no worker may be started user code runs in the page, with the same limits", async (t) => {
  const { tab } = await open(t, { csp: WITHOUT_WORKERS, allowed: WORKER_REFUSED });
  assert.deepEqual((await map(tab, "x => x + 1")).result, [2]);
  assert.deepEqual(await map(tab, "() => { while (true) {} }", { timeout: 200 }), STOPPED);
  const bomb = "() => { const kept = []; while (true) kept.push('x'.repeat(1e5) + kept.length) }";
  assert.equal((await map(tab, bomb, { memoryLimit: 1048576, timeout: 60_000 })).code, "MEMORY_LIMIT_EXCEEDED");
  assert.equal((await map(tab, "x => {\n return x.a.b;\n}")).message.includes("at item 0, line 2: TypeError"), true);
  assert.equal(tab.page.workers().length, 0);
});

test("without 'wasm-unsafe-eval' user code is refused in words that name it; other work is done", async (t) => {
  const allowed = [/wasm-unsafe-eval|WebAssembly/];
  const { tab } = await open(t, { csp: "default-src 'none'; script-src 'self'; worker-src blob:", allowed });
  const refused = await map(tab, "x => x + 1");
  assert.equal(refused.code, "INTERNAL_ERROR");
  assert.match(refused.message, /^\[transform\] User code cannot run here: .*'wasm-unsafe-eval' in script-src\.$/);
  const sorted = await tab.evaluate(() => run("transform", [2, 1], { operation: "sort" }));
  assert.deepEqual(sorted.result, [1, 2]);
});

test("the library works inside a worker, and in a page from disk", async (t) => {
  const inside = `${PAGE}
    self.onmessage = async ({ data }) => self.postMessage(await run("transform", [1], { transformFunction: data }));
  `;
  const files = {
    ...(await pageFiles(`
      window.ask = (code) => new Promise((resolve) => {
        const worker = new Worker("/worker.js");
        worker.onmessage = ({ data }) => resolve(data.result);
        worker.postMessage(code);
      });
    `)),
    "/worker.js": await bundle(inside, { format: "iife" }),
  };
  const site = await serve(t, { files });
  const tab = await browser.open(t, site.url);
  assert.deepEqual(await tab.evaluate(() => ask("x => x + 1")), [2]);
  const disk = await browser.open(t, await filePage(t, PAGE));
  assert.deepEqual((await map(disk, "x => x + 1")).result, [2]);
});

test("http-request says what a page may not do", async (t) => {
  const other = await serve(t, { files: { "/data.json": "{}" } });
  const { tab, site } = await open(t, { csp: "connect-src *", allowed: [/CORS policy|ERR_FAILED/] });
  const ask = (parameters) => tab.evaluate((parameters) => run("http-request", {}, parameters), parameters);
  const refused = await ask({ url: `${other.origin}/data.json` });
  assert.equal(refused.code, "EXECUTION_FAILED");
  assert.match(refused.message, /^\[http-request\] fetch failed \(.*\): .*CORS/);
  assert.ok(refused.message.includes(other.origin) && refused.message.includes(site.origin));
  const header = await ask({ url: `${site.origin}/data.json`, headers: { Cookie: "a=b", Accept: "text/plain" } });
  assert.equal(header.code, "INVALID_PARAMETERS");
  assert.match(header.message, /cannot send the header "cookie"/);
});
