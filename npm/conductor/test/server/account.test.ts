/** What users do about their own accounts: another password, their sessions. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryExecutions, type ExecutionStore } from "@atomiton/storage";
import { openSqliteStore } from "@atomiton/storage/desktop";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { type AuditEntry, createUsers, type RateLimits } from "../../src/exports/server.js";
import { KeyFile } from "../../src/server/keys.js";
import { byKeysAndUsers } from "../../src/server/keys-and-users.js";
import { type Message, rawSocket } from "./raw.js";
import { serving } from "./serving.js";

const PASSWORD = "correct horse";
const OTHER = "another password";
const TRANSPORTS = ["http", "websocket"] as const;

const isExpiry = ({ type, channel, event }: Message) =>
  type === "event" && channel === "auth" && event === "sessionExpired";
const isHello = ({ type }: Message) => type === "hello";

function folder() {
  const made = mkdtempSync(join(tmpdir(), "conductor account "));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Users `ada`, an editor, and `vera`, a viewer, with a server, and pages that sign in there. */
async function servingAccounts(rateLimits: RateLimits = {}, store: ExecutionStore = createMemoryExecutions()) {
  const audited: AuditEntry[] = [];
  const audit = (entry: AuditEntry) => void audited.push(entry);
  const users = createUsers({ store, audit });
  for (const [name, role] of [
    ["ada", "editor"],
    ["vera", "viewer"],
  ] as const) {
    if (!(await users.list()).some((user) => user.name === name)) await users.add(name, { role, password: PASSWORD });
  }
  const file = new KeyFile(join(folder(), "keys.json"));
  const { apiUrl, server } = await serving({ ...byKeysAndUsers(file, users), audit, rateLimits }, store);
  const page = async (name: string, transport: "http" | "websocket" = "http", password = PASSWORD) => {
    const wsUrl = `${apiUrl.replace(/^http/, "ws")}/ws`;
    const conductor = createConductor({ transport, apiUrl, wsUrl });
    onTestFinished(() => conductor.shutdown());
    const { token } = await conductor.auth.login({ username: name, password });
    return { ...conductor.auth, token, list: conductor.storage.listFlows };
  };
  const statusWith = async (token: string) =>
    (await fetch(`${apiUrl}/flows`, { headers: { authorization: `Bearer ${token}` } })).status;
  return { apiUrl, server, users, store, file, audited, page, statusWith };
}

