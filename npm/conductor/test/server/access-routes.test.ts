/** Who may reach what, at every address that a server with everything on describes, for every kind of caller. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryExecutions } from "@atomiton/storage";
import { ClientRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, it, onTestFinished } from "vitest";
import { operationsOf } from "../../../../scripts/roles.mjs";
import { createConductor } from "../../src/exports/node.js";
import { createServer, createTriggers, createUsers, ROLES } from "../../src/exports/server.js";
import { createHandler } from "../../src/server/handler.js";
import { byKeys, KeyFile } from "../../src/server/keys.js";
import { rawSocket } from "./raw.js";
import { flowOf } from "./serving.js";

/** Callers by what they are: `few` is an admin for a few flows, and of the last three none is known to the server. */
const CALLERS = [...ROLES, "few", "stranger", "removed", "expired"] as const;
type CallerKind = (typeof CALLERS)[number];

type Least = (typeof ROLES)[number] | "anyone" | "sender";

interface Operation {
  name: string;
  method: string;
  path: string;
  least: Least;
  channel?: string;
}

/** What a caller is answered with where it may not ask; `undefined` where it may. */
function expected(caller: CallerKind, least: Least): 401 | 403 | undefined {
  if (least === "anyone") return undefined;
  if (caller === "few") return 403;
  const rank = ROLES.indexOf(caller as never);
  if (rank < 0) return 401;
  return rank < ROLES.indexOf(least as never) ? 403 : undefined;
}

const HOOKS = ["caller", "signature", "none"] as const;

/** A server that has everything which is off by itself, with a flow for each way in which a webhook knows its senders. */
async function serving() {
  const folder = mkdtempSync(join(tmpdir(), "conductor-access-"));
  const file = new KeyFile(join(folder, "keys.json"));
  const keys: Partial<Record<CallerKind, string>> = {};
  for (const role of ROLES) keys[role] = file.add(role, role);
  keys.few = file.add("few", "admin", { flows: ["mine"] });
  keys.expired = file.add("expired", "admin", { expiresAt: new Date(0) });
  keys.removed = file.add("removed", "admin");
  file.remove("removed");

  const store = createMemoryExecutions();
  const secrets = () => "it is a secret of twenty-four bytes";
  const conductor = createConductor({ transport: "local", store, secrets });
  for (const authenticate of HOOKS) {
    const signature = authenticate === "signature" && {
      signature: { scheme: "github", secret: "${{ secrets.HOOK }}" },
    };
    const nodes = [{ id: "a", type: "webhook", parameters: { path: authenticate, authenticate, ...signature } }];
    await conductor.storage.saveFlow({ id: authenticate, nodes } as never);
  }
  await conductor.storage.saveFlow({ ...flowOf("edit-fields", "tool"), metadata: { tool: true } } as never);
  const triggers = createTriggers({ conductor, store, log: () => {}, secrets });
  await triggers.start();
  // Nothing listens there: who may begin a sign-in is asked before.
  const openId = {
    issuer: "http://127.0.0.1:9",
    clientId: "flows",
    clientSecret: "none",
    redirectUri: "http://127.0.0.1:9/api/auth/openid/callback",
    roles: { claim: "groups", map: { all: "viewer" } },
  } as const;
  const { auth } = createUsers({ store, openId });
  const server = createServer({
    conductor,
    durable: true,
    authenticate: byKeys(file),
    auth,
    triggers,
    webhooks: true,
    mcp: true,
    metrics: true,
    rateLimits: { strangers: false },
  });
  const { apiUrl, close } = await server.listen({ port: 0 });
  onTestFinished(async () => {
    triggers.close();
    server.close();
    await close(0);
    await conductor.shutdown();
    rmSync(folder, { recursive: true, force: true });
  });
  const origin = new URL(apiUrl).origin;
  const headersOf = (caller: CallerKind): Record<string, string> =>
    keys[caller] === undefined ? {} : { authorization: `Bearer ${keys[caller]}` };
  /** What a request is refused with. */
  const refusal = async (caller: CallerKind, method: string, path: string) => {
    const ends = new AbortController();
    const { status } = await fetch(origin + path, { method, headers: headersOf(caller), signal: ends.signal });
    // Streams of events go on for ever.
    ends.abort();
    return status === 401 || status === 403 ? status : undefined;
  };
  const description = await (await fetch(`${origin}/openapi.json`)).json();
  const operations: Operation[] = operationsOf(description);
  return { conductor, origin, apiUrl, headersOf, refusal, operations };
}

