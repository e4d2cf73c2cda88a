/** How often may be called, and signed in. */
import { createMemoryExecutions } from "@atomiton/storage";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";

import { type AuditEntry, createUsers, type ServerOptions } from "../../src/exports/server.js";
import { addressOf, networkOf } from "../../src/server/addresses.js";
import { TokenBuckets } from "../../src/server/token-buckets.js";
import { rawSocket } from "./raw.js";
import { byKey, keyOf, serving } from "./serving.js";

const PASSWORD = "correct horse";

afterEach(() => {
  vi.useRealTimers();
});

function clock() {
  vi.useFakeTimers({ toFake: ["performance", "Date"] });
  return { pass: (ms: number) => vi.advanceTimersByTime(ms) };
}

async function limited(options: Partial<ServerOptions>) {
  const audited: AuditEntry[] = [];
  return { ...(await serving({ audit: (entry) => void audited.push(entry), ...options })), audited };
}

/** A server with the user `ada`, and what signing in comes to: the status and `Retry-After`. */
async function signingIn(options: Partial<ServerOptions> = {}) {
  const store = createMemoryExecutions();
  const { authenticate, auth, add } = createUsers({ store });
  await add("ada", { role: "admin", password: PASSWORD });
  const served = await limited({ authenticate, auth, ...options });
  const signIn = async (username: string, password: string, headers: Record<string, string> = {}) => {
    const body = JSON.stringify({ username, password });
    const { status, headers: answered } = await served.ask(null, "/auth/login", { method: "POST", body, headers });
    return [status, answered.get("retry-after")];
  };
  return { ...served, signIn };
}

describe("calls", () => {
  const rateLimits = { calls: { perSecond: 1, burst: 3 } };

  it("of one caller are limited by HTTP, and others' are not", async () => {
    const { pass } = clock();
    const { ask, audited } = await limited({ rateLimits, trustProxy: 1 });
    const as = (role: string, address: string) => ask(role, "/flows", { headers: { "x-forwarded-for": address } });
    for (let call = 0; call < 3; call++) expect((await as("viewer", `192.0.2.${call}`)).status).toBe(200);
    const refused = await as("viewer", "192.0.2.9");
    expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toEqual([
      429,
      "1",
      { error: "Too many calls: try again in 1 s", code: "RATE_LIMIT_EXCEEDED", channelError: true },
    ]);
    expect((await as("editor", "192.0.2.9")).status).toBe(200);
    pass(1000);
    expect([(await as("viewer", "192.0.2.10")).status, (await as("viewer", "192.0.2.11")).status]).toEqual([200, 429]);
    // The audit is told once a minute.
    expect(audited.filter(({ event }) => event === "limited")).toMatchObject([
      { caller: "vera", address: "192.0.2.9", outcome: "RATE_LIMIT_EXCEEDED" },
    ]);
  });

  it("from one address are limited before anyone is authenticated, and the stream of events too", async () => {
    let authenticated = 0;
    const authenticate = (request: Request) => {
      authenticated++;
      return byKey(request);
    };
    const { ask } = await limited({ rateLimits, authenticate });
    for (let call = 0; call < 3; call++) await ask("viewer", "/flows");
    expect((await ask("editor", "/events")).status).toBe(429);
    expect((await ask(null, "/flows", { headers: { origin: "https://elsewhere.example" } })).status).toBe(403);
    expect(authenticated).toBe(3);
  });

  it("over a WebSocket are limited with the same code, and so are new connections", async () => {
    clock();
    const { apiUrl } = await limited({ rateLimits: { calls: { perSecond: 1, burst: 5 } } });
    const { call, say, closed } = await rawSocket(apiUrl, { token: keyOf("viewer") });
    const answers = [];
    for (let count = 0; count < 5; count++) answers.push(await call("storage", "listFlows"));
    // The connection itself and its token counted as well.
    expect(answers.map(({ code }) => code)).toEqual([
      undefined,
      undefined,
      undefined,
      "RATE_LIMIT_EXCEEDED",
      "RATE_LIMIT_EXCEEDED",
    ]);
    expect(answers[4]).toMatchObject({ error: "Too many calls: try again in 1 s", retryAfter: 1 });
    const refused = await new Promise((resolve) => {
      const socket = new WebSocket(`${apiUrl.replace(/^http/, "ws")}/ws`);
      socket.on("unexpected-response", (_, { statusCode, headers }) => resolve([statusCode, headers["retry-after"]]));
      socket.on("error", () => {});
    });
    expect(refused).toEqual([429, "1"]);
    say({ type: "ping" });
    expect(await closed).toBe(1008);
  });

  it("are not limited where that is not wanted", async () => {
    const { ask } = await limited({ rateLimits: { calls: false, strangers: false, signIns: false } });
    const statuses = await Promise.all(Array.from({ length: 300 }, async () => (await ask(null, "/flows")).status));
    expect(new Set(statuses)).toEqual(new Set([401]));
  });

  it("of an application that hands requests on count by the address that it tells", async () => {
    const { server } = await limited({ rateLimits });
    const from = async (address?: string) =>
      (await server.fetch(new Request("http://localhost/health"), address === undefined ? {} : { address })).status;
    const statuses = [];
    for (let call = 0; call < 4; call++) statuses.push(await from("192.0.2.1"));
    expect([...statuses, await from("192.0.2.2")]).toEqual([200, 200, 200, 429, 200]);
    for (let call = 0; call < 5; call++) expect(await from()).toBe(200);
  });
});

