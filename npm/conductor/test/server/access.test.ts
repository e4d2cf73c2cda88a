/** Who may reach what: every command and every resource, for every kind of caller. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryExecutions } from "@atomiton/storage";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { createUsers } from "../../src/exports/server.js";
import { byKeys, KeyFile } from "../../src/server/keys.js";
import { RESOURCES, RUN } from "../../src/server/resources.js";
import { CHANNELS } from "../../src/services/contract.js";
import type { Role } from "../../src/services/declaration.js";
import { SERVER_CHANNELS } from "../../src/services/server-channels.js";
import { rawRequest, rawSocket } from "./raw.js";
import { flowOf, keyOf, serving } from "./serving.js";

const ROLES: readonly Role[] = ["viewer", "runner", "editor", "admin"];

/** Callers by what they are; of the last three no one is known to the server. */
const CALLERS = [...ROLES, "stranger", "removed", "expired"] as const;
type CallerKind = (typeof CALLERS)[number];

/** What a caller is answered with where it may not call; `undefined` where it may. */
function expected(caller: CallerKind, least: Role | "anyone"): 401 | 403 | undefined {
  if (least === "anyone") return undefined;
  const rank = ROLES.indexOf(caller as Role);
  if (rank < 0) return 401;
  return rank < ROLES.indexOf(least) ? 403 : undefined;
}

const ALL_CHANNELS = new Map([...CHANNELS, ...SERVER_CHANNELS]);

function declaredRole(channel: string, command: string): Role | "anyone" {
  const declared = ALL_CHANNELS.get(channel)?.commands.get(command);
  if (declared === undefined) throw new Error(`${channel}.${command} is not declared`);
  return declared.isForStrangers ? "anyone" : declared.role;
}

/** Every way to a command, with the role that it asks for. */
interface Way {
  name: string;
  method: string;
  path: string;
  least: Role | "anyone";
}

/** Those of sessions last, and of them those that end the one that they are called with. */
const LAST = ["auth.refreshToken", "auth.logout"];

const COMMANDS = [...ALL_CHANNELS]
  .flatMap(([channel, { commands }]) =>
    [...commands.keys()].map((command) => ({ channel, command, least: declaredRole(channel, command) })),
  )
  .sort((one, other) => placeOf(one) - placeOf(other));

function placeOf({ channel, command }: { channel: string; command: string }): number {
  return channel === "auth" ? 1 + LAST.indexOf(`${channel}.${command}`) + 1 : 0;
}

const WAYS: readonly Way[] = [
  ...RESOURCES.map(({ method, path, command }) => ({
    name: `${method} ${path}`,
    method: method.toUpperCase(),
    path: path.replace(/:\w+/g, "none"),
    least: declaredRole(...command),
  })),
  { name: "run", method: "POST", path: RUN.path.replace(":id", "none"), least: "runner" },
  { name: "execute", method: "POST", path: "/execute", least: "runner" },
  { name: "events", method: "GET", path: "/events", least: "viewer" },
  ...COMMANDS.map(({ channel, command, least }) => ({
    name: `${channel}.${command}`,
    method: "POST",
    path: `/${channel}/${command}`,
    least,
  })),
];

