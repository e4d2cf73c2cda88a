/** Executions that a page keeps, and that go on in another one: after a reload, a crash, the end of the browser. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { ROOT } from "../../scripts/command.mjs";
import { createBrowser, pageFiles, profileFolder, serve, within } from "./harness/index.mjs";

const PAGE = { path: fileURLToPath(new URL("page/durable.js", import.meta.url)) };
const ROUNDS = 24;

const browser = createBrowser();

/** What was done to the world, wherever the pages are that did it. */
class World {
  deeds = [];
  #grown = () => {};
  functions = {
    paid: (key, input) => {
      this.deeds.push({ key, input });
      this.#grown();
    },
  };

  /** Resolves after so many deeds more. */
  async grows(by) {
    const wanted = this.deeds.length + by;
    while (this.deeds.length < wanted) {
      await new Promise((resolve) => {
        this.#grown = resolve;
      });
    }
  }

  /** What was done for an execution: `steps` once each, and the keys that came with two different inputs. */
  of(executionId) {
    const inputs = new Map();
    for (const { key, input } of this.deeds) {
      if (key.startsWith(`${executionId}/`)) inputs.set(key, (inputs.get(key) ?? new Set()).add(input));
    }
    return { steps: inputs.size, keysWithTwoInputs: [...inputs.values()].filter(({ size }) => size > 1).length };
  }
}

const ALL_DONE = { steps: ROUNDS + 1, keysWithTwoInputs: 0 };

async function siteOf(t, options = {}) {
  return serve(t, { ...options, files: await pageFiles(PAGE) });
}

async function openPage(t, options = {}) {
  return browser.open(t, (await siteOf(t)).url, options);
}

/** Begins to shop; does not wait for the end. */
const begin = (tab, id) =>
  tab.evaluate(
    ([id, rounds]) => {
      window.conductor = keeping("shop");
      window.result = conductor.node.run(shop(rounds), { executionId: id });
    },
    [id, ROUNDS],
  );

/** Ends a browser as a power cut does, by the folder of its profile. */
function kill(folder) {
  const pids = readdirSync("/proc").filter((name) => {
    try {
      const args = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      return args.includes(`--user-data-dir=${folder}`) && !args.some((arg) => arg.startsWith("--type="));
    } catch {
      return false;
    }
  });
  assert.equal(pids.length, 1, `one browser with the profile ${folder}`);
  process.kill(Number(pids[0]), "SIGKILL");
}

test("flows of a page stay in its own database when it gets a store", async (t) => {
  const tab = await openPage(t);
  const seen = await tab.evaluate(async () => {
    const before = entry.createConductor({ transport: "local" });
    await before.storage.saveFlow({ ...chain("flow", { id: "a", type: "held" }), name: "Flow" });
    await before.shutdown();
    const conductor = keeping("with-flows");
    const { nodes } = await conductor.storage.loadFlow("flow");
    const history = await rejection(conductor.flow.history("flow"));
    await conductor.shutdown();
    return { id: nodes[0].id, history: history.code };
  });
  assert.deepEqual(seen, { id: "a", history: "IMPLEMENTATION_NOT_FOUND" });
});

