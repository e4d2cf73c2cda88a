/** A server within an application of Fastify. */
import dns from "node:dns";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import Fastify, { type FastifyInstance } from "fastify";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";
import type { ServerOptions } from "../../src/exports/server.js";
import { hosting, streaming } from "./hosting.js";
import { rawSocket } from "./raw.js";
import { byKey, keyOf } from "./serving.js";

/** An application with the server and what `extend` adds to it before. */
const application = (
  extend: (app: FastifyInstance) => unknown = () => {},
  options: Partial<ServerOptions> = {},
  registered: { prefix?: string } = {},
) =>
  hosting(async (server) => {
    const app = Fastify();
    app.setNotFoundHandler((_request, reply) => reply.send("of the application"));
    await extend(app);
    app.register(server.fastify, registered);
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close(), app };
  }, options);

const RUN = { inputs: {}, variables: {} };

describe("a server in Fastify", () => {
  it("leaves what is at no address of the server to the application", async () => {
    const { ask, post, sign } = await application((app) => {
      app.get("/api/orders", () => "of the application");
      app.post("/api/orders/list", ({ body }) => body);
    });
    for (const path of ["/", "/orders", "/hooks/other", "/api", "/api/orders", "/api/other", "/api/hooks/other"]) {
      expect([path, await (await ask(path)).text()]).toEqual([path, "of the application"]);
    }
    expect(await (await post("/api/orders/list", { parsed: true })).json()).toEqual({ parsed: true });
    expect(await (await ask("/api/flows")).json()).toMatchObject({ total: 3 });
    expect((await ask("/api/flows", { method: "DELETE" })).status).toBe(405);
    expect((await ask("/api/flows", { method: "HEAD" })).status).toBe(200);
    for (const path of ["/hooks/orders", "/api/hooks/orders"]) {
      const answer = await sign(path);
      expect([path, answer.status, await answer.json()]).toMatchObject([path, 200, { result: "Ada" }]);
    }
  });

  it("leaves all of /hooks/ to the application where it takes no webhooks", async () => {
    const { ask } = await application((app) => app.all("/hooks/*", () => "hook of the application"), {
      webhooks: false,
    });
    expect(await (await ask("/hooks/orders")).text()).toBe("hook of the application");
  });

  it("reads bodies that are larger than those of the application, and says itself what is wrong with one", async () => {
    const { ask, post } = await application();
    const nodes = [{ id: "a", type: "edit-fields", parameters: { values: { text: "x".repeat(2 ** 21) } } }];
    expect((await post("/api/flows", { id: "large", nodes })).status).toBe(201);
    const broken = { method: "POST", headers: { "content-type": "application/json" }, body: "{" };
    const answer = await ask("/api/flows", broken);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: "DESERIALIZATION_FAILED" }]);
    expect((await ask("/api/flows", { method: "POST", body: "text" })).status).toBe(415);
  });

  it("is reached by what hooks of the application let through, and answers with the headers that they set", async () => {
    const { ask, post } = await application((app) => {
      app.addHook("onRequest", async (_request, reply) => {
        reply.header("x-request-id", "17").header("cache-control", "public");
      });
      app.addHook("preHandler", async (request, reply) => {
        if (request.headers["x-let"] !== "through") return reply.code(418).send("not let through");
      });
    });
    expect((await post("/api/flows/say/run", RUN)).status).toBe(418);
    expect((await post("/api/flows/say/run", RUN, { "x-let": "through" })).status).toBe(200);
    const { headers } = await ask("/api/flows", { headers: { "x-let": "through" } });
    expect([headers.get("x-request-id"), headers.get("cache-control")]).toEqual(["17", "no-store"]);
  });

  it("begins one execution for requests with one Idempotency-Key", async () => {
    const { post, calls } = await application();
    const key = { "idempotency-key": "order-1" };
    const answers = await Promise.all([1, 2].map(() => post("/api/flows/say/run", RUN, key)));
    const [first, second] = await Promise.all(answers.map((answer) => answer.json()));
    expect(first).toMatchObject({ success: true });
    expect(second).toEqual(first);
    expect(calls).toHaveLength(1);
    expect((await post("/api/flows/say/run", { inputs: { other: 1 } }, key)).status).toBe(422);
  });

  it("streams events, and takes note of a client that leaves, whose run goes on", async () => {
    const { origin, server, conductor, release } = await application();
    const listener = await streaming(`${origin}/api/events`);
    await vi.waitFor(() => expect(server.clients).toBe(1));
    const run = await streaming(`${origin}/api/flows/hold/run`, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "application/json" },
      body: JSON.stringify({ ...RUN, context: { executionId: "left" } }),
    });
    expect(run.headers["content-type"]).toBe("text/event-stream");
    for (const { text } of [listener, run]) await vi.waitFor(() => expect(text()).toContain("event: node:started"));
    expect(server.clients).toBe(2);
    run.leave();
    await vi.waitFor(() => expect(server.clients).toBe(1));
    release();
    await vi.waitFor(async () => {
      expect(await conductor.executions?.get("left")).toMatchObject({ status: "completed" });
    });
    await vi.waitFor(() => expect(listener.text()).toContain("event: node:completed"));
    listener.leave();
    await vi.waitFor(() => expect(server.clients).toBe(0));
  });

  it("goes on where a client leaves in the middle of its body", async () => {
    const { port, post } = await application();
    const headers = { "content-type": "application/json", "content-length": "1000" };
    const left = httpRequest({ port, path: "/api/flows", method: "POST", headers });
    const isClosed = new Promise((resolve) => left.on("error", () => {}).on("close", resolve));
    left.write("{", () => left.destroy());
    await isClosed;
    expect((await post("/api/flows/say/run", RUN)).status).toBe(200);
  });

  it("knows the addresses of its clients", async () => {
    const addresses: unknown[] = [];
    const authenticate: ServerOptions["authenticate"] = (_request, about) => void addresses.push(about?.address);
    const { ask } = await application(() => {}, { authenticate });
    expect((await ask("/api/flows")).status).toBe(401);
    expect(addresses).toEqual(["127.0.0.1"]);
  });

  it("answers what `inject` sends", async () => {
    const { app } = await application();
    const answer = await app.inject({
      method: "POST",
      url: "/api/flows/say/run",
      payload: { inputs: { name: "Ada" } },
    });
    expect([answer.statusCode, answer.json()]).toMatchObject([200, { success: true }]);
    expect((await app.inject("/api/none")).body).toBe("of the application");
  });
});

