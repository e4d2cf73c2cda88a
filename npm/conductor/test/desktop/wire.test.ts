/** `conductor:execute`, the calls of older pages, and taking everything down again. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createConductor } from "@atomiton/conductor/desktop";
import { createEventManager } from "@atomiton/events/desktop";
import { describe, expect, it } from "vitest";
import { createMainProcessSetup } from "../../src/desktop/main-process.js";
import { applications, FakeApp } from "./process/application.js";
import { MainIpc } from "./process/main.js";

let reached: () => void = () => {};
const start = applications(() => ({
  value: ({ input, value }) => value ?? input,
  hang: () => {
    reached();
    return new Promise(() => {});
  },
}));

/** Keeps a flow of one node. */
async function keep(handler: ReturnType<typeof start>["handler"], type: string): Promise<void> {
  await handler.conductor.storage.saveFlow({ id: "kept", nodes: [{ id: "a", type }] });
}

function hanging(): Promise<void> {
  return new Promise((resolve) => {
    reached = resolve;
  });
}

describe("an application that says nothing of storage", () => {
  it("keeps flows as files in its folder of the user's data, also over a restart", async () => {
    const first = start();
    await keep(first.handler, "value");
    expect(readdirSync(join(first.app.folder, "userData", "atomiton-data"))).toEqual(["kept.composite.yaml"]);
    const second = start({ app: first.app });
    const answer = await second.handler.conductor.execute({ flowId: "kept", inputs: { again: true } });
    expect(answer).toMatchObject({ success: true, data: { again: true } });
  });
});

describe("a bus of events", () => {
  it("carries requests as well, and no longer after the cleanup", async () => {
    const events = createEventManager({ ipc: false });
    const { handler } = start({ events });
    await keep(handler, "value");
    const bus = events.createBus<{ execute: { flowId: string; inputs: unknown } }>("conductor");
    const request = { flowId: "kept", inputs: { by: "bus" } };
    expect(await bus.emit("execute", request)).toMatchObject({ success: true, data: { by: "bus" } });
    await handler.cleanup();
    expect(await bus.emit("execute", request)).toBeUndefined();
  });
});

describe("a request", () => {
  it.each(["bridge", "older"])("is answered over the transport that uses the %s", async (way) => {
    const { open, handler } = start();
    await keep(handler, "value");
    const page = await open();
    const result = await page.ask("request", way, { flowId: "kept", inputs: { from: new Date(0) } });
    expect(result).toMatchObject({ success: true, outputs: { a: { from: new Date(0) } } });
  });

  it.each(["flowId", "compositeId", "blueprintId"])("may name the flow as %s", async (name) => {
    const { open, handler } = start();
    await keep(handler, "value");
    const page = await open();
    expect(await page.ask("invoke", "conductor:execute", { [name]: "kept", inputs: { x: 1 } })).toMatchObject({
      success: true,
      data: { x: 1 },
    });
  });

  it("by message is answered by a message with its id", async () => {
    const { open, handler } = start();
    await keep(handler, "value");
    const page = await open();
    await page.ask("hear", "conductor:result");
    const message = { type: "conductor:execute", payload: { compositeId: "kept", inputs: { x: 1 } }, id: "m1" };
    await page.ask("sendMessage", "conductor:execute", message);
    expect(await page.hears("conductor:result")).toMatchObject({
      type: "conductor:result",
      id: "m1",
      payload: { success: true, data: { x: 1 } },
    });
  });

  it.each([
    [
      { id: "m2", payload: { inputs: {} } },
      { id: "m2", error: "Invalid request: flowId: Required" },
    ],
    [
      { id: "m3", payload: { flowId: "x", inputs: 1 } },
      { id: "m3", error: "Invalid request: inputs: Expected object, received number" },
    ],
    [
      { id: {}, payload: null },
      { id: undefined, error: "Invalid request: Expected object, received null" },
    ],
    ["nonsense", { id: undefined, error: "Invalid request: Required" }],
  ])("that is malformed is answered with what is wrong: %j", async (message, answer) => {
    const page = await start().open();
    await page.ask("hear", "conductor:error");
    await page.ask("sendMessage", "conductor:execute", message);
    expect(await page.hears("conductor:error")).toEqual({ ...answer, code: "VALIDATION_FAILED" });
  });

  it("for a flow that is not there fails in its result", async () => {
    const page = await start().open();
    const result = await page.ask("invoke", "conductor:execute", { flowId: "none" });
    expect(result).toMatchObject({ success: false, error: "Flow with id none not found" });
  });

  it("can be cancelled by its execution id", async () => {
    const { open, handler } = start();
    await keep(handler, "hang");
    const page = await open();
    const hangs = hanging();
    const running = page.ask("invoke", "conductor:execute", { flowId: "kept", context: { executionId: "exec_q" } });
    await hangs;
    expect((await page.call("node", "cancel", "exec_q")).result).toEqual({ success: true });
    expect(await running).toMatchObject({ success: false, metadata: { error: { code: "CANCELLED" } } });
  });

  it("that is over can be attached to", async () => {
    const { open, handler } = start();
    await keep(handler, "value");
    const page = await open();
    const request = { flowId: "kept", inputs: { x: 1 }, context: { executionId: "exec_q" } };
    await page.ask("invoke", "conductor:execute", request);
    await page.kill();
    const other = await open();
    expect((await other.call("node", "attach", "exec_q")).result).toMatchObject({ success: true, data: { x: 1 } });
  });

  it("outlives its page", async () => {
    const { open, handler } = start();
    await keep(handler, "hang");
    const page = await open();
    const hangs = hanging();
    page.ask("sendMessage", "conductor:execute", { id: "1", payload: { flowId: "kept" } }).catch(() => {});
    await hangs;
    await page.kill();
    const [{ executionId } = { executionId: "" }] = await handler.conductor.node.active();
    const other = await open();
    expect((await other.call("node", "cancel", executionId)).result).toEqual({ success: true });
    expect((await other.call("node", "active")).result).toEqual([]);
  });
});

