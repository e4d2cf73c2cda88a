/** A conductor whose flows run on an HTTP server. */
import { type Conductor, createConductor } from "@atomiton/conductor/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { chain, type Definition, leaf, listenToConsole, pass, stopClock, watch } from "../contract/flows.js";
import { httpServer, json, type Received } from "../transports/servers.js";
import { asNode, conductorOf, ending, until } from "./stored.js";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const body = (request: Received | undefined) => JSON.parse(request?.body ?? "null");

/** A server that answers each command as `answers` says, by `<channel>/<command>` or `execute`. */
async function serverOf(answers: Record<string, unknown> = {}) {
  return httpServer(({ path }, response) => {
    const command = path.replace(/^.*\/api\//, "").replace(/^\//, "");
    if (command in answers) return json(response, answers[command]);
    json(response, { error: `No handler for method: ${command}`, channelError: true }, 404, "Not Found");
  });
}

const remote = (apiUrl: string): Conductor => ending(createConductor({ transport: "http", apiUrl }));

describe("a request over HTTP", () => {
  const answer = { success: true, outputs: { a: 1 }, data: 1, metadata: { executionId: "exec_1" } };

  it("is posted as it is, and its result is the server's", async () => {
    const server = await serverOf({ execute: answer });
    const request = {
      flowId: "f",
      inputs: { n: 1 },
      context: { variables: { v: 1 } },
      options: { retries: 2, timeout: 50, fallback: 7 },
    };
    expect(await remote(server.url).execute(request)).toMatchObject(answer);
    expect(server.requests).toMatchObject([{ method: "POST", path: "/execute" }]);
    expect(body(server.requests[0])).toMatchObject(request);
  });

  it("tells what the nodes warned of on the server", async () => {
    const warnings = [{ rule: "odd", message: "this is odd", nodeId: "a" }];
    const metadata = { ...answer.metadata, warnings };
    const server = await serverOf({
      execute: { ...answer, metadata },
      "node/execute": { success: true, data: 1, warnings },
    });
    const conductor = remote(server.url);
    expect((await conductor.execute({ flowId: "f" })).metadata?.warnings).toEqual(warnings);
    expect(await conductor.node.run(leaf("a") as never)).toMatchObject({ success: true, warnings });
  });

  it.each(["compositeId", "blueprintId"])("may name its flow as %s", async (name) => {
    const server = await serverOf({ execute: answer });
    expect((await remote(`${server.url}/api`).execute({ [name]: "f" } as never)).success).toBe(true);
    expect(server.requests[0]?.path).toBe("/api/execute");
    expect(Object.values(body(server.requests[0]))).toContain("f");
  });

  it("is a failed result when the server says so", async () => {
    const failure = { success: false, error: "no such table" };
    const server = await serverOf({ execute: failure });
    expect(await remote(server.url).execute({ flowId: "f" })).toMatchObject(failure);
    expect(server.requests.length).toBe(1);
  });

  it("can be cancelled by its execution id", async () => {
    let answerExecution = () => {};
    const server = await httpServer(({ path }, response) => {
      if (path === "/execute") {
        const error = { code: "CANCELLED", message: "Execution cancelled", timestamp: new Date() };
        answerExecution = () =>
          json(response, { success: false, error: error.message, metadata: { executionId: "exec_1", error } });
      } else {
        answerExecution();
        json(response, { success: true });
      }
    });
    const conductor = remote(server.url);
    const run = conductor.execute({ flowId: "f", context: { executionId: "exec_1" as never } });
    await until(() => server.requests.length === 1, "the request");
    await conductor.node.cancel("exec_1");
    expect(await run).toMatchObject({ success: false, metadata: { error: { code: "CANCELLED" } } });
    expect(server.requests.map((request) => [request.path, request.path === "/execute" || body(request)])).toEqual([
      ["/execute", true],
      ["/api/node/cancel", "exec_1"],
    ]);
  });

  it("without an id is not sent", async () => {
    const server = await serverOf({ execute: answer });
    const result = await remote(server.url).execute({ flowId: "" });
    expect(result).toMatchObject({ success: false, metadata: { error: { code: "INVALID_PARAMETERS" } } });
    expect(server.requests).toEqual([]);
  });
});

describe("a node over HTTP", () => {
  const result = { success: true, data: 7, duration: 3, executedNodes: ["n"] };

  it("is posted with a context of exactly seven keys", async () => {
    const server = await serverOf({ "node/execute": result });
    const conductor = remote(`${server.url}/api`);
    const given = { input: { a: 1 }, variables: { v: 1 }, executionId: "exec_1" as never, slowMo: 5, other: 1 };
    expect(await conductor.node.run(asNode(leaf("n")), given as never)).toMatchObject(result);
    expect(server.requests[0]?.path).toBe("/api/node/execute");
    const { node, context } = body(server.requests[0]);
    expect(node).toEqual(leaf("n"));
    expect(context).toEqual({ nodeId: "n", executionId: "exec_1", variables: { v: 1 }, input: { a: 1 }, slowMo: 5 });
  });

  it("is the same through flow.run and the older execute", async () => {
    const server = await serverOf({ "node/execute": result });
    const conductor = remote(server.url);
    expect(await conductor.flow.run(asNode(chain(2)))).toMatchObject(result);
    expect(await conductor.execute(leaf("n") as never)).toMatchObject(result);
    expect(server.requests.map(({ path }) => path)).toEqual(["/api/node/execute", "/api/node/execute"]);
  });

  it.each<[string, unknown, string]>([
    ["no id", { type: "t" }, "unknown"],
    ["no type", { id: "n" }, "n"],
    ["an empty id", { id: "", type: "t" }, "unknown"],
  ])("is not sent with %s", async (_name, node, nodeId) => {
    const server = await serverOf({ "node/execute": result });
    expect(await remote(server.url).node.run(node as never)).toMatchObject({
      success: false,
      error: { code: "INVALID_NODE", message: "Invalid node definition: id and type are required", nodeId },
      duration: 0,
      executedNodes: [],
    });
    expect(server.requests).toEqual([]);
  });

  it("is rejected by flow.run without children, unsent", async () => {
    const server = await serverOf({ "node/execute": result });
    await expect(remote(server.url).flow.run(asNode(leaf("n")))).rejects.toThrow(
      "Flow must be a group node with child nodes.",
    );
    expect(server.requests).toEqual([]);
  });
});

describe("a server that fails", () => {
  /** A server that says 503 so many times, then answers. */
  async function shaky(times: number, answer: unknown) {
    let left = times;
    return httpServer((_, response) =>
      left-- > 0 ? json(response, {}, 503, "Service Unavailable") : json(response, answer),
    );
  }

  const calls: [string, (conductor: Conductor) => Promise<{ success: boolean }>][] = [
    ["node.run", (conductor) => conductor.node.run(asNode(leaf("n")))],
    ["flow.run", (conductor) => conductor.flow.run(asNode(chain(1)))],
    ["execute", (conductor) => conductor.execute({ flowId: "f" })],
  ];

  it.each(calls)("is asked again after 1, 2 and 4 seconds: %s", async (_name, call) => {
    const warnings = vi.spyOn(console, "warn").mockReturnValue(undefined);
    const server = await shaky(3, { success: true, data: 7 });
    stopClock();
    const run = watch(call(remote(server.url)));
    for (const [attempt, wait] of [
      [1, 1000],
      [2, 2000],
      [3, 4000],
    ] as const) {
      await until(() => warnings.mock.calls.length === attempt, `warning ${attempt}`);
      expect(String(warnings.mock.lastCall?.[0])).toContain(
        `[CONDUCTOR] Execution attempt ${attempt} failed, retrying in ${wait}ms`,
      );
      await pass(wait - 1);
      expect(server.requests.length).toBe(attempt);
      await pass(1);
      await until(() => server.requests.length === attempt + 1, `request ${attempt + 1}`);
    }
    await until(() => run.settled, "the result");
    expect(run.value).toMatchObject({ success: true, data: 7 });
  });

  it.each(calls)("is a failed result after the third further attempt: %s", async (_name, call) => {
    const warnings = vi.spyOn(console, "warn").mockReturnValue(undefined);
    const server = await shaky(99, undefined);
    stopClock();
    const run = watch(call(remote(server.url)));
    for (const [attempt, wait] of [
      [1, 1000],
      [2, 2000],
      [3, 4000],
    ] as const) {
      await until(() => warnings.mock.calls.length === attempt);
      await pass(wait);
    }
    await until(() => run.settled, "the result");
    expect(run.value?.success).toBe(false);
    expect(JSON.stringify(run.value)).toContain("503");
    expect(server.requests.length).toBe(4);
  });

  it("is asked under one execution id, so that it can tell a repetition, and the calls are counted", async () => {
    const warnings = vi.spyOn(console, "warn").mockReturnValue(undefined);
    const metadata = { executionId: "exec_1", flowId: "f", duration: 5, executedNodes: ["f"], attempts: 1 };
    const server = await shaky(1, { success: true, metadata });
    stopClock();
    const run = watch(remote(server.url).execute({ flowId: "f" }));
    await until(() => warnings.mock.calls.length === 1);
    await pass(1000);
    await until(() => run.settled, "the result");
    const ids = server.requests.map((request) => body(request).context?.executionId);
    expect(ids).toEqual([expect.stringMatching(/./), ids[0]]);
    expect(run.value?.metadata).toMatchObject({ flowId: "f", attempts: 2 });
  });

  it("is replaced by the fallback of the request, where nothing can be had from it", async () => {
    const warnings = vi.spyOn(console, "warn").mockReturnValue(undefined);
    const server = await shaky(99, undefined);
    stopClock();
    const run = watch(remote(server.url).execute({ flowId: "f", options: { fallback: { rows: [] } } }));
    for (const [attempt, wait] of [
      [1, 1000],
      [2, 2000],
      [3, 4000],
    ] as const) {
      await until(() => warnings.mock.calls.length === attempt);
      await pass(wait);
    }
    await until(() => run.settled, "the result");
    expect(run.value).toMatchObject({ success: true, outputs: { rows: [] }, metadata: { fallbackUsed: "value" } });
  });

  it("that is not there at all is told as a transport error", async () => {
    const warnings = vi.spyOn(console, "warn").mockReturnValue(undefined);
    const gone = ending(createConductor({ transport: "http", apiUrl: "http://127.0.0.1:1/api" }));
    stopClock();
    const run = watch(gone.node.run(asNode(leaf("n"))));
    for (const [attempt, wait] of [
      [1, 1000],
      [2, 2000],
      [3, 4000],
    ] as const) {
      await until(() => warnings.mock.calls.length === attempt);
      await pass(wait);
    }
    await until(() => run.settled, "the result");
    expect(run.value).toMatchObject({
      success: false,
      error: { code: "TRANSPORT_ERROR", recovery: { retryable: true } },
    });
  });

  it("is not asked again for a failed result", async () => {
    const server = await serverOf({
      "node/execute": { success: false, error: { code: "EXECUTION_FAILED", message: "boom" } },
    });
    expect(await remote(server.url).node.run(asNode(leaf("n")))).toMatchObject({
      success: false,
      error: { message: "boom" },
    });
    expect(server.requests.length).toBe(1);
  });
});

describe("the other commands over HTTP", () => {
  it("are posted to their channels with their arguments", async () => {
    const flow: Definition = chain(2, "f");
    const printed = listenToConsole();
    const server = await serverOf({
      "node/cancel": { success: true },
      "node/validate": { valid: false, errors: ["node.id: Required"] },
      "flow/listTemplates": { templates: [{ id: "t", name: "T", nodeCount: 1 }] },
      "flow/getTemplate": { definition: flow },
      "storage/saveFlow": { id: "f", savedAt: "2030-01-01T00:00:00.000Z", version: "1.0.0" },
      "storage/loadFlow": { ...flow, version: "0.9.0" },
      "storage/listFlows": { flows: [{ id: "f" }, { id: "g", deleted: true }], total: 1 },
      "storage/deleteFlow": {},
      "auth/login": { token: "t0ken", user: { username: "u" } },
      "auth/getCurrentUser": { username: "u" },
      "auth/refreshToken": { token: "t1" },
      "auth/logout": {},
      "system/health": { status: "degraded", timestamp: 5 },
    });
    const { node, flow: flows, storage, auth, system, health } = remote(`${server.url}/api`);
    await node.cancel("exec_1");
    expect(await node.validate(asNode(leaf("n")))).toEqual({ valid: false, errors: ["node.id: Required"] });
    expect(await flows.listTemplates()).toEqual({ templates: [{ id: "t", name: "T", nodeCount: 1 }] });
    expect((await flows.getTemplate("t")).definition).toEqual(flow);
    expect(await storage.saveFlow({ ...flow, name: "F" } as never)).toMatchObject({ id: "f", version: "1.0.0" });
    expect(await storage.loadFlow("f")).toMatchObject({ id: "f", version: "1.0.0" });
    expect((await storage.listFlows({ limit: 5, sortBy: "name" })).flows.map(({ id }) => id)).toEqual(["f"]);
    expect(await storage.deleteFlow("f")).toBeUndefined();
    expect(await auth.login({ username: "u", password: "p" })).toMatchObject({ token: "t0ken" });
    expect(await auth.getCurrentUser()).toMatchObject({ username: "u" });
    expect((await auth.refreshToken()).token).toBe("t1");
    await auth.logout();
    expect(await auth.getCurrentUser()).toBeNull();
    expect((await system.health()).status).toBe("degraded");
    expect((await health()).status).toBe("degraded");
    const sent = server.requests.map((request) => [
      request.path.replace("/api/", ""),
      body({ ...request, body: request.body || "null" }),
    ]);
    expect(sent.map(([path]) => path)).toEqual([
      "node/cancel",
      "node/validate",
      "flow/listTemplates",
      "flow/getTemplate",
      "storage/saveFlow",
      "storage/loadFlow",
      "storage/listFlows",
      "storage/deleteFlow",
      "auth/login",
      "auth/getCurrentUser",
      "auth/refreshToken",
      "auth/logout",
      "system/health",
      "system/health",
    ]);
    const args = new Map(sent as [string, unknown][]);
    expect(args.get("node/cancel")).toBe("exec_1");
    expect(args.get("node/validate")).toEqual({ node: leaf("n") });
    expect(args.get("flow/getTemplate")).toEqual({ id: "t" });
    expect(args.get("storage/saveFlow")).toMatchObject({
      flow: { ...flow, name: "F", version: "1.0.0", savedAt: expect.stringMatching(/Z$/) },
    });
    expect(args.get("storage/loadFlow")).toEqual({ id: "f" });
    expect(args.get("storage/listFlows")).toMatchObject({ limit: 5, sortBy: "name" });
    expect(args.get("storage/deleteFlow")).toEqual({ id: "f" });
    expect(args.get("auth/login")).toEqual({ username: "u", password: "p" });
    expect(args.get("auth/refreshToken")).toEqual({ token: "t0ken" });
    expect(args.get("auth/logout")).toEqual({ token: "t1" });
    expect(printed.all().join("\n")).not.toMatch(/t0ken|"p"/);
    printed.restore();
  });

  it("tell what went wrong instead of looking like success", async () => {
    const server = await serverOf();
    const { storage, flow } = remote(server.url);
    await expect(storage.saveFlow(chain(1, "f") as never)).rejects.toThrow();
    await expect(storage.listFlows()).rejects.toThrow();
    await expect(storage.deleteFlow("f")).rejects.toThrow();
    await expect(storage.loadFlow("f")).rejects.toThrow();
    await expect(flow.getTemplate("t")).rejects.toThrow();
  });

  it("refuse a flow without nodes before anything is sent", async () => {
    const server = await serverOf();
    await expect(remote(server.url).storage.saveFlow({ name: "F", nodes: [] })).rejects.toThrow(
      "Flow must contain at least one node",
    );
    expect(server.requests).toEqual([]);
  });
});

describe("the address of the server", () => {
  it("may come from the environment", async () => {
    const server = await serverOf({ execute: { success: true } });
    vi.stubEnv("VITE_API_URL", server.url);
    expect((await ending(createConductor({ transport: "http" })).execute({ flowId: "f" })).success).toBe(true);
    const switched = await conductorOf();
    switched.configureTransport("http");
    expect((await switched.execute({ flowId: "f" })).success).toBe(true);
    expect(server.requests.length).toBe(2);
  });

  it("and headers may be set when it is switched to", async () => {
    const server = await serverOf({ execute: { success: true } });
    const conductor = await conductorOf();
    conductor.configureTransport("http", { apiUrl: server.url, headers: { "X-Team": "blue" } });
    await conductor.execute({ flowId: "f" });
    expect(server.requests[0]?.headers["x-team"]).toBe("blue");
  });
});
