import { afterEach, describe, expect, it, vi } from "vitest";
import { createHTTPTransport } from "../../src/transports/http.js";
import { remoteNode } from "../../src/transports/remote/node.js";
import { pass, stopClock } from "../contract/flows.js";
import { until } from "../requests/stored.js";
import { httpServer, json } from "./servers.js";

const node = { id: "n", type: "transform" };

afterEach(() => {
  vi.useRealTimers();
});

describe("cancelling over a server", () => {
  it("stops an execution right after it was started", async () => {
    const running = new Map<string, () => void>();
    const server = await httpServer(({ path, body }, response) => {
      const args = JSON.parse(body);
      if (path === "/api/node/execute") {
        const { executionId } = args.context;
        const error = { code: "CANCELLED", message: "Execution cancelled", timestamp: new Date(), executionId };
        running.set(executionId, () => json(response, { success: false, error, duration: 1, executedNodes: ["n"] }));
      } else {
        const known = running.get(args);
        known?.();
        json(response, known ? { success: true } : { success: false, error: "Execution not found" });
      }
    });
    const api = remoteNode(createHTTPTransport({ apiUrl: server.url }));
    const result = api.run(node, { executionId: "e" });
    await api.cancel("e");
    expect(await result).toMatchObject({
      error: { code: "CANCELLED", timestamp: expect.any(Date) },
      executedNodes: ["n"],
    });
  });
});

describe("results from a server", () => {
  it("are what they were there, with the time of an error as a time", async () => {
    const error = { code: "NODE_NOT_FOUND", message: "m", nodeId: "n", timestamp: "2024-01-01T00:00:00.000Z" };
    const result = { success: false, error, duration: 2, executedNodes: ["n"] };
    const server = await httpServer((_, response) => json(response, result));
    const api = remoteNode(createHTTPTransport({ apiUrl: server.url }));
    expect(await api.run(node)).toEqual({ ...result, error: { ...error, timestamp: new Date(error.timestamp) } });
  });

  it("come after a server was gone for a moment", async () => {
    let left = 2;
    const server = await httpServer((_, response) =>
      left-- > 0 ? json(response, {}, 503, "Service Unavailable") : json(response, { success: true, data: 7 }),
    );
    const warnings: string[] = [];
    const warn = (text: string) => warnings.push(text);
    stopClock();
    const running = remoteNode(createHTTPTransport({ apiUrl: server.url }), { warn }).run(node);
    await until(() => warnings.length === 1, "the first warning");
    await pass(1000);
    await until(() => warnings.length === 2, "the second warning");
    await pass(2000);
    expect(await running).toEqual({ success: true, data: 7 });
    expect(warnings).toHaveLength(2);
    const ids = server.requests.map(({ body }) => JSON.parse(body).context.executionId);
    expect(new Set(ids).size).toBe(1);
  });

  it("come of one execution, where a page loses the answer and is not told how far the request got", async () => {
    const ended = new Map<string, unknown>();
    const server = await httpServer(({ path, body }, response) => {
      const args = JSON.parse(body);
      if (path === "/api/node/attach") return json(response, ended.get(args));
      const result = { success: true, data: ended.size + 1 };
      ended.set(args.context.executionId, result);
      return json(response, result);
    });
    let left = 1;
    const fetch: typeof globalThis.fetch = async (...request) => {
      const answer = await globalThis.fetch(...request);
      if (left-- > 0) throw new TypeError("Failed to fetch");
      return answer;
    };
    const warnings: string[] = [];
    const warn = (text: string) => warnings.push(text);
    stopClock();
    const running = remoteNode(createHTTPTransport({ apiUrl: server.url, fetch }), { warn }).run(node);
    await until(() => warnings.length === 1, "the warning");
    await pass(1000);
    expect(await running).toEqual({ success: true, data: 1 });
    expect(server.requests.map(({ path }) => path)).toEqual(["/api/node/execute", "/api/node/attach"]);
  });

  it("do not come for a node that cannot be sent", async () => {
    const server = await httpServer((_, response) => json(response, { success: true }));
    const api = remoteNode(createHTTPTransport({ apiUrl: server.url }));
    const result = await api.run(node, { input: { n: 1n } });
    expect(result).toMatchObject({ success: false, error: { code: "SERIALIZATION_FAILED" } });
    expect(server.requests).toEqual([]);
  });
});
