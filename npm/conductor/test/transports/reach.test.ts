/** Conductors whose calls lead elsewhere: what happens when that begins, changes and ends. */
import { createConductor } from "@atomiton/conductor/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { chain, leaf, pass, stopClock, watch } from "../contract/flows.js";
import { asNode, conductorOf, ending, until } from "../requests/stored.js";
import { answering, httpServer, json, webSocketServer } from "./servers.js";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

const ok = { success: true, outputs: {}, data: 7 };
const quiet = () => vi.spyOn(console, "warn").mockReturnValue(undefined);

describe("a switch that fails", () => {
  it("leaves all as it was: what runs where, and who listens", async () => {
    const conductor = await conductorOf();
    const heard: string[] = [];
    conductor.node.onComplete(({ executionId }) => heard.push(executionId));
    conductor.storage.onFlowSaved(({ id }) => heard.push(id));
    expect(() => conductor.configureTransport("ipc")).toThrow("IPC transport requires Electron renderer context");
    expect((await conductor.system.health()).status).toBe("ok");
    expect(await conductor.node.run(asNode(leaf("n")), { executionId: "exec_1" })).toMatchObject({ success: true });
    await conductor.storage.saveFlow(chain(1, "f") as never);
    expect(heard).toEqual(["exec_1", "f"]);
  });

  it("ends the listeners that it had begun", async () => {
    const ends: string[] = [];
    const listen = (channel: string, event: string) => {
      if (event === "error") throw new Error("not this one");
      return () => ends.push(`${channel}.${event}`);
    };
    vi.stubGlobal("window", { atomiton: { __bridge__: { call: async () => ok, listen } } });
    const conductor = await conductorOf();
    conductor.node.onComplete(() => {});
    conductor.node.onError(() => {});
    expect(() => conductor.configureTransport("ipc")).toThrow("not this one");
    expect(ends).toEqual(["node.completed"]);
  });

  it.each(["localhost:3000/api", "ftp://h", "/api"])("is one to a bad address, told at once: %s", async (apiUrl) => {
    const conductor = await conductorOf();
    expect(() => conductor.configureTransport("http", { apiUrl })).toThrow("The address of a transport");
    expect((await conductor.node.run(asNode(leaf("n")))).data).toBe("out:n");
  });
});

describe("a connection that is switched away from", () => {
  it("is closed", async () => {
    const server = await webSocketServer({ onPeer: answering(() => ({ result: ok })) });
    const conductor = await conductorOf();
    conductor.node.onComplete(() => {});
    for (let i = 0; i < 2; i++) {
      conductor.configureTransport("websocket", { wsUrl: server.url });
      await conductor.execute({ flowId: "f" });
    }
    conductor.configureTransport("local");
    for (const { closed } of server.peers) await closed;
    expect(server.peers).toHaveLength(2);
  });

  it("is kept until the executions on it have their results", async () => {
    const server = await webSocketServer();
    const conductor = await conductorOf();
    conductor.configureTransport("websocket", { wsUrl: server.url });
    const run = conductor.node.run(asNode(leaf("n")));
    const request = conductor.execute({ flowId: "f" });
    await until(() => server.peers[0]?.received.length === 2, "the calls");
    conductor.configureTransport("local");
    const [peer] = server.peers;
    for (const call of peer?.received ?? []) peer?.say({ type: "response", id: call.id, result: ok });
    expect(await Promise.all([run, request])).toMatchObject([{ data: 7 }, { data: 7 }]);
    await peer?.closed;
  });

  it("is kept while an execution waits for another attempt on it", async () => {
    const warnings = quiet();
    let left = 1;
    const server = await httpServer((_, response) =>
      left-- > 0 ? json(response, {}, 503, "Service Unavailable") : json(response, ok),
    );
    stopClock();
    const conductor = await conductorOf();
    conductor.configureTransport("http", { apiUrl: server.url });
    const run = watch(conductor.node.run(asNode(leaf("n"))));
    await until(() => warnings.mock.calls.length === 1, "the warning");
    conductor.configureTransport("local");
    await pass(1000);
    await until(() => run.settled, "the result");
    expect(run.value).toMatchObject({ success: true, data: 7 });
  });
});