describe("WebSockets of a server in Fastify", () => {
  it("are taken at the base, for those who may call", async () => {
    const { origin } = await application(() => {}, { authenticate: byKey });
    const { call } = await rawSocket(`${origin}/api`, { token: keyOf("viewer") });
    expect(await call("storage", "listFlows")).toMatchObject({ result: { total: 3 } });
    const stranger = await rawSocket(`${origin}/api`, { token: null });
    expect(await stranger.call("storage", "listFlows")).toMatchObject({ code: "VALIDATION_FAILED" });
  });

  it("are refused elsewhere, unless the application takes them", async () => {
    const refused = await application();
    const socket = new WebSocket(`${refused.origin.replace("http", "ws")}/other`);
    const error = await new Promise<Error>((resolve) => socket.on("error", resolve));
    expect(error.message).toBe("Unexpected server response: 404");

    const { origin } = await application((app) => {
      app.server.on("upgrade", ({ url }, socket: Socket) => {
        if (url === "/other") socket.end("HTTP/1.1 418 Of the application\r\n\r\n");
      });
    });
    const other = new WebSocket(`${origin.replace("http", "ws")}/other`);
    const said = await new Promise<Error>((resolve) => other.on("error", resolve));
    expect(said.message).toBe("Unexpected server response: 418");
    const { call } = await rawSocket(`${origin}/api`);
    expect(await call("storage", "listFlows")).toMatchObject({ result: { total: 3 } });
  });

  it("go on where another part of the application routes their requests too", async () => {
    // As `@fastify/websocket` does.
    const { ServerResponse } = await import("node:http");
    const { origin } = await application((app) => {
      app.server.on("upgrade", (request, socket: Socket) => {
        const response = new ServerResponse(request);
        response.assignSocket(socket);
        app.routing(request, response);
      });
    });
    const { call } = await rawSocket(`${origin}/api`);
    expect(await call("storage", "listFlows")).toMatchObject({ result: { total: 3 } });
    expect(await call("storage", "loadFlow", { id: "say" })).toMatchObject({ result: { id: "say" } });
  });
});

