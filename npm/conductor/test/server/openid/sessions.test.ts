/** Sessions that began at an issuer: handed over once, refreshed there, ended there. */
import { createMemoryExecutions, type ExecutionStore } from "@atomiton/storage";
import { afterEach, describe, expect, it, vi } from "vitest";

import { type Message, rawSocket } from "../raw.js";
import { SITE, startIssuer } from "./issuer.js";
import { OFFLINE, servingOpenId } from "./served.js";

const HOUR_MS = 3_600_000;

function clock() {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setInterval", "clearInterval"] });
  return { pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

afterEach(() => {
  vi.useRealTimers();
});

const isExpiry = ({ type, channel, event }: Message) =>
  type === "event" && channel === "auth" && event === "sessionExpired";
const isHello = ({ type }: Message) => type === "hello";

/** Changes what the store keeps of each session. */
async function changeSessions(store: ExecutionStore, change: (session: { issued?: string }) => object): Promise<void> {
  const entries = store.entries?.("sessions");
  for (const { id, content, hash } of (await entries?.list()) ?? []) {
    const entry = { content: JSON.stringify(change(JSON.parse(content))), hash: "changed" };
    await entries?.write([{ id, ifHash: hash, entry }]);
  }
}

describe("the code of a sign-in", () => {
  const REFUSED = { status: 422, body: expect.objectContaining({ code: "VALIDATION_FAILED" }) };

  it("is good once; the second time it ends the session, and the audit has it", async () => {
    const { signIn, post, statusWith, audited } = await servingOpenId();
    const { own, code } = await signIn("ada");
    const proof = { code, verifier: own.verifier };
    const { body } = await post(undefined, "auth/redeem", proof);
    expect(await statusWith(body.token)).toBe(200);
    expect(await post(undefined, "auth/redeem", proof)).toEqual(REFUSED);
    expect(await statusWith(body.token)).toBe(401);
    expect(audited.map(({ event }) => event)).toContain("session-reused");
  });

  it("is redeemed once by requests at the same time", async () => {
    const { signIn, post } = await servingOpenId();
    const { own, code } = await signIn("ada");
    const proof = { code, verifier: own.verifier };
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(undefined, "auth/redeem", proof)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  });

  it("is good for the page that began the sign-in alone, and for nothing after another one tried it", async () => {
    const { signIn, post, browser } = await servingOpenId();
    const { own, code } = await signIn("ada");
    expect(await post(undefined, "auth/redeem", { code, verifier: browser().verifier })).toEqual(REFUSED);
    expect(await post(undefined, "auth/redeem", { code, verifier: own.verifier })).toEqual(REFUSED);
  });

  it("is good for nothing once the person has no role any more", async () => {
    const { signIn, post, issuer, audited } = await servingOpenId();
    const { own, code } = await signIn("ada");
    issuer.people.set("ada", { groups: ["others"] });
    await signIn("ada");
    expect(await post(undefined, "auth/redeem", { code, verifier: own.verifier })).toEqual(REFUSED);
    expect(audited.at(-1)).toMatchObject({ event: "sign-in", outcome: "VALIDATION_FAILED" });
  });

  it("is good for a minute", async () => {
    const { pass } = clock();
    const { signIn, post } = await servingOpenId();
    const [late, early] = [await signIn("ada"), await signIn("ada")];
    await pass(59_000);
    const { status } = await post(undefined, "auth/redeem", { code: early.code, verifier: early.own.verifier });
    await pass(2000);
    expect([status, await post(undefined, "auth/redeem", { code: late.code, verifier: late.own.verifier })]).toEqual([
      200,
      REFUSED,
    ]);
  });

  it("is no token, also in the form of one, and no token is a code", async () => {
    const { signIn, post, statusWith, tokenOf } = await servingOpenId();
    const { own, code } = await signIn("ada");
    for (const token of [code, code.replace("condc_", "conds_")]) {
      expect(await statusWith(token)).toBe(401);
      expect(await post(token, "auth/refreshToken")).toEqual(REFUSED);
    }
    const token = await tokenOf("ada");
    for (const other of [token, token.replace("conds_", "condc_"), "", "condc_x", "x".repeat(50_000)]) {
      expect(await post(undefined, "auth/redeem", { code: other, verifier: own.verifier })).toEqual(REFUSED);
    }
    for (const proof of [null, {}, { code }, { code, verifier: 1 }]) {
      expect((await post(undefined, "auth/redeem", proof)).status).toBe(422);
    }
    expect((await post(undefined, "auth/redeem", { code, verifier: own.verifier })).status).toBe(200);
    expect(await statusWith(token)).toBe(200);
  });

  it("is not in the store, nor are the tokens of the issuer", async () => {
    const store = createMemoryExecutions();
    const { signIn, post } = await servingOpenId({ store, settings: OFFLINE });
    const { own, code } = await signIn("ada");
    const text = async () => JSON.stringify(await store.entries?.("sessions").list());
    const { issued } = JSON.parse((await store.entries?.("sessions").list())?.[0]?.content ?? "{}");
    expect(issued).not.toBe("");
    const before = await text();
    const { body } = await post(undefined, "auth/redeem", { code, verifier: own.verifier });
    for (const secret of [code, code.slice(28), body.token, body.token.slice(28), own.verifier]) {
      expect(before + (await text())).not.toContain(secret);
    }
  });
});

describe("a session without a refresh token of the issuer", () => {
  it("gets another token by a refresh, but no more time", async () => {
    const { pass } = clock();
    const { tokenOf, post, statusWith } = await servingOpenId();
    const first = await tokenOf("ada");
    await pass(11 * HOUR_MS);
    const { status, body } = await post(first, "auth/refreshToken");
    expect([status, await statusWith(body.token)]).toEqual([200, 200]);
    await pass(HOUR_MS + 1000);
    expect(await statusWith(body.token)).toBe(401);
    expect((await post(body.token, "auth/refreshToken")).body.code).toBe("VALIDATION_FAILED");
  });
});

describe("a session with a refresh token of the issuer", () => {
  it("goes on as long as the issuer refreshes it", async () => {
    const { pass } = clock();
    const { tokenOf, post, statusWith, issuer } = await servingOpenId({ settings: OFFLINE });
    let token = await tokenOf("ada");
    for (let count = 0; count < 4; count++) {
      await pass(11 * HOUR_MS);
      const { status, body } = await post(token, "auth/refreshToken");
      expect([status, body.user.roles]).toEqual([200, ["admin"]]);
      token = body.token;
      expect(await statusWith(token)).toBe(200);
    }
    // Each with the token that came of the one before, which the issuer takes once.
    expect(issuer.asked.filter((path) => path === "/token")).toHaveLength(5);
  });

  it("takes another role from there, also where it is connected, and in other sessions of the person", async () => {
    const { tokenOf, post, issuer, apiUrl, statusWith } = await servingOpenId({ settings: OFFLINE });
    const [first, other] = [await tokenOf("ada"), await tokenOf("ada")];
    const { call, take, received } = await rawSocket(apiUrl, { token: other });
    await take(isHello);
    expect(await call("storage", "deleteFlow", { id: "none" })).not.toMatchObject({
      error: expect.stringMatching(/role/),
    });
    issuer.people.set("ada", { groups: ["everyone"] });
    const { body } = await post(first, "auth/refreshToken");
    expect(body.user.roles).toEqual(["viewer"]);
    expect(await call("storage", "deleteFlow", { id: "none" })).toMatchObject({
      error: expect.stringMatching(/the role viewer/),
    });
    expect([await statusWith(other), received.filter(isExpiry)]).toEqual([200, []]);
  });

  it.each([
    ["removes the person", undefined],
    ["gives no role any more", { groups: ["others"] }],
  ] as const)("ends where the issuer %s, and a connected client is told", async (_, claims) => {
    const { tokenOf, post, issuer, apiUrl, statusWith, audited } = await servingOpenId({ settings: OFFLINE });
    const token = await tokenOf("ada");
    const { take } = await rawSocket(apiUrl, { token });
    await take(isHello);
    if (claims === undefined) issuer.people.delete("ada");
    else issuer.people.set("ada", claims as never);
    const { status, body } = await post(token, "auth/refreshToken");
    expect([status, body.error]).toEqual([422, expect.stringMatching(/sign in again/)]);
    await take(isExpiry);
    expect(await statusWith(token)).toBe(401);
    expect(audited).toContainEqual(expect.objectContaining({ event: "sign-out", what: "refused by the issuer" }));
  });

  it("ends where the refreshed ID token is of another person", async () => {
    const { tokenOf, post, issuer, statusWith, users } = await servingOpenId({ settings: OFFLINE });
    const token = await tokenOf("ron");
    issuer.spoil = (claims, sign) => sign({ ...claims, sub: "ada", groups: ["flows-admins"] });
    expect((await post(token, "auth/refreshToken")).status).toBe(422);
    expect([await statusWith(token), (await users.list()).length]).toEqual([401, 1]);
  });

  it("is not refreshed by a forged ID token, and goes on as it was", async () => {
    const { tokenOf, post, issuer, statusWith } = await servingOpenId({ settings: OFFLINE });
    const token = await tokenOf("ron");
    issuer.spoil = (claims, sign) => sign({ ...claims, groups: ["flows-admins"] }, { isForged: true });
    expect((await post(token, "auth/refreshToken")).body.code).toBe("VALIDATION_FAILED");
    expect((await post(token, "auth/getCurrentUser")).body.roles).toEqual(["runner"]);
    expect(await statusWith(token)).toBe(200);
  });

  it("is not refreshed while the issuer fails, goes on, and is refreshed after that", async () => {
    const { tokenOf, post, issuer, statusWith } = await servingOpenId({ settings: OFFLINE });
    const token = await tokenOf("ada");
    issuer.fails = (path) => (path === "/token" ? 503 : undefined);
    const { status, body } = await post(token, "auth/refreshToken");
    expect([status, body]).toEqual([
      422,
      expect.objectContaining({ code: "INTERNAL_ERROR", error: expect.stringMatching(/cannot be reached now/) }),
    ]);
    expect(await statusWith(token)).toBe(200);
    issuer.fails = undefined;
    const again = await post(token, "auth/refreshToken");
    expect([again.status, await statusWith(again.body.token)]).toEqual([200, 200]);
  });

  it("asks the issuer once for requests at the same time", async () => {
    const { tokenOf, post, issuer, statusWith } = await servingOpenId({ settings: OFFLINE });
    const token = await tokenOf("ada");
    const before = issuer.asked.filter((path) => path === "/token").length;
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(token, "auth/refreshToken")));
    const tokens = answers.filter(({ status }) => status === 200).map(({ body }) => body.token as string);
    expect(tokens).toHaveLength(1);
    expect(issuer.asked.filter((path) => path === "/token")).toHaveLength(before + 1);
    const [next = ""] = tokens;
    expect((await post(next, "auth/refreshToken")).status).toBe(200);
    expect(await statusWith(next)).toBe(200);
  });

  it("keeps its role where a refresh brings no ID token", async () => {
    const { tokenOf, post, issuer } = await servingOpenId({ settings: OFFLINE });
    const token = await tokenOf("ron");
    issuer.spoil = () => undefined;
    const { status, body } = await post(token, "auth/refreshToken");
    expect([status, body.user.roles]).toEqual([200, ["runner"]]);
  });

  it("is refreshed again a minute after a process that asked the issuer was killed", async () => {
    const { pass } = clock();
    const store = createMemoryExecutions();
    const { tokenOf, post } = await servingOpenId({ settings: OFFLINE, store });
    const token = await tokenOf("ada");
    await changeSessions(store, (session) => ({ ...session, askingUntil: Date.now() + 60_000 }));
    expect((await post(token, "auth/refreshToken")).body.error).toMatch(/is being refreshed/);
    await pass(61_000);
    expect((await post(token, "auth/refreshToken")).status).toBe(200);
  });

  it("does not go on without its issuer where its entry was changed", async () => {
    const { pass } = clock();
    const store = createMemoryExecutions();
    const { tokenOf, post } = await servingOpenId({ settings: OFFLINE, store });
    const token = await tokenOf("ada");
    await changeSessions(store, ({ issued, ...session }) => ({ ...session, issued: `AAAA${issued?.slice(4)}` }));
    await pass(6000);
    expect((await post(token, "auth/refreshToken")).body.error).toMatch(/sign in again/);
  });
});

