/** Sessions of a page with a server: logging in and out, and the token in between. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createBrowser } from "./harness/index.mjs";
import { startServer } from "./harness/server.mjs";
import { openClient } from "./page/client.mjs";

const browser = createBrowser();

test("the token of a session is kept for later pages, sent with every call and never in an address", async (t) => {
  const server = await startServer(t);
  const context = await browser.context(t);
  const tab = await openClient(browser, t, server, { context });
  const login = await tab.evaluate(async () => {
    const session = await made.auth.login({ username: "ada", password: "analytical" });
    return { session, stored: localStorage.getItem("auth_token"), user: await made.auth.getCurrentUser() };
  });
  assert.equal(login.stored, login.session.token);
  assert.deepEqual([login.session.user.username, login.user.email], ["ada", "ada@example.com"]);
  assert.ok(Date.parse(login.session.expiresAt) > Date.now());
  assert.deepEqual(
    server.requests.map(({ path, token }) => [path, token]),
    [
      ["/api/auth/login", undefined],
      ["/api/auth/getCurrentUser", login.session.token],
    ],
  );
  await tab.goto();
  const later = await tab.evaluate(
    async (config) => {
      window.made = entry.createConductor({ ...config, transport: "websocket" });
      const user = await made.auth.getCurrentUser();
      const refreshed = await made.auth.refreshToken();
      return { user, refreshed: refreshed.token, stored: localStorage.getItem("auth_token") };
    },
    { apiUrl: server.apiUrl },
  );
  assert.equal(later.user.username, "ada");
  assert.notEqual(later.refreshed, login.session.token);
  assert.equal(later.stored, later.refreshed);
  assert.deepEqual(
    server.messages.find(({ type }) => type !== "pong"),
    { type: "auth", token: login.session.token },
  );
  assert.ok([...tab.requests, ...tab.sockets].every((url) => !url.includes("token-")));
});

test("whoever logs in with a wrong password is told so, and keeps no token", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server, { allowed: [/422/] });
  const seen = await tab.evaluate(async () => ({
    error: await rejection(made.auth.login({ username: "ada", password: "wrong" })),
    stored: localStorage.getItem("auth_token"),
    user: await made.auth.getCurrentUser(),
  }));
  assert.equal(seen.error.message, "Invalid credentials");
  assert.deepEqual([seen.stored, seen.user], [null, null]);
});

test("logging out ends the session and clears what the page keeps of it", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server);
  const { token } = await tab.evaluate(logIn);
  assert.deepEqual(await tab.evaluate(kept), [token, "text"]);
  await tab.evaluate(() => made.auth.logout());
  assert.deepEqual(await tab.evaluate(kept), [null, null]);
  assert.equal(server.main.sessions.isOpen(token), false);
  assert.equal(await tab.evaluate(() => made.auth.getCurrentUser()), null);
});

test("logging out without a server clears what the page keeps of the session", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server);
  const { token } = await tab.evaluate(logIn);
  assert.deepEqual(await tab.evaluate(kept), [token, "text"]);
  await server.leave();
  assert.equal(await tab.evaluate(() => made.auth.logout()), undefined);
  assert.deepEqual(await tab.evaluate(kept), [null, null]);
});

test("a session that the server ends is announced", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server, { allowed: [/422/] });
  await tab.evaluate(async () => {
    await made.auth.login({ username: "ada", password: "analytical" });
    window.leave = made.auth.onAuthExpired((event) => heard.push(event));
  });
  await server.until(() => server.open === 1, "the page to connect");
  server.main.sessions.expireAll();
  await tab.until(() => heard.length > 0);
  assert.deepEqual(await tab.evaluate(() => heard), [{ reason: "expired" }]);
  assert.equal(await tab.evaluate(() => made.auth.getCurrentUser()), null);
});

test("a token reaches only the server that gave it; one of which nobody said whose it is, each", async (t) => {
  const [own, other] = [await startServer(t), await startServer(t)];
  const tab = await openClient(browser, t, own);
  const token = await tab.evaluate(async (apiUrl) => {
    const { token } = await made.auth.login({ username: "ada", password: "analytical" });
    const stranger = entry.createConductor({ apiUrl });
    stranger.node.onProgress(() => {});
    await stranger.system.health();
    made.configureTransport("http", { apiUrl });
    await made.system.health();
    await entry.createConductor({ apiUrl, transport: "websocket" }).system.health();
    return token;
  }, other.apiUrl);
  assert.deepEqual(
    other.requests.map((request) => request.token),
    [undefined, undefined],
  );
  assert.equal(other.messages.filter(({ type }) => type === "auth").length, 0);
  await tab.goto();
  await tab.evaluate((apiUrl) => entry.createConductor({ apiUrl }).system.health(), own.apiUrl);
  assert.equal(own.requests.at(-1).token, token);
  await tab.evaluate(async (apiUrl) => {
    localStorage.clear();
    localStorage.setItem("auth_token", "older");
    await entry.createConductor({ apiUrl }).system.health();
  }, other.apiUrl);
  assert.equal(other.requests.at(-1).token, "older");
});

test("a connection that only listens is told of logins and logouts, also of those in other pages", async (t) => {
  const server = await startServer(t);
  const context = await browser.context(t);
  const tab = await openClient(browser, t, server, { context });
  await tab.evaluate(() => void made.node.onProgress(() => {}));
  await server.until(() => server.open === 1, "the page to connect");
  const said = () => server.messages.filter(({ type }) => type === "auth").map(({ token }) => token);
  const { token } = await tab.evaluate(() => made.auth.login({ username: "ada", password: "analytical" }));
  await server.until(() => said().length === 1, "the login");
  const page = await context.newPage();
  await page.goto(tab.page.url());
  await page.evaluate(() => localStorage.removeItem("auth_token"));
  await server.until(() => said().length === 2, "the logout");
  assert.deepEqual(said(), [token, null]);
});

test("a token for which the storage has no room takes the place of the one that is there", async (t) => {
  const server = await startServer(t);
  const tab = await openClient(browser, t, server);
  const seen = await tab.evaluate(async () => {
    const { token } = await made.auth.login({ username: "ada", password: "analytical" });
    const { setItem } = Storage.prototype;
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    const refreshed = await made.auth.refreshToken();
    Storage.prototype.setItem = setItem;
    const user = await made.auth.getCurrentUser();
    return { user, isNew: refreshed.token !== token, token: refreshed.token, stored: localStorage.auth_token ?? null };
  });
  assert.deepEqual([seen.user.username, seen.isNew, seen.stored], ["ada", true, null]);
  assert.equal(server.requests.at(-1).token, seen.token);
});

for (const transport of [undefined, "websocket"]) {
  test(`without a session a page can only log in, and only a session lets it hear and do things (${transport ?? "http"})`, async (t) => {
    const authenticate = (request, sessions) => {
      const token = request.headers.get("authorization")?.replace("Bearer ", "");
      return sessions.isOpen(token) ? { name: "ada", role: "editor" } : undefined;
    };
    const server = await startServer(t, {}, { authenticate });
    const said = () => server.messages.filter(({ type }) => type === "auth").map(({ token }) => token);
    const save = (id) =>
      server.main.conductor.storage.saveFlow({ id, name: id, nodes: [{ id: "a", type: "transform" }] });
    const tab = await openClient(browser, t, server, { transport, allowed: [/401/] });
    await tab.evaluate(() => {
      made.storage.onFlowSaved(({ id }) => heard.push(id));
      made.auth.onAuthExpired(() => heard.push("expired"));
    });
    await server.until(() => server.open === 1, "the page to connect");
    await save("before");
    const refused = await tab.evaluate(async () => (await rejection(made.storage.listFlows())).message);
    assert.match(refused, /storage\.listFlows needs a sign-in/);
    const { token } = await tab.evaluate(() => made.auth.login({ username: "ada", password: "analytical" }));
    await server.until(() => said().length === 1, "the login");
    assert.equal(await tab.evaluate(async () => (await made.storage.listFlows()).total), 1);
    await save("between");
    await tab.until(() => heard.length > 0);
    await tab.evaluate(() => made.auth.logout());
    await server.until(() => said().length === 2, "the logout");
    assert.deepEqual(said(), [token, null]);
    await save("after");
    assert.equal(await tab.evaluate(async () => (await rejection(made.storage.listFlows())).message), refused);
    assert.deepEqual(await tab.evaluate(() => heard), ["between"]);
  });
}

/** In a page: logs in, and keeps something for the session. */
function logIn() {
  sessionStorage.setItem("draft", "text");
  return made.auth.login({ username: "ada", password: "analytical" });
}

/** In a page: the token, and what is kept for the session. */
function kept() {
  return [localStorage.getItem("auth_token"), sessionStorage.getItem("draft")];
}
