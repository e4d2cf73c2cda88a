/** Pages that may do little: strict policies, from disk, without storage, without a window. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { bundle, createBrowser, filePage, pageFiles, serve } from "./harness/index.mjs";
import { startServer } from "./harness/server.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

const SCRIPT = { path: fileURLToPath(new URL("page/script.js", import.meta.url)) };
const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";

/** Runs in the page: a flow of the node library, and what came of it. */
async function runFlow() {
  const steps = ["a", "b"].map((id) => ({ id, type: "edit-fields", parameters: { values: { [id]: 1 } } }));
  const { success, data, error } = await entry.conductor.flow.run(chain("flow", ...steps));
  return { success, data: data?.result?.b, error: error?.message };
}

const WENT_WELL = { success: true, data: 1, error: undefined };

test("flows run in a page under a strict policy", async (t) => {
  const csp = `${STRICT}; connect-src 'none'; worker-src 'none'; require-trusted-types-for 'script'`;
  const tab = await openConductor(browser, t, { site: { csp } });
  assert.deepEqual(await tab.evaluate(runFlow), WENT_WELL);
  assert.equal(await tab.evaluate(async () => (await entry.conductor.node.validate({ id: "a" })).valid), false);
});

test("a server is reached from a page under a strict policy that names it", async (t) => {
  const server = await startServer(t);
  const csp = `${STRICT}; connect-src ${new URL(server.apiUrl).origin} ${new URL(server.wsUrl).origin}`;
  const tab = await openConductor(browser, t, { site: { csp } });
  await tab.evaluate((apiUrl) => {
    window.made = entry.createConductor({ apiUrl });
    window.completed = new Promise((resolve) => window.made.node.onComplete(resolve));
  }, server.apiUrl);
  await server.until(() => server.open === 1, "the page to connect");
  const seen = await tab.evaluate(async () => {
    const result = await window.made.node.run({ id: "a", type: "edit-fields" }, { executionId: "mine" });
    return [result.success, (await window.completed).executionId];
  });
  assert.deepEqual(seen, [true, "mine"]);
});

test("a server that the policy does not name is an error with a code", async (t) => {
  const server = await startServer(t);
  const allowed = [/Content Security Policy|violates the following/i];
  const tab = await openConductor(browser, t, { site: { csp: `${STRICT}; connect-src 'self'` }, allowed });
  const refusal = await tab.evaluate(
    (apiUrl) => rejection(entry.createConductor({ apiUrl }).storage.listFlows()),
    server.apiUrl,
  );
  assert.equal(refusal.code, "TRANSPORT_ERROR");
  assert.equal(server.requests.length, 0);
});

test("without 'wasm-unsafe-eval' the page loads, and a run ends with an error that says so", async (t) => {
  const allowed = [/wasm-unsafe-eval|Content Security Policy|WebAssembly/];
  const csp = "default-src 'none'; script-src 'self'";
  const tab = await openConductor(browser, t, { site: { csp }, allowed });
  assert.deepEqual(tab.complaints, []);
  const seen = await tab.evaluate(async () => {
    const { conductor, createExecutionId, isValidProgressEvent } = entry;
    const result = await conductor.node.run({ id: "a", type: "edit-fields" });
    return {
      ids: createExecutionId("x"),
      verdict: isValidProgressEvent({}),
      environment: conductor.getEnvironment().type,
      templates: (await conductor.flow.listTemplates()).templates.length,
      success: result.success,
      error: result.error,
      again: (await conductor.node.run({ id: "a", type: "edit-fields" })).error?.code,
      validate: await rejection(conductor.node.validate({ id: "a", type: "edit-fields" })),
    };
  });
  assert.deepEqual([seen.ids, seen.verdict, seen.environment, seen.templates], ["x", false, "browser", 3]);
  assert.deepEqual([seen.success, seen.error.code, seen.again], [false, "INTERNAL_ERROR", "INTERNAL_ERROR"]);
  assert.match(seen.error.message, /wasm-unsafe-eval/);
  assert.equal(seen.error.recovery.retryable, false);
  assert.equal(seen.validate.code, "INTERNAL_ERROR");
  assert.match(seen.validate.message, /wasm-unsafe-eval/);
});