describe("signing out", () => {
  it("ends the session here, and what the issuer refreshes it by", async () => {
    const { tokenOf, post, issuer, statusWith } = await servingOpenId({ settings: OFFLINE });
    const token = await tokenOf("ada");
    const heard = new Promise<void>((resolve) => {
      issuer.fails = (path) => {
        if (path === "/token/revocation") resolve();
        return undefined;
      };
    });
    expect((await post(token, "auth/logout")).body).toEqual({ success: true });
    expect(await statusWith(token)).toBe(401);
    await heard;
  });

  it("goes to the issuer, which sends the browser to where the settings say", async () => {
    const { browser, issuer } = await servingOpenId({ settings: { afterLogout: `${SITE}/bye` } });
    const { status, headers } = await browser().ask(`${SITE}/api/auth/openid/logout?returnTo=https://evil.example.com`);
    const to = new URL(headers.get("location") ?? "");
    expect([
      status,
      to.origin,
      to.searchParams.get("post_logout_redirect_uri"),
      to.searchParams.get("client_id"),
    ]).toEqual([303, issuer.address, `${SITE}/bye`, "conductor"]);
    // The issuer knows the address, and ends its session.
    const page = await browser().ask(to);
    expect([page.status, page.text]).toEqual([200, expect.stringContaining("/session/end/confirm")]);
  });

  it("says so where the issuer has no address for it", async () => {
    const issuer = await startIssuer({
      features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    });
    const { browser } = await servingOpenId({ issuer });
    const { status, text } = await browser().ask(`${SITE}/api/auth/openid/logout`);
    expect([status, JSON.parse(text).error]).toEqual([404, expect.stringContaining("end_session_endpoint")]);
  });
});