describe("a bad address", () => {
  const message = expect.stringContaining("The address of a transport");

  it("is an error of the calls, not of whoever makes the conductor", async () => {
    for (const apiUrl of ["localhost:3000/api", "/api"]) {
      for (const transport of ["http", "websocket"] as const) {
        const conductor = ending(createConductor({ transport, apiUrl }));
        const error = { code: "INVALID_PARAMETERS", message };
        expect(await conductor.node.run(asNode(leaf("n")))).toMatchObject({ success: false, error });
        expect(await conductor.execute({ flowId: "f" })).toMatchObject({ success: false, metadata: { error } });
        await expect(conductor.storage.listFlows()).rejects.toMatchObject(error);
        expect(await conductor.system.health()).toMatchObject({ status: "down", message });
      }
    }
  });

  it("in the environment lets the package be imported in a page", async () => {
    vi.stubEnv("VITE_API_URL", "localhost:3000/api");
    vi.stubGlobal("window", {});
    vi.resetModules();
    const { conductor } = await import("@atomiton/conductor");
    expect(await conductor.node.run(asNode(leaf("n")))).toMatchObject({ error: { code: "INVALID_PARAMETERS" } });
  });
});

describe("the time limit of a conductor", () => {
  it("counts for nodes and requests at a silent server, which is told to stop", async () => {
    const server = await httpServer(({ path }, response) => {
      if (path.endsWith("/cancel")) json(response, { success: true });
    });
    const conductor = ending(createConductor({ transport: "http", apiUrl: server.url, timeout: 20 }));
    const exec = (id: string) => ({ executionId: id });
    expect(await conductor.node.run(asNode(leaf("n")), exec("e1"))).toMatchObject({ error: { code: "TIMEOUT" } });
    expect(await conductor.execute({ flowId: "f", context: exec("e2") })).toMatchObject({
      success: false,
      error: "Execution timed out after 20ms",
      metadata: { executionId: "e2", flowId: "f", error: { code: "TIMEOUT" } },
    });
    await until(() => server.requests.length === 4, "the cancellations");
    const cancelled = server.requests.filter(({ path }) => path.endsWith("/cancel")).map(({ body }) => body);
    expect(cancelled).toEqual(['"e1"', '"e2"']);
  });
});

describe("shutting down", () => {
  it("ends what waits for another attempt at once", async () => {
    const warnings = quiet();
    const server = await httpServer((_, response) => json(response, {}, 503));
    stopClock();
    const conductor = createConductor({ transport: "http", apiUrl: server.url });
    const run = watch(conductor.node.run(asNode(leaf("n"))));
    const request = watch(conductor.execute({ flowId: "f" }));
    await until(() => warnings.mock.calls.length === 2, "the warnings");
    await conductor.shutdown();
    await until(() => run.settled && request.settled, "the results");
    expect(run.value).toMatchObject({ success: false, error: { code: "CANCELLED" } });
    expect(request.value).toMatchObject({ success: false, metadata: { error: { code: "CANCELLED" } } });
    await pass(10_000);
    expect(server.requests.length).toBe(2);
  });
});

describe("a request whose answer is no result", () => {
  it("is a failed result", async () => {
    const server = await webSocketServer({ onPeer: answering(() => ({ result: null })) });
    const conductor = ending(createConductor({ transport: "websocket", wsUrl: server.url }));
    expect(await conductor.execute({ flowId: "f" })).toMatchObject({
      success: false,
      metadata: { flowId: "f", error: { code: "DESERIALIZATION_FAILED", recovery: { retryable: false } } },
    });
  });
});

describe("a request with a fallback that cannot be sent", () => {
  it("is sent without it, and answered with it when it fails", async () => {
    const server = await httpServer((_, response) => json(response, { success: false, error: "boom" }));
    const conductor = ending(createConductor({ transport: "http", apiUrl: server.url }));
    const fallback = Number.POSITIVE_INFINITY;
    expect(await conductor.execute({ flowId: "f", options: { fallback } })).toMatchObject({
      success: true,
      outputs: { result: fallback },
    });
    expect(server.requests).toHaveLength(1);
  });
});
