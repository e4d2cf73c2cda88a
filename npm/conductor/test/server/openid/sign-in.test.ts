/** Users who sign in at an issuer of OpenID Connect. */
import { createMemoryExecutions } from "@atomiton/storage";
import { describe, expect, it } from "vitest";

import { createConductor } from "../../../src/exports/node.js";
import { createUsers } from "../../../src/exports/server.js";
import { SITE, startIssuer } from "./issuer.js";
import { servingOpenId } from "./served.js";

describe("a sign-in at an issuer", () => {
  it("begins a session with the role that the groups there give, for the page that began it", async () => {
    const { issuer, signIn, post, statusWith, audited } = await servingOpenId();
    const { status, url, own, code, headers } = await signIn("ada");
    expect([status, url.origin + url.pathname, url.search]).toEqual([303, `${SITE}/app`, ""]);
    expect([headers.get("cache-control"), headers.get("referrer-policy")]).toEqual(["no-store", "no-referrer"]);
    const { body } = await post(undefined, "auth/redeem", { code, verifier: own.verifier });
    const user = { username: `openid:ada@${issuer.address}`, email: "ada@example.com", roles: ["admin"] };
    expect(body).toEqual({ token: expect.stringMatching(/^conds_/), expiresAt: expect.any(String), user });
    expect(await statusWith(body.token)).toBe(200);
    expect((await post(body.token, "auth/getCurrentUser")).body).toEqual(user);
    // Nothing of the sign-in is left in the browser.
    expect([...(own.cookies.get(SITE)?.keys() ?? [])]).toEqual([]);
    const told = audited.filter(({ event }) => event === "user" || event === "sign-in");
    expect(told).toMatchObject([
      { event: "user", what: "add", subject: user.username, role: "admin", outcome: "ok" },
      { event: "sign-in", what: "openid", caller: user.username, address: "127.0.0.1", outcome: "ok" },
    ]);
    for (const secret of [body.token, code]) expect(JSON.stringify(audited)).not.toContain(secret);
  });

  it("asks the issuer by a code with PKCE, state and nonce, bound to the browser by a cookie", async () => {
    const { browser, loginAddress } = await servingOpenId();
    const own = browser();
    const { status, headers } = await own.ask(loginAddress(own));
    const { searchParams } = new URL(headers.get("location") ?? "");
    expect([status, searchParams.get("response_type"), searchParams.get("code_challenge_method")]).toEqual([
      303,
      "code",
      "S256",
    ]);
    for (const name of ["state", "nonce", "code_challenge"]) expect(searchParams.get(name)).toMatch(/^[\w-]{43}$/);
    const [cookie = ""] = headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-conductor-openid-[\w-]{8}=/);
    for (const attribute of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=600"]) {
      expect(cookie.split("; ")).toContain(attribute);
    }
    for (const name of ["state", "nonce"]) expect(cookie).not.toContain(searchParams.get(name));
  });

  it("is made by the client of the library, which keeps the token", async () => {
    const { apiUrl, signIn } = await servingOpenId();
    const { own, code } = await signIn("ron");
    const page = createConductor({ transport: "http", apiUrl });
    try {
      await page.auth.redeem({ code, verifier: own.verifier });
      expect(await page.auth.getCurrentUser()).toMatchObject({ roles: ["runner"] });
      expect((await page.storage.listFlows()).flows).toEqual([]);
    } finally {
      await page.shutdown();
    }
  });

  it("may be begun by several tabs of a browser, and ends in each", async () => {
    const { toCallback, browser } = await servingOpenId();
    const own = browser();
    const callbacks = [];
    for (let tab = 0; tab < 3; tab++) callbacks.push((await toCallback("ada", own)).callback);
    for (const callback of callbacks) expect((await own.ask(callback)).status).toBe(303);
  });

  it("leaves a browser few cookies, however often it begins", async () => {
    const { browser, loginAddress } = await servingOpenId();
    const own = browser();
    for (let count = 0; count < 20; count++) await own.ask(loginAddress(own));
    expect(own.cookies.get(SITE)?.size).toBeLessThanOrEqual(8);
  });

  it("begins at one server, ends at another one, and is redeemed at the first", async () => {
    const issuer = await startIssuer();
    const store = createMemoryExecutions();
    const [here, there] = [await servingOpenId({ issuer, store }), await servingOpenId({ issuer, store })];
    const { own, callback } = await here.toCallback("ada");
    const moved = there.browser();
    for (const [origin, kept] of own.cookies) moved.cookies.set(origin, kept);
    const { headers } = await moved.ask(callback);
    const code = new URLSearchParams(new URL(headers.get("location") ?? "").hash.slice(1)).get("openid_code");
    const { body } = await here.post(undefined, "auth/redeem", { code, verifier: own.verifier });
    expect([await here.statusWith(body.token), await there.statusWith(body.token)]).toEqual([200, 200]);
  });
});

