/** `createConductor({ worker })`: what runs in a page runs in a Web Worker instead. */

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

import { overrunning } from "../../npm/nodes/test/overrunning.mjs";
import { bundle, createBrowser, filePage, pageFiles, serve, within } from "./harness/index.mjs";
import { checkFollows } from "./page/followed.mjs";

const browser = createBrowser();

const SCRIPT = { path: fileURLToPath(new URL("page/script.js", import.meta.url)) };

/** An application's own worker, with executables that are hard on their thread. */
const OWN_WORKER = `
  import { useExecutables } from "@atomiton/conductor/worker";

  /** How many turns the page has taken: memory of both. */
  let pageTurns;
  addEventListener("message", ({ data }) => {
    if (data?.pageTurns !== undefined) ({ pageTurns } = data);
  });

  const bodies = {
    compute: ({ side }) => ({ square: side ** 2 }),
    /** Computes without a pause until the page has taken so many turns more. */
    outlast({ turns }) {
      const begun = Atomics.load(pageTurns, 0);
      while (Atomics.load(pageTurns, 0) - begun < turns);
      return { thread: self.constructor.name };
    },
    spin() {
      postMessage("spinning");
      for (;;);
    },
    idle: () => new Promise(() => {}),
    leave() {
      self.close();
      return new Promise(() => {});
    },
    stumble() {
      setTimeout(() => {
        throw new Error("nobody catches this");
      });
      return new Promise(() => {});
    },
  };
  useExecutables({
    getNodeExecutable: (type) => (Object.hasOwn(bodies, type) ? { execute: bodies[type] } : undefined),
  });
`;

/** A policy that allows a page its own scripts and the engine, and no worker that is made of text. */
const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";
/** The same with such workers. */
const WITH_BLOBS = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:";

/** The same with a file to fetch. */
const SLIM = `${WITH_BLOBS}; connect-src 'self'`;

/** Opens a page that has the entry on its window, and an own worker to start. */
async function openPage(t, { site = {}, ...options } = {}) {
  const files = { ...(await pageFiles(SCRIPT)), "/worker.js": await bundle(OWN_WORKER) };
  const { url } = await serve(t, { ...site, files });
  return browser.open(t, url, { before: preparePage, ...options });
}

/** Puts on the page's window, before its scripts: turns that workers can count, an own worker, and nodes. */
function preparePage() {
  /** How many turns the page has taken, where pages may share memory with their workers. */
  const pageTurns = window.crossOriginIsolated ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
  /** Takes turns while work goes on, each a timer and a message. */
  window.takeTurnsDuring = async (work) => {
    const { port1, port2 } = new MessageChannel();
    const next = () => setTimeout(() => port2.postMessage(undefined));
    port1.onmessage = () => {
      Atomics.add(pageTurns, 0, 1);
      next();
    };
    next();
    const result = await work();
    port1.close();
    return result;
  };
  /** Starts an own worker; those that were started are kept, with whether they were ended. */
  window.started = [];
  window.ownWorker = () => {
    const worker = new Worker("/worker.js", { type: "module" });
    worker.postMessage({ pageTurns });
    const kept = { ended: false, spins: new Promise((resolve) => worker.addEventListener("message", resolve)) };
    window.started.push(kept);
    return {
      postMessage: (message, transfer) => worker.postMessage(message, transfer),
      addEventListener: (type, listener) => worker.addEventListener(type, listener),
      terminate() {
        kept.ended = true;
        worker.terminate();
      },
    };
  };
  window.node = (id, type, parameters = {}) => ({ id, type, name: id, parameters });
  window.fields = (id, values) => window.node(id, "edit-fields", { values });
  /** A node of user code that maps the items it is given. */
  window.code = (id, transformFunction, more) => window.node(id, "transform", { transformFunction, ...more });
}

