/** A server within applications that hand on web requests: of Hono, and the route handlers of Next. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type HttpBindings, serve } from "@hono/node-server";
import { Hono } from "hono";
import { describe, expect, it, vi } from "vitest";
import type { ConductorServer, ServerOptions } from "../../src/exports/server.js";
import { hosting, streaming } from "./hosting.js";
import { rawSocket } from "./raw.js";

const RUN = { inputs: {}, variables: {} };

type App = Hono<{ Bindings: HttpBindings }>;

/** An application of Hono, to which `extend` adds the server. */
const application = (extend: (app: App, server: ConductorServer) => void, options: Partial<ServerOptions> = {}) =>
  hosting(async (server) => {
    const app: App = new Hono();
    app.get("/api/orders", (c) => c.text("of the application"));
    extend(app, server);
    app.notFound((c) => c.text("of the application"));
    // The globals are those of all tests.
    const http = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false }) as Server;
    await new Promise((resolve) => http.once("listening", resolve));
    http.on("upgrade", (request, socket, head) => {
      if (!server.upgrade(request, socket, head)) socket.destroy();
    });
    const close = () => {
      http.closeAllConnections();
      return new Promise((resolve) => http.close(resolve));
    };
    return { port: (http.address() as AddressInfo).port, close };
  }, options);

/** At the addresses that it has by itself. */
const byRoutes = (app: App, server: ConductorServer) => {
  for (const path of ["/api/*", "/hooks/*"]) app.all(path, (c) => server.fetch(c.req.raw, c.env));
};

/** Below a prefix that its `base` begins with. */
const byMount = (app: App, server: ConductorServer) => {
  app.mount("/v1", server.fetch, { replaceRequest: false });
};

describe.each([
  ["app.all", byRoutes, "/api"],
  ["app.mount", byMount, "/v1/api"],
] as const)("a server in Hono by %s", (_, extend, base) => {
  it("answers, takes webhooks by their bytes, and leaves the rest to the application", async () => {
    const { ask, post, sign } = await application(extend, { base });
    for (const path of ["/", "/orders", "/api/orders"]) {
      expect([path, await (await ask(path)).text()]).toEqual([path, "of the application"]);
    }
    expect(await (await ask(`${base}/flows`)).json()).toMatchObject({ total: 3 });
    expect((await ask(`${base}/none`)).status).toBe(404);
    expect(await (await sign(`${base}/hooks/orders`)).json()).toMatchObject({ result: "Ada" });
    const begun = await post(`${base}/flows/hold/run?wait=0`, RUN);
    expect([begun.status, begun.headers.get("location")]).toEqual([
      202,
      expect.stringContaining(`${base}/executions/`),
    ]);
    const key = { "idempotency-key": "order-1" };
    const [first, second] = [
      await post(`${base}/flows/say/run`, RUN, key),
      await post(`${base}/flows/say/run`, RUN, key),
    ];
    expect(await second.json()).toEqual(await first.json());
  });

  it("streams events until its client leaves, and takes WebSockets", async () => {
    const { origin, post, server } = await application(extend, { base });
    const { text, leave } = await streaming(`${origin}${base}/events`);
    await vi.waitFor(() => expect(server.clients).toBe(1));
    expect((await post(`${base}/flows/say/run`, RUN)).status).toBe(200);
    await vi.waitFor(() => expect(text()).toContain("event: node:completed"));
    leave();
    await vi.waitFor(() => expect(server.clients).toBe(0));
    const { call } = await rawSocket(`${origin}${base}`);
    expect(await call("storage", "listFlows")).toMatchObject({ result: { total: 3 } });
  });

  it("knows the addresses of its clients", async () => {
    const addresses: unknown[] = [];
    const authenticate: ServerOptions["authenticate"] = (_request, about) => void addresses.push(about?.address);
    const { ask } = await application(extend, { base, authenticate });
    expect((await ask(`${base}/flows`)).status).toBe(401);
    expect(addresses).toEqual(["127.0.0.1"]);
  });
});

/** A request as Next gives it to a route handler: of its own class, behind a proxy that reads from the request itself. */
function nextRequest(path: string, init: RequestInit = {}): Request {
  class NextRequest extends Request {
    get nextUrl() {
      return new URL(this.url);
    }
  }
  return new Proxy(new NextRequest(`http://localhost:3000${path}`, init), {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("a server in a route handler of Next", () => {
  /** As it is exported for each method; Next gives the parameters of the path as well. */
  const handlerOf = async (options: Partial<ServerOptions> = {}) => {
    const { server, release, signed } = await hosting(async () => ({ port: 0, close: async () => {} }), options);
    const handle = (request: Request) => server.fetch(request);
    const call = handle as (request: Request, context: { params: Promise<object> }) => Promise<Response>;
    const ask = (path: string, init?: RequestInit) => call(nextRequest(path, init), { params: Promise.resolve({}) });
    const post = (path: string, value: unknown, headers: Record<string, string> = {}) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(value),
      });
    return { server, ask, post, release, signed };
  };

  it("answers with responses of the platform", async () => {
    const { ask, post, signed } = await handlerOf();
    const answer = await ask("/api/flows");
    expect(Object.getPrototypeOf(answer)).toBe(Response.prototype);
    expect(await answer.json()).toMatchObject({ total: 3 });
    expect((await ask("/api/flows", { method: "HEAD" })).status).toBe(200);
    expect((await ask("/api/none")).status).toBe(404);
    const key = { "idempotency-key": "order-1" };
    const [first, second] = [await post("/api/flows/say/run", RUN, key), await post("/api/flows/say/run", RUN, key)];
    expect(await second.json()).toEqual(await first.json());
    expect(await (await ask("/hooks/orders", signed)).json()).toMatchObject({ result: "Ada" });
  });

  it("streams a run, whose client may leave", async () => {
    const { server, post, ask, release } = await handlerOf();
    const ends = new AbortController();
    const listener = await ask("/api/events", { signal: ends.signal });
    const run = await post("/api/flows/hold/run", RUN, { accept: "text/event-stream" });
    expect([run.headers.get("content-type"), server.clients]).toEqual(["text/event-stream", 2]);
    ends.abort();
    expect(await listener.text()).not.toContain("event: result");
    await vi.waitFor(() => expect(server.clients).toBe(1));
    release();
    expect(await run.text()).toContain("event: result");
  });

  it("takes addresses from the proxies that it is told of", async () => {
    const addresses: unknown[] = [];
    const authenticate: ServerOptions["authenticate"] = (_request, about) => void addresses.push(about?.address);
    const headers = { "x-forwarded-for": "192.0.2.1, 192.0.2.2" };
    await (await handlerOf({ authenticate })).ask("/api/flows", { headers });
    await (await handlerOf({ authenticate, trustProxy: 1 })).ask("/api/flows", { headers });
    expect(addresses).toEqual([undefined, "192.0.2.2"]);
  });

  it("speaks the Model Context Protocol", async () => {
    const { post } = await handlerOf({ mcp: true });
    const params = { protocolVersion: "2025-03-26", capabilities: {}, clientInfo: { name: "test", version: "1" } };
    const message = { jsonrpc: "2.0", id: 1, method: "initialize", params };
    const answer = await post("/api/mcp", message, { accept: "application/json, text/event-stream" });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"serverInfo"')]);
  });
});