describe("the role", () => {
  it("is the highest of the groups, and what it does not allow is refused", async () => {
    const { tokenOf, post } = await servingOpenId();
    expect((await post(await tokenOf("ada"), "storage/deleteFlow", { id: "none" })).status).not.toBe(403);
    expect((await post(await tokenOf("ron"), "storage/deleteFlow", { id: "none" })).status).toBe(403);
  });

  it("is given to no one who has none at the issuer", async () => {
    const { signIn, users, audited, issuer } = await servingOpenId();
    const { status, text, code } = await signIn("eve");
    expect([status, JSON.parse(text).error, code]).toEqual([400, expect.stringMatching(/no role/), ""]);
    expect(await users.list()).toEqual([]);
    const caller = `openid:eve@${issuer.address}`;
    expect(audited).toMatchObject([{ event: "sign-in", caller, outcome: "VALIDATION_FAILED" }]);
  });

  it("is the default one where there is a default", async () => {
    const { tokenOf, post } = await servingOpenId({ settings: { default: "viewer" } });
    expect((await post(await tokenOf("eve"), "auth/getCurrentUser")).body.roles).toEqual(["viewer"]);
    expect((await post(await tokenOf("ron"), "auth/getCurrentUser")).body.roles).toEqual(["runner"]);
  });

  it("is read from claims within others", async () => {
    const roles = { claim: "realm_access.roles", map: { flows: "editor" } } as const;
    const { issuer, tokenOf, post } = await servingOpenId({ settings: { roles } });
    issuer.people.set("kim", { realm_access: { roles: ["other", "flows"] } });
    expect((await post(await tokenOf("kim"), "auth/getCurrentUser")).body.roles).toEqual(["editor"]);
  });

  it("is read from an e-mail only where the issuer has verified it", async () => {
    const roles = { claim: "email", map: { "ada@example.com": "admin", "ron@example.com": "admin" } } as const;
    const { signIn, tokenOf } = await servingOpenId({ settings: { roles } });
    await tokenOf("ada");
    expect((await signIn("ron")).status).toBe(400);
  });

  it.each(["__proto__", "constructor", "toString", ["__proto__"], { admin: true }, 1, null])(
    "is not given by what is no group: %j",
    async (groups) => {
      const { issuer, signIn } = await servingOpenId();
      issuer.people.set("eve", { groups });
      expect((await signIn("eve")).status).toBe(400);
    },
  );

  it("is read from the userinfo endpoint where the settings say so", async () => {
    const issuer = await startIssuer({
      conformIdTokenClaims: true,
      claims: { openid: ["sub"], email: ["email", "email_verified", "groups"] },
    });
    const without = await servingOpenId({ issuer });
    expect((await without.signIn("ada")).status).toBe(400);
    const { tokenOf, post } = await servingOpenId({ issuer, settings: { userInfo: true } });
    expect((await post(await tokenOf("ada"), "auth/getCurrentUser")).body).toMatchObject({
      roles: ["admin"],
      email: "ada@example.com",
    });
  });

  it("that is gone at the next sign-in ends the sessions that there are", async () => {
    const { issuer, tokenOf, signIn, statusWith } = await servingOpenId();
    const token = await tokenOf("ada");
    issuer.people.set("ada", { groups: [] });
    expect((await signIn("ada")).status).toBe(400);
    expect(await statusWith(token)).toBe(401);
  });

  it("that is another one at the next sign-in counts for all sessions of the person", async () => {
    const { issuer, tokenOf, post, audited } = await servingOpenId();
    const token = await tokenOf("ada");
    issuer.people.set("ada", { groups: ["everyone"] });
    await tokenOf("ada");
    expect((await post(token, "auth/getCurrentUser")).body.roles).toEqual(["viewer"]);
    expect((await post(token, "storage/deleteFlow", { id: "none" })).status).toBe(403);
    expect(audited).toContainEqual(expect.objectContaining({ event: "user", what: "role", role: "viewer" }));
  });
});