/** A server that knows callers by a file of keys, and the key of each kind of caller. */
async function servingByFile() {
  const folder = mkdtempSync(join(tmpdir(), "conductor-access-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = new KeyFile(join(folder, "keys.json"));
  const keys: Partial<Record<CallerKind, string>> = {};
  for (const role of ROLES) keys[role] = file.add(role, role);
  keys.expired = file.add("expired", "admin", { expiresAt: new Date(0) });
  keys.removed = file.add("removed", "admin");
  file.remove("removed");
  return { ...(await serving({ authenticate: byKeys(file) })), keys, keyOf: async (kind: CallerKind) => keys[kind] };
}

/** A server that knows callers by the sessions of its users, and a token of each kind of caller. */
async function servingBySessions(kinds: readonly CallerKind[]) {
  const store = createMemoryExecutions();
  const users = createUsers({ store });
  const password = "correct horse";
  const keyOf = async (kind: CallerKind): Promise<string | undefined> => {
    if (kind === "stranger") return undefined;
    const role = ROLES.find((name) => name === kind) ?? "admin";
    if (!(await users.list()).some(({ name }) => name === kind)) await users.add(kind, { role, password });
    if (kind === "expired") vi.setSystemTime(Date.now() - 13 * 3_600_000);
    const { token } = await users.auth.login({ username: kind, password });
    vi.useRealTimers();
    if (kind === "removed") await users.remove(kind);
    return token;
  };
  const keys: Partial<Record<CallerKind, string | undefined>> = {};
  for (const kind of kinds) keys[kind] = await keyOf(kind);
  return { ...(await serving({ authenticate: users.authenticate, auth: users.auth }, store)), keys, keyOf };
}

const SERVINGS = [
  ["keys", servingByFile],
  ["sessions", servingBySessions],
] as const;

describe.each(SERVINGS)("access by HTTP with %s", (_, servingCallers) => {
  it.each(CALLERS)("is as declared, for each command and resource: %s", async (caller) => {
    const { apiUrl, keys, keyOf } = await servingCallers([caller]);
    const table = [];
    for (const { name, method, path } of WAYS) {
      // Some commands of sessions end the one that they are called with.
      const key = name.startsWith("auth.") ? await keyOf(caller) : keys[caller];
      const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
      const ends = new AbortController();
      const { status } = await fetch(apiUrl + path, { method, headers, signal: ends.signal });
      // The stream of events goes on for ever.
      ends.abort();
      const refused = status === 401 || status === 403 ? status : undefined;
      table.push({ name, refused, ...(refused === undefined && status >= 500 && status !== 501 && { status }) });
    }
    expect(table).toEqual(WAYS.map(({ name, least }) => ({ name, refused: expected(caller, least) })));
  });
});

describe("access by HTTP", () => {
  it("is refused to a key for a few flows wherever those are not what it is about, whatever its role", async () => {
    const folder = mkdtempSync(join(tmpdir(), "conductor-access-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = new KeyFile(join(folder, "keys.json"));
    const headers = { authorization: `Bearer ${file.add("few", "admin", { flows: ["mine"] })}` };
    const { apiUrl } = await serving({ authenticate: byKeys(file) });
    const table = [];
    for (const { name, method, path } of WAYS) {
      const { status } = await fetch(apiUrl + path, { method, headers, signal: AbortSignal.timeout(600_000) });
      table.push({ name, refused: status === 403 });
    }
    // Of a session that it does not have.
    expect(table).toEqual(WAYS.map(({ name, least }) => ({ name, refused: least !== "anyone" })));
  });

  it("asks for the roles that people expect", () => {
    const roleOf = (name: string) => WAYS.find((way) => way.name === name)?.least;
    expect({
      vacuum: roleOf("post /vacuum"),
      save: roleOf("put /flows/:id"),
      run: roleOf("run"),
      list: roleOf("get /flows"),
      restart: roleOf("system.restart"),
      nodes: roleOf("node.execute"),
      import: roleOf("node.importExecution"),
      secrets: roleOf("get /secrets"),
      setSecret: roleOf("put /secrets/:name"),
      removeSecret: roleOf("secret.remove"),
    }).toEqual({
      vacuum: "admin",
      save: "editor",
      run: "runner",
      list: "viewer",
      restart: "admin",
      nodes: "runner",
      import: "editor",
      secrets: "editor",
      setSecret: "admin",
      removeSecret: "admin",
    });
    expect(WAYS.filter(({ least }) => least === "anyone").map(({ name }) => name)).toEqual([
      "auth.login",
      "auth.redeem",
      "auth.getCurrentUser",
      "auth.refreshToken",
      "auth.logout",
    ]);
  });

  it("is refused before a body is read", async () => {
    const { apiUrl, ask } = await serving();
    for (const path of ["/flows", "/flows/f/run", "/execute", "/node/execute"]) {
      const broken = { method: "POST", body: "{", headers: { "content-type": "text/plain" } };
      expect([path, (await ask(null, path, broken)).status]).toEqual([path, 401]);
    }
    // A body of which only the beginning comes: the answer does not wait for the rest.
    const headers = { "content-type": "application/json", "content-length": "1000" };
    const { status } = await new Promise<{ status: number }>((resolve, reject) => {
      import("node:http").then(({ request }) => {
        const asked = request(`${apiUrl}/flows`, { method: "POST", headers }, (response) => {
          resolve({ status: response.statusCode ?? 0 });
          asked.destroy();
        });
        asked.on("error", reject);
        asked.write("[");
      }, reject);
    });
    expect(status).toBe(401);
  });

  it("tells no reason of the server's own to a stranger where callers cannot be looked up", async () => {
    const { ask } = await serving({
      authenticate: () => {
        throw new Error("password of the database");
      },
    });
    const answer = await ask(null, "/flows");
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain("database");
  });

  it.each(["Bearer", "Bearer ", "Basic a2V5", "Bearer a b", "bearer  key-of-no-one", `Bearer ${"x".repeat(8000)}`])(
    "is refused with the header %j",
    async (authorization) => {
      const { apiUrl } = await servingByFile();
      expect((await rawRequest(apiUrl, "/api/flows", { headers: { authorization } })).status).toBe(401);
    },
  );

  it("takes no key from an address", async () => {
    const { apiUrl, keys } = await servingByFile();
    for (const name of ["token", "key", "authorization", "access_token"]) {
      expect((await fetch(`${apiUrl}/flows?${name}=${keys.admin}`)).status).toBe(401);
    }
  });
});

describe("a stranger", () => {
  it("is told no version, by no route, header or refusal", async () => {
    const { apiUrl, ask } = await serving({ mcp: true, metrics: true });
    const { paths } = (await (await ask(null, "/openapi.json")).json()) as { paths: Record<string, object> };
    const { origin, host } = new URL(apiUrl);
    const versions = [packageJson.version, process.versions.node, ...Object.values(packageJson.dependencies)];
    const addresses = [...Object.keys(paths), "/none", "/api/node/execute", "/hooks/none", "/api/ws"];
    for (const path of addresses) {
      for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"]) {
        const address = path.replace(/\{\w+\}/g, "1");
        const { headers, text } = await rawRequest(origin, address, { method });
        const told = JSON.stringify([headers, text]).replaceAll(host, "");
        // The version of OpenAPI is that of the form.
        const found = versions.filter((version) => told.replace('"openapi":"3.1.0"', "").includes(version));
        expect([method, path, found]).toEqual([method, path, []]);
        for (const name of ["server", "x-powered-by", "via"]) expect(headers).not.toHaveProperty(name);
      }
    }
    expect(await (await ask(null, "/health")).json()).toEqual({ status: "ok" });
    const wrong = { headers: { authorization: "Bearer guess" } };
    expect(await (await ask(null, "/health", wrong)).json()).toEqual({ status: "ok" });
    expect(await (await ask("viewer", "/health")).json()).toEqual({ status: "ok", version: packageJson.version });
  });

  it("is told that the process lives, whatever becomes of what keys are looked up in", async () => {
    const { apiUrl } = await serving({ authenticate: () => new Promise(() => {}) });
    const headers = { authorization: `Bearer ${keyOf("viewer")}` };
    const answer = await rawRequest(new URL(apiUrl).origin, "/health/live", { headers });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { status: "ok" }]);
  });

  it("is not told why the conductor is not well", async () => {
    const health = async () => ({ status: "degraded" as const, message: "disk /var of 10.0.0.7 is full" });
    const { apiUrl, ask, conductor } = await serving();
    vi.spyOn(conductor.system, "health").mockImplementation(health as never);
    const answer = await rawRequest(new URL(apiUrl).origin, "/health/ready", {});
    expect([answer.status, answer.text]).toEqual([503, expect.not.stringContaining("disk")]);
    expect(answer.text).toContain("degraded");
    expect((await ask("viewer", "/system/health", { method: "POST" })).status).toBe(200);
  });
});

describe("what is not in the table", () => {
  const SPELLINGS = [
    "/api/../api/flows",
    "/api/./flows",
    "/api//flows",
    "//api/flows",
    "/api/flows/",
    "/api%2Fflows",
    "/api/%66lows",
    "/API/flows",
    "/api/flows%00",
    "/api/flows;a=b",
    "/api/health/../flows",
    "/health/../api/flows",
    "/health/..%2fapi%2fflows",
    "/openapi.json/../api/flows",
    "/api/x/%2e%2e/flows",
    "\\api\\flows",
    "/api\\flows",
    "/flows",
    "http://127.0.0.1/api/flows",
    "/api/node/listExecutions/../../flows",
  ];

  it.each(SPELLINGS)("tells a stranger nothing: %s", async (path) => {
    const { apiUrl, post, ask } = await serving();
    await post("editor", "/flows", flowOf("say", "secret-flow"));
    for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND"]) {
      const { status, text } = await rawRequest(apiUrl, path, { method });
      expect({ method, status, text }).toEqual({ method, status: expect.any(Number), text: expect.any(String) });
      expect([400, 401, 404, 405, 422]).toContain(status);
      expect(text).not.toContain("secret-flow");
    }
    expect((await ask("viewer", "/flows/secret-flow")).status).toBe(200);
  });

  it("is no command, whatever it is called", async () => {
    const { apiUrl } = await serving();
    const headers = { authorization: `Bearer ${keyOf("admin")}` };
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "node:call", "%00", "..", "%2e%2e", ""];
    const { call } = await rawSocket(apiUrl, { token: keyOf("admin") });
    for (const name of names) {
      for (const [channel, command] of [
        ["node", name],
        [name, "listFlows"],
        [name, name],
      ] as const) {
        const { status } = await rawRequest(apiUrl, `/api/${channel}/${command}`, { method: "POST", headers });
        expect([channel, command, status]).toEqual([channel, command, expect.toSatisfy((s) => s === 404 || s === 422)]);
        const answer = await call(channel, command);
        expect([channel, command, answer.code]).toEqual([channel, command, "IMPLEMENTATION_NOT_FOUND"]);
      }
    }
  });

  it("is a method that an address does not take, which the answer names", async () => {
    const { ask } = await serving();
    const answer = await ask("admin", "/flows/f/versions", { method: "DELETE" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
    expect((await ask("admin", "/flows/f/versions/1/2/3", { method: "DELETE" })).status).toBe(404);
  });

  it("is no method of a resource, also for those who may do everything", async () => {
    const { apiUrl, post, ask } = await serving();
    await post("editor", "/flows", flowOf("say", "none"));
    const headers = { authorization: `Bearer ${keyOf("admin")}` };
    const reached = [];
    for (const path of new Set(WAYS.map((way) => way.path))) {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"]) {
        if (WAYS.some((way) => way.path === path && way.method === method)) continue;
        const { status } = await rawRequest(apiUrl, `/api${path}`, { method, headers });
        if (![404, 405, 422].includes(status)) reached.push([method, path, status]);
      }
    }
    expect(reached).toEqual([]);
    expect((await ask("viewer", "/flows/none")).status).toBe(200);
  });
});