test("an execution is kept, listed, looked back at, attached to and deleted", async (t) => {
  const world = new World();
  const tab = await openPage(t, { functions: world.functions });
  const seen = await tab.evaluate(async () => {
    const conductor = keeping("surface");
    const { node, executions } = conductor;
    const flow = chain("flow", { id: "a", type: "large" }, { id: "b", type: "pay" });
    const first = await node.run(flow, { executionId: "one", input: { n: 1 } });
    const again = await node.run(flow, { executionId: "one", input: { n: 2 } });
    const failed = await node.run({ id: "bad", type: "flawed" }, { executionId: "two" });
    const [row, list, trace, value] = [
      await executions.get("one"),
      await executions.list({ status: "completed" }),
      await executions.trace("one"),
      await executions.value("one", "a"),
    ];
    const missing = await rejection(executions.get("none"));
    const over = await rejection(executions.resume("one"));
    const deleted = await executions.delete(["one"]);
    return {
      first: [first.success, first.outputs.b, first.trace.nodes.length],
      again: [again.success, again.outputs.b, again.context.input],
      failed: [failed.error.code, failed.error.message],
      row: [row.status, row.flowId, row.sequence > 0],
      list: list.executions.map(({ id }) => id),
      trace: trace.nodes.map(({ nodeId, state }) => [nodeId, state]),
      value: [value.text.length, value.at.getTime(), [...value.bytes]],
      missing: missing.code,
      over: over.code,
      deleted,
      left: (await executions.list()).executions.map(({ id, status }) => [id, status]),
    };
  });
  assert.match(seen.failed[1], /The output cannot be kept: \["call"\] is a function/);
  assert.deepEqual(seen, {
    first: [true, { paid: "one/b" }, 2],
    again: [true, { paid: "one/b" }, { n: 1 }],
    failed: ["SERIALIZATION_FAILED", seen.failed[1]],
    row: ["completed", "flow", true],
    list: ["one"],
    trace: [
      ["a", "completed"],
      ["b", "completed"],
    ],
    value: [200_000, 0, [0, 0, 0]],
    missing: "NODE_NOT_FOUND",
    over: "INVALID_PARAMETERS",
    deleted: 1,
    left: [["two", "failed"]],
  });
  assert.equal(world.deeds.length, 1);
});

test("an execution of a type that is missing is blocked, and goes on once it is there", async (t) => {
  const world = new World();
  const tab = await openPage(t, { functions: world.functions, allowed: [/execution e cannot go on/] });
  const seen = await tab.evaluate(async () => {
    const first = keeping("blocked");
    void first.node.run(chain("flow", { id: "a", type: "pay" }, { id: "b", type: "held" }), { executionId: "e" });
    while ((await first.executions.value("e", "a").catch(() => undefined)) === undefined) await new Promise(setTimeout);
    await first.shutdown();
    const without = keeping("blocked", { without: ["held"] });
    const { blocked } = await without.recover();
    const { status } = await without.executions.get("e");
    await without.shutdown();
    const last = keeping("blocked");
    const { resumed } = await last.recover();
    while ((await last.node.active()).length === 0) await new Promise(setTimeout);
    await last.node.cancel("e");
    const [{ executionId, result }] = resumed;
    const { code } = (await result).error;
    return { blocked, status, executionId, code, end: (await last.executions.get("e")).status };
  });
  assert.deepEqual(seen, {
    blocked: [{ executionId: "e", reason: "No implementation found for node type: held" }],
    status: "blocked",
    executionId: "e",
    code: "CANCELLED",
    end: "cancelled",
  });
  assert.equal(world.deeds.length, 1);
});

test("an address that a page cannot open is refused at once, with what it can", async (t) => {
  const tab = await openPage(t);
  const refusals = await tab.evaluate(async () => {
    const stores = ["sqlite:./flows.db", "postgres://ada:secret@host/flows", "indexdb:flows", "indexeddb:", "flows"];
    const refused = (config) => rejection((async () => entry.createConductor(config))());
    return Promise.all([...stores.map((store) => refused({ store })), refused({ durability: "strict" })]);
  });
  for (const { code } of refusals) assert.equal(code, "INVALID_PARAMETERS");
  for (const { message } of refusals.slice(0, 5)) {
    assert.match(message, /^A page cannot open the store `\w+:…`: give `indexeddb:NAME`, or a store of @atomiton/);
    assert.doesNotMatch(message, /secret/);
  }
});