test("library nodes run in the library's own worker, which starts at first use and ends at shutdown", async (t) => {
  const tab = await openPage(t, { site: { csp: WITH_BLOBS } });
  await tab.evaluate(() => {
    window.conductor = entry.createConductor({ worker: true });
  });
  assert.equal(tab.page.workers().length, 0);
  const result = await tab.evaluate(async () => {
    const { success, data, executedNodes, trace } = await conductor.node.run(
      chain("flow", fields("a", { x: 1 }), fields("b", { y: 2 })),
    );
    return { success, data, executedNodes, traced: trace.nodes.map(({ nodeId, state }) => [nodeId, state]) };
  });
  assert.equal(result.success, true);
  assert.deepEqual(result.executedNodes, ["flow", "a", "b"]);
  assert.deepEqual(result.traced, [
    ["a", "completed"],
    ["b", "completed"],
  ]);
  const [worker] = tab.page.workers();
  assert.match(worker.url(), /^blob:/);
  const closed = worker.waitForEvent("close");
  await tab.evaluate(() => conductor.shutdown());
  await within(closed, "the worker to end");
});

test("the store follows every step of a run in the worker", async (t) => {
  await checkFollows(await openPage(t, { site: { csp: WITH_BLOBS } }), { worker: true });
});

test("an executable that computes without a pause leaves the page its turns", async (t) => {
  const tab = await openPage(t, { site: { isolated: true } });
  const result = await tab.evaluate(async () => {
    const conductor = entry.createConductor({ worker: ownWorker });
    // It can only be over once the page went on while it computed.
    const run = () => conductor.node.run(node("busy", "outlast", { turns: 20 }));
    const { success, data } = await takeTurnsDuring(run);
    return { success, ...data };
  });
  assert.deepEqual(result, { success: true, thread: "DedicatedWorkerGlobalScope" });
});

test("a chain of 100,000 nodes runs while the page goes on", async (t) => {
  const tab = await openPage(t, { site: { isolated: true } });
  const result = await tab.evaluate(async () => {
    // Along the chain there are nodes that the page must keep going for.
    const nodes = Array.from({ length: 100_000 }, (_, at) =>
      at % 10_000 === 9_999 ? node(`n${at}`, "outlast", { turns: 1 }) : node(`n${at}`, "compute", { side: 3 }),
    );
    const conductor = entry.createConductor({ worker: ownWorker });
    const run = () => conductor.node.run(chain("flow", ...nodes));
    const { success, executedNodes, outputs } = await takeTurnsDuring(run);
    const { nodes: shown } = conductor.node.store.getState();
    const last = shown.get("n99999").state;
    return { success, executed: executedNodes.length, last, outputs: Object.keys(outputs).length, first: outputs.n0 };
  });
  assert.deepEqual(result, {
    success: true,
    executed: 100_001,
    last: "completed",
    outputs: 100_000,
    first: { square: 9 },
  });
});

test("the outputs of all nodes come with the result", async (t) => {
  const tab = await openPage(t, { site: { csp: WITH_BLOBS } });
  const seen = await tab.evaluate(async () => {
    const nodes = [
      { id: "order", type: "edit-fields", parameters: { values: { country: "{{country}}", amount: 120 } } },
      { id: "large", type: "condition", parameters: { expression: "item.amount > 100" } },
    ];
    const flow = { id: "check", type: "group", nodes, edges: [{ source: "order", target: "large" }] };
    const [there, here] = [entry.createConductor({ worker: true }), entry.createConductor()];
    const results = [];
    for (const conductor of [there, here]) {
      const { success, outputs } = await conductor.flow.run(flow, { input: { country: "NO" } });
      results.push({ success, outputs });
    }
    return results;
  });
  assert.deepEqual(seen[0].outputs.large, { result: true, value: { country: "NO", amount: 120 } });
  assert.deepEqual(Object.keys(seen[0].outputs), ["order", "large"]);
  assert.deepEqual(seen[0], seen[1]);
});

