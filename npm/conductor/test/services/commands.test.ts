/** Commands as they are declared: what their arguments may be, in the words that callers know, and who carries them out. */
import {
  createRequests,
  createStorageChannelServer,
  createSystemChannelServer,
  type RequestResult,
} from "@atomiton/conductor/desktop";
import { createConductor } from "@atomiton/conductor/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { TransportError } from "../../src/transports/failure.js";
import { remoteServices } from "../../src/transports/remote.js";
import { memoryTokenStore } from "../../src/transports/token-store.js";
import { MainIpc } from "../desktop/process/main.js";
import { fakeTransport } from "../transports/fake-transport.js";

function channels(storage?: object) {
  const ipc = new MainIpc();
  const servers = [createStorageChannelServer(ipc, { storage } as never), createSystemChannelServer(ipc)];
  onTestFinished(() => {
    for (const server of servers) server.dispose();
  });
  return (channel: string, command: string, args?: unknown) => ipc.invoke({}, `${channel}:call`, [command, args]);
}

const FLOW = { nodes: [{ id: "a", type: "transform" }] };

describe("arguments that a command does not take", () => {
  it.each([
    [
      "storage",
      "listFlows",
      { sortBy: "size" },
      "sortBy: Invalid enum value. Expected 'name' | 'savedAt' | 'updatedAt', received 'size'",
    ],
    ["storage", "listFlows", { sortBy: 5 }, "sortBy: Expected 'name' | 'savedAt' | 'updatedAt', received number"],
    ["storage", "listFlows", { limit: 1.5 }, "limit: Expected integer, received float"],
    ["storage", "listFlows", { offset: -1 }, "offset: Number must be greater than or equal to 0"],
    ["storage", "listFlows", { limit: Number.NaN }, "limit: Expected number, received nan"],
    ["storage", "listFlows", null, "Expected object, received null"],
    ["storage", "loadFlow", { id: "" }, "id: Flow ID is required"],
    ["storage", "loadFlow", undefined, "Required"],
    ["storage", "loadFlow", { id: null }, "id: Expected string, received null"],
    ["storage", "saveFlow", { flow: new Map() }, "flow: Expected object, received map"],
    ["storage", "saveFlow", { flow: { nodes: {} } }, "flow.nodes: Expected array, received object"],
    ["storage", "saveFlow", { flow: { ...FLOW, metadata: [] } }, "flow.metadata: Expected object, received array"],
    ["system", "restart", { delay: 3_600_001 }, "delay: Number must be less than or equal to 3600000"],
    ["system", "restart", { force: "yes" }, "force: Expected boolean, received string"],
  ])("are named: %s.%s %j", async (channel, command, args, problem) => {
    expect(await channels()(channel, command, args)).toEqual({
      error: `Invalid ${command} parameters: ${problem}`,
      code: "VALIDATION_FAILED",
      channelError: true,
    });
  });

  it("keep their length to themselves", async () => {
    const { error } = (await channels()("storage", "listFlows", { sortBy: "x".repeat(5000) })) as { error: string };
    expect(error.length).toBeLessThan(300);
  });
});

describe("arguments that a command takes", () => {
  it("reach it with what was left out", async () => {
    const asked: unknown[] = [];
    const storage = {
      listFlows: async (options: unknown) => void asked.push(options),
      onFlowSaved: () => () => {},
    };
    const call = channels(storage);
    await call("storage", "listFlows");
    await call("storage", "listFlows", { limit: 3, sortOrder: "asc" });
    expect(asked).toEqual([
      { limit: 50, offset: 0, sortBy: "savedAt", sortOrder: "desc" },
      { limit: 3, offset: 0, sortBy: "savedAt", sortOrder: "asc" },
    ]);
  });

  it("may be endless where they say how often or how long", async () => {
    const given: unknown[] = [];
    const execute = async (request: unknown) => void given.push(request) as never as RequestResult;
    const requests = createRequests({ execute });
    onTestFinished(() => requests.dispose());
    const options = { retries: Number.POSITIVE_INFINITY, timeout: Number.POSITIVE_INFINITY };
    expect(requests.problem({ flowId: "f", options })).toBeUndefined();
    await requests.execute({ flowId: "f", options });
    expect(given).toMatchObject([{ options }]);
  });
});

it("a command that what is served cannot carry out says so", async () => {
  const call = channels({ onFlowSaved: () => () => {} });
  expect(await call("storage", "loadFlow", { id: "f" })).toMatchObject({ code: "IMPLEMENTATION_NOT_FOUND" });
});

describe("what is not there", () => {
  it("is told by its code in this process", async () => {
    const conductor = createConductor();
    onTestFinished(() => conductor.shutdown());
    await expect(conductor.flow.getTemplate("none")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    await expect(conductor.node.attach("none")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    await expect(conductor.storage.loadFlow("none")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
  });

  /** Loads a flow from a server that fails like this. */
  const load = (error: TransportError) => {
    const { transport } = fakeTransport(() => {
      throw error;
    });
    return remoteServices(transport, { tokens: memoryTokenStore(), warn() {} }).storage.loadFlow("f");
  };

  it("is known by what a server says in words only where it names no code", async () => {
    const older = new TransportError("TRANSPORT_ERROR", "Flow f not found", { answered: true });
    await expect(load(older)).rejects.toMatchObject({ code: "NODE_NOT_FOUND", message: "Flow not found" });
    const other = new TransportError("INTERNAL_ERROR", "Module 'yaml' not found", { answered: true });
    await expect(load(other)).rejects.toBe(other);
    const unanswered = new TransportError("TRANSPORT_ERROR", "Host not found");
    await expect(load(unanswered)).rejects.toBe(unanswered);
  });
});