describe("every address that a server describes", () => {
  it("is every address that it has", async () => {
    const nothing = () => undefined;
    const parts = {
      ending: () => new AbortController().signal,
      mcp: nothing,
      hooks: {},
      openId: { issuer: "https://a" },
    };
    const { routes } = createHandler({ base: "/api", metrics: { prometheus: nothing }, ...parts } as never);
    // Those for all methods are described for some of them.
    const forAll = routes.filter(({ method, path }) => method === "ALL" && path !== "/*").map(({ path }) => path);
    expect(forAll).toEqual(["/hooks/*", "/api/hooks/*"]);
    const there = routes
      .filter(({ method, path }) => method !== "ALL" && !path.includes("/:channel/"))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    const { operations } = await serving();
    const described = operations.filter(({ channel, least }) => channel === undefined && least !== "sender");
    expect(described.map(({ name }) => name).sort()).toEqual([...new Set(there)].sort());
  });

  it("says who may ask for it, or is refused by the table of the documentation", () => {
    const read = (operation: object) => () => operationsOf({ paths: { "/api/new": { get: operation } } });
    expect(read({ "x-role": "viewer" })()).toMatchObject([{ name: "GET /api/new", least: "viewer" }]);
    expect(read({ security: [] })()).toMatchObject([{ least: "anyone" }]);
    for (const operation of [{}, { "x-role": "root" }, { security: [{ key: [] }, {}] }]) {
      expect(read(operation)).toThrow("GET /api/new does not say who may ask for it");
    }
  });

  it.each(CALLERS)("may be asked for as it says: %s", async (caller) => {
    const { refusal, operations } = await serving();
    const reached = operations.filter(({ least }) => least !== "sender");
    expect(reached.length).toBeGreaterThan(100);
    const table = [];
    const wanted = [];
    for (const { name, method, path, least } of reached) {
      const address = path.replace(/\{\w+\}/g, "none");
      table.push({ name, refused: await refusal(caller, method.toUpperCase(), address) });
      wanted.push({ name, refused: expected(caller, least) });
      if (method !== "get") continue;
      table.push({ name: `HEAD ${path}`, refused: await refusal(caller, "HEAD", address) });
      wanted.push({ name: `HEAD ${path}`, refused: expected(caller, least) });
    }
    expect(table).toEqual(wanted);
  });

  it.each(CALLERS)("of a webhook may be asked for by those for whom it is: %s", async (caller) => {
    const { refusal, operations } = await serving();
    const hooks = operations.filter(({ least }) => least === "sender");
    expect(new Set(hooks.map(({ path }) => path))).toEqual(new Set(["/hooks/{path}", "/api/hooks/{path}"]));
    const wanted = {
      caller: expected(caller, "runner"),
      // A key is no signature.
      signature: 401,
      none: undefined,
    };
    for (const { path } of hooks.filter(({ method }) => method === "post")) {
      for (const hook of HOOKS) {
        const refused = await refusal(caller, "POST", path.replace("{path}", hook));
        expect({ path, hook, refused }).toEqual({ path, hook, refused: wanted[hook] });
      }
    }
  });
});

/** What a client of the Model Context Protocol may ask for, with the least role. */
const MCP: Record<string, { least: Least; params?: object }> = {
  ping: { least: "viewer" },
  "tools/list": { least: "viewer" },
  "tools/call": { least: "runner", params: { name: "tool" } },
  "resources/list": { least: "viewer" },
  "resources/templates/list": { least: "viewer" },
  "resources/read": { least: "viewer", params: { uri: "conductor://executions/none" } },
};

describe("the Model Context Protocol", () => {
  it.each(CALLERS)("answers each of its methods as declared, and no other: %s", async (caller) => {
    const { origin, headersOf } = await serving();
    const rank = ROLES.indexOf(caller as never);
    let session: string | undefined;
    const ask = async (method: string, params: object = {}) => {
      const headers = {
        ...headersOf(caller),
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...(session !== undefined && { "mcp-session-id": session }),
      };
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      const answer = await fetch(`${origin}/mcp`, { method: "POST", headers, body });
      session ??= answer.headers.get("mcp-session-id") ?? undefined;
      const text = await answer.text();
      const data = /^data: (.*)$/m.exec(text)?.[1];
      return { status: answer.status, ...(data !== undefined && { message: JSON.parse(data) }) };
    };
    const clientInfo = { name: "test", version: "1" };
    const begun = await ask("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
    expect(begun.status).toBe(expected(caller, "viewer") ?? 200);
    for (const schema of ClientRequestSchema.options) {
      const method = schema.shape.method.value;
      if (method === "initialize") continue;
      const { least, params } = MCP[method] ?? { least: "viewer" };
      const { status, message } = await ask(method, params);
      const refused = rank < 0 ? status : /has the role/.test(message?.error?.message) ? 403 : undefined;
      expect({ method, refused }).toEqual({ method, refused: expected(caller, least) });
      if (rank < 0) continue;
      const isThere = message.error?.code !== -32_601;
      expect({ method, isThere }).toEqual({ method, isThere: method in MCP });
    }
  });
});

describe("the WebSocket", () => {
  it.each(CALLERS)("tells of events those who may hear of them: %s", async (caller) => {
    const { apiUrl, conductor, headersOf } = await serving();
    const { call, received } = await rawSocket(apiUrl, { headers: headersOf(caller) });
    const may = expected(caller, "viewer") === undefined;
    // Before the events, so that it is known who listens.
    const before = await call("storage", "listFlows");
    expect(before).toMatchObject(may ? { result: { total: 4 } } : { code: "VALIDATION_FAILED" });
    const executionId = "watched";
    await conductor.node.run(
      { id: "f", nodes: [{ id: "a", type: "edit-fields", parameters: { values: {} } }] } as never,
      { executionId } as never,
    );
    // What was told comes before the answer to this.
    await call("storage", "listFlows");
    expect(received.some((message) => JSON.stringify(message).includes(executionId))).toBe(may);
  });
});
