/** Pages of other sites, and names that lead to this machine although they are not its own. */
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createMemoryExecutions } from "@atomiton/storage";
import { describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { createServer, createTriggers } from "../../src/exports/server.js";
import { rawRequest, rawSocket } from "./raw.js";
import { byKey, keyOf, serving } from "./serving.js";

const FOREIGN = ["https://evil.example", "null", "http://localhost", "http://127.0.0.1:1", "file://", "x", "", " "];

describe("a page of another site", () => {
  it.each(FOREIGN)("may not call: %j", async (origin) => {
    const { apiUrl } = await serving();
    const headers = { origin, authorization: `Bearer ${keyOf("admin")}` };
    for (const [method, path] of [
      ["GET", "/api/flows"],
      ["POST", "/api/flows"],
      ["POST", "/api/node/execute"],
      ["GET", "/api/events"],
      ["GET", "/health"],
      ["OPTIONS", "/api/flows"],
    ] as const) {
      const answer = await rawRequest(apiUrl, path, { method, headers });
      expect([path, answer.status]).toEqual([path, 403]);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
    await expect(rawSocket(apiUrl, { headers: { origin } })).rejects.toThrow("403");
  });

  it("may call where the owner names it, with a key in its header", async () => {
    const origin = "https://flows.example.com";
    const { apiUrl } = await serving({ origins: [origin] });
    const asked = {
      origin,
      "access-control-request-method": "PUT",
      "access-control-request-headers": "authorization, content-type, if-match",
    };
    const preflight = await rawRequest(apiUrl, "/api/flows/f", { method: "OPTIONS", headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-methods": expect.stringContaining("PUT"),
      "access-control-allow-headers": expect.stringContaining("if-match"),
      vary: expect.stringContaining("origin"),
    });
    // Keys come in headers that pages set themselves; cookies are no concern of the server.
    expect(preflight.headers["access-control-allow-credentials"]).toBeUndefined();
    const headers = { origin, authorization: `Bearer ${keyOf("viewer")}` };
    const answer = await rawRequest(apiUrl, "/api/flows", { headers });
    expect(answer).toMatchObject({ status: 200, headers: { "access-control-allow-origin": origin } });
    const refused = await rawRequest(apiUrl, "/api/flows", { headers: { origin } });
    expect(refused).toMatchObject({ status: 401, headers: { "access-control-allow-origin": origin } });
    const { call } = await rawSocket(apiUrl, { headers: { origin }, token: keyOf("viewer") });
    expect(await call("storage", "listFlows")).toHaveProperty("result");
  });

  it("that is like a named one is another one", async () => {
    const { apiUrl } = await serving({ origins: ["https://flows.example.com"] });
    for (const origin of [
      "http://flows.example.com",
      "https://flows.example.com:8443",
      "https://flows.example.com.evil.example",
      "https://evil.example/https://flows.example.com",
      "https://flows.example.com@evil.example",
    ]) {
      expect([origin, (await rawRequest(apiUrl, "/api/flows", { headers: { origin } })).status]).toEqual([origin, 403]);
    }
  });

  it("is its own page where origin and host agree", async () => {
    const { apiUrl, port } = await serving();
    const headers = { origin: `http://127.0.0.1:${port}`, authorization: `Bearer ${keyOf("viewer")}` };
    expect((await rawRequest(apiUrl, "/api/flows", { headers })).status).toBe(200);
  });
});

const NAMED = "https://flows.example.com";

/** An open server with a webhook that takes GET, and is for anyone. */
async function servedOpen() {
  const store = createMemoryExecutions();
  const conductor = createConductor({ store, transport: "local" });
  const triggers = createTriggers({ conductor, store, log: () => {} });
  const parameters = { methods: ["GET"], authenticate: "none" };
  await conductor.storage.saveFlow({ id: "f", nodes: [{ id: "request", type: "webhook", parameters }] } as never);
  await triggers.start();
  const server = createServer({ conductor, triggers, durable: true, open: true, origins: [NAMED] });
  const { apiUrl, close } = await server.listen({ port: 0 });
  onTestFinished(async () => {
    triggers.close();
    await close(0);
    server.close();
    await conductor.shutdown();
  });
  const executions = async () => (await store.list({}, { limit: 10 })).executions.length;
  return { origin: apiUrl.slice(0, -"/api".length), executions };
}

describe("an open server", () => {
  const OTHER_NAMES = [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "0.0.0.0",
    "[::]",
    "192.0.2.1",
  ];

  it.each(OTHER_NAMES)("answers to its local names only, not to %s", async (name) => {
    const { apiUrl, port } = await serving({ open: true });
    const headers = { host: `${name}:${port}` };
    // Where a name was made to lead to this machine, origin and host of its page agree.
    const rebound = { ...headers, origin: `http://${name}:${port}` };
    for (const given of [headers, rebound]) {
      expect((await rawRequest(apiUrl, "/api/flows", { headers: given })).status).toBe(403);
      await expect(rawSocket(apiUrl, { headers: given })).rejects.toThrow("403");
    }
    const absolute = await rawRequest(apiUrl, "http://localhost/api/flows", { headers });
    expect(absolute.status).toBe(403);
  });

  it.each(["/hooks/f/request", "/api/flows", "/docs"])(
    "answers nothing to a page of another site that fetches it as an image, without an origin: %s",
    async (path) => {
      const { origin, executions } = await servedOpen();
      const ask = async (site?: string, more: Record<string, string> = {}) =>
        (await rawRequest(origin, path, { headers: { ...(site && { "sec-fetch-site": site }), ...more } })).status;
      expect(await ask("cross-site")).toBe(403);
      expect(await executions()).toBe(0);
      const usual = path.startsWith("/hooks") ? 202 : 200;
      // By hand, from its own pages, by programs, and from pages that its owner names.
      expect([await ask("none"), await ask("same-origin"), await ask()]).toEqual([usual, usual, usual]);
      expect(await ask("cross-site", { origin: NAMED })).toBe(usual);
    },
  );

  it.each(["localhost", "LOCALHOST", "127.0.0.1", "[::1]"])("answers to %s", async (name) => {
    const { apiUrl, port } = await serving({ open: true });
    const headers = { host: `${name}:${port}` };
    expect((await rawRequest(apiUrl, "/api/flows", { headers })).status).toBe(200);
    const { call } = await rawSocket(apiUrl, { headers });
    expect(await call("storage", "listFlows")).toHaveProperty("result");
  });

  it.each(["0.0.0.0", "::", "192.0.2.1", "example.com", "127.0.0.1.evil.example", "", "::ffff:0.0.0.0"])(
    "does not listen on %j",
    async (host) => {
      const { conductor } = await serving();
      const server = createServer({ conductor, open: true });
      onTestFinished(() => server.close());
      await expect(server.listen({ port: 0, host })).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
    },
  );

  it("is said to be one: not by accident, and not beside keys", async () => {
    const { conductor } = await serving();
    expect(() => createServer({ conductor } as never)).toThrow(/open: true/);
    expect(() => createServer({ conductor, open: false })).toThrow(/open: true/);
    expect(() => createServer({ conductor, open: true, authenticate: byKey })).toThrow(/either/);
  });
});

describe("a server with keys", () => {
  it("answers to the names that it is given only", async () => {
    const { apiUrl } = await serving({ hosts: ["Flows.example.com"] });
    const ask = async (host: string) => (await rawRequest(apiUrl, "/health", { headers: { host } })).status;
    expect(await ask("flows.example.com")).toBe(200);
    expect(await ask("flows.EXAMPLE.com:8443")).toBe(200);
    expect(await ask("evil.example")).toBe(403);
  });

  it("within another server leaves alone what is not below its base", async () => {
    const { server } = await serving();
    const http = createHttpServer((request, response) =>
      server.node(request, response, () => response.end(`elsewhere ${request.url}`)),
    );
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void http.close());
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    for (const path of ["/", "//", "/apiary", "/ap", "//api/flows", "/api/../x", "/?/api/"]) {
      expect(await rawRequest(url, path)).toMatchObject({ status: 200, text: `elsewhere ${path}` });
    }
    expect((await rawRequest(url, "/api/flows")).status).toBe(401);
    expect((await rawRequest(url, "/x/../api/flows")).status).toBe(401);
  });
});