/** Moments that a test sets. */
function clock() {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  return { pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

afterEach(() => {
  vi.useRealTimers();
});

describe.each(TRANSPORTS)("over %s a user", (transport) => {
  it("changes the own password, which ends all sessions but this one, and is told to connected clients", async () => {
    const { apiUrl, page, statusWith, audited } = await servingAccounts();
    const own = await page("ada", transport);
    const [other, veras] = [await page("ada"), await page("vera")];
    const sockets = await Promise.all([own, other, veras].map(({ token }) => rawSocket(apiUrl, { token })));
    await Promise.all(sockets.map(({ take }) => take(isHello)));
    expect(await own.changePassword({ current: PASSWORD, password: OTHER })).toBeUndefined();
    await sockets[1]?.take(isExpiry);
    expect(await Promise.all([own, other, veras].map(({ token }) => statusWith(token)))).toEqual([200, 401, 200]);
    // Twice, as the session has the stamps of one change at a time.
    await own.changePassword({ current: OTHER, password: "a third password" });
    const { token } = await own.refreshToken();
    expect(await statusWith(token)).toBe(200);
    expect(await own.list()).toMatchObject({ total: 0 });
    for (const { call, received } of [sockets[0], sockets[2]] as typeof sockets) {
      expect(await call("storage", "listFlows")).toMatchObject({ result: { total: 0 } });
      expect(received.filter(isExpiry)).toEqual([]);
    }
    await expect(page("ada", transport, OTHER)).rejects.toThrow("Invalid credentials");
    await page("ada", transport, "a third password");
    const changes = audited.filter(({ event, what }) => event === "user" && what === "password");
    const change = { caller: "ada", role: "editor", subject: "ada", address: "127.0.0.1", outcome: "ok" };
    expect(changes).toMatchObject([change, change]);
    expect(JSON.stringify(audited)).not.toMatch(/correct|another|third/);
  });

  it("sees the own sessions, and ends one or all others", async () => {
    const { apiUrl, page, statusWith, audited } = await servingAccounts();
    const own = await page("ada", transport);
    const [one, two, veras] = [await page("ada"), await page("ada"), await page("vera")];
    const found = await own.listSessions();
    const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const times = { id: expect.stringMatching(/^[\w-]{22}$/), startedAt: moment, usedAt: moment, expiresAt: moment };
    expect(found.map(({ isCurrent }) => isCurrent).sort()).toEqual([false, false, true]);
    for (const session of found) {
      expect(session).toEqual({ ...times, address: "127.0.0.1", isCurrent: expect.any(Boolean) });
    }
    const idOf = async ({ listSessions }: typeof own) =>
      (await listSessions()).find(({ isCurrent }) => isCurrent)?.id ?? "";
    const { take } = await rawSocket(apiUrl, { token: one.token });
    await take(isHello);
    await own.endSession({ id: await idOf(one) });
    await take(isExpiry);
    const tokens = [own, one, two, veras].map(({ token }) => token);
    expect(await Promise.all(tokens.map(statusWith))).toEqual([200, 401, 200, 200]);
    await own.endOtherSessions();
    expect(await Promise.all(tokens.map(statusWith))).toEqual([200, 401, 401, 200]);
    expect(await own.listSessions()).toMatchObject([{ isCurrent: true }]);
    expect(audited.filter(({ event, caller }) => event === "user" && caller === "ada")).toMatchObject([
      { what: "end-session", outcome: "ok" },
      { what: "end-other-sessions", outcome: "ok" },
    ]);
  });

  it("is refused what cannot be, and all sessions go on", async () => {
    const { page, statusWith, audited } = await servingAccounts();
    const own = await page("ada", transport);
    const [other, veras] = [await page("ada"), await page("vera")];
    const [current] = (await veras.listSessions()).map(({ id }) => id);
    const refusals = [
      [
        () => own.changePassword({ current: OTHER, password: "a third password" }),
        "VALIDATION_FAILED",
        "present password",
      ],
      [() => own.changePassword({ current: PASSWORD, password: "short" }), "INVALID_PARAMETERS", "12 to 128"],
      [
        () => own.changePassword({ current: PASSWORD, password: "ada-conductor-1" }),
        "INVALID_PARAMETERS",
        "name of the user",
      ],
      [
        () => own.changePassword({ current: PASSWORD, password: PASSWORD }),
        "INVALID_PARAMETERS",
        "present password already",
      ],
      [() => own.changePassword({ current: PASSWORD } as never), "VALIDATION_FAILED", "password: Required"],
      [() => own.changePassword({ password: OTHER } as never), "VALIDATION_FAILED", "current: Required"],
      [() => own.endSession({ id: current ?? "" }), "INVALID_PARAMETERS", "no session with this id"],
      [() => own.endSession({ id: ".changed" }), "INVALID_PARAMETERS", "no session with this id"],
      [() => own.endSession({ id: "\u0000" }), "INVALID_PARAMETERS", "no session with this id"],
      [() => own.endSession({ id: 1 as never }), "VALIDATION_FAILED", "id: Expected string"],
    ] as const;
    for (const [call, code, message] of refusals) {
      await expect(call()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    }
    const mine = (await own.listSessions()).find(({ isCurrent }) => isCurrent)?.id ?? "";
    await expect(own.endSession({ id: mine })).rejects.toThrow("`logout`");
    for (const { token } of [own, other, veras]) expect(await statusWith(token)).toBe(200);
    expect(audited.filter(({ event, outcome }) => event === "user" && outcome === "VALIDATION_FAILED").length).toBe(4);
  });
});

describe("an own account", () => {
  it("lets the present password be guessed as slowly as at a sign-in, and counts for that as well", async () => {
    clock();
    const { page, statusWith } = await servingAccounts({ signIns: { perName: 3 } });
    const own = await page("ada");
    const guess = (current: string) => own.changePassword({ current, password: OTHER });
    // What is refused for the new password tries nothing.
    for (let count = 0; count < 5; count++) {
      await expect(own.changePassword({ current: "guess", password: "x" })).rejects.toThrow("12 to 128");
    }
    for (let count = 0; count < 3; count++) await expect(guess(`guess ${count}`)).rejects.toThrow("present password");
    await expect(guess(PASSWORD)).rejects.toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    await expect(page("ada")).rejects.toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    expect(await statusWith(own.token)).toBe(200);
    await page("vera");
  });

  it("is changed by one of several requests of a session at once, and the session goes on", async () => {
    const { page, statusWith } = await servingAccounts();
    const own = await page("ada");
    const other = await page("ada");
    const settled = await Promise.allSettled([
      own.changePassword({ current: PASSWORD, password: OTHER }),
      own.endOtherSessions(),
      own.changePassword({ current: PASSWORD, password: "a third password" }),
      own.endOtherSessions(),
    ]);
    const outcomes = settled.map((each) => (each.status === "rejected" ? String(each.reason) : "ok"));
    expect(outcomes.filter((outcome) => outcome !== "ok")).toEqual([
      expect.stringContaining("The present password is another one"),
    ]);
    expect([await statusWith(own.token), await statusWith(other.token)]).toEqual([200, 401]);
    const passwords = await Promise.allSettled([page("ada", "http", OTHER), page("ada", "http", "a third password")]);
    expect(passwords.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("is changed by one of several servers at once, and the session goes on at both", async () => {
    const store = createMemoryExecutions();
    const one = await servingAccounts({}, store);
    const two = await servingAccounts({}, createMemoryExecutions({ shared: store }));
    const { token } = await one.page("ada");
    const end = async (apiUrl: string) => {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const answer = await fetch(`${apiUrl}/auth/endOtherSessions`, { method: "POST", headers, body: "{}" });
      return `${answer.status} ${answer.status < 300 ? "" : await answer.text()}`;
    };
    for (let round = 0; round < 8; round++) {
      const answers = await Promise.all([end(one.apiUrl), end(two.apiUrl)]);
      expect(answers.filter((answer) => /^20/.test(answer)).length).toBeGreaterThan(0);
      for (const answer of answers)
        if (!/^20/.test(answer)) expect(answer).toMatch(/^422 .*at the same time, and counts/);
      expect([await one.statusWith(token), await two.statusWith(token)]).toEqual([200, 200]);
    }
  });

  it("is changed so often at most", async () => {
    clock();
    const { page } = await servingAccounts({ accounts: { perSecond: 0.1, burst: 3 } });
    const [own, veras] = [await page("ada"), await page("vera")];
    for (let count = 0; count < 3; count++) await own.endOtherSessions();
    await expect(own.endOtherSessions()).rejects.toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    await veras.endOtherSessions();
    await expect(own.changePassword({ current: PASSWORD, password: OTHER })).rejects.toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
    });
  });

  it("can be saved by a session where another one that was stolen has used up its changes, and keys of the same name too", async () => {
    clock();
    const { page, file, apiUrl, statusWith } = await servingAccounts({ accounts: { perSecond: 0.1, burst: 3 } });
    const own = await page("ada");
    const stolen = await page("ada");
    const key = file.add("ada", "editor");
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const body = JSON.stringify({ current: PASSWORD, password: OTHER });
    for (let count = 0; count < 20; count++) {
      await expect(stolen.endSession({ id: "x".repeat(22) })).rejects.toThrow();
      expect((await fetch(`${apiUrl}/auth/changePassword`, { method: "POST", headers, body })).status).toBe(422);
    }
    await expect(stolen.endSession({ id: "x".repeat(22) })).rejects.toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    // A new token is of the same session.
    const { token } = await stolen.refreshToken();
    await expect(stolen.endOtherSessions()).rejects.toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    await own.endOtherSessions();
    expect([await statusWith(own.token), await statusWith(token)]).toEqual([200, 401]);
    // What keys tried was no password of the user.
    await own.changePassword({ current: PASSWORD, password: OTHER });
  });

  it("is changed five times as often by all sessions together at most", async () => {
    clock();
    const { page } = await servingAccounts({ accounts: { perSecond: 0.1, burst: 1 } });
    const pages = [];
    for (let count = 0; count < 6; count++) pages.push(await page("ada"));
    const ended = await Promise.allSettled(pages.map(({ endSession }) => endSession({ id: "x".repeat(22) })));
    const codes = ended.map((one) => (one as { reason?: { code?: string } }).reason?.code);
    expect(codes.filter((code) => code === "RATE_LIMIT_EXCEEDED")).toHaveLength(1);
  });

  it("is not that of a key, of a stranger, or of who says to be another one", async () => {
    const { apiUrl, file, page, statusWith } = await servingAccounts();
    const adas = await page("ada");
    const veras = await page("vera");
    const call = async (token: string | undefined, command: string, body: object) => {
      const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const headers = { "content-type": "application/json", ...authorization };
      const answer = await fetch(`${apiUrl}/auth/${command}`, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: answer.status, text: await answer.text() };
    };
    const commands = [
      ["changePassword", { current: PASSWORD, password: OTHER }],
      ["listSessions", {}],
      ["endSession", { id: (await adas.listSessions())[0]?.id }],
      ["endOtherSessions", {}],
    ] as const;
    for (const [command, body] of commands) {
      expect((await call(undefined, command, { ...body, token: adas.token })).status).toBe(401);
      const { status, text } = await call(file.add(command, "admin"), command, { ...body, token: adas.token });
      expect([status, text]).toEqual([422, expect.stringContaining("a key has neither a password nor sessions")]);
    }
    // What callers say of token and address counts for nothing.
    await call(veras.token, "endOtherSessions", { token: adas.token });
    expect(await statusWith(adas.token)).toBe(200);
    await call(undefined, "login", { username: "ada", password: PASSWORD, address: "192.0.2.1" });
    expect((await adas.listSessions()).map(({ address }) => address)).toEqual(["127.0.0.1", "127.0.0.1"]);
  });

  it("tells when and from where a session was used last, which is written once a minute", async () => {
    const { pass } = clock();
    const { server, page, apiUrl, store } = await servingAccounts();
    const own = await page("ada");
    const other = await page("ada");
    const ids = async () => (await store.entries?.("sessions").list())?.map(({ hash }) => hash).sort();
    const use = async (address: string) => {
      const headers = { authorization: `Bearer ${other.token}` };
      const answer = await server.fetch(new Request(`${apiUrl}/flows`, { headers }), { address });
      expect(answer.status).toBe(200);
    };
    const before = await ids();
    await pass(59_000);
    await use("192.0.2.1");
    expect(await ids()).toEqual(before);
    await pass(2000);
    const moment = new Date().toISOString();
    await use("192.0.2.2");
    await vi.waitFor(async () => expect(await ids()).not.toEqual(before));
    const at = (await own.listSessions()).find(({ isCurrent }) => !isCurrent);
    expect(at).toMatchObject({ address: "192.0.2.2", usedAt: moment });
    expect(Date.parse(at?.usedAt ?? "") - Date.parse(at?.startedAt ?? "")).toBeGreaterThanOrEqual(61_000);
  });

  it("changes where the session is in the memory of another server, and ends there within a second", async () => {
    const path = join(folder(), "c.db");
    const stores = await Promise.all([openSqliteStore(path), openSqliteStore(path)]);
    onTestFinished(async () => {
      for (const store of stores) await store.close();
    });
    const here = await servingAccounts({}, stores[0]);
    const there = await servingAccounts({}, stores[1]);
    const { pass } = clock();
    const [own, other] = [await here.page("ada"), await here.page("ada")];
    for (const { token } of [own, other]) expect(await there.statusWith(token)).toBe(200);
    await own.changePassword({ current: PASSWORD, password: OTHER });
    await own.changePassword({ current: OTHER, password: "a third password" });
    // It has not looked at the marks yet; the user may be read anew before the session.
    expect(await there.statusWith(own.token)).toBe(200);
    await pass(1000);
    expect([await there.statusWith(own.token), await there.statusWith(other.token)]).toEqual([200, 401]);
    await pass(5000);
    expect([await there.statusWith(own.token), await there.statusWith(other.token)]).toEqual([200, 401]);
  });

  it("is changed once by two sessions that do it at once; the other one is over", async () => {
    const { page, statusWith } = await servingAccounts();
    const [one, other] = [await page("ada"), await page("ada")];
    const ended = await Promise.allSettled([
      one.changePassword({ current: PASSWORD, password: OTHER }),
      other.changePassword({ current: PASSWORD, password: "a third password" }),
    ]);
    const [first, second] = ended.map(({ status }) => status === "fulfilled");
    expect([first, second].sort()).toEqual([false, true]);
    expect([await statusWith(one.token), await statusWith(other.token)]).toEqual(first ? [200, 401] : [401, 200]);
    await page("ada", "http", first ? OTHER : "a third password");
  });

  it("does not outlive what its owner ends meanwhile", async () => {
    const memory = createMemoryExecutions();
    let meanwhile: (() => Promise<void>) | undefined;
    const entries = (name: string) => {
      const collection = memory.entries?.(name) as NonNullable<ReturnType<NonNullable<typeof memory.entries>>>;
      const write: typeof collection.write = async (changes) => {
        const refused = await collection.write(changes);
        const then = name === "sessions" ? meanwhile : undefined;
        if (then !== undefined) meanwhile = undefined;
        await then?.();
        return refused;
      };
      return { ...collection, write };
    };
    const { page, users, statusWith } = await servingAccounts({}, Object.assign(Object.create(memory), { entries }));
    const own = await page("ada");
    // Between the two writes: the session's, and the user's.
    meanwhile = () => users.setRole("ada", "viewer");
    await expect(own.endOtherSessions()).rejects.toThrow("The session is over");
    expect(await statusWith(own.token)).toBe(401);
    expect((await users.list())[0]).toMatchObject({ name: "ada", role: "viewer" });
  });

  it("tells its owner's sessions to the owner of the server, who ends one", async () => {
    const { users, page, statusWith } = await servingAccounts();
    const [own, other] = [await page("ada"), await page("ada")];
    const id = (await own.listSessions()).find(({ isCurrent }) => !isCurrent)?.id ?? "";
    expect((await users.sessions("ADA")).map((session) => session.id)).toContain(id);
    expect(await users.sessions("vera")).toEqual([]);
    await expect(users.endSession("vera", id)).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
    await users.endSession("ada", id);
    expect([await statusWith(own.token), await statusWith(other.token)]).toEqual([200, 401]);
    await expect(users.sessions("bob")).rejects.toThrow('There is no user "bob"');
  });
});