test("what a page lacks to keep executions is said where it is first needed", async (t) => {
  /** Of a page in which something is missing: how a run, a list and a recovery end. */
  const failures = async () => {
    const { node, executions, recover } = entry.createConductor({ store: "indexeddb:flows" });
    const { success, error } = await node.run({ id: "a", type: "edit-fields", parameters: { values: {} } });
    const [list, recovery] = [await rejection(executions.list()), await rejection(recover())];
    return { success, message: error.message, list: list.code, recovery: recovery.code };
  };
  const cases = [
    [
      () => Object.defineProperty(navigator, "locks", { value: undefined }),
      "UNSUPPORTED_OPERATION",
      /no Web Locks.*serve the page by HTTPS/,
    ],
    [
      () => Object.defineProperty(window, "indexedDB", { value: undefined }),
      "ACCESS_DENIED",
      /this page may not use IndexedDB/,
    ],
  ];
  for (const [before, code, message] of cases) {
    const tab = await openPage(t, { before });
    const seen = await tab.evaluate(failures);
    assert.deepEqual({ ...seen, message: "" }, { success: false, message: "", list: code, recovery: code });
    assert.match(seen.message, message);
  }
});

test("a sandboxed frame is told that it may keep nothing", async (t) => {
  const site = await serve(t, {
    files: await pageFiles(PAGE),
    csp: "sandbox allow-scripts; script-src 'unsafe-inline' 'wasm-unsafe-eval' *",
    headers: { "access-control-allow-origin": "*" },
  });
  const tab = await browser.open(t, site.url);
  const { code, message } = await tab.evaluate(() => rejection(keeping("flows").executions.list()));
  assert.equal(code, "ACCESS_DENIED");
  assert.match(message, /indexeddb:flows.*may not use IndexedDB/);
});

test("a page keeps executions in memory, unless it is insecure", async (t) => {
  const insecure = () => Object.defineProperty(crypto, "subtle", { value: undefined });
  const seen = [];
  for (const before of [() => {}, insecure]) {
    const tab = await openPage(t, { before });
    const outcome = await tab.evaluate(async () => {
      const { node, executions } = entry.createConductor({ store: createMemoryExecutions() });
      const step = { id: "a", type: "edit-fields", parameters: { values: { n: 1 } } };
      const { error } = await node.run(step, { executionId: "e" });
      return error === undefined ? executions.value("e", "a") : { code: error.code, message: error.message };
    });
    seen.push(outcome);
  }
  assert.match(seen[1].message, /no Web Crypto.*HTTPS/);
  assert.deepEqual(seen, [{ result: { n: 1 } }, { code: "INVALID_PARAMETERS", message: seen[1].message }]);
});

test("a page that is reloaded goes on where it was", async (t) => {
  const world = new World();
  const tab = await openPage(t, { functions: world.functions });
  await begin(tab, "run");
  for (let reloads = 0; reloads < 5; reloads++) {
    await within(world.grows(1 + reloads), "something to be paid");
    await tab.goto();
    await tab.evaluate(async () => {
      window.conductor = keeping("shop");
      window.recovered = await conductor.recover();
    });
    assert.equal(await tab.evaluate(() => recovered.resumed.length), 1, `after reload ${reloads}`);
  }
  assert.equal(await tab.evaluate(async () => (await recovered.resumed[0].result).success), true);
  assert.deepEqual(world.of("run"), ALL_DONE);
});