test("executables of the page run there, with all that they are given elsewhere", async (t) => {
  const tab = await openPage(t, { site: { csp: WITH_BLOBS } });
  const seen = await tab.evaluate(async () => {
    const seen = { progress: [] };
    const failure = new Error("no paper");
    const [begun, held] = [gate(), gate()];
    const conductor = entry.createConductor({
      worker: true,
      nodeExecutorFactory: executables({
        print(params) {
          seen.keys = Object.keys(params).sort();
          seen.title = document.title;
          seen.said = params.say("hello");
          seen.input = params.input;
          seen.attempt = params.attempt;
          seen.key = params.idempotencyKey === params.executionId;
          params.progress(40, "half of it");
          return { printed: true };
        },
        jam() {
          throw failure;
        },
        async wait({ signal }) {
          signal.addEventListener("abort", () => held.open());
          begun.open();
          await held.passed;
          seen.aborted = signal.reason.name;
        },
      }),
    });
    conductor.node.onProgress((event) => seen.progress.push(event.progress));
    const printing = node("print", "print", { say: (word) => `${word}!` });
    const printed = await conductor.node.run(chain("flow", fields("a", { x: 1 }), printing, fields("z", {})));
    seen.printed = [printed.success, printed.executedNodes];
    const jammed = await conductor.node.run(chain("flow", fields("a", {}), node("jam", "jam")));
    seen.jammed = [jammed.error.code, jammed.error.message, jammed.error.nodeId, jammed.error.cause === failure];
    const waiting = conductor.node.run(node("wait", "wait"), { executionId: "waiting" });
    await begun.passed;
    await conductor.node.cancel("waiting");
    seen.cancelled = (await waiting).error.code;
    return seen;
  });
  assert.deepEqual(seen.keys, [
    "debug",
    "executionId",
    "input",
    "nodeId",
    "parentContext",
    "say",
    "slowMo",
    "variables",
  ]);
  assert.equal(seen.title, "Page");
  assert.equal(seen.said, "hello!");
  assert.equal(seen.attempt, 1);
  assert.equal(seen.key, true);
  assert.deepEqual(seen.printed, [true, ["flow", "a", "print", "z"]]);
  assert.deepEqual(seen.jammed, ["EXECUTION_FAILED", "no paper", "jam", true]);
  assert.deepEqual([seen.cancelled, seen.aborted], ["CANCELLED", "AbortError"]);
  assert.ok(seen.progress.includes(100));
});

test("a worker that computes for ever is ended when its run is cancelled, and the next run has another", async (t) => {
  const tab = await openPage(t);
  const seen = await tab.evaluate(async () => {
    const conductor = entry.createConductor({ worker: ownWorker });
    await conductor.node.run(node("first", "compute", { side: 3 }));
    const spinning = conductor.node.run(node("spin", "spin"), { executionId: "spinning" });
    await started[0].spins;
    await conductor.node.cancel("spinning");
    const { error } = await spinning;
    const next = await conductor.node.run(node("next", "compute", { side: 3 }));
    return { code: error.code, next: next.success, started: started.map(({ ended }) => ended) };
  });
  assert.deepEqual(seen, { code: "CANCELLED", next: true, started: [true, false] });
});

test("a run whose worker computes for ever ends at its deadline", async (t) => {
  const tab = await openPage(t);
  const seen = await tab.evaluate(async () => {
    const conductor = entry.createConductor({ worker: ownWorker });
    await conductor.node.run(node("first", "compute", { side: 3 }));
    const limited = { ...chain("flow", node("spin", "spin")), settings: { runtime: { timeout: 100 } } };
    const { error } = await conductor.node.run(limited);
    return { code: error.code, started: started.map(({ ended }) => ended) };
  });
  assert.deepEqual(seen, { code: "TIMEOUT", started: [true] });
});

for (const [what, type, pattern] of [
  ["an error that nobody catches", "stumble", /nobody catches this/],
  ["the end of its thread", "leave", /it is gone/],
]) {
  test(`${what} in the worker fails what it was doing, and the next run has another worker`, async (t) => {
    const tab = await openPage(t);
    const seen = await tab.evaluate(async (type) => {
      const conductor = entry.createConductor({ worker: ownWorker });
      const [failed, other] = await Promise.all([
        conductor.node.run(node("failing", type)),
        conductor.node.run(node("other", "idle")),
      ]);
      const next = await conductor.node.run(node("next", "compute", { side: 3 }));
      const { code, message, recovery } = failed.error;
      return { code, message, retryable: recovery.retryable, other: other.error.code, next: next.success };
    }, type);
    assert.match(seen.message, pattern);
    assert.deepEqual(
      [seen.code, seen.retryable, seen.other, seen.next],
      ["TRANSPORT_ERROR", true, "TRANSPORT_ERROR", true],
    );
  });
}