test("without 'wasm-unsafe-eval' flows still run on a server", async (t) => {
  const server = await startServer(t);
  const { origin } = new URL(server.apiUrl);
  const csp = `default-src 'none'; script-src 'self'; connect-src ${origin} ${origin.replace("http", "ws")}`;
  const tab = await openConductor(browser, t, { site: { csp } });
  const seen = await tab.evaluate(async (apiUrl) => {
    const made = entry.createConductor({ apiUrl });
    const result = await made.node.run({ id: "a", type: "edit-fields" });
    const failed = await made.node.run({ id: "a", type: "none" });
    return [result.success, failed.error.code, failed.error.recovery.retryable];
  }, server.apiUrl);
  assert.deepEqual(seen, [true, "NODE_TYPE_NOT_FOUND", false]);
});

test("flows run in a page from disk", async (t) => {
  const tab = await browser.open(t, await filePage(t, SCRIPT));
  assert.deepEqual(await tab.evaluate(runFlow), WENT_WELL);
  assert.match(await tab.evaluate(() => location.protocol), /file:/);
});

test("flows run in a cross-origin isolated page", async (t) => {
  const tab = await openConductor(browser, t, { site: { isolated: true } });
  assert.equal(await tab.evaluate(() => crossOriginIsolated), true);
  assert.deepEqual(await tab.evaluate(runFlow), WENT_WELL);
});

test("flows run in a page that may store nothing; storing says why not, with a code", async (t) => {
  const site = { csp: "sandbox allow-scripts", headers: { "access-control-allow-origin": "*" } };
  const tab = await openConductor(browser, t, { site });
  const isBlocked = () => {
    try {
      return localStorage === undefined;
    } catch (error) {
      return error.name;
    }
  };
  assert.equal(await tab.evaluate(isBlocked), "SecurityError");
  assert.deepEqual(await tab.evaluate(runFlow), WENT_WELL);
  const seen = await tab.evaluate(async () => {
    const { storage, auth, getEnvironment } = entry.conductor;
    const { localStorage, sessionStorage } = getEnvironment().capabilities;
    return {
      capabilities: [localStorage, sessionStorage],
      save: await rejection(storage.saveFlow({ id: "f", name: "F", nodes: [{ id: "a", type: "t" }] })),
      list: await rejection(storage.listFlows()),
      user: await auth.getCurrentUser(),
      logout: await auth.logout(),
    };
  });
  assert.deepEqual(seen.capabilities, [false, false]);
  for (const { code, message } of [seen.save, seen.list]) {
    assert.match(String(code), /^[A-Z_]+$/);
    assert.match(message, /storage|IndexedDB|database/i);
  }
  assert.deepEqual([seen.user, seen.logout], [null, undefined]);
});

test("where nothing can be stored, a session with a server lasts as long as the page", async (t) => {
  const server = await startServer(t);
  const site = { csp: "sandbox allow-scripts", headers: { "access-control-allow-origin": "*" } };
  const tab = await openConductor(browser, t, { site });
  const seen = await tab.evaluate(async (apiUrl) => {
    const { auth } = entry.createConductor({ apiUrl });
    await auth.login({ username: "ada", password: "analytical" });
    const { username } = await auth.getCurrentUser();
    await auth.logout();
    return [username, await auth.getCurrentUser()];
  }, server.apiUrl);
  assert.deepEqual(seen, ["ada", null]);
});

test("flows run in a worker, which has no window", async (t) => {
  const script = `
    import { conductor } from "@atomiton/conductor/browser";
    self.onmessage = async () => {
      const { success, data } = await conductor.node.run({ id: "a", type: "edit-fields", parameters: { values: { a: 1 } } });
      postMessage({ success, data: data?.result, type: conductor.getEnvironment().type });
    };`;
  const page = `
    window.answer = new Promise((resolve, reject) => {
      const worker = new Worker("/worker.js", { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage("run");
    });`;
  const files = { ...(await pageFiles(page)), "/worker.js": await bundle(script) };
  const site = await serve(t, { files, csp: `${STRICT}; worker-src 'self'` });
  const tab = await browser.open(t, site.url);
  assert.deepEqual(await tab.evaluate(() => window.answer), { success: true, data: { a: 1 }, type: "browser" });
});

test("minified code runs as well", async (t) => {
  const site = await serve(t, { files: await pageFiles(SCRIPT, { minify: true }), csp: STRICT });
  const tab = await browser.open(t, site.url);
  assert.deepEqual(await tab.evaluate(runFlow), WENT_WELL);
});

test("its code has no eval and no function made of text", async () => {
  const text = await bundle('import { conductor } from "@atomiton/conductor/browser"; window.conductor = conductor;');
  // A method may bear the name: it is called on something, and its definition goes on with a brace.
  assert.equal(/(?<![.\w$])eval\s*\([^()]*\)(?!\s*\{)|new\s+Function\s*\(/.exec(text)?.[0], undefined);
});