test("no secret and nothing redacted is in the database of a page, and both are there again after a reload", async (t) => {
  const tab = await openPage(t);
  const [token, card] = ["t0k/en+of the page", "4111-1111-1111-1111"];
  const run = (tab, isHeld) =>
    tab.evaluate(
      ([token, card, isHeld]) => {
        window.seen = [];
        const bodies = {
          key: { effects: "reads", execute: ({ auth }) => ({ auth, bytes: new TextEncoder().encode(auth), card }) },
          held: { effects: "reads", execute: () => (isHeld ? new Promise(() => {}) : 1) },
          see: { effects: "none", execute: ({ input }) => void seen.push(input.key) },
        };
        window.conductor = entry.createConductor({
          store: "indexeddb:secrets",
          secrets: () => token,
          nodeExecutorFactory: { getNodeExecutable: (type) => bodies[type] },
        });
        const nodes = [
          {
            id: "key",
            type: "key",
            parameters: { auth: `Bearer \${{ secrets.TOKEN }}` },
            policy: { redact: ["card"] },
          },
          { id: "held", type: "held" },
          { id: "see", type: "see" },
        ];
        const edges = [
          { id: "a", source: "key", target: "held" },
          { id: "b", source: "key", target: "see", targetHandle: "key" },
          { id: "c", source: "held", target: "see" },
        ];
        const given = { executionId: "one", input: { planted: token } };
        if (isHeld) void conductor.node.run({ id: "f", type: "group", nodes, edges }, given);
        return isHeld ? null : goOn(conductor);
      },
      [token, card, isHeld],
    );
  /** All that the databases of the page hold, bytes as characters. */
  const written = (tab) =>
    tab.evaluate(async () => {
      const done = (request) =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const text = (_, value) => {
        if (value instanceof ArrayBuffer) return new TextDecoder("latin1").decode(value);
        return ArrayBuffer.isView(value) ? new TextDecoder("latin1").decode(value) : value;
      };
      const all = [];
      for (const { name } of await indexedDB.databases()) {
        const database = await done(indexedDB.open(name));
        for (const store of database.objectStoreNames) {
          const entries = await done(database.transaction(store).objectStore(store).getAll());
          all.push(`${name} ${store} ${JSON.stringify(entries, text)}`);
        }
        database.close();
      }
      return all.join("\n");
    });
  await run(tab, true);
  const forms = [token, encodeURIComponent(token), Buffer.from(token).toString("base64").slice(0, -4), card];
  const isKept = async () => {
    for (;;) {
      const kept = await written(tab);
      if (kept.includes('\\"secret\\":\\"TOKEN\\"') && kept.includes("[redacted]")) return kept;
    }
  };
  const kept = await within(isKept(), "the output to be kept");
  for (const form of forms) assert.ok(!kept.includes(form), form);
  await tab.goto();
  const { ends, blocked } = await run(tab, false);
  assert.deepEqual([ends, blocked], [[{ executionId: "one", success: true, message: undefined }], []]);
  const [seen] = await tab.evaluate(() => seen.map(({ auth, bytes, card }) => [auth, [...bytes], card]));
  assert.deepEqual(seen, [`Bearer ${token}`, [...Buffer.from(`Bearer ${token}`)], card]);
  const after = await written(tab);
  for (const form of forms) assert.ok(!after.includes(form), form);
});

test("nothing is lost and nothing is done differently when the browser is killed", async (t) => {
  const world = new World();
  const folder = await profileFolder(t);
  const { url } = await siteOf(t);
  const start = async () =>
    browser.open(t, url, { context: await browser.persistent(t, folder), functions: world.functions });
  let tab = await start();
  await begin(tab, "run");
  for (let kills = 0; kills < 5; kills++) {
    await within(world.grows(1 + Math.floor(Math.random() * 4)), "something to be paid");
    const closed = new Promise((resolve) => tab.page.context().once("close", resolve));
    kill(folder);
    await within(closed, "the browser to be gone");
    tab = await start();
    await tab.evaluate(async () => {
      window.conductor = keeping("shop");
      window.recovered = await conductor.recover();
    });
    assert.equal(await tab.evaluate(() => recovered.resumed.length), 1, `after kill ${kills}`);
  }
  assert.equal(await tab.evaluate(async () => (await recovered.resumed[0].result).success), true);
  assert.deepEqual(world.of("run"), ALL_DONE);
});