describe("prefixes of a server in Fastify", () => {
  it("are the beginning of its base, and have the webhooks below that alone", async () => {
    const { ask, post, sign, origin } = await application(() => {}, { base: "/v1/api" }, { prefix: "/v1" });
    expect(await (await ask("/v1/api/flows")).json()).toMatchObject({ total: 3 });
    for (const path of ["/api/flows", "/v1/flows", "/v1/v1/api/flows", "/hooks/orders"]) {
      expect([path, await (await ask(path)).text()]).toEqual([path, "of the application"]);
    }
    expect((await sign("/v1/api/hooks/orders")).status).toBe(200);
    const begun = await post("/v1/api/flows/hold/run?wait=0", RUN);
    expect(begun.headers.get("location")).toMatch(/^\/v1\/api\/executions\//);
    const { call } = await rawSocket(`${origin}/v1/api`);
    expect(await call("storage", "listFlows")).toMatchObject({ result: { total: 3 } });
  });

  it.each(["/v1", "/v1/"])("may be all of its base: %s", async (prefix) => {
    const { ask } = await application(() => {}, { base: "/v1" }, { prefix });
    expect(await (await ask("/v1/flows")).json()).toMatchObject({ total: 3 });
  });

  it("are none where the server is at the root", async () => {
    const { ask, sign } = await application((app) => app.get("/mine", () => "mine"), { base: "/" });
    expect(await (await ask("/mine")).text()).toBe("mine");
    expect(await (await ask("/flows")).json()).toMatchObject({ total: 3 });
    expect((await sign("/hooks/orders")).status).toBe(200);
  });

  it("are refused where its base does not begin with them, and so are options that there are not", async () => {
    await expect(application(() => {}, {}, { prefix: "/v1" })).rejects.toThrow(
      'The server is at /api, which is not below the prefix /v1 of the plugin: say `base: "/v1/api"` to createServer, or leave the prefix out',
    );
    await expect(application(() => {}, { base: "/v12/api" }, { prefix: "/v1" })).rejects.toThrow(
      "not below the prefix",
    );
    await expect(application(() => {}, {}, { prfix: "/v1" } as never)).rejects.toThrow("`server.fastify` has no prfix");
  });
});

describe("closing an application of Fastify", () => {
  it("ends streams and WebSockets, and waits for what runs", async () => {
    const { origin, post, app, release } = await application();
    const { closed } = await rawSocket(`${origin}/api`);
    const { over } = await streaming(`${origin}/api/events`);
    const { text } = await streaming(`${origin}/api/events`);
    const run = post("/api/flows/hold/run", RUN);
    await vi.waitFor(() => expect(text()).toContain("event: node:started"));
    const isClosed = app.close();
    await Promise.all([over, closed]);
    release();
    const answer = await run;
    expect([answer.status, await answer.json()]).toMatchObject([200, { success: true }]);
    await isClosed;
  });

  it("leaves servers of the application open that hand on their requests, with what runs there", async () => {
    const { app, release, own } = await application().then(async (made) => {
      const own = createServer((request, response) => made.app.routing(request, response));
      own.listen(0, "127.0.0.1");
      await once(own, "listening");
      return { ...made, own };
    });
    onTestFinished(() => {
      own.closeAllConnections();
      own.close();
    });
    const { port } = own.address() as AddressInfo;
    expect((await fetch(`http://127.0.0.1:${port}/api/flows`)).status).toBe(200);
    release();
    await app.close();
    expect(own.listening).toBe(true);
  });

  it("waits for what runs at each address of localhost", async () => {
    const { lookup } = dns;
    const addresses = [
      { address: "127.0.0.1", family: 4 },
      { address: "::1", family: 6 },
    ];
    // Machines differ in whether it is both.
    const both = ((host: string, options: { all?: boolean }, done: (error: null, found: object[]) => void) =>
      host === "localhost" && options.all === true
        ? done(null, addresses)
        : (lookup as unknown as (...args: unknown[]) => void)(host, options, done)) as unknown as typeof dns.lookup;
    const mocked = vi.spyOn(dns, "lookup").mockImplementation(both);
    onTestFinished(() => mocked.mockRestore());
    const order: string[] = [];
    const { app, second, release } = await hosting(async (server) => {
      const app = Fastify();
      app.addHook("onRequest", async ({ method }, { raw }) => {
        if (method === "POST") raw.once("close", () => order.push("answered"));
      });
      app.register(server.fastify);
      await app.listen({ port: 0, host: "localhost" });
      const { address, port } = app.server.address() as AddressInfo;
      const second = `http://${address === "::1" ? "127.0.0.1" : "[::1]"}:${port}`;
      return { port, close: () => app.close(), app, second };
    });
    const { text } = await streaming(`${second}/api/events`);
    const headers = { "content-type": "application/json" };
    const run = fetch(`${second}/api/flows/hold/run`, { method: "POST", headers, body: JSON.stringify(RUN) });
    await vi.waitFor(() => expect(text()).toContain("event: node:started"));
    const firstClosed = once(app.server, "close");
    const isClosed = app.close().then(() => order.push("closed"));
    await firstClosed;
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect(order).toEqual([]);
    release();
    const answer = await run;
    expect([answer.status, await answer.json()]).toMatchObject([200, { success: true }]);
    await isClosed;
    expect(order).toEqual(["answered", "closed"]);
  });
});
