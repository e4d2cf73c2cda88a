/** Users with passwords, and their sessions. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryExecutions, type ExecutionStore } from "@atomiton/storage";
import { openSqliteStore } from "@atomiton/storage/desktop";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { type AuditEntry, createUsers, type UsersOptions } from "../../src/exports/server.js";
import { type Message, rawSocket } from "./raw.js";
import { serving } from "./serving.js";

const hashing = vi.hoisted(() => ({ hash: 0, verify: 0, running: 0, most: 0 }));
vi.mock("@node-rs/argon2", async (original) => {
  const real = await original<typeof import("@node-rs/argon2")>();
  const counted =
    <Args extends unknown[], T>(name: "hash" | "verify", work: (...args: Args) => Promise<T>) =>
    async (...args: Args) => {
      hashing[name]++;
      hashing.most = Math.max(hashing.most, ++hashing.running);
      try {
        return await work(...args);
      } finally {
        hashing.running--;
      }
    };
  return { ...real, hash: counted("hash", real.hash), verify: counted("verify", real.verify) };
});

const PASSWORD = "correct horse";
const HOUR_MS = 3_600_000;

/** Moments that a test sets. Moving on also lets a second pass for what is looked at each second. */
function clock() {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setInterval", "clearInterval"] });
  return { pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

afterEach(() => {
  vi.useRealTimers();
});

/** A server whose users are `ada`, an admin, and `vera`, a viewer. */
async function servingUsers(options: Partial<UsersOptions> = {}, store: ExecutionStore = createMemoryExecutions()) {
  const audited: AuditEntry[] = [];
  const audit = (entry: AuditEntry) => void audited.push(entry);
  const users = createUsers({ store, audit, ...options });
  await users.add("ada", { role: "admin", password: PASSWORD });
  await users.add("vera", { role: "viewer", password: PASSWORD });
  const { authenticate, auth } = users;
  const served = await serving({ authenticate, auth, audit }, store);
  const login = async (username: string, password = PASSWORD) => (await auth.login({ username, password })).token;
  return { ...served, ...callsOf(served.apiUrl), users, login, audited, store };
}

function callsOf(apiUrl: string) {
  const command = async (token: string | undefined, name: string, args: unknown = {}) => {
    const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { "content-type": "application/json", ...authorization };
    const response = await fetch(`${apiUrl}/${name}`, { method: "POST", headers, body: JSON.stringify(args) });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  const statusWith = async (token: string) =>
    (await fetch(`${apiUrl}/flows`, { headers: { authorization: `Bearer ${token}` } })).status;
  const refresh = async (token: string): Promise<string> => (await command(token, "auth/refreshToken")).body.token;
  return { command, statusWith, refresh };
}

const isExpiry = ({ type, channel, event }: Message) =>
  type === "event" && channel === "auth" && event === "sessionExpired";
const isHello = ({ type }: Message) => type === "hello";

describe("a session", () => {
  it("begins with name and password, and tells who it is of", async () => {
    const { command, statusWith } = await servingUsers();
    const { status, body } = await command(undefined, "auth/login", { username: "ada", password: PASSWORD });
    expect([status, body]).toEqual([
      200,
      {
        token: expect.stringMatching(/^conds_[\w-]{65}$/),
        expiresAt: expect.any(String),
        user: { username: "ada", roles: ["admin"] },
      },
    ]);
    expect(await statusWith(body.token)).toBe(200);
    expect((await command(body.token, "auth/getCurrentUser")).body).toEqual({ username: "ada", roles: ["admin"] });
  });

  it("allows what the role of its user allows", async () => {
    const { command, login } = await servingUsers();
    const token = await login("vera");
    expect((await command(token, "storage/listFlows")).status).toBe(200);
    expect((await command(token, "storage/deleteFlow", { id: "f" })).status).toBe(403);
  });

  it("ends with logout, and with no other one", async () => {
    const { command, statusWith, login } = await servingUsers();
    const [one, other, veras] = [await login("ada"), await login("ada"), await login("vera")];
    expect((await command(one, "auth/logout")).body).toEqual({ success: true });
    expect([await statusWith(one), await statusWith(other), await statusWith(veras)]).toEqual([401, 200, 200]);
    expect((await command(one, "auth/logout")).body).toEqual({ success: true });
    expect((await command(one, "auth/getCurrentUser")).body).toBeNull();
    expect((await command(one, "auth/refreshToken")).body.error).toMatch(/sign in again/);
  });

  it("takes the token of its caller alone, whatever the arguments say", async () => {
    const { command, statusWith, login } = await servingUsers();
    const [adas, veras] = [await login("ada"), await login("vera")];
    await command(veras, "auth/logout", { token: adas });
    expect([await statusWith(adas), await statusWith(veras)]).toEqual([200, 401]);
    expect((await command(undefined, "auth/refreshToken", { token: adas })).body.code).toBe("VALIDATION_FAILED");
  });

  it("expires after 12 hours, and for a connected client too", async () => {
    const { pass } = clock();
    const { apiUrl, statusWith, login } = await servingUsers();
    const token = await login("ada");
    const { take } = await rawSocket(apiUrl, { token });
    await take(isHello);
    await pass(12 * HOUR_MS - 2000);
    expect(await statusWith(token)).toBe(200);
    await pass(3000);
    expect(await statusWith(token)).toBe(401);
    await take(isExpiry);
  });

  it("is prolonged by refreshing it, 30 days at most", async () => {
    const { pass } = clock();
    const { statusWith, refresh, login, command } = await servingUsers();
    let token = await login("ada");
    for (let hours = 0; hours + 11 < 30 * 24; hours += 11) {
      await pass(11 * HOUR_MS);
      token = await refresh(token);
      expect(await statusWith(token)).toBe(200);
    }
    const { body } = await command(token, "auth/refreshToken");
    expect(Date.parse(body.expiresAt) - Date.now()).toBeLessThan(11 * HOUR_MS);
    await pass(11 * HOUR_MS);
    expect(await statusWith(body.token)).toBe(401);
    expect((await command(body.token, "auth/refreshToken")).body.code).toBe("VALIDATION_FAILED");
  });

  it("takes a replaced token for ten seconds, for what was under way, but not to refresh again", async () => {
    const { pass } = clock();
    const { statusWith, refresh, command, login } = await servingUsers();
    const first = await login("ada");
    const second = await refresh(first);
    await pass(9000);
    expect(await statusWith(first)).toBe(200);
    expect((await command(first, "auth/refreshToken")).body.error).toMatch(/refreshed already/);
    expect(await statusWith(second)).toBe(200);
  });

  it.each(["a call", "a refresh"])(
    "is ended as a whole by %s with a replaced token, and the audit has it",
    async (by) => {
      const { pass } = clock();
      const { apiUrl, statusWith, refresh, command, login, audited } = await servingUsers();
      const [first, other] = [await login("ada"), await login("ada")];
      const second = await refresh(first);
      const third = await refresh(second);
      const { take } = await rawSocket(apiUrl, { token: third });
      await take(isHello);
      await pass(11_000);
      expect(await statusWith(third)).toBe(200);
      if (by === "a call") expect(await statusWith(first)).toBe(401);
      else expect((await command(first, "auth/refreshToken")).body.error).toMatch(/sign in again/);
      await take(isExpiry);
      expect([await statusWith(third), await statusWith(other)]).toEqual([401, 200]);
      const reused = audited.filter(({ event }) => event === "session-reused");
      expect(reused).toMatchObject([{ caller: "ada", address: "127.0.0.1" }]);
    },
  );

  it("goes on for a connection whose client refreshed it elsewhere", async () => {
    const { pass } = clock();
    const { apiUrl, statusWith, refresh, login } = await servingUsers();
    const first = await login("ada");
    const { call, received, take } = await rawSocket(apiUrl, { token: first });
    await take(isHello);
    const second = await refresh(first);
    // Its caller is looked up again meanwhile.
    await pass(60_000);
    expect(await call("storage", "listFlows")).toMatchObject({ result: { total: 0 } });
    expect(await statusWith(second)).toBe(200);
    expect(received.filter(isExpiry)).toEqual([]);
  });

  it("is refreshed once by requests at the same time", async () => {
    const { command, statusWith, login } = await servingUsers();
    const token = await login("ada");
    const answers = await Promise.all(Array.from({ length: 5 }, () => command(token, "auth/refreshToken")));
    const tokens = answers.filter(({ status }) => status === 200).map(({ body }) => body.token as string);
    expect(tokens).toHaveLength(1);
    expect(await statusWith(tokens[0] ?? "")).toBe(200);
  });

  it.each(["conds_", "conds_x", `conds_${"A".repeat(65)}`, `conds_${"A".repeat(5000)}`, "conds_.changed", "cond_x"])(
    "is none of what looks like a token: %#",
    async (token) => {
      const { statusWith, command } = await servingUsers();
      expect(await statusWith(token)).toBe(401);
      expect((await command(token, "auth/refreshToken")).body.code).toBe("VALIDATION_FAILED");
    },
  );

  it("is none of a token of which one letter is another", async () => {
    const { statusWith, login } = await servingUsers();
    const token = await login("ada");
    const swapped = (at: number) => token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
    for (const at of [6, 27, 28, 50, 70]) expect(await statusWith(swapped(at))).toBe(401);
    expect(await statusWith(token)).toBe(200);
  });
});

describe("all sessions of a user", () => {
  const CHANGES = [
    ["a changed role", (users: ReturnType<typeof createUsers>) => users.setRole("ada", "viewer")],
    ["another password", (users: ReturnType<typeof createUsers>) => users.setPassword("ada", "another password")],
    ["the end of the user", (users: ReturnType<typeof createUsers>) => users.remove("ada")],
    ["their end", (users: ReturnType<typeof createUsers>) => users.logout("ada")],
  ] as const;

  it.each(CHANGES)("end at once with %s, and connected clients are told", async (_, change) => {
    const { apiUrl, users, statusWith, refresh, login } = await servingUsers();
    const [token, other, veras] = [await refresh(await login("ada")), await login("ada"), await login("vera")];
    const { take, call } = await rawSocket(apiUrl, { token });
    const veraSocket = await rawSocket(apiUrl, { token: veras });
    await Promise.all([take(isHello), veraSocket.take(isHello)]);
    const headers = { authorization: `Bearer ${other}` };
    const stream = await fetch(`${apiUrl}/events`, { headers });
    await change(users);
    expect([await statusWith(token), await statusWith(other), await statusWith(veras)]).toEqual([401, 401, 200]);
    await take(isExpiry);
    expect(await stream.text()).toContain("event: auth:sessionExpired\n");
    expect(await call("storage", "listFlows")).toMatchObject({ code: "VALIDATION_FAILED" });
    expect(await veraSocket.call("storage", "listFlows")).toMatchObject({ result: { total: 0 } });
    expect(veraSocket.received.filter(isExpiry)).toEqual([]);
  });

  it("do not come back with a user of the same name", async () => {
    const { users, statusWith, login } = await servingUsers();
    const token = await login("ada");
    await users.remove("ada");
    await users.add("ada", { role: "viewer", password: PASSWORD });
    expect(await statusWith(token)).toBe(401);
  });

  it("count at another server on the same store, within a second", async () => {
    const { pass } = clock();
    const folder = mkdtempSync(join(tmpdir(), "conductor users "));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "c.db");
    const stores = await Promise.all([openSqliteStore(path), openSqliteStore(path)]);
    onTestFinished(async () => {
      for (const store of stores) await store.close();
    });
    const here = await servingUsers({}, stores[0]);
    const users = createUsers({ store: stores[1] as ExecutionStore });
    const there = await serving({ authenticate: users.authenticate, auth: users.auth }, stores[1] as never);
    const { statusWith, refresh } = callsOf(there.apiUrl);
    const token = await here.login("ada");
    expect(await statusWith(token)).toBe(200);
    const { take } = await rawSocket(there.apiUrl, { token });
    await take(isHello);

    await here.users.setRole("ada", "viewer");
    await pass(1000);
    await take(isExpiry);
    expect(await statusWith(token)).toBe(401);
    // Another one counts there at once, and is refreshed there for here.
    const second = await refresh(await here.login("ada"));
    expect([await statusWith(second), await here.statusWith(second)]).toEqual([200, 200]);
    await here.command(second, "auth/logout");
    await pass(1000);
    expect(await statusWith(second)).toBe(401);

    // No token is in the file, nor a password.
    for (const file of [path, `${path}-wal`]) {
      const bytes = readFileSync(file, "latin1");
      for (const secret of [token, second, token.slice(28), PASSWORD]) expect(bytes).not.toContain(secret);
    }
  });
});

describe("the store", () => {
  it("is not asked by a caller who was known a moment ago", async () => {
    const { pass } = clock();
    const memory = createMemoryExecutions();
    let asked = 0;
    const entries = (name: string) => {
      const collection = memory.entries?.(name) as NonNullable<ReturnType<NonNullable<typeof memory.entries>>>;
      const get = (id: string) => {
        asked++;
        return collection.get(id);
      };
      return { ...collection, get };
    };
    const { statusWith, login } = await servingUsers({}, Object.assign(Object.create(memory), { entries }));
    const token = await login("ada");
    await statusWith(token);
    asked = 0;
    for (let call = 0; call < 20; call++) await statusWith(token);
    expect(asked).toBe(0);
    // What other processes say is read once a second, however many call: one mark of each collection.
    await pass(1000);
    for (let call = 0; call < 20; call++) await statusWith(token);
    expect(asked).toBe(2);
  });

  it("lets no one in while it fails, and goes on after that", async () => {
    const { pass } = clock();
    const memory = createMemoryExecutions();
    let fails = false;
    const entries = (name: string) => {
      const collection = memory.entries?.(name) as NonNullable<ReturnType<NonNullable<typeof memory.entries>>>;
      const get = async (id: string) => {
        if (fails) throw new Error("disk of the server");
        return collection.get(id);
      };
      return { ...collection, get };
    };
    const { statusWith, command, login } = await servingUsers({}, Object.assign(Object.create(memory), { entries }));
    const token = await login("ada");
    fails = true;
    await pass(1000);
    const { status, body } = await command(token, "storage/listFlows");
    expect([status, JSON.stringify(body).includes("disk")]).toEqual([503, false]);
    fails = false;
    expect(await statusWith(token)).toBe(200);
  });

  it("keeps no sessions that are over", async () => {
    const { pass } = clock();
    const store = createMemoryExecutions();
    const { login, command } = await servingUsers({}, store);
    for (let count = 0; count < 3; count++) await login("ada");
    await command(await login("vera"), "auth/logout");
    await pass(13 * HOUR_MS);
    await login("ada");
    expect((await store.entries?.("sessions").ids())?.filter((id) => id !== ".changed")).toHaveLength(1);
  });
});

describe("a sign-in", () => {
  it("hashes as often for an unknown user as for a wrong password, and tells the same", async () => {
    const { command } = await servingUsers();
    const answers = [];
    for (const [username, password] of [
      ["ada", "wrong password"],
      ["no one", "wrong password"],
      ["ada", PASSWORD],
    ]) {
      Object.assign(hashing, { hash: 0, verify: 0 });
      const { status, body } = await command(undefined, "auth/login", { username, password });
      answers.push({ status, error: body.error, code: body.code, hash: hashing.hash, verify: hashing.verify });
    }
    const refused = { status: 422, error: "Invalid credentials", code: "VALIDATION_FAILED", hash: 0, verify: 1 };
    expect(answers).toEqual([refused, refused, { ...refused, status: 200, error: undefined, code: undefined }]);
  });

  it("hashes for two at once, however many come", async () => {
    const { users } = await servingUsers();
    Object.assign(hashing, { most: 0 });
    const attempts = Array.from({ length: 8 }, () => users.auth.login({ username: "ada", password: PASSWORD }));
    expect(await Promise.all(attempts)).toHaveLength(8);
    expect(hashing.most).toBe(2);
  });

  it("refuses from 100 that wait on", async () => {
    const { users } = await servingUsers();
    const attempts = Array.from({ length: 110 }, () => users.auth.login({ username: "no one", password: PASSWORD }));
    const codes = (await Promise.allSettled(attempts)).map((ended) =>
      ended.status === "rejected" ? ended.reason.code : "in",
    );
    expect([...new Set(codes)].sort()).toEqual(["RATE_LIMIT_EXCEEDED", "VALIDATION_FAILED"]);
    expect(codes.filter((code) => code === "RATE_LIMIT_EXCEEDED")).toHaveLength(8);
  });

  const NAMES = [
    "",
    " ",
    "__proto__",
    "constructor",
    ".changed",
    "a\u0000b",
    "\ud800",
    "😀",
    "x".repeat(60_000),
    "ada\n",
  ];
  it.each(NAMES)("is refused with a name that is none: %#", async (username) => {
    const { command } = await servingUsers();
    const { status, body } = await command(undefined, "auth/login", { username, password: PASSWORD });
    expect([status, body.error]).toEqual([422, "Invalid credentials"]);
  });

  const PASSWORDS = ["", "\u0000", "\ud800", `${PASSWORD}\u0000`, PASSWORD.toUpperCase(), "x".repeat(50_000)];
  it.each(PASSWORDS)("is refused with a password that is not the one: %#", async (password) => {
    const { command } = await servingUsers();
    const { status, body } = await command(undefined, "auth/login", { username: "ada", password });
    expect([status, body.error]).toEqual([422, "Invalid credentials"]);
  });

  it.each([null, 1, [], { username: "ada" }, { username: 1, password: 2 }, { username: "ada", password: {} }])(
    "is refused with %j in the place of credentials",
    async (args) => {
      const { command } = await servingUsers();
      expect((await command(undefined, "auth/login", args)).status).toBe(422);
    },
  );

  it("is refused with a megabyte, before anything is hashed", async () => {
    const { command } = await servingUsers();
    hashing.verify = 0;
    const { status } = await command(undefined, "auth/login", { username: "ada", password: "x".repeat(2 ** 20) });
    expect([status, hashing.verify]).toEqual([413, 0]);
  });

  it("takes a name and a password however they are composed", async () => {
    const { users } = await servingUsers();
    await users.add("Zo\u00eb", { role: "viewer", password: "cr\u00e8me br\u00fbl\u00e9e \u0000 😀" });
    const again = { username: "ZOE\u0308", password: "cre\u0300me bru\u0302le\u0301e \u0000 😀" };
    expect((await users.auth.login(again)).user).toEqual({ username: "Zo\u00eb", roles: ["viewer"] });
    await expect(users.add("zo\u00eb", { role: "viewer", password: PASSWORD })).rejects.toThrow("Zo\u00eb");
  });
});

describe("a user", () => {
  it.each(["", " ada", "ada ", ".ada", "a\u0000", "a\nb", "a\u202eb", "\ud800", "x".repeat(101)])(
    "cannot be called what no one could read: %#",
    async (name) => {
      const users = createUsers({ store: createMemoryExecutions() });
      await expect(users.add(name, { role: "viewer", password: PASSWORD })).rejects.toMatchObject({
        code: "INVALID_PARAMETERS",
      });
      expect(await users.list()).toEqual([]);
    },
  );

  it.each([
    ["", "has 0"],
    ["eleven char", "has 11"],
    ["a            b", "has 3"],
    ["😀🙂😉😎😍🤔😴🤖👻", "has 9"],
    ["ab cd ".repeat(22).slice(0, 129), "has 129"],
    ["abcabcabcabc", "fewer than 5 characters"],
    ["Conductor2026!", "the word conductor"],
    ["vera-conductor-1", "the name of the user"],
    ["VERAvera12345vera", "the name of the user"],
    ["1234567890123", "a row of keys"],
    ["zyxwvutsrqponmlk", "a row of keys"],
    ["1qaz2wsx3edc", "leaked"],
    ["Password1234!", "leaked"],
    ["password PASSWORD", "leaked"],
    ["Supernatural", "leaked"],
    ["correct-horse-battery-staple", "leaked"],
  ])("cannot have a password that is too short, too long or tried first: %#", async (password, said) => {
    const { users, login } = await servingUsers();
    const refused = { code: "INVALID_PARAMETERS", message: expect.stringContaining(said) };
    await expect(users.setPassword("vera", password)).rejects.toMatchObject(refused);
    await expect(users.setPassword("vera", password)).rejects.toThrow("has 12 to 128 characters of any kind");
    await login("vera");
  });

  it.each([
    "83920174650218-abc",
    "conductor is my dog",
    "vera-and-her-dog",
    "twelve chars",
    `${"é".normalize("NFD").repeat(12)}abcd`,
    "words of many kinds, as long as allowed; ".repeat(4).slice(0, 128),
    "🦜🚲🌵🍋🎺🧭🪁🥨🦔🎲🧦🪴",
  ])("may have any other one, which is not cut short: %#", async (password) => {
    const { users, login } = await servingUsers();
    await users.setPassword("vera", password);
    await login("vera", password);
    await expect(login("vera", password.slice(0, -2))).rejects.toThrow("Invalid credentials");
  });

  it("keeps a password that was set under earlier rules", async () => {
    const { store, login } = await servingUsers();
    const { hash } = await import("@node-rs/argon2");
    for (const password of ["password", "x".repeat(1024)]) {
      const { content = "", hash: ifHash = "" } = (await store.entries?.("users").get("vera")) ?? {};
      const changed = JSON.stringify({ ...JSON.parse(content), hash: await hash(password) });
      const refused = await store
        .entries?.("users")
        .write([{ id: "vera", ifHash, entry: { hash: changed, content: changed } }]);
      expect(refused).toEqual([]);
      await login("vera", password);
    }
  });

  it("is listed without hash, and changed only where there is one", async () => {
    const { users } = await servingUsers();
    const times = { createdAt: expect.any(String), passwordAt: expect.any(String) };
    expect(await users.list()).toEqual([
      { name: "ada", role: "admin", ...times },
      { name: "vera", role: "viewer", ...times },
    ]);
    const unknown = { code: "INVALID_PARAMETERS", message: 'There is no user "bob"' };
    await expect(users.remove("bob")).rejects.toMatchObject(unknown);
    await expect(users.setPassword("bob", PASSWORD)).rejects.toMatchObject(unknown);
    await expect(users.logout("bob")).rejects.toMatchObject(unknown);
    // Entries of the collection that are no users.
    await expect(users.setRole(".changed", "admin")).rejects.toThrow('There is no user ".changed"');
    await expect(users.auth.login({ username: ".changed", password: PASSWORD })).rejects.toThrow("Invalid credentials");
    await expect(users.setRole("ada", "king" as never)).rejects.toThrow("viewer, runner, editor, admin");
    await expect(users.add("ADA", { role: "viewer", password: PASSWORD })).rejects.toThrow('"ada"');
  });

  it("is added once by two that do it at once", async () => {
    const store = createMemoryExecutions();
    const both = [createUsers({ store }), createUsers({ store })];
    const ended = await Promise.allSettled(
      both.map((users) => users.add("bob", { role: "admin", password: PASSWORD })),
    );
    expect(ended.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("signs in with the new password only", async () => {
    const { users, login } = await servingUsers();
    await users.setPassword("ada", "another password");
    await expect(login("ada")).rejects.toThrow("Invalid credentials");
    await login("ada", "another password");
  });

  it("is kept with Argon2id, 19 MiB, two passes", async () => {
    const { store } = await servingUsers();
    const { content = "" } = (await store.entries?.("users").get("ada")) ?? {};
    expect(JSON.parse(content).hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it("cannot be where a store keeps no entries, or for times that are none", () => {
    const store = { name: "elsewhere" } as ExecutionStore;
    expect(() => createUsers({ store })).toThrow(/elsewhere keeps no entries/);
    const kept = createMemoryExecutions();
    for (const idle of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createUsers({ store: kept, sessions: { idle } })).toThrow(/sessions.idle/);
    }
  });
});

describe.each(["http", "websocket"] as const)("a client of the library over %s", (transport) => {
  async function client(apiUrl: string) {
    const remote = createConductor({ transport, apiUrl, wsUrl: `${apiUrl.replace(/^http/, "ws")}/ws` });
    onTestFinished(() => remote.shutdown());
    return remote;
  }

  it("signs in, works, refreshes and signs out", async () => {
    const { apiUrl, statusWith } = await servingUsers();
    const remote = await client(apiUrl);
    const expired = vi.fn();
    await expect(remote.storage.listFlows()).rejects.toThrow(/sign-in/);
    await expect(remote.auth.login({ username: "ada", password: "wrong password" })).rejects.toThrow(
      "Invalid credentials",
    );
    const { token } = await remote.auth.login({ username: "ada", password: PASSWORD });
    remote.auth.onAuthExpired(expired);
    expect(await remote.auth.getCurrentUser()).toEqual({ username: "ada", roles: ["admin"] });
    const refreshed = await remote.auth.refreshToken();
    expect(refreshed.token).not.toBe(token);
    expect(await remote.storage.listFlows()).toMatchObject({ total: 0 });
    await remote.auth.logout();
    expect(await remote.auth.getCurrentUser()).toBeNull();
    expect([await statusWith(token), await statusWith(refreshed.token)]).toEqual([401, 401]);
    expect(expired).not.toHaveBeenCalled();
    await expect(remote.storage.listFlows()).rejects.toThrow(/sign-in/);
  });

  it("is told when its session ends", async () => {
    const { apiUrl, users } = await servingUsers();
    const remote = await client(apiUrl);
    await remote.auth.login({ username: "ada", password: PASSWORD });
    const expired = new Promise((resolve) => remote.auth.onAuthExpired(resolve));
    await remote.storage.listFlows();
    await users.logout("ada");
    await expect(remote.storage.listFlows()).rejects.toThrow(/sign-in/);
    if (transport === "websocket") await expired;
  });
});
