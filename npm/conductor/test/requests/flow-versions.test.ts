/** Flows in the store of a conductor: their versions, here and over a transport. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStorageChannelServer } from "@atomiton/conductor/desktop";
import { type Conductor, type ConductorConfig, createConductor } from "@atomiton/conductor/node";
import { createMemoryExecutions, createStorage } from "@atomiton/storage";
import { describe, expect, it, onTestFinished } from "vitest";

import { MainIpc } from "../desktop/process/main.js";
import { httpServer, json } from "../transports/servers.js";
import { ending } from "./stored.js";

const flow = (code: string) => ({ id: "f", name: "F", nodes: [{ id: "a", type: "code", parameters: { code } }] });
const codeIn = ({ nodes }: { nodes: { parameters?: Record<string, unknown> }[] }) => nodes[0]?.parameters?.["code"];

function conductorWith(config: ConductorConfig = { store: createMemoryExecutions() }): Conductor {
  return ending(createConductor({ transport: "local", ...config }));
}

/** A conductor whose calls go by HTTP to what a storage channel serves. */
async function overHttp({ storage }: Pick<Conductor, "storage">): Promise<Conductor> {
  const ipc = new MainIpc();
  const channel = createStorageChannelServer(ipc, { storage });
  onTestFinished(() => channel.dispose());
  const server = await httpServer(async ({ path, body }, response) => {
    const [name, command] = path.split("/").slice(-2) as [string, string];
    const answer = await ipc.invoke({}, `${name}:call`, [command, body === "" ? undefined : JSON.parse(body)]);
    const { result, error } = answer as { result?: unknown; error?: unknown };
    json(response, error === undefined ? result : answer, error === undefined ? 200 : 400, "");
  });
  return ending(createConductor({ transport: "http", apiUrl: server.url }));
}

describe("a conductor with a store and no storage", () => {
  it("keeps its flows there, for the conductors after it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "conductor-flows-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const store = `sqlite:${join(folder, "conductor.db")}`;
    const first = conductorWith({ store });
    const events: string[] = [];
    first.storage.onFlowSaved(({ id }) => events.push(`saved ${id}`));
    first.storage.onFlowDeleted(({ id }) => events.push(`deleted ${id}`));
    expect(await first.storage.saveFlow(flow("return 1"))).toMatchObject({
      id: "f",
      version: "1.0.0",
      storedVersion: 1,
    });
    expect(await first.execute({ flowId: "f" })).toMatchObject({ success: true, data: { result: 1 } });
    await first.storage.saveFlow({ ...flow("return 2"), id: "g" });
    await first.storage.deleteFlow("g");
    expect(events).toEqual(["saved f", "saved g", "deleted g"]);
    await first.shutdown();
    // It opens again what it needs.
    expect(codeIn(await first.storage.loadFlow("f"))).toBe("return 1");
    const second = conductorWith({ store });
    expect((await second.storage.listFlows()).flows).toMatchObject([{ id: "f", name: "F", nodeCount: 1 }]);
    expect(await second.storage.saveFlow(flow("return 2"), { ifVersion: 1 })).toMatchObject({ storedVersion: 2 });
    expect(await second.execute({ flowId: "f" })).toMatchObject({ data: { result: 2 } });
  });

  it("keeps them in the storage where one is given", async () => {
    const store = createMemoryExecutions();
    const storage = createStorage({ type: "memory" });
    const conductor = conductorWith({ store, storage });
    expect(await conductor.storage.saveFlow(flow("return 1"))).not.toHaveProperty("storedVersion");
    expect(await storage.exists("f")).toBe(true);
    expect(await store.flows.list()).toEqual([]);
  });

  it("leaves the store alone where nothing is to be kept", async () => {
    const store = createMemoryExecutions();
    const conductor = conductorWith({ store, durability: "off" });
    await conductor.storage.saveFlow(flow("return 1"));
    expect(await store.flows.list()).toEqual([]);
  });

  it("keeps flows in memory where the store keeps none", async () => {
    const store = Object.create(createMemoryExecutions(), { flows: { value: undefined } });
    const conductor = conductorWith({ store });
    await conductor.storage.saveFlow(flow("return 1"));
    expect(codeIn(await conductor.storage.loadFlow("f"))).toBe("return 1");
    await expect(conductor.flow.history("f")).rejects.toMatchObject({ code: "IMPLEMENTATION_NOT_FOUND" });
  });

  it("shares the text of a flow with the executions that run it", async () => {
    const store = createMemoryExecutions();
    const conductor = conductorWith({ store });
    await conductor.storage.saveFlow(flow("return 1"));
    await conductor.execute({ flowId: "f" });
    const { executions } = await conductor.executions.list();
    const begun = await store.begun(executions[0]?.id as string);
    expect(JSON.parse(begun?.document as string)).toEqual(await store.flows.load("f"));
    await conductor.storage.deleteFlow("f");
    await store.flows.prune({ deletedBefore: Date.now() + 1000 });
    expect(await store.begun(executions[0]?.id as string)).toEqual(begun);
  });
});

