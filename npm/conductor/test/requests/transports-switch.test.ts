/** Choosing a transport, and switching while a conductor lives. */
import {
  createExecutionRouter,
  createHTTPTransport,
  createIPCTransport,
  createConductor as createRootConductor,
  createWebSocketTransport,
} from "@atomiton/conductor";
import { createConductor, createLocalTransport } from "@atomiton/conductor/node";
import { describe, expect, it, vi } from "vitest";
import { chain, HeldNodes, leaf } from "../contract/flows.js";
import { answering, httpServer, json, webSocketServer } from "../transports/servers.js";
import { asNode, conductorOf, ending, storageOf, until } from "./stored.js";

const exec = (id: string) => ({ executionId: id as never });

/** A server that answers everything with its name. */
const serverCalled = (name: string) =>
  httpServer((_, response) =>
    json(response, { success: true, data: name, outputs: { from: name }, executedNodes: [] }),
  );

describe("switching the transport", () => {
  it("sends what comes later elsewhere, and brings it back", async () => {
    const server = await serverCalled("server");
    const conductor = await conductorOf({ flows: [chain(1, "f")] });
    expect((await conductor.execute({ flowId: "f" })).outputs).toEqual({ n1: "out:n1" });
    conductor.configureTransport("http", { apiUrl: server.url });
    expect((await conductor.execute({ flowId: "f" })).outputs).toEqual({ from: "server" });
    expect((await conductor.node.run(asNode(leaf("n")))).data).toBe("server");
    expect((await conductor.flow.run(asNode(chain(1)))).data).toBe("server");
    expect(server.requests.map(({ path }) => path)).toEqual(["/execute", "/api/node/execute", "/api/node/execute"]);
    conductor.configureTransport("local", { concurrency: 4, timeout: 60_000 });
    expect((await conductor.execute({ flowId: "f" })).outputs).toEqual({ n1: "out:n1" });
    expect((await conductor.node.run(asNode(leaf("n")))).data).toBe("out:n");
    expect(server.requests.length).toBe(3);
  });

  it("goes from server to server", async () => {
    const [one, two] = [await serverCalled("one"), await serverCalled("two")];
    const conductor = await conductorOf();
    for (const [server, name] of [
      [one, "one"],
      [two, "two"],
      [one, "one"],
    ] as const) {
      conductor.configureTransport("http", { apiUrl: server.url });
      expect((await conductor.execute({ flowId: "f" })).data).toBe(name);
    }
  });

  it("holds for functions that were detached before", async () => {
    const server = await serverCalled("server");
    const conductor = await conductorOf();
    const { execute, configureTransport } = conductor;
    const { run } = conductor.node;
    const { listFlows } = conductor.storage;
    configureTransport("http", { apiUrl: server.url });
    expect((await execute({ flowId: "f" })).data).toBe("server");
    expect((await run(asNode(leaf("n")))).data).toBe("server");
    await listFlows().catch(() => undefined);
    expect(server.requests.map(({ path }) => path)).toEqual([
      "/execute",
      "/api/node/execute",
      "/api/storage/listFlows",
    ]);
  });

  it("lets what runs here finish here", async () => {
    const server = await serverCalled("server");
    const held = new HeldNodes();
    const conductor = await conductorOf({ body: held.body });
    const run = conductor.node.run(asNode(chain(2)), exec("exec_1"));
    await until(() => held.running.length === 1);
    conductor.configureTransport("http", { apiUrl: server.url });
    await held.finish("n1");
    await held.finish("n2");
    expect(await run).toMatchObject({ success: true, data: "out:n2" });
    expect(server.requests).toEqual([]);
  });

  it("takes settings for local execution", async () => {
    const held = new HeldNodes();
    const conductor = await conductorOf({ body: held.body });
    conductor.configureTransport("local", {
      concurrency: 2,
      storage: await storageOf({ ...chain(3, "new"), edges: [] }),
    });
    const run = conductor.execute({ flowId: "new" });
    await until(() => held.running.length === 2, "two nodes at once");
    for (const id of ["n1", "n2", "n3"]) await held.finish(id);
    expect((await run).success).toBe(true);
    expect(held.most).toBe(2);
  });

  it("gives a time limit to local execution", async () => {
    const conductor = await conductorOf({ flows: [chain(1, "f")], body: () => new Promise(() => undefined) });
    conductor.configureTransport("local", { timeout: 10 });
    expect((await conductor.execute({ flowId: "f" })).metadata?.error?.code).toBe("TIMEOUT");
    expect((await conductor.node.run(asNode(leaf("n")))).error?.code).toBe("TIMEOUT");
  });
});

