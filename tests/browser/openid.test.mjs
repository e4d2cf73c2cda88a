/** A page whose people sign in at an issuer of OpenID Connect, on another site, as the guide says. */

import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { test } from "node:test";

import { createConductor } from "@atomiton/conductor/desktop";
import { createServer, createUsers } from "@atomiton/conductor/server";
import { createMemoryExecutions } from "@atomiton/storage";

import { CLIENT_ID, CLIENT_SECRET, startIssuer } from "../openid/issuer.mjs";
import { atEnd, createBrowser } from "./harness/index.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

/** A server for pages of one origin; its issuer is `localhost`, which to a browser is another site than 127.0.0.1. */
async function startServer(t, origin) {
  const http = createHttpServer((request, response) => server.node(request, response));
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  const apiUrl = `http://127.0.0.1:${http.address().port}/api`;
  const redirectUri = `${apiUrl}/auth/openid/callback`;
  const issuer = await startIssuer({ redirectUris: [redirectUri], host: "localhost" });
  const store = createMemoryExecutions();
  const roles = { claim: "groups", map: { flows: "runner" } };
  const client = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, redirectUri };
  const { authenticate, auth } = createUsers({ store, openId: { issuer: issuer.address, ...client, roles } });
  const conductor = createConductor({ transport: "local", store });
  const server = createServer({ conductor, durable: true, authenticate, auth, origins: [origin] });
  atEnd(t, async () => {
    server.close();
    await issuer.stop();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
    await conductor.shutdown();
  });
  return { apiUrl, issuer };
}

/** What the guide has pages do. */
const signIn = async (apiUrl) => {
  const verifier = crypto.randomUUID() + crypto.randomUUID();
  sessionStorage.setItem("verifier", verifier);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(hash)));
  const challenge = base64.replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
  const query = new URLSearchParams({ challenge, returnTo: location.href });
  setTimeout(() => location.assign(`${apiUrl}/auth/openid/login?${query}`));
};

const comeBack = async (apiUrl) => {
  const code = new URLSearchParams(location.hash.slice(1)).get("openid_code");
  history.replaceState(null, "", location.pathname);
  window.made = entry.createConductor({ transport: "http", apiUrl });
  const verifier = sessionStorage.getItem("verifier") ?? "";
  const { user } = await made.auth.redeem({ code, verifier });
  return { user, token: localStorage.getItem("auth_token"), listed: (await made.storage.listFlows()).flows };
};

/** A page to which a person came back from the issuer. */
async function cameBack(t) {
  const tab = await openConductor(browser, t, { context: await browser.context(t) });
  const { apiUrl, issuer } = await startServer(t, await tab.evaluate(() => location.origin));
  issuer.people.set("ada", { groups: ["flows"], email: "ada@example.com", email_verified: true });
  issuer.who = "ada";
  await tab.evaluate(signIn, apiUrl);
  await tab.until(() => location.hash.startsWith("#openid_code=") && window.entry !== undefined);
  return { tab, apiUrl, issuer };
}

test("a person signs in at another site, comes back, and is known to the server", async (t) => {
  const { tab, apiUrl, issuer } = await cameBack(t);
  const { user, token, listed } = await tab.evaluate(comeBack, apiUrl);
  const username = `openid:ada@${issuer.address}`;
  assert.deepEqual(user, { username, email: "ada@example.com", roles: ["runner"] });
  assert.match(token, /^conds_/);
  assert.deepEqual(listed, []);
  // Neither in an address, nor is a cookie of the sign-in left.
  assert.ok(tab.requests.every((url) => !url.includes(token)));
  const cookies = await tab.page.context().cookies();
  assert.deepEqual(
    cookies.filter(({ name }) => name.includes("conductor")),
    [],
  );
});

test("a page that is opened with the code of another person's sign-in gets no session", async (t) => {
  const { tab, apiUrl } = await cameBack(t);
  const address = await tab.evaluate(() => location.href);
  const allowed = [/422/];
  const other = await browser.open(t, address, { context: await browser.context(t), allowed });
  await other.until(() => window.entry !== undefined);
  const work = async ({ apiUrl, verifier }) => {
    const code = new URLSearchParams(location.hash.slice(1)).get("openid_code");
    const made = entry.createConductor({ transport: "http", apiUrl });
    const { message } = await rejection(made.auth.redeem({ code, verifier }));
    return { message, token: localStorage.getItem("auth_token") };
  };
  const found = await other.evaluate(work, { apiUrl, verifier: crypto.randomUUID() });
  assert.deepEqual(found, { message: "This code is good for nothing any more: sign in again", token: null });
});