test("where blob: is forbidden a run fails with what the policy needs, and a script of the site works", async (t) => {
  const tab = await openPage(t, { site: { csp: STRICT }, allowed: [/Content Security Policy/i] });
  const seen = await tab.evaluate(async () => {
    const forbidden = entry.createConductor({ worker: true });
    const { error } = await forbidden.node.run(fields("a", {}));
    const problem = await rejection(forbidden.node.validate(fields("a", {})));
    const allowed = entry.createConductor({ worker: new URL("/worker.js", location.href) });
    const { success } = await allowed.node.run(fields("a", { x: 1 }));
    return { code: error.code, message: error.message, problem: problem.code, success };
  });
  assert.equal(seen.code, "NO_TRANSPORT");
  assert.match(seen.message, /blob: in worker-src/);
  assert.match(seen.message, /@atomiton\/conductor\/worker/);
  assert.equal(seen.problem, "NO_TRANSPORT");
  assert.equal(seen.success, true);
});

for (const [whose, makeOptions] of [
  ["the library's own worker", () => ({ worker: true })],
  ["an application's own worker", () => ({ worker: ownWorker })],
]) {
  test(`user code runs in ${whose}, and code without end is stopped at its limit while the worker goes on`, async (t) => {
    const csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:";
    const tab = await openPage(t, { site: { csp } });
    await tab.evaluate(`window.conductor = entry.createConductor((${makeOptions})())`);
    const seen = await tab.evaluate(async () => {
      const input = [1, 2, 3];
      const double = "(x) => (x, 2 * x)";
      const first = await conductor.node.run(chain("flow", code("a", double), code("b", double)), { input });
      const endless = await conductor.node.run(code("endless", "() => { for (;;); }", { timeout: 100 }), { input });
      const next = await conductor.node.run(code("next", double), { input });
      return {
        first: first.data.result,
        code: endless.error.code,
        nodeId: endless.error.nodeId,
        next: next.data.result,
      };
    });
    assert.deepEqual(seen, { first: [4, 8, 12], code: "TIMEOUT", nodeId: "endless", next: [2, 4, 6] });
  });
}

test("built-ins that do not look at the clock end at their deadline, and other user code is unhurt", async (t) => {
  const tab = await openPage(t, { site: { csp: WITH_BLOBS } });
  const seen = await tab.evaluate(async (codes) => {
    const conductor = entry.createConductor({ worker: true });
    const limits = { timeout: 200, memoryLimit: 2 ** 30 };
    const healthy = async (id) => (await conductor.node.run(code(id, "(x) => x + 1"), { input: [1] })).data.result;
    await healthy("first");
    const ended = [];
    for (const [i, text] of codes.entries()) {
      const running = conductor.node.run(code(`hog-${i}`, text, limits), { input: [1] });
      ended.push([await healthy(`beside-${i}`), (await running).error?.code]);
    }
    return ended;
  }, Object.values(overrunning));
  assert.deepEqual(
    seen,
    Object.keys(overrunning).map(() => [[2], "TIMEOUT"]),
  );
});

test("user code that is not looked at by a clock ends with its worker when its run is cancelled", async (t) => {
  const tab = await openPage(t, { site: { csp: WITH_BLOBS } });
  const seen = await tab.evaluate(async () => {
    const conductor = entry.createConductor({ worker: true });
    await conductor.node.run(code("first", "(x) => (x, x)"), { input: [1] });
    const begun = new Promise((resolve) => conductor.node.onProgress(({ nodeId }) => nodeId === "deaf" && resolve()));
    const deaf = code("deaf", "() => 'x'.repeat(1e6).replace(/x*x*x*y/, '')", { timeout: 60_000 });
    const run = conductor.node.run(deaf, { input: [1], executionId: "deaf" });
    await begun;
    await conductor.node.cancel("deaf");
    const { error } = await run;
    const { data } = await conductor.node.run(code("next", "(x) => x + 1"), { input: [1] });
    return { code: error.code, next: data.result };
  });
  assert.deepEqual(seen, { code: "CANCELLED", next: [2] });
});

test("where no WebAssembly is allowed a run fails with what the policy needs", async (t) => {
  const csp = "default-src 'none'; script-src 'self'; worker-src blob:";
  const tab = await openPage(t, { site: { csp }, allowed: [/Content Security Policy/i] });
  const error = await tab.evaluate(async () => {
    const { code, message } = (await entry.createConductor({ worker: true }).node.run(fields("a", {}))).error;
    return { code, message };
  });
  assert.equal(error.code, "INTERNAL_ERROR");
  assert.match(error.message, /'wasm-unsafe-eval' in script-src/);
});