describe.each(SERVINGS)("access by WebSocket with %s", (_, servingCallers) => {
  it.each(CALLERS)("is as declared, for each command: %s", async (caller) => {
    const { apiUrl, keys } = await servingCallers([caller]);
    const { call } = await rawSocket(apiUrl, { token: keys[caller] ?? null });
    const table = [];
    for (const { channel, command } of COMMANDS) {
      const { error, code } = await call(channel, command);
      const refused = /needs a sign-in/.test(String(error))
        ? 401
        : /is for the role/.test(String(error))
          ? 403
          : undefined;
      table.push({ channel, command, refused, ...(refused !== undefined && { code }) });
    }
    expect(table).toEqual(
      COMMANDS.map(({ channel, command, least }) => {
        const refused = expected(caller, least);
        // Calling again does not help: that is said by the code.
        return { channel, command, refused, ...(refused !== undefined && { code: "VALIDATION_FAILED" }) };
      }),
    );
  });
});

describe("access by WebSocket", () => {
  it("is the same with a key in the header of the connection", async () => {
    const { apiUrl } = await serving();
    const { call } = await rawSocket(apiUrl, { headers: { authorization: `Bearer ${keyOf("viewer")}` } });
    expect(await call("storage", "listFlows")).toMatchObject({ result: { total: 0 } });
    expect(await call("storage", "deleteFlow", { id: "f" })).toMatchObject({ code: "VALIDATION_FAILED" });
  });
});