describe.each([
  ["in this process", async (conductor: Conductor) => conductor],
  ["over HTTP", overHttp],
])("versions of flows %s", (_, reach) => {
  const reached = async () => {
    const here = conductorWith();
    return { here, conductor: await reach(here) };
  };

  it("are counted, listed, loaded and restored", async () => {
    const { conductor } = await reached();
    for (const code of ["return 1", "return 2", "return 2", "return 3"]) await conductor.storage.saveFlow(flow(code));
    const history = await conductor.flow.history("f");
    expect(history.versions.map(({ version }) => version)).toEqual([3, 2, 1]);
    expect(await conductor.storage.flowHistory("f", { limit: 1, before: 3 })).toEqual({
      versions: [history.versions[1]],
      next: 2,
    });
    expect(codeIn(await conductor.flow.loadFlow("f", { version: 1 }))).toBe("return 1");
    expect(await conductor.storage.loadFlow("f", { version: 2 })).toMatchObject({ storedVersion: 2 });
    expect(await conductor.flow.restore("f", 1)).toMatchObject({ id: "f", storedVersion: 4 });
    const restored = await conductor.storage.loadFlow("f");
    expect(restored).toMatchObject({ storedVersion: 4 });
    expect(codeIn(restored)).toBe("return 1");
    expect((await conductor.flow.history("f")).versions[0]?.hash).toBe(history.versions[2]?.hash);
  });

  it("are saved by one of two that loaded the same one", async () => {
    const { here, conductor } = await reached();
    await here.storage.saveFlow(flow("return 1"));
    const { storedVersion, ...mine } = await conductor.storage.loadFlow("f");
    await here.storage.saveFlow(flow("return 'theirs'"), { ifVersion: 1 });
    const late = conductor.storage.saveFlow(
      { ...mine, ...flow("return 'mine'") },
      { ifVersion: storedVersion as number },
    );
    await expect(late).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringMatching(/"f" was not saved .*on top of version 1, but its version is 2 now.*ifVersion: 2/),
    });
    await expect(conductor.storage.restoreFlow("f", 1, { ifVersion: 1 })).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
    });
    expect(codeIn(await here.storage.loadFlow("f"))).toBe("return 'theirs'");
    // What was loaded names its version, which is no part of the flow.
    const again = { ...(await conductor.storage.loadFlow("f")) };
    expect(await conductor.storage.saveFlow(again, { ifVersion: 2 })).toMatchObject({ storedVersion: 2 });
    expect(await conductor.storage.saveFlow({ ...flow("return 1"), id: "new" }, { ifVersion: 0 })).toMatchObject({
      storedVersion: 1,
    });
  });

  it("outlast the deletion of the flow, which brings it back when one is restored", async () => {
    const { conductor } = await reached();
    await conductor.storage.saveFlow(flow("return 1"));
    await conductor.storage.deleteFlow("f");
    await expect(conductor.storage.loadFlow("f")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    expect(await conductor.flow.history("f")).toMatchObject({
      versions: [{ version: 1 }],
      deletedAt: expect.any(String),
    });
    expect(await conductor.flow.restore("f", 1, { ifVersion: 0 })).toMatchObject({ storedVersion: 2 });
    expect((await conductor.storage.listFlows()).flows.map(({ id }) => id)).toEqual(["f"]);
  });

  it("that are not there are said so", async () => {
    const { conductor } = await reached();
    await conductor.storage.saveFlow(flow("return 1"));
    for (const call of [
      conductor.flow.history("unknown"),
      conductor.flow.loadFlow("f", { version: 7 }),
      conductor.storage.loadFlow("unknown", { version: 1 }),
      conductor.flow.restore("f", 7),
    ]) {
      await expect(call).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    }
    await expect(conductor.storage.loadFlow("f", { version: 7 })).rejects.toThrow("Version 7 of the flow");
  });

  it("are refused where the storage keeps none, and nothing is saved", async () => {
    const conductor = await reach(conductorWith({}));
    const calls = [
      () => conductor.storage.saveFlow(flow("return 1"), { ifVersion: 0 }),
      () => conductor.flow.history("f"),
      () => conductor.flow.restore("f", 1),
      () => conductor.flow.loadFlow("f", { version: 1 }),
      () => conductor.storage.loadFlow("f", { version: 1 }),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        code: "IMPLEMENTATION_NOT_FOUND",
        message: expect.stringMatching(/keeps no versions of flows.*`store`/),
      });
    }
    expect((await conductor.storage.listFlows()).total).toBe(0);
    const receipt = await conductor.storage.saveFlow({ ...flow("return 1"), storedVersion: "a field of its own" });
    expect(receipt).not.toHaveProperty("storedVersion");
    expect(await conductor.storage.loadFlow("f")).toMatchObject({ storedVersion: "a field of its own" });
  });
});