test("a page that fetches the engine gives its worker the same one", async (t) => {
  const script = 'import * as entry from "@atomiton/conductor/slim"; window.entry = entry;';
  const wasm = await readFile(new URL("../../npm/wasm/dist/conductor.wasm", import.meta.url));
  const site = await serve(t, { files: { ...(await pageFiles(script)), "/conductor.wasm": wasm }, csp: SLIM });
  const tab = await browser.open(t, site.url, { before: preparePage });
  const seen = await tab.evaluate(async () => {
    const conductor = entry.createConductor({ worker: true });
    const early = await conductor.node.run(fields("a", {}));
    await entry.init("/conductor.wasm");
    const late = await conductor.node.run(code("b", "(x) => (x, 2 * x)"), { input: [1, 2] });
    return { code: early.error.code, message: early.error.message, result: late.data.result };
  });
  assert.equal(seen.code, "INTERNAL_ERROR");
  assert.match(seen.message, /await init/i);
  assert.deepEqual(seen.result, [2, 4]);
  assert.equal(site.requests.filter((path) => path === "/conductor.wasm").length, 1);
});

test("the text of the library's own worker brings no WebAssembly module", async () => {
  const dist = new URL("../../npm/conductor/dist/page/", import.meta.url);
  const files = (await readdir(dist)).filter((file) => /^script-text-.*\.js$/.test(file));
  assert.equal(files.length, 1);
  const { default: text } = await import(new URL(files[0], dist).href);
  // A module begins with these bytes, and travels as text that keeps them.
  assert.ok(!text.includes("\0asm") && !text.includes("AGFzbQ"));
  // With either of them it would be larger than that.
  assert.ok(text.length > 100_000 && text.length < 1_200_000, `${text.length} characters`);
  new Script(text);
});

test("a worker whose script is missing fails the run, and a worker that was given is not replaced", async (t) => {
  const tab = await openPage(t, { allowed: [/404/] });
  const seen = await tab.evaluate(async () => {
    const missing = await entry.createConductor({ worker: "/missing.js" }).node.run(fields("a", {}));
    const given = entry.createConductor({ worker: ownWorker() });
    const first = await given.node.run(fields("a", {}));
    await given.shutdown();
    const second = await given.node.run(fields("a", {}));
    return [missing.error.code, first.success, second.error.code, second.error.message];
  });
  assert.deepEqual(seen.slice(0, 3), ["NO_TRANSPORT", true, "NO_TRANSPORT"]);
  assert.match(seen[3], /it has ended/);
});

test("a page on disk has a worker as well", async (t) => {
  const tab = await browser.open(t, await filePage(t, SCRIPT), { before: preparePage });
  const seen = await tab.evaluate(async () => {
    const conductor = entry.createConductor({ worker: true });
    const { success, error } = await conductor.node.run(chain("flow", fields("a", { x: 1 }), fields("b", {})));
    const { data } = await conductor.node.run(code("c", "(x) => (x, 2 * x)"), { input: [1, 2] });
    return { success, error, result: data?.result };
  });
  assert.deepEqual(seen, { success: true, error: undefined, result: [2, 4] });
  assert.match(tab.page.workers()[0].url(), /^blob:/);
});

test("memory that is given stays with whoever gave it", async (t) => {
  const tab = await openPage(t, { site: { csp: WITH_BLOBS } });
  const seen = await tab.evaluate(async () => {
    const conductor = entry.createConductor({
      worker: true,
      nodeExecutorFactory: executables({ make: () => made, take: ({ input }) => input }),
    });
    const made = { bytes: new Uint8Array(1_000_000).fill(7) };
    const given = new ArrayBuffer(1_000_000);
    const flow = chain("flow", node("make", "make"), node("take", "take"));
    const first = await conductor.node.run(flow, { input: { given } });
    const second = await conductor.node.run(flow, { input: { given } });
    return [given.byteLength, made.bytes.length, first.data.default.bytes[999_999], second.data.default.bytes.length];
  });
  assert.deepEqual(seen, [1_000_000, 1_000_000, 7, 1_000_000]);
});
