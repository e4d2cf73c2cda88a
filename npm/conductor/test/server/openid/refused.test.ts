/** Sign-ins at an issuer that are not as they have to be: no session comes of any. */
import { afterEach, describe, expect, it, vi } from "vitest";

import { UNLIMITED } from "../../../src/server/rate-limits.js";
import { CLIENT_ID, SITE, startIssuer } from "./issuer.js";
import { type Given, servingOpenId } from "./served.js";

const MINUTE_MS = 60_000;

function clock() {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  return { pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

afterEach(() => {
  vi.useRealTimers();
});

/** What a failed sign-in came to: the status, and the words; none has a session or a user. */
async function failure({ status, text, url, headers }: Awaited<ReturnType<ReturnTypeOf["signIn"]>>) {
  expect([headers.get("location"), url.hash]).toEqual([null, ""]);
  return { status, ...(JSON.parse(text) as { error: string; code: string }) };
}
type ReturnTypeOf = Awaited<ReturnType<typeof servingOpenId>>;

async function servingNone(given: Given = {}) {
  const served = await servingOpenId(given);
  const noSessions = async () => {
    expect(await served.users.list()).toEqual([]);
    expect(await served.store.entries?.("sessions").ids()).toEqual([]);
  };
  return { ...served, noSessions };
}

describe("a callback is refused", () => {
  const NOT_BEGUN = { code: "VALIDATION_FAILED", error: expect.stringMatching(/not begun by this browser/) };

  it("in a browser that did not begin the sign-in", async () => {
    const { toCallback, browser, noSessions } = await servingNone();
    const { callback } = await toCallback("ada");
    const { status, text } = await browser().ask(callback);
    expect([status, JSON.parse(text)]).toEqual([400, expect.objectContaining(NOT_BEGUN)]);
    await noSessions();
  });

  it("with the state of another sign-in, or none", async () => {
    const { toCallback, noSessions } = await servingNone();
    const { callback: theirs } = await toCallback("ada");
    const { own, callback } = await toCallback("ada");
    for (const state of [theirs.searchParams.get("state") as string, "", "x", "é".repeat(43), "a; path=/"]) {
      const swapped = new URL(callback);
      swapped.searchParams.set("state", state);
      expect((await own.ask(swapped)).status).toBe(400);
    }
    await noSessions();
  });

  it("with a cookie that was changed, or belongs to another state", async () => {
    const { toCallback, browser, noSessions } = await servingNone();
    const { own, callback } = await toCallback("ada");
    const { own: other } = await toCallback("ada");
    const [[name = "", value = ""] = []] = [...(own.cookies.get(SITE) ?? [])];
    const [[, others = ""] = []] = [...(other.cookies.get(SITE) ?? [])];
    const at = Math.floor(value.length / 2);
    for (const changed of [
      others,
      "",
      value.slice(4),
      value.slice(0, at) + (value[at] === "A" ? "B" : "A") + value.slice(at + 1),
    ]) {
      const thief = browser();
      thief.cookies.set(SITE, new Map([[name, changed]]));
      expect((await thief.ask(callback)).status).toBe(400);
    }
    await noSessions();
  });

  it("the second time, without asking the issuer again", async () => {
    const { toCallback, browser, issuer } = await servingNone();
    const { own, callback } = await toCallback("ada");
    const thief = browser();
    thief.cookies.set(SITE, new Map(own.cookies.get(SITE)));
    expect((await own.ask(callback)).status).toBe(303);
    const asked = issuer.asked.filter((path) => path === "/token").length;
    expect((await own.ask(callback)).status).toBe(400);
    // Also with the cookie that the first one took away.
    const { status, text } = await thief.ask(callback);
    expect([status, JSON.parse(text)]).toEqual([400, expect.objectContaining(NOT_BEGUN)]);
    expect(issuer.asked.filter((path) => path === "/token")).toHaveLength(asked);
  });

  it("after ten minutes", async () => {
    const { pass } = clock();
    const { toCallback, noSessions } = await servingNone();
    const { own, callback } = await toCallback("ada");
    await pass(10 * MINUTE_MS + 1);
    const { status, text } = await own.ask(callback);
    expect([status, JSON.parse(text)]).toEqual([400, expect.objectContaining(NOT_BEGUN)]);
    await noSessions();
  });

  it("from another issuer, by what the address says", async () => {
    const { toCallback, noSessions } = await servingNone();
    for (const iss of ["https://login.example.com", ""]) {
      const { own, callback } = await toCallback("ada");
      callback.searchParams.set("iss", iss);
      expect((await own.ask(callback)).status).toBe(400);
    }
    const { own, callback } = await toCallback("ada");
    callback.searchParams.delete("iss");
    expect((await own.ask(callback)).status).toBe(400);
    await noSessions();
  });

  it("with a code that the issuer does not know, or gave another browser", async () => {
    const { toCallback, noSessions } = await servingNone();
    const { callback: theirs } = await toCallback("ada");
    for (const code of ["x", theirs.searchParams.get("code") as string]) {
      const { own, callback } = await toCallback("ada");
      callback.searchParams.set("code", code);
      const { status, text } = await own.ask(callback);
      expect([status, JSON.parse(text).error]).toEqual([400, expect.stringMatching(/refused the code/)]);
    }
    await noSessions();
  });

  it("where the issuer says that the person did not agree, in words that are no page of theirs", async () => {
    const { toCallback, noSessions } = await servingNone();
    const { own, callback } = await toCallback("ada");
    callback.searchParams.delete("code");
    callback.searchParams.set("error", "access_denied");
    callback.searchParams.set("error_description", "<script>alert(1)</script>");
    const { status, text, headers } = await own.ask(callback, { accept: "text/html" });
    expect([status, headers.get("content-type")]).toEqual([400, "text/html; charset=utf-8"]);
    expect(text).toContain("access_denied");
    expect(text).not.toContain("<script>");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    await noSessions();
  });
});

describe("an ID token is refused", () => {
  const now = () => Math.floor(Date.now() / 1000);
  const SPOILT: [string, NonNullable<Awaited<ReturnType<typeof startIssuer>>["spoil"]>][] = [
    ["that another key signed", (claims, sign) => sign(claims, { isForged: true })],
    [
      "that no key signed",
      (claims) =>
        `${[{ alg: "none" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.`,
    ],
    ["that has expired", (claims, sign) => sign({ ...claims, exp: now() - 40 })],
    ["that is not good yet", (claims, sign) => sign({ ...claims, nbf: now() + 40 })],
    ["of another sign-in, by its nonce", (claims, sign) => sign({ ...claims, nonce: "x".repeat(43) })],
    ["without a nonce", ({ nonce: _, ...claims }, sign) => sign(claims)],
    ["of another issuer", (claims, sign) => sign({ ...claims, iss: "https://login.example.com" })],
    ["for another client", (claims, sign) => sign({ ...claims, aud: "another" })],
    [
      "for several clients, of which this is not the one",
      (claims, sign) => sign({ ...claims, aud: [CLIENT_ID, "b"], azp: "b" }),
    ],
    ["without a subject", ({ sub: _, ...claims }, sign) => sign(claims)],
    ["whose subject looks like another one", (claims, sign) => sign({ ...claims, sub: "ada\u200b" })],
    ["whose subject is too long", (claims, sign) => sign({ ...claims, sub: "a".repeat(256) })],
    ["that cannot be read", () => "a.b.c"],
  ];

  it.each(SPOILT)("%s", async (_, spoil) => {
    const { issuer, signIn, noSessions, audited } = await servingNone();
    issuer.spoil = spoil;
    const found = await failure(await signIn("ada"));
    expect(found).toMatchObject({ status: 400, code: "VALIDATION_FAILED" });
    await noSessions();
    expect(audited).toMatchObject([{ event: "sign-in", what: "openid", outcome: "VALIDATION_FAILED" }]);
  });

  it("not for clocks that differ by less than half a minute", async () => {
    const { issuer, signIn } = await servingNone();
    issuer.spoil = (claims, sign) => sign({ ...claims, exp: now() - 20, nbf: now() + 20, iat: now() + 20 });
    expect((await signIn("ada")).status).toBe(303);
  });

  it("where the userinfo endpoint tells of another person", async () => {
    const { issuer, signIn, noSessions } = await servingNone({ settings: { userInfo: true } });
    issuer.spoil = (claims, sign) => sign({ ...claims, sub: "ron" });
    expect((await signIn("ada")).status).toBe(400);
    await noSessions();
  });
});

describe("an issuer that cannot be asked", () => {
  const down = (address: string) => ({ status: 503, code: "INTERNAL_ERROR", error: expect.stringContaining(address) });

  it("is told of at the login with 503, and asked again by the next one", async () => {
    const { issuer, signIn, browser, loginAddress } = await servingNone();
    issuer.fails = (path) => (path.includes("well-known") ? 502 : undefined);
    const own = browser();
    const { status, text } = await own.ask(loginAddress(own));
    expect({ status, ...JSON.parse(text) }).toMatchObject(down(issuer.address));
    issuer.fails = undefined;
    expect((await signIn("ada")).status).toBe(303);
  });

  it("is asked once for what it is, however many begin at once", async () => {
    const { issuer, browser, loginAddress } = await servingNone();
    const begun = await Promise.all(Array.from({ length: 20 }, () => browser().ask(loginAddress(browser()))));
    expect(begun.map(({ status }) => status)).toEqual(begun.map(() => 303));
    expect(issuer.asked.filter((path) => path.includes("well-known"))).toHaveLength(1);
  });

  it.each(["/token", "/jwks", "/me"])("is told of at the callback with 503: %s", async (failing) => {
    const { issuer, signIn, noSessions } = await servingNone({ settings: { userInfo: true } });
    issuer.fails = (path) => (path === failing ? 503 : undefined);
    expect(await failure(await signIn("ada"))).toMatchObject(down(issuer.address));
    await noSessions();
    issuer.fails = undefined;
    expect((await signIn("ada")).status).toBe(303);
  });

  it("is told of with 503 where nothing listens any more", async () => {
    const { issuer, toCallback, browser, loginAddress, noSessions } = await servingNone();
    const { own, callback } = await toCallback("ada");
    await issuer.stop();
    const { status, text } = await own.ask(callback);
    expect({ status, ...JSON.parse(text) }).toMatchObject(down(issuer.address));
    const other = await servingNone({ issuer });
    const asked = other.browser();
    expect((await asked.ask(other.loginAddress(asked))).status).toBe(503);
    // One that is known is not needed for the address to go to.
    expect((await browser().ask(loginAddress(own))).status).toBe(303);
    await noSessions();
  });

  it("does not know this server: the person learns that, and the log has the reason", async () => {
    const { issuer, signIn, noSessions } = await servingNone({ settings: { clientSecret: "another" } });
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const found = await failure(await signIn("ada"));
    expect(found).toMatchObject({ ...down(issuer.address), error: expect.stringMatching(/do not agree/) });
    expect(log.mock.calls.flat().join(" ")).toContain("401");
    log.mockRestore();
    await noSessions();
  });

  it("calls itself something else", async () => {
    const issuer = await startIssuer();
    const given = { issuer, settings: { issuer: issuer.address.replace("127.0.0.1", "localhost") } };
    const { browser, loginAddress } = await servingNone(given);
    const own = browser();
    const { status, text } = await own.ask(loginAddress(own));
    expect([status, JSON.parse(text).error]).toEqual([503, expect.stringMatching(/do not agree/)]);
  });
});

describe("a page to return to", () => {
  const OUTSIDE = [
    "https://evil.example.com/",
    "//evil.example.com/",
    "/\\evil.example.com/",
    "\\\\evil.example.com",
    "https://flows.example.com@evil.example.com/",
    "https://user:password@flows.example.com/",
    "https://flows.example.com.evil.example.com/",
    "https://flows.example.com:444/",
    "http://flows.example.com/",
    "javascript:alert(1)",
    "data:text/html,x",
    "blob:https://flows.example.com/2e9d",
    "\t//evil.example.com",
    "https://[",
    `/${"x".repeat(1000)}`,
  ];
  it.each(OUTSIDE)("is not of the server: %s", async (returnTo) => {
    const { browser, loginAddress } = await servingNone({ options: { origins: ["*"] } });
    const own = browser();
    const { status, text, headers } = await own.ask(loginAddress(own, returnTo));
    expect([status, headers.get("location"), JSON.parse(text).code]).toEqual([400, null, "INVALID_PARAMETERS"]);
    expect(headers.getSetCookie()).toEqual([]);
  });

  it.each([
    ["/app?tab=1#old", `${SITE}/app?tab=1`],
    [`${SITE}/app`, `${SITE}/app`],
    ["app", `${SITE}/app`],
    ["https:evil.example.com", `${SITE}/evil.example.com`],
    ["https://pages.example.com/flows", "https://pages.example.com/flows"],
  ])("is one of the server's, or of a site that may call: %s", async (returnTo, page) => {
    const { browser, loginAddress, issuer } = await servingNone({
      options: { origins: ["https://pages.example.com"] },
    });
    issuer.who = "ada";
    const own = browser();
    const { url } = await own.go(loginAddress(own, returnTo), ({ hash }) => hash !== "");
    expect(url.href.split("#")[0]).toBe(page);
    expect(url.hash).toMatch(/^#openid_code=condc_[\w-]{65}$/);
  });

  it("is of no use without a challenge", async () => {
    const { browser } = await servingNone();
    for (const query of ["", "?challenge=", "?challenge=x", `?challenge=${"x".repeat(44)}`]) {
      const { status, text } = await browser().ask(`${SITE}/api/auth/openid/login${query}`);
      expect([status, JSON.parse(text).error]).toEqual([400, expect.stringContaining("challenge")]);
    }
  });
});

describe("strangers", () => {
  it("begin so many sign-ins, and no more", async () => {
    const rateLimits = { ...UNLIMITED, strangers: { perSecond: 0.001, burst: 3 } };
    const { browser, loginAddress } = await servingNone({ options: { rateLimits } });
    const statuses = [];
    for (let count = 0; count < 4; count++) statuses.push((await browser().ask(loginAddress(browser()))).status);
    expect(statuses).toEqual([303, 303, 303, 429]);
    const { status, headers } = await browser().ask(`${SITE}/api/auth/openid/logout`, { accept: "text/html" });
    expect([status, Number(headers.get("retry-after"))]).toEqual([429, expect.any(Number)]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("come back with what is wrong, or redeem it, so many times", async () => {
    const rateLimits = { ...UNLIMITED, signIns: { perAddress: 3 } };
    const { browser, post, signIn } = await servingNone({ options: { rateLimits } });
    // Those that succeed do not count.
    for (let count = 0; count < 5; count++) {
      const { own, code } = await signIn("ada");
      expect((await post(undefined, "auth/redeem", { code, verifier: own.verifier })).status).toBe(200);
    }
    const statuses = [];
    for (let count = 0; count < 3; count++) {
      statuses.push((await browser().ask(`${SITE}/api/auth/openid/callback?state=x&code=y`)).status);
      statuses.push((await post(undefined, "auth/redeem", { code: "x", verifier: "y" })).status);
    }
    // One is forgiven each minute, so that the fourth may still be one of three.
    expect([...statuses.slice(0, 3), ...statuses.slice(4)]).toEqual([400, 422, 400, 429, 429]);
  });
});
