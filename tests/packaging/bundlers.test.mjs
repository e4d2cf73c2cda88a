/** Pages made by each bundler from the packed tarballs, run in a real browser. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createBrowser, serve } from "../browser/harness/index.mjs";
import { BUNDLERS, filesFor, NEEDED, serveWithVite } from "./bundlers.mjs";
import { BROWSER, COMMON, EVERYTHING, RESULT, ROOT, SLIM } from "./page.mjs";
import { createProject } from "./project.mjs";

const browser = createBrowser();

let project;

before(async () => {
  project = await createProject(NEEDED);
});

after(() => project.remove());

async function openBuilt(t, build, name, text) {
  const { folder, complaints } = await build(project, name, text);
  assert.deepEqual(complaints, []);
  const { url } = await serve(t, { folder });
  return browser.open(t, url);
}

async function answerOf(tab) {
  await tab.until(() => globalThis.answer !== undefined);
  const { success, data, error } = await tab.evaluate(() => globalThis.answer);
  assert.ok(success, JSON.stringify(error));
  return data.result;
}

for (const [name, build] of Object.entries(BUNDLERS)) {
  describe(`a page made by ${name}`, () => {
    test("runs a flow with code of its user", async (t) => {
      assert.deepEqual(await answerOf(await openBuilt(t, build, "browser.js", BROWSER)), RESULT);
    });

    test("can import everything that is in Node, and run what is not for Node alone", async (t) => {
      const tab = await openBuilt(t, build, "root.js", ROOT);
      assert.deepEqual(await answerOf(tab), RESULT);
      await sameNames(tab);
      await rootInPage(tab);
    });
  });
}

for (const name of ["esbuild", "webpack", "rollup"]) {
  test(`a page made by ${name} may require instead`, async (t) => {
    assert.deepEqual(await answerOf(await openBuilt(t, BUNDLERS[name], "common.cjs", COMMON)), RESULT);
  });
}

for (const [name, text] of Object.entries(SLIM)) {
  test(`a page made by ${name} may fetch the module as a file that the bundler puts beside it`, async (t) => {
    const tab = await openBuilt(t, BUNDLERS[name], "slim.js", text);
    assert.deepEqual(await answerOf(tab), RESULT);
    const files = tab.requests.filter((url) => url.endsWith(".wasm"));
    assert.equal(files.length, 1);
  });
}

/** What applications tell Vite's development server of the packages. */
const VITE = {
  "that bundles what it finds": {},
  "that leaves the conductor as it is": { exclude: ["@atomiton/conductor"] },
  "that leaves all packages as they are": {
    exclude: ["conductor", "conductor-wasm", "events", "nodes", "storage"].map((name) => `@atomiton/${name}`),
  },
  "that bundles nothing": { noDiscovery: true },
};

for (const [how, optimizeDeps] of Object.entries(VITE)) {
  describe(`a page on a development server of Vite ${how}`, () => {
    test("runs a flow with code of its user", async (t) => {
      const { url, complaints } = await serveWithVite(t, project, "browser.js", BROWSER, optimizeDeps);
      assert.deepEqual(await answerOf(await browser.open(t, url)), RESULT);
      assert.deepEqual(complaints, []);
    });

    test("can import everything that is in Node", async (t) => {
      const { url, complaints } = await serveWithVite(t, project, "root.js", ROOT, optimizeDeps);
      const tab = await browser.open(t, url);
      assert.deepEqual(await answerOf(tab), RESULT);
      await sameNames(tab);
      assert.deepEqual(complaints, []);
    });
  });
}

test("a page is made of ES modules alone, in the packages and in all that they import", async () => {
  const files = await filesFor(project, EVERYTHING, ["browser", "module"]);
  assert.ok(files.length > 20);
  assert.deepEqual(
    files.filter(({ format }) => format !== "esm"),
    [],
  );
});

for (const [name, conditions, files] of [
  [
    "a worker on workerd",
    ["workerd", "worker", "browser"],
    ["conductor/dist/page/index.js", "conductor-wasm/dist/workerd.js"],
  ],
  ["a page", ["browser"], ["conductor/dist/page/index.js", "conductor-wasm/dist/index.js"]],
  ["a window of Electron, which is a page with Node", ["node", "browser"], ["conductor/dist/page/index.js"]],
  ["what is nothing of all that", [], ["conductor/dist/page/index.js", "conductor-wasm/dist/index.js"]],
]) {
  test(`${name} gets what runs there`, async () => {
    const found = (await filesFor(project, `import "@atomiton/conductor";`, conditions)).map(({ path }) => path);
    for (const file of files)
      assert.ok(found.includes(`@atomiton/${file}`), `${file} is not among ${found.join("\n")}`);
    assert.ok(!found.includes("@atomiton/conductor/dist/index.js"));
    assert.ok(!found.some((path) => path.startsWith("@atomiton/conductor-native/")));
  });
}

/** Code that imports a name in Node can be bundled for a page. */
async function sameNames(tab) {
  const inPage = await tab.evaluate(() => {
    const { root, desktop, types, factories } = globalThis.entries;
    return [root, desktop, types, factories].map((entry) => Object.keys(entry).sort());
  });
  const source = `
    const entries = ["", "/desktop", "/types", "/test-utils/factories"];
    const names = entries.map(async (entry) => Object.keys(await import("@atomiton/conductor" + entry)).sort());
    console.log(JSON.stringify(await Promise.all(names)));`;
  assert.deepEqual(inPage, JSON.parse(await project.runFile("names.mjs", source)));
}

async function rootInPage(tab) {
  const found = await tab.evaluate(async () => {
    const { root } = globalThis.entries;
    const codeOf = async (call) => {
      try {
        return await call();
      } catch ({ code, message }) {
        return `${code} ${message}`;
      }
    };
    const told = [];
    const states = new root.StateManager();
    states.once("execution:initialized", (payload) => told.push(payload));
    for (const id of ["a", "b"]) states.initializeExecution(id, "flow");
    const kept = new root.StateManager(true, { store: "indexeddb:states" });
    kept.initializeExecution("a", "flow");
    kept.setVariable("a", "rows", new Map([["n", 1n]]));
    await kept.shutdown();
    const again = new root.StateManager(true, { store: "indexeddb:states" });
    await again.loadExecutionStates();
    const rows = String(again.getVariable("a", "rows").get("n"));
    await again.shutdown();
    return {
      rows,
      postgres: await codeOf(() => new root.StateManager(true, { store: "postgres://app:s3cret@host/db" })),
      hasTransport: root.conductor.getEnvironment().hasTransport,
      told,
      main: await codeOf(() => root.setupMainProcessHandler()),
      files: await codeOf(() => new root.StateManager(true)),
      problems: root
        .validateFlow({
          id: "a",
          type: "group",
          nodes: [
            { id: "b", type: "transform" },
            { id: "b", type: "transform" },
          ],
        })
        .filter(({ severity }) => severity === "error").length,
      advice: root.getErrorRecoveryStrategy("TIMEOUT").retryable,
    };
  });
  assert.match(found.main, /^NO_TRANSPORT setupMainProcessHandler works only in Electron's main process/);
  assert.match(found.files, /^NO_TRANSPORT A page has no files/);
  assert.match(found.postgres, /^INVALID_PARAMETERS A page cannot open the store `postgres:…`/);
  assert.equal(found.rows, "1");
  // As its documentation says: a page with nothing else reaches executions over HTTP.
  assert.equal(found.hasTransport, true);
  assert.deepEqual(found.told, [{ executionId: "a", blueprintId: "flow" }]);
  assert.equal(found.problems, 1);
  assert.equal(found.advice, true);
}