describe("strangers", () => {
  const rateLimits = { strangers: { perSecond: 1, burst: 3 } };

  it("who try keys are not even looked up any more, while callers at the same address go on", async () => {
    const { pass } = clock();
    const asked: (string | null)[] = [];
    const authenticate = (request: Request) => {
      asked.push(request.headers.get("authorization"));
      return byKey(request);
    };
    const { ask } = await limited({ rateLimits, authenticate });
    const guess = async (key: string) =>
      (await ask(null, "/flows", { headers: { authorization: `Bearer ${key}` } })).status;
    expect((await ask("viewer", "/flows")).status).toBe(200);
    expect([await guess("a"), await guess("b"), await guess("c")]).toEqual([401, 401, 401]);
    const before = asked.length;
    // Also the right one: what is guessed is not told.
    expect([await guess("d"), await guess(keyOf("admin"))]).toEqual([429, 429]);
    expect(asked.length).toBe(before);
    expect((await ask("viewer", "/flows")).status).toBe(200);
    pass(1000);
    expect(await guess(keyOf("admin"))).toBe(200);
  });

  it.each(["auth/getCurrentUser", "auth/refreshToken", "storage/listFlows"])("are limited at %s", async (command) => {
    const { signIn: _, ask } = await signingIn({ rateLimits });
    const statuses = [];
    for (let call = 0; call < 5; call++) {
      const headers = { authorization: `Bearer conds_${"A".repeat(64)}${call}` };
      statuses.push((await ask(null, `/${command}`, { method: "POST", headers })).status);
    }
    expect(statuses.slice(3)).toEqual([429, 429]);
  });

  it("without keys, and over a WebSocket, are limited as well", async () => {
    const { pass } = clock();
    const { apiUrl, ask } = await limited({ rateLimits });
    const { call, say } = await rawSocket(apiUrl);
    for (let count = 0; count < 2; count++) say({ type: "auth", token: `guess-${count}` });
    expect((await call("storage", "listFlows")).code).toBe("VALIDATION_FAILED");
    say({ type: "auth", token: null });
    const codes = [await call("storage", "listFlows"), await call("storage", "listFlows")].map(({ code }) => code);
    expect(codes).toContain("RATE_LIMIT_EXCEEDED");
    expect((await ask(null, "/flows")).status).toBe(429);
    // A good key is not looked up now either, and is at the next call after that.
    say({ type: "auth", token: keyOf("viewer") });
    expect(await call("storage", "listFlows")).toMatchObject({ code: "RATE_LIMIT_EXCEEDED", retryAfter: 1 });
    pass(1000);
    expect(await call("storage", "listFlows")).toMatchObject({ result: { total: 0 } });
  });
});