describe("a person at an issuer", () => {
  it("is never the user with a password, whatever both are called", async () => {
    const { users, tokenOf, post, issuer } = await servingOpenId();
    await users.add("ada", { role: "viewer", password: "correct horse" });
    const ours = (await users.auth.login({ username: "ada", password: "correct horse" })).token;
    const theirs = await tokenOf("ada");
    expect((await post(ours, "auth/getCurrentUser")).body).toEqual({ username: "ada", roles: ["viewer"] });
    expect((await post(theirs, "auth/getCurrentUser")).body.roles).toEqual(["admin"]);
    const name = `openid:ada@${issuer.address}`;
    const [, found] = [await users.list(), (await users.list()).find((user) => user.name === name)];
    expect(found).toEqual({
      name,
      role: "admin",
      createdAt: expect.any(String),
      issuer: issuer.address,
      email: "ada@example.com",
    });
    for (const taken of [name, name.toUpperCase(), "OPENID:x", "ｏpenid:x"]) {
      await expect(users.add(taken, { role: "admin", password: "correct horse" })).rejects.toThrow("openid:");
    }
  });

  it("has no password, and the role is the issuer's to give", async () => {
    const { users, tokenOf, issuer, post, store } = await servingOpenId();
    const token = await tokenOf("ada");
    const name = `openid:ada@${issuer.address}`;
    await expect(users.setPassword(name, "correct horse")).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
    await expect(users.setRole(name, "viewer")).rejects.toThrow("issuer");
    // Nor by what the entry of the user is called in the store.
    for (const id of (await store.entries?.("users").ids()) ?? []) {
      if (id.startsWith("openid:"))
        await expect(users.setPassword(id.toUpperCase(), "correct horse")).rejects.toThrow("issuer");
    }
    for (const password of ["", "undefined", "correct horse"]) {
      const { body } = await post(undefined, "auth/login", { username: name, password });
      expect(body.error).toBe("Invalid credentials");
    }
    expect((await post(token, "auth/getCurrentUser")).body.roles).toEqual(["admin"]);
  });

  it("is another one whose identifier differs in capitals", async () => {
    const { issuer, tokenOf, users } = await servingOpenId();
    issuer.people.set("ADA", { groups: ["everyone"] });
    await tokenOf("ada");
    await tokenOf("ADA");
    expect((await users.list()).map(({ role }) => role).sort()).toEqual(["admin", "viewer"]);
  });

  it("signs out, and is removed, as other users", async () => {
    const { users, tokenOf, statusWith, issuer } = await servingOpenId();
    const name = `openid:ada@${issuer.address}`;
    const first = await tokenOf("ada");
    await users.logout(name);
    expect(await statusWith(first)).toBe(401);
    const second = await tokenOf("ada");
    await users.remove(name);
    expect([await statusWith(second), await users.list()]).toEqual([401, []]);
    expect(await statusWith(await tokenOf("ada"))).toBe(200);
  });

  it("is a stranger once the server has another issuer, or none", async () => {
    const { store, tokenOf, openId } = await servingOpenId();
    const token = await tokenOf("ada");
    const request = new Request("http://localhost/api", { headers: { authorization: `Bearer ${token}` } });
    for (const [settings, found] of [
      [openId, { role: "admin" }],
      [{ ...openId, issuer: "https://login.example.com" }, undefined],
      [undefined, undefined],
    ] as const) {
      const users = createUsers({ store, ...(settings && { openId: settings }) });
      const caller = await users.authenticate(request);
      if (found === undefined) expect(caller).toBeUndefined();
      else expect(caller).toMatchObject(found);
    }
  });
});

describe("settings", () => {
  const GOOD = {
    issuer: "https://login.example.com",
    clientId: "c",
    clientSecret: "s",
    redirectUri: "https://flows.example.com/api/auth/openid/callback",
    default: "viewer",
  } as const;
  const BAD: [string, object][] = [
    ["issuer", { issuer: "http://login.example.com" }],
    ["issuer", { issuer: "https://login.example.com/?tenant=1" }],
    ["issuer", { issuer: "https://user@login.example.com" }],
    ["issuer", { issuer: "login" }],
    ["clientSecret", { clientSecret: "" }],
    ["redirectUri", { redirectUri: "https://flows.example.com/api" }],
    ["redirectUri", { redirectUri: "http://flows.example.com/api/auth/openid/callback" }],
    ["afterLogout", { afterLogout: "javascript:alert(1)" }],
    ["no one", { default: undefined }],
    ["default", { default: "king" }],
    ["roles.map.a", { roles: { claim: "groups", map: { a: "king" } } }],
    ["roles", { roles: { claim: "groups", map: {} } }],
    ["scopes", { scopes: ["email"] }],
    ["state", { parameters: { state: "mine" } }],
    ["clientSecrets", { clientSecrets: "s" }],
  ];
  it.each(BAD)("that cannot be are refused, with their name: %s", (name, settings) => {
    const openId = { ...GOOD, ...settings } as never;
    expect(() => createUsers({ store: createMemoryExecutions(), openId })).toThrow(name);
  });

  it("are described in openapi.json", async () => {
    const { apiUrl, issuer } = await servingOpenId();
    const found = await (await fetch(`${apiUrl}/openapi.json`)).json();
    expect(found.components.securitySchemes.openId).toMatchObject({
      type: "openIdConnect",
      openIdConnectUrl: `${issuer.address}/.well-known/openid-configuration`,
    });
    expect(found.security).toEqual([{ key: [] }, { openId: [] }]);
    const described = Object.keys(found.paths).filter((path) => path.includes("openid/"));
    expect(described.sort()).toEqual(
      ["/api/auth/openid/callback", "/api/auth/openid/login", "/api/auth/openid/logout"].sort(),
    );
  });
});
