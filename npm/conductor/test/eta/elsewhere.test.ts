/** How long runs still take, told to other processes. */
import { createConductor, type NodeProgressEvent } from "@atomiton/conductor/desktop";
import { describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { applications } from "../desktop/process/application.js";
import { memory } from "../durable/world.js";
import { webSocketServer } from "../transports/servers.js";

const flow = group("flow", [leaf("a"), leaf("b")], [edge("a", "b")]) as never;
/** In a new process nothing took long; what comes is whole ms. */
const eta = { ms: expect.any(Number), low: expect.any(Number), high: expect.any(Number), basis: 2 };

/** A conductor with two executions of the flow, in the next of which `b` waits. */
async function withHistory() {
  let release = () => {};
  let held: Promise<void> | undefined;
  const execute = ({ nodeId }: { nodeId: string }) => (nodeId === "b" ? held : undefined);
  const conductor = createConductor({
    transport: "local",
    store: memory(),
    nodeExecutorFactory: { getNodeExecutable: () => ({ effects: "none", execute }) },
  } as never);
  for (let run = 0; run < 2; run++) await conductor.node.run(flow);
  held = new Promise((resolve) => {
    release = resolve;
  });
  return { conductor, release: () => release() };
}

describe("how long a run still takes", () => {
  const start = applications(() => ({}));

  it("is told to the pages of a desktop application", async () => {
    const { conductor, release } = await withHistory();
    const page = await start({ conductor }).open();
    await page.ask("listen", "node", "progress");
    const result = conductor.node.run(flow);
    const told = await page.hears("node.progress", (event) => event.eta !== undefined);
    expect(told.eta).toEqual(eta);
    release();
    expect((await result).success).toBe(true);
    await conductor.shutdown();
  });

  it("comes over a WebSocket as it was sent", async () => {
    const { conductor, release } = await withHistory();
    const sent = new Promise<NodeProgressEvent>((resolve) => {
      conductor.node.onProgress((event) => {
        if (event.eta !== undefined) resolve(event);
      });
    });
    const result = conductor.node.run(flow);
    const text = JSON.stringify(await sent);
    expect(JSON.parse(text).eta).toEqual(eta);
    const server = await webSocketServer();
    const client = createConductor({
      transport: "websocket",
      apiUrl: server.url.replace("ws:", "http:"),
      logLevel: "error",
    });
    const arriving = server.nextPeer();
    const heard = new Promise<NodeProgressEvent>((resolve) => client.node.onProgress(resolve));
    const peer = await arriving;
    peer.say({ type: "event", channel: "node", event: "progress", data: JSON.parse(text) });
    expect(await heard).toEqual(JSON.parse(text));
    release();
    await result;
    await client.shutdown();
    await conductor.shutdown();
  });
});