describe("sign-ins", () => {
  it("of one name have to wait longer and longer, from whatever address, also with the right password", async () => {
    const { pass } = clock();
    const { signIn } = await signingIn({ trustProxy: true });
    let count = 0;
    const attempt = (password: string) => signIn("ada", password, { "x-forwarded-for": `192.0.2.${count++}` });
    for (let fails = 0; fails < 5; fails++) expect(await attempt("wrong password")).toEqual([422, null]);
    expect(await attempt(PASSWORD)).toEqual([429, "2"]);
    pass(2000);
    expect(await attempt("wrong password")).toEqual([422, null]);
    expect(await attempt(PASSWORD)).toEqual([429, "2"]);
    pass(2000);
    await attempt("wrong password");
    pass(2000);
    expect(await attempt("wrong password")).toEqual([429, "2"]);
    expect(await signIn("bob", PASSWORD, { "x-forwarded-for": "192.0.2.200" })).toEqual([422, null]);
    // One is forgiven each minute, and a sign-in forgives the rest.
    pass(120_000);
    expect(await attempt(PASSWORD)).toEqual([200, null]);
    for (let fails = 0; fails < 5; fails++) expect(await attempt("wrong password")).toEqual([422, null]);
  });

  it("from one address are limited whatever the names, and at once as well as one after the other", async () => {
    clock();
    const { signIn } = await signingIn();
    const attempts = Array.from({ length: 30 }, (_, index) => signIn(`user ${index}`, "wrong password"));
    const statuses = (await Promise.all(attempts)).map(([status]) => status);
    expect(statuses.filter((status) => status === 422)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(10);
  });

  it("under names of any length look at a name's length of them", async () => {
    const { apiUrl } = await signingIn({ authenticate: byKey });
    const normalize = vi.spyOn(String.prototype, "normalize");
    onTestFinished(() => normalize.mockRestore());
    const { call, take } = await rawSocket(apiUrl, { token: keyOf("viewer") });
    await take(({ type }) => type === "hello");
    await call("auth", "login", { username: "ﷺ".repeat(2 ** 20), password: "x" });
    await call("auth", "login", { username: "ada", password: "x" });
    expect(Math.max(...normalize.mock.contexts.map((text) => String(text).length))).toBeLessThanOrEqual(1000);
  });

  it("of names that are one name count together, and those over a WebSocket too", async () => {
    clock();
    const { signIn, apiUrl } = await signingIn();
    for (const name of ["ada", "ADA", "Ada", "ａｄａ", "aDa"]) await signIn(name, "wrong password");
    const { call } = await rawSocket(apiUrl);
    expect(await call("auth", "login", { username: "ada", password: PASSWORD })).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      retryAfter: 2,
    });
  });
});

describe("settings of limits", () => {
  it.each([
    [{ calls: { perSecond: 0, burst: 1 } }, /rateLimits.calls.perSecond/],
    [{ calls: { perSecond: 1, burst: 0.5 } }, /rateLimits.calls.burst/],
    [{ strangers: { perSecond: Number.NaN, burst: 1 } }, /rateLimits.strangers.perSecond/],
    [{ signIns: { perName: -1 } }, /rateLimits.signIns.perName/],
    [{ cals: false }, /cals/],
  ])("are refused where they could not hold: %j", async (rateLimits, problem) => {
    await expect(serving({ rateLimits: rateLimits as never })).rejects.toThrow(problem);
  });

  it.each([-1, 1.5, "1", null])("are refused: trustProxy %j", async (trustProxy) => {
    await expect(serving({ trustProxy: trustProxy as never })).rejects.toThrow(/trustProxy/);
  });
});

describe("the address of a client", () => {
  it.each([
    ["192.0.2.1", null, 0, "192.0.2.1"],
    ["::ffff:192.0.2.1", null, 0, "192.0.2.1"],
    ["192.0.2.1", "203.0.113.5", 0, "192.0.2.1"],
    ["192.0.2.1", "203.0.113.5", 1, "203.0.113.5"],
    ["192.0.2.1", "10.0.0.1, 203.0.113.5", 1, "203.0.113.5"],
    ["192.0.2.1", "10.0.0.1, 203.0.113.5, 198.51.100.1", 2, "203.0.113.5"],
    ["192.0.2.1", "203.0.113.5", 2, "192.0.2.1"],
    ["192.0.2.1", "203.0.113.5:4711", 1, "203.0.113.5"],
    ["192.0.2.1", "[2001:db8::1]:4711", 1, "2001:db8::1"],
    ["192.0.2.1", "unknown", 1, "192.0.2.1"],
    ["192.0.2.1", "", 1, "192.0.2.1"],
    [undefined, null, 1, undefined],
  ])("is, connected from %s, forwarded for %s, behind %i proxies: %s", (connection, forwarded, proxies, address) => {
    expect(addressOf(connection, forwarded, proxies)).toBe(address);
  });

  it("counts with its network in IPv6", () => {
    expect(networkOf("192.0.2.1")).toBe("192.0.2.1");
    const same = ["2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:DB8::1:0:0:0:2", "2001:db8:0:1::%eth0"];
    expect(new Set(same.map(networkOf))).toEqual(new Set(["2001:db8:0:1::/64"]));
    expect(networkOf("2001:db8:0:2::1")).not.toBe(networkOf("2001:db8:0:1::1"));
    expect(networkOf("::1")).toBe("0:0:0:0::/64");
  });
});

it("more addresses than are kept take no more memory, and those that called last are known", () => {
  clock();
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 });
  for (let address = 0; address < 400_000; address++) expect(buckets.take(`address ${address}`)).toBe(0);
  expect(buckets.size).toBeLessThanOrEqual(100_000);
  expect(buckets.take("address 399999")).toBeGreaterThan(0);
  expect(buckets.take("address 360000")).toBeGreaterThan(0);
});