describe("a server of before there were versions", () => {
  it("is found out, and the caller told what it did", async () => {
    const server = await httpServer(({ path }, response) => {
      if (path.endsWith("/saveFlow")) json(response, { id: "f", savedAt: "now", version: "1.0.0" });
      else if (path.endsWith("/loadFlow")) json(response, { ...flow("return 9"), version: "1.0.0" });
      else json(response, { error: "No handler for method", channelError: true }, 404, "Not Found");
    });
    const conductor = ending(createConductor({ transport: "http", apiUrl: server.url }));
    await expect(conductor.storage.saveFlow(flow("return 1"), { ifVersion: 3 })).rejects.toMatchObject({
      code: "IMPLEMENTATION_NOT_FOUND",
      message: expect.stringContaining("saved the flow without regard to the version"),
    });
    await expect(conductor.storage.loadFlow("f", { version: 1 })).rejects.toMatchObject({
      code: "IMPLEMENTATION_NOT_FOUND",
    });
    expect(await conductor.storage.saveFlow(flow("return 1"))).toMatchObject({ id: "f" });
  });
});

describe("arguments of versions over a wire", () => {
  it.each([
    ["loadFlow", { id: "f", version: 0 }, "version"],
    ["flowHistory", { id: "f", limit: 1001 }, "limit"],
    ["restoreFlow", { id: "f" }, "version"],
    ["saveFlow", { flow: flow("return 1"), ifVersion: -1 }, "ifVersion"],
  ])("are checked: %s %j", async (command, args, name) => {
    const ipc = new MainIpc();
    const channel = createStorageChannelServer(ipc, { storage: conductorWith().storage });
    onTestFinished(() => channel.dispose());
    expect(await ipc.invoke({}, "storage:call", [command, args])).toMatchObject({
      code: "VALIDATION_FAILED",
      error: expect.stringContaining(name),
    });
  });
});