describe("the calls of older pages", () => {
  it("run nodes and tell how the conductor is", async () => {
    const page = await start().open();
    const node = { id: "a", type: "value", parameters: { value: 3 } };
    expect(await page.ask("rpcRun", { node })).toMatchObject({ success: true, data: 3 });
    expect(await page.ask("rpcRun", { node: {} })).toMatchObject({ error: { code: "VALIDATION_FAILED" } });
    expect(await page.ask("rpcHealth")).toMatchObject({ status: "ok", message: "Local conductor operational" });
  });
});

describe("cleaning up", () => {
  it("removes all that was registered, and nothing else", async () => {
    const { ipc, app, handler } = start();
    const own = () => {};
    ipc.on("conductor:execute", own);
    ipc.handle("mine", own);
    app.on("browser-window-created", own);
    expect(ipc.registered.length).toBeGreaterThan(10);
    await handler.cleanup();
    expect(ipc.registered).toEqual(["mine", "conductor:execute"]);
    expect(app.listeners("browser-window-created")).toEqual([own]);
  });

  it("answers what runs as cancelled, and says so", async () => {
    const { open, handler } = start();
    await keep(handler, "hang");
    const page = await open();
    await page.ask("listen", "node", "cancelled");
    const hangs = hanging();
    const node = page.call("node", "execute", { node: { id: "h", type: "hang" }, context: { executionId: "exec_h" } });
    await hangs;
    const again = hanging();
    const request = page.ask("invoke", "conductor:execute", { flowId: "kept" });
    await again;
    await handler.cleanup();
    expect((await node).result.error.code).toBe("CANCELLED");
    expect((await request).metadata.error.code).toBe("CANCELLED");
    expect(page.named("node.cancelled")).toMatchObject([{ executionId: "exec_h" }]);
  });

  it("leaves a conductor that was given as it is", async () => {
    const conductor = createConductor({
      nodeExecutorFactory: { getNodeExecutable: () => ({ execute: async () => new Promise(() => {}) }) },
    });
    let shutDown = false;
    const shutdown = async () => {
      shutDown = true;
    };
    const watched = Object.create(conductor, { shutdown: { value: shutdown } });
    const { handler, ipc } = start({ conductor: watched });
    const own = conductor.node.run({ id: "own", type: "x" }, { executionId: "exec_own" });
    await handler.cleanup();
    expect(shutDown).toBe(false);
    expect(ipc.registered).toEqual([]);
    expect(await conductor.node.active()).toMatchObject([{ executionId: "exec_own" }]);
    await conductor.shutdown();
    expect((await own).error?.code).toBe("CANCELLED");
  });

  it("can be done twice, and everything set up again", async () => {
    const { ipc, handler } = start();
    await handler.cleanup();
    await handler.cleanup();
    const again = createMainProcessSetup(createConductor)({ ipcMain: ipc, app: new FakeApp() });
    expect(again.channels).toEqual(handler.channels);
    await again.cleanup();
    expect(ipc.registered).toEqual([]);
  });

  it("happens by itself when setting up fails half-way", () => {
    const ipc = new MainIpc();
    ipc.handle("storage:call", () => {});
    const setup = createMainProcessSetup(createConductor);
    expect(() => setup({ ipcMain: ipc })).toThrow("Attempted to register a second handler for 'storage:call'");
    expect(ipc.registered).toEqual(["storage:call"]);
  });

  it("leaves nothing when there are no channels", async () => {
    const { ipc, handler } = start({ channels: false });
    expect(handler.channels).toEqual([]);
    expect(ipc.registered).toEqual(["conductor:execute", "conductor:execute"]);
    await handler.cleanup();
    expect(ipc.registered).toEqual([]);
  });
});

describe("outside of Electron", () => {
  it("setting up is refused", () => {
    expect(() => createMainProcessSetup(createConductor)()).toThrow(
      "Main process handler requires Electron main process context",
    );
  });
});
