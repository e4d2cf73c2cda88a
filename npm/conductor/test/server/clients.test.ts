/** The library's own clients on a server: the same calls as in one process. */
import { describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import type { ServerOptions } from "../../src/exports/server.js";
import { flowOf, keyOf, serving } from "./serving.js";

const TRANSPORTS = ["http", "websocket"] as const;

async function client(
  transport: (typeof TRANSPORTS)[number],
  key: string | undefined,
  options?: Partial<ServerOptions>,
) {
  const served = await serving(options);
  const wsUrl = `${served.apiUrl.replace("http", "ws")}/ws`;
  const conductor = createConductor({ transport, apiUrl: served.apiUrl, wsUrl, ...(key !== undefined && { key }) });
  onTestFinished(() => conductor.shutdown());
  return { ...served, remote: conductor };
}

describe.each(TRANSPORTS)("over %s", (transport) => {
  it("a client with a key saves a flow, runs it, and hears of it", async () => {
    const { remote } = await client(transport, keyOf("editor"));
    const ended = new Promise((resolve) => remote.node.onComplete(resolve));
    const saved = new Promise((resolve) => remote.storage.onFlowSaved(resolve));
    const receipt = await remote.storage.saveFlow(flowOf("say") as never);
    expect(receipt).toMatchObject({ id: "f", storedVersion: 1 });
    expect(await saved).toMatchObject({ id: "f" });
    const result = await remote.execute({ flowId: "f", inputs: { x: 1 } });
    expect(result).toMatchObject({ success: true });
    expect(await ended).toMatchObject({ nodeId: "f", result: { success: true } });
    const { executions } = await remote.executions.list();
    expect(executions).toMatchObject([{ flowId: "f", status: "completed" }]);
    expect(await remote.executions.value(executions[0]?.id ?? "", "a")).toMatchObject({ said: expect.anything() });
  });

  it("a client without a key is refused, and one with a lesser key is told which role it takes", async () => {
    const { remote, apiUrl } = await client(transport, undefined);
    await expect(remote.storage.listFlows()).rejects.toThrow(/sign-in/);
    const viewer = createConductor({ transport: "http", apiUrl, key: keyOf("viewer") });
    onTestFinished(() => viewer.shutdown());
    await expect(viewer.storage.deleteFlow("f")).rejects.toThrow('"vera" has the role viewer');
  });

  it("a client that may not cancel an execution is told so, as for a pause, and the execution goes on", async () => {
    const { remote, conductor, release } = await client(transport, keyOf("viewer"));
    const begun = new Promise((resolve) => conductor.events.onStarted(resolve));
    const running = conductor.node.run(flowOf("hold") as never, { executionId: "held" as never });
    await begun;
    const refusal = await remote.node.pause("held").catch((error) => error);
    expect(refusal.message).toContain('"vera" has the role viewer');
    await expect(remote.node.cancel("held")).rejects.toMatchObject({
      ...refusal,
      message: /the role runner and above/,
    });
    release();
    expect(await running).toMatchObject({ success: true });
  });

  it("an execution that the server does not know is cancelled without an error", async () => {
    const { remote } = await client(transport, keyOf("runner"));
    expect(await remote.node.cancel("unknown")).toBeUndefined();
  });

  it("the key of a server goes to no other one", async () => {
    const { remote } = await client(transport, keyOf("editor"));
    const asked: (string | null)[] = [];
    const other = await serving({ authenticate: (request) => void asked.push(request.headers.get("authorization")) });
    remote.configureTransport(transport, { apiUrl: other.apiUrl, wsUrl: `${other.apiUrl.replace("http", "ws")}/ws` });
    await expect(remote.storage.listFlows()).rejects.toThrow(/sign-in/);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every((header) => header === null)).toBe(true);
  });
});

describe("on an open server", () => {
  it("a client without a key may do everything", async () => {
    const { remote } = await client("websocket", undefined, { open: true });
    await remote.storage.saveFlow(flowOf("say") as never);
    expect((await remote.flow.run(flowOf("say") as never)).error).toBeUndefined();
  });
});