test("of two tabs one has an execution, and the other goes on with it when that crashes", async (t) => {
  const world = new World();
  const { url } = await siteOf(t);
  const context = await browser.context(t);
  const allowed = [/the page crashed/];
  const first = await browser.open(t, url, { context, functions: world.functions, allowed });
  const second = await browser.open(t, url, { context, functions: world.functions });
  await begin(first, "run");
  await within(world.grows(2), "something to be paid");
  const beside = await second.evaluate(async (rounds) => {
    window.conductor = keeping("shop");
    const { resumed, blocked } = await conductor.recover();
    const run = await conductor.node.run(shop(rounds), { executionId: "run" });
    const { executions } = await conductor.executions.list({ status: "running" });
    return { resumed, blocked, code: run.error.code, message: run.error.message, running: executions.length };
  }, ROUNDS);
  assert.match(beside.message, /is under way in another process/);
  assert.deepEqual(beside, {
    resumed: [],
    blocked: [],
    code: "INVALID_PARAMETERS",
    message: beside.message,
    running: 1,
  });
  const crashed = new Promise((resolve) => first.page.once("crash", resolve));
  const session = await context.newCDPSession(first.page);
  session.send("Page.crash").catch(() => {});
  await within(crashed, "the tab to crash");
  // It recovered, and so looks after what others leave.
  await second.evaluate(async () => {
    const isOver = async () => (await conductor.executions.get("run")).status === "completed";
    while (!(await isOver())) await new Promise((resolve) => setTimeout(resolve, 50));
  });
  assert.deepEqual(world.of("run"), ALL_DONE);
});

test("with `worker: true` what is kept runs on the page's own thread, is recorded there, and says so", async (t) => {
  const tab = await openPage(t);
  const seen = await tab.evaluate(async () => {
    const { node, executions } = entry.createConductor({ store: "indexeddb:beside", worker: true });
    const step = { id: "a", type: "edit-fields", parameters: { values: { n: 1 } } };
    const { success, warnings } = await node.run(step, { executionId: "e" });
    return { success, rules: warnings.map(({ rule }) => rule), status: (await executions.get("e")).status };
  });
  assert.deepEqual(seen, { success: true, rules: ["not-in-worker"], status: "completed" });
});

test("the slim entry keeps executions as well", async (t) => {
  const script = 'import * as entry from "@atomiton/conductor/slim"; window.entry = entry;';
  const wasm = readFileSync(new URL("../../npm/wasm/dist/conductor.wasm", import.meta.url));
  const { url } = await serve(t, { files: { ...(await pageFiles(script)), "/conductor.wasm": wasm } });
  const tab = await browser.open(t, url);
  const run = async () => {
    await entry.init("/conductor.wasm");
    const { node, executions } = entry.createConductor({ store: "indexeddb:slim", durability: "relaxed" });
    const step = { id: "a", type: "edit-fields", parameters: { values: { at: String(performance.timeOrigin) } } };
    const { data } = await node.run(step, { executionId: "e" });
    while ((await executions.get("e").catch(() => undefined))?.status !== "completed")
      await new Promise((r) => setTimeout(r));
    return data.result.at;
  };
  const first = await tab.evaluate(run);
  await tab.goto();
  assert.equal(await tab.evaluate(run), first, "the page after it is answered with what was kept");
});

test("a page loads what keeps executions when something is first kept", async (t) => {
  const { outputFiles } = await build({
    stdin: { contents: 'import "./tests/browser/page/durable.js";', resolveDir: ROOT, sourcefile: "page.js" },
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    outdir: "page",
    write: false,
    absWorkingDir: ROOT,
    logLevel: "silent",
  });
  const files = Object.fromEntries(outputFiles.map(({ path, text }) => [`/${basename(path)}`, text]));
  const marks = /atomiton-executions:|Executions wait: nothing can be written/;
  const kept = Object.keys(files).filter((name) => marks.test(files[name]));
  assert.ok(kept.length > 0);
  const html = '<!doctype html><script type="module" src="/stdin.js"></script>';
  const site = await serve(t, { files: { "/index.html": html, ...files } });
  const tab = await browser.open(t, site.url);
  const loaded = () => kept.filter((name) => site.requests.includes(name));
  await tab.evaluate(async () => {
    await entry.conductor.node.run({ id: "a", type: "edit-fields", parameters: { values: {} } });
    window.conductor = keeping("late");
  });
  assert.deepEqual(loaded(), []);
  const { success } = await tab.evaluate(() =>
    conductor.node.run({ id: "a", type: "edit-fields", parameters: { values: {} } }),
  );
  assert.equal(success, true);
  assert.deepEqual(loaded(), kept);
});