describe("listeners", () => {
  it("hear of executions wherever they run, once each", async () => {
    const server = await webSocketServer({
      onPeer: answering(({ channel, command }) => ({ result: { success: true, data: `${channel}.${command}` } })),
    });
    const apiUrl = `${server.url.replace("ws://", "http://")}/api`;
    const conductor = await conductorOf();
    const heard: unknown[] = [];
    const leave = conductor.node.onComplete(({ executionId, output }) => heard.push([executionId, output]));
    conductor.storage.onFlowSaved(({ id }) => heard.push(id));

    await conductor.node.run(asNode(leaf("n")), exec("exec_1"));
    expect(heard.splice(0)).toEqual([["exec_1", "out:n"]]);

    const arriving = server.nextPeer();
    conductor.configureTransport("websocket", { apiUrl });
    const peer = await arriving;
    const completed = (executionId: string, data: unknown) =>
      peer.say({
        type: "event",
        channel: "node",
        event: "completed",
        data: { nodeId: "n", executionId, result: { success: true, data }, timestamp: 1 },
      });
    completed("exec_2", "there");
    peer.say({
      type: "event",
      channel: "storage",
      event: "flowSaved",
      data: { id: "f", name: "F", savedAt: "2030-01-01T00:00:00.000Z" },
    });
    await until(() => heard.length === 2, "two events");
    expect(heard.splice(0)).toEqual([["exec_2", "there"], "f"]);

    conductor.configureTransport("local");
    await conductor.node.run(asNode(leaf("n")), exec("exec_3"));
    await conductor.storage.saveFlow(chain(1, "g") as never);
    expect(heard.splice(0)).toEqual([["exec_3", "out:n"], "g"]);

    leave();
    await conductor.node.run(asNode(leaf("n")), exec("exec_4"));
    expect(heard).toEqual([]);
  });

  it("that left before a switch hear nothing after it", async () => {
    const conductor = await conductorOf();
    const listener = vi.fn();
    const leave = conductor.node.onComplete(listener);
    leave();
    conductor.configureTransport("http", { apiUrl: (await serverCalled("server")).url });
    conductor.configureTransport("local");
    await conductor.node.run(asNode(leaf("n")));
    expect(listener).not.toHaveBeenCalled();
  });
});

describe("a transport that does not exist", () => {
  it.each(["carrier-pigeon", "", "__proto__", "constructor"])("is named: %j", async (type) => {
    const conductor = await conductorOf();
    expect(() => conductor.configureTransport(type as never)).toThrow(`Transport ${type} not registered`);
    expect((await conductor.node.run(asNode(leaf("n")))).data).toBe("out:n");
  });

  it("is named when it is asked for from the start", () => {
    expect(() => createConductor({ transport: "carrier-pigeon" as never })).toThrow(
      "Transport carrier-pigeon not registered",
    );
    expect(() => createRootConductor({ transport: "carrier-pigeon" as never })).toThrow(
      "Transport carrier-pigeon not registered",
    );
  });
});

describe("transports of one's own", () => {
  it("run flows in this process", async () => {
    const transport = createLocalTransport({
      storage: await storageOf(chain(2, "f")),
      nodeExecutorFactory: {
        getNodeExecutable: () => ({ execute: async ({ nodeId }: { nodeId: string }) => `out:${nodeId}` }),
      },
    } as never);
    expect(transport.type).toBe("local");
    expect(await transport.execute({ flowId: "f" })).toMatchObject({
      success: true,
      outputs: { n1: "out:n1", n2: "out:n2" },
    });
    expect(await transport.execute({ compositeId: "nobody" })).toMatchObject({
      success: false,
      error: "Flow with id nobody not found",
    });
    await transport.shutdown();
  });

  it("are found by a router, the first being the default", async () => {
    const server = await serverCalled("server");
    const local = ending(createLocalTransport({ storage: await storageOf(chain(1, "f")) } as never));
    const http = ending(createHTTPTransport({ apiUrl: server.url }));
    const router = createExecutionRouter();
    await expect(router.execute({ flowId: "f" })).rejects.toThrow("No transport registered for type: local");
    router.registerTransport(http);
    router.registerTransport(local);
    expect((await router.execute({ flowId: "f" })).outputs).toEqual({ from: "server" });
    router.setDefaultTransport("local");
    expect((await router.execute({ flowId: "nobody" })).error).toBe("Flow with id nobody not found");
    expect(() => router.setDefaultTransport("websocket")).toThrow("Transport websocket not registered");
  });

  it("need no class of WebSockets in Node", async () => {
    const server = await webSocketServer({ onPeer: answering(() => ({ result: { success: true, data: 7 } })) });
    const socket = ending(createWebSocketTransport({ url: server.url } as never));
    expect(socket.type).toBe("websocket");
    expect(await socket.execute({ flowId: "f" })).toMatchObject({ success: true, data: 7 });
  });

  it("over IPC say where they belong", async () => {
    const ipc = createIPCTransport();
    expect(ipc.type).toBe("ipc");
    await expect((async () => ipc.execute({ flowId: "f" }))()).rejects.toThrow(
      "IPC transport requires Electron renderer context",
    );
  });
});

describe("shutting down", () => {
  it("ends what runs here, and can be done twice", async () => {
    const held = new HeldNodes();
    const conductor = await conductorOf({ body: held.body });
    const run = conductor.node.run(asNode(leaf("n")));
    await until(() => held.running.length === 1);
    const { shutdown } = conductor;
    await shutdown();
    await shutdown();
    expect(await run).toMatchObject({ success: false, error: { code: "CANCELLED" } });
    expect(held.params.get("n")?.signal.aborted).toBe(true);
  });

  it("ends what waits for a server", async () => {
    const server = await httpServer(() => undefined);
    const conductor = createConductor({ transport: "http", apiUrl: server.url });
    const run = conductor.node.run(asNode(leaf("n")));
    await until(() => server.requests.length === 1, "the request");
    await conductor.shutdown();
    expect((await run).success).toBe(false);
  });
});
