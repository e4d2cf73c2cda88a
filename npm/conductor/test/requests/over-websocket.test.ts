/** A conductor whose flows run behind a WebSocket. */
import { type Conductor, createConductor } from "@atomiton/conductor/node";
import { describe, expect, it } from "vitest";
import { chain, leaf } from "../contract/flows.js";
import { answering, webSocketServer } from "../transports/servers.js";
import { asNode, ending, until } from "./stored.js";

/** The address of an API whose WebSocket is this server. */
const apiOf = (server: { url: string }) => `${server.url.replace("ws://", "http://")}/api`;

const remote = (server: { url: string }): Conductor =>
  ending(createConductor({ transport: "websocket", apiUrl: apiOf(server) }));

/** Answers calls by `<channel>.<command>`. */
const knowing = (answers: Record<string, unknown>) =>
  answering(({ channel, command }) => {
    const name = `${channel}.${command}`;
    return name in answers ? { result: answers[name] } : { error: `No handler for method: ${command}` };
  });

describe("a conductor over a WebSocket", () => {
  it("opens no connection before it needs one", async () => {
    const server = await webSocketServer();
    const conductor = remote(server);
    expect(conductor.getEnvironment().hasTransport).toBe(true);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(server.peers).toEqual([]);
  });

  it("runs nodes, flows and requests over one connection, at the address of the API", async () => {
    const result = { success: true, data: 7, duration: 1, executedNodes: ["n"] };
    const server = await webSocketServer({
      onPeer: knowing({ "node.execute": result, "conductor.execute": { success: true, outputs: { n: 7 }, data: 7 } }),
    });
    const conductor = remote(server);
    const answers = await Promise.all([
      conductor.node.run(asNode(leaf("n")), { executionId: "exec_1" as never }),
      conductor.flow.run(asNode(chain(1))),
      conductor.execute({ flowId: "f", inputs: { a: 1 } }),
    ]);
    expect(answers).toMatchObject([result, result, { success: true, outputs: { n: 7 } }]);
    expect(server.peers.length).toBe(1);
    expect(server.peers[0]?.path).toBe("/api/ws");
    expect(server.peers[0]?.received[0]).toMatchObject({
      type: "call",
      channel: "node",
      command: "execute",
      args: { node: leaf("n"), context: { nodeId: "n", executionId: "exec_1", variables: {} } },
    });
  });

  it("knows what is stored there, and what went wrong", async () => {
    const server = await webSocketServer({
      onPeer: knowing({ "storage.listFlows": { flows: [{ id: "f" }], total: 1 } }),
    });
    const { storage } = remote(server);
    expect(await storage.listFlows()).toMatchObject({ flows: [{ id: "f" }], total: 1 });
    await expect(storage.saveFlow(chain(1, "f") as never)).rejects.toThrow("No handler for method: saveFlow");
  });

  it("passes on what the server tells, until nobody listens", async () => {
    const server = await webSocketServer();
    const conductor = remote(server);
    const heard: unknown[] = [];
    const arriving = server.nextPeer();
    const leave = [
      conductor.node.onProgress(({ executionId, progress }) => heard.push(["progress", executionId, progress])),
      conductor.node.onComplete(({ executionId, output }) => heard.push(["complete", executionId, output])),
      conductor.node.onError(({ executionId, error }) => heard.push(["error", executionId, error])),
      conductor.storage.onFlowSaved(({ id, flowId, name }) => heard.push(["saved", id, flowId, name])),
      conductor.auth.onAuthExpired(() => heard.push(["expired"])),
    ];
    const peer = await arriving;
    const tell = (channel: string, event: string, data: unknown) => peer.say({ type: "event", channel, event, data });
    const graph = { executionOrder: [["n"]], criticalPath: ["n"], totalWeight: 100, maxParallelism: 1, edges: [] };
    tell("node", "progress", {
      nodeId: "n",
      executionId: "exec_1",
      progress: 30,
      message: "Executing: n",
      nodes: [],
      graph,
    });
    tell("node", "completed", { nodeId: "n", executionId: "exec_1", result: { success: true, data: 7 }, timestamp: 5 });
    tell("node", "error", {
      nodeId: "n",
      executionId: "exec_2",
      error: "boom",
      code: "EXECUTION_FAILED",
      timestamp: 6,
    });
    tell("storage", "flowSaved", { id: "f", name: "F", savedAt: "2030-01-01T00:00:00.000Z" });
    tell("auth", "sessionExpired", {});
    await until(() => heard.length === 5, "the five events");
    expect(heard).toEqual([
      ["progress", "exec_1", 30],
      ["complete", "exec_1", 7],
      ["error", "exec_2", "boom"],
      ["saved", "f", "f", "F"],
      ["expired"],
    ]);
    for (const each of leave) each();
    tell("node", "completed", { nodeId: "n", executionId: "exec_3", result: { success: true }, timestamp: 7 });
    const call = conductor.node.cancel("exec_3");
    const { id } = await peer.take("call");
    peer.say({ type: "response", id, result: { success: true } });
    await call;
    expect(heard.length).toBe(5);
  });

  it("closes its connection when it is shut down", async () => {
    const server = await webSocketServer({ onPeer: knowing({ "node.cancel": { success: true } }) });
    const conductor = remote(server);
    await conductor.node.cancel("exec_1");
    await conductor.shutdown();
    await server.peers[0]?.closed;
    expect(server.peers.length).toBe(1);
  });
});
