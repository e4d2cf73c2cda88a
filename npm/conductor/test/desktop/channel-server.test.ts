/** Channels of an application's own, and the node channel with functions of its own. */

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createChannelServer,
  createFlowChannelServer,
  createLoggerChannelServer,
  createNodeChannelServer,
  createPathChannelServer,
  createStorageChannelServer,
  type ExecutionResult,
  type Logger,
  withRetry,
  withValidation,
} from "@atomiton/conductor/desktop";
import { createPathManager, type PathManager } from "@atomiton/storage/desktop";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod/v3";
import type { FlowDeletedEvent, SavedFlow } from "../../src/types/flow.js";
import { MainIpc } from "./process/main.js";

function connect() {
  const ipc = new MainIpc();
  const call = (channel: string, command: unknown, args?: unknown) =>
    ipc.invoke({}, `${channel}:call`, [command, args]);
  return { ipc, call };
}

/** A window that keeps what it is told. */
function window() {
  const told: [string, unknown][] = [];
  const listeners: (() => void)[] = [];
  return {
    told,
    webContents: { send: (channel: string, data: unknown) => void told.push([channel, data]) },
    once: (_event: "closed", listener: () => void) => void listeners.push(listener),
    close: () => {
      for (const listener of listeners) listener();
    },
  };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("the channel of paths", () => {
  it.each([
    ["a path manager", (paths: PathManager) => paths],
    ["a path manager as `paths`", (paths: PathManager) => ({ paths })],
  ])("serves the folders of %s that it is given, and makes folders only among them", async (_, given) => {
    const folder = await mkdtemp(join(tmpdir(), "paths-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const electronApp = { getPath: (name: string) => join(folder, name), isPackaged: true };
    const manager = createPathManager({ context: "production", electronApp, appName: "Mine" });
    const { ipc, call } = connect();
    const server = createPathChannelServer(ipc, given(manager));
    onTestFinished(() => server.dispose());
    expect(await call("path", "getAllPaths")).toEqual({ result: manager.getAllPaths() });
    expect(await call("path", "getUserDataPath")).toEqual({ result: join(folder, "userData") });
    const mine = join(folder, "documents", "Mine", "flows", "mine");
    expect(await call("path", "getFlowPath", { flowId: "mine" })).toEqual({ result: `${mine}.flow.yaml` });
    expect(await call("path", "ensureDirectory", { path: mine })).toEqual({ result: { success: true, path: mine } });
    expect(existsSync(mine)).toBe(true);
    const refused = await call("path", "ensureDirectory", { path: join(folder, "userData-evil") });
    expect(refused).toMatchObject({ error: "Invalid path: must be within managed directories" });
  });
});

it("the channel of flows has the templates of the library where it is given none", async () => {
  const { ipc, call } = connect();
  const server = createFlowChannelServer(ipc);
  onTestFinished(() => server.dispose());
  const hello = expect.objectContaining({ name: "Hello World Flow" });
  expect(await call("flow", "listTemplates")).toEqual({ result: { templates: expect.arrayContaining([hello]) } });
  expect(await call("flow", "getTemplate", { id: "hello-world" })).toEqual({ result: { definition: hello } });
  expect(await call("flow", "getTemplate", { id: "none" })).toMatchObject({ error: "Flow template none not found" });
});

it.each([
  ["a logger", (logger: Logger) => logger],
  ["a logger as `logger`", (logger: Logger) => ({ logger })],
])("the channel of the log writes to %s that it is given", (_, given) => {
  const { ipc } = connect();
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const server = createLoggerChannelServer(ipc, given(logger));
  onTestFinished(() => server.dispose());
  ipc.receive({}, "logger:log", [{ level: "info", message: "said" }]);
  expect(logger.info.mock.calls).toEqual([["said"]]);
});

describe("a channel", () => {
  it("answers with the result, or with an error", async () => {
    const { ipc, call } = connect();
    const server = createChannelServer("files", ipc);
    server.handle("read", async ({ name }) => `content of ${name}`);
    server.handle("fail", () => {
      throw new TypeError("Not today");
    });
    server.handle("throw", () => Promise.reject(null));
    server.handle("leak", () => ({ nested: [() => 1] }));
    expect(await call("files", "read", { name: "a" })).toEqual({ result: "content of a" });
    expect(await call("files", "fail")).toEqual({ error: "Not today", channelError: true });
    expect(await call("files", "throw")).toEqual({ error: "null", channelError: true });
    expect(await call("files", "other")).toEqual({ error: "No handler for method: other", channelError: true });
    expect(await call("files", undefined)).toEqual({ error: "No handler for method: undefined", channelError: true });
    expect(await call("files", "leak")).toEqual({
      error: "The result of files.leak cannot be sent to another process: result.nested.0 is a function",
      code: "SERIALIZATION_FAILED",
      channelError: true,
    });
  });

  it("names only commands that are names, and not at any length", async () => {
    const { ipc, call } = connect();
    createChannelServer("files", ipc);
    let list: unknown[] = [1];
    for (let level = 0; level < 100; level++) list = [list, list];
    expect(await call("files", list)).toEqual({ error: "No handler for method: object", channelError: true });
    const { error } = (await call("files", "x".repeat(1_000_000))) as { error: string };
    expect(error).toBe(`No handler for method: ${"x".repeat(100)}`);
  });

  it("takes once what a result computes when it is read", async () => {
    const { ipc, call } = connect();
    let reads = 0;
    const result = Object.defineProperty({}, "next", {
      enumerable: true,
      get: () => (++reads > 2 ? () => reads : reads),
    });
    createChannelServer("files", ipc).handle("read", () => result);
    const answer = await call("files", "read");
    expect(structuredClone(answer)).toEqual({ result: { next: 2 } });
  });

  it("tells tracked windows until they close", () => {
    const { ipc } = connect();
    const server = createChannelServer("files", ipc);
    const [one, other, third] = [window(), window(), window()];
    server.trackWindow(one);
    server.trackWindow(one);
    server.trackWindow(other);
    const forget = server.trackWindow(third);
    server.broadcast("changed", { name: "a" });
    other.close();
    forget();
    server.broadcast("changed", { name: "b" });
    const event = "files:event:changed";
    expect(one.told).toEqual([
      [event, { name: "a" }],
      [event, { name: "b" }],
    ]);
    expect(other.told).toEqual([[event, { name: "a" }]]);
    expect(third.told).toEqual([[event, { name: "a" }]]);
  });

  it("does nothing any more once it is disposed", () => {
    const { ipc } = connect();
    const server = createChannelServer("files", ipc);
    const one = window();
    server.trackWindow(one);
    server.dispose();
    server.dispose();
    server.trackWindow(one);
    server.broadcast("changed");
    expect(ipc.registered).toEqual([]);
    expect(one.told).toEqual([]);
  });

  it("hands calls through its middleware, the first outermost", async () => {
    const { ipc, call } = connect();
    const steps: string[] = [];
    const named = (name: string) => (next: never, command: string) => (args: unknown, event: never) => {
      steps.push(`${name} ${command}`);
      return (next as (args: unknown, event: unknown) => unknown)(args, event);
    };
    const server = createChannelServer("files", ipc, { middleware: [named("a"), named("b")] });
    server.handle("read", () => steps.push("read"));
    await call("files", "read");
    expect(steps).toEqual(["a read", "b read", "read"]);
  });
});

describe("withRetry", () => {
  it("calls again after one and two seconds, then gives up", async () => {
    vi.useFakeTimers();
    const { ipc, call } = connect();
    const times: number[] = [];
    const begun = Date.now();
    const server = createChannelServer("files", ipc, { middleware: [withRetry()] });
    server.handle("read", () => {
      times.push(Date.now() - begun);
      throw new Error("Still locked");
    });
    const answer = call("files", "read");
    await vi.runAllTimersAsync();
    expect(await answer).toEqual({ error: "Still locked", channelError: true });
    expect(times).toEqual([0, 1000, 3000]);
  });

  it("stops at the first success", async () => {
    vi.useFakeTimers();
    const { ipc, call } = connect();
    const read = vi.fn().mockRejectedValueOnce(new Error("once")).mockResolvedValue("content");
    createChannelServer("files", ipc, { middleware: [withRetry(5)] }).handle("read", read);
    const answer = call("files", "read");
    await vi.runAllTimersAsync();
    expect(await answer).toEqual({ result: "content" });
    expect(read).toHaveBeenCalledTimes(2);
  });
});

describe("withValidation", () => {
  it("names every problem with its place, and hands on what the schema makes", async () => {
    const { ipc, call } = connect();
    const schema = z.object({ name: z.string(), size: z.object({ bytes: z.number() }).default({ bytes: 1 }) });
    const read = vi.fn((args: unknown) => args);
    createChannelServer("files", ipc, { middleware: [withValidation(schema)] }).handle("read", read);
    expect(await call("files", "read", { size: { bytes: "1" } })).toEqual({
      error: "Validation failed: name: Required, size.bytes: Expected number, received string",
      channelError: true,
    });
    expect(read).not.toHaveBeenCalled();
    expect(await call("files", "read", { name: "a" })).toEqual({ result: { name: "a", size: { bytes: 1 } } });
  });
});

describe("the node channel with nothing but execute", () => {
  const NODE = { id: "n", type: "x" };
  const SUCCESS: ExecutionResult = { success: true, data: 1 };

  it("takes a plain function, with the context that the page sent", async () => {
    const { ipc, call } = connect();
    const execute = vi.fn(async () => SUCCESS);
    createNodeChannelServer(ipc, { execute });
    const context = { executionId: "exec_1", input: { a: 1 }, variables: { b: 2 } };
    expect(await call("node", "execute", { node: NODE, context })).toEqual({ result: { success: true, data: 1 } });
    expect(execute.mock.calls).toEqual([[NODE, { nodeId: "n", ...context }]]);
    expect(await call("node", "validate", { node: NODE })).toEqual({ result: { valid: true, errors: [] } });
    expect(await call("node", "health")).toEqual({ result: { status: "ok", timestamp: expect.any(Number) } });
  });

  it("makes a failed result of what it throws", async () => {
    const { ipc, call } = connect();
    const server = createNodeChannelServer(ipc, {
      execute: () => {
        throw new Error("No engine");
      },
    });
    const one = window();
    server.trackWindow(one);
    expect(await call("node", "execute", { node: NODE, context: { executionId: "exec_1" } })).toMatchObject({
      result: { success: false, error: { code: "EXECUTION_FAILED", message: "No engine", executionId: "exec_1" } },
    });
    expect(one.told.map(([channel]) => channel)).toEqual(["node:event:started", "node:event:error"]);
  });

  it("answers a cancelled execution at once, and ends it once", async () => {
    const { ipc, call } = connect();
    let settle: (result: ExecutionResult) => void = () => {};
    const settled = new Promise<ExecutionResult>((resolve) => {
      settle = resolve;
    });
    const server = createNodeChannelServer(ipc, { execute: () => settled });
    const one = window();
    server.trackWindow(one);
    const running = call("node", "execute", { node: NODE, context: { executionId: "exec_1" } });
    expect(await call("node", "cancel", "exec_1")).toEqual({ result: { success: true } });
    expect(await running).toMatchObject({ result: { success: false, error: { code: "CANCELLED" } } });
    expect(await call("node", "cancel", "exec_1")).toMatchObject({ result: { success: false } });
    settle(SUCCESS);
    await settled;
    expect(await call("node", "attach", "exec_1")).toMatchObject({ result: { error: { code: "CANCELLED" } } });
    expect(one.told.map(([channel]) => channel)).toEqual([
      "node:event:started",
      "node:event:cancelled",
      "node:event:error",
    ]);
  });

  it("forgets results after five minutes, asked or not", async () => {
    vi.useFakeTimers();
    const { ipc, call } = connect();
    createNodeChannelServer(ipc, { execute: async () => SUCCESS });
    const attach = () => call("node", "attach", "exec_1");
    await call("node", "execute", { node: NODE, context: { executionId: "exec_1" } });
    vi.advanceTimersByTime(4 * 60_000);
    expect(await attach()).toMatchObject({ result: { success: true } });
    vi.advanceTimersByTime(61_000);
    expect(await attach()).toMatchObject({ channelError: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("strips what all nodes were like at each event, and keeps events shared", async () => {
    const { ipc, call } = connect();
    const event = {
      timestamp: 1,
      type: "progress" as const,
      data: { nodeId: "n", progress: 5, allNodes: [{ id: "n" }] },
    };
    const trace = {
      executionId: "exec_1",
      rootNodeId: "n",
      startTime: 0,
      config: {},
      events: [event],
      nodes: [
        {
          nodeId: "n",
          nodeName: "n",
          nodeType: "x",
          startTime: 0,
          state: "completed" as const,
          progress: 100,
          events: [event],
        },
      ],
    };
    createNodeChannelServer(ipc, { execute: async () => ({ ...SUCCESS, trace }) });
    const { result } = (await call("node", "execute", { node: NODE })) as { result: typeof SUCCESS };
    expect(result.trace?.events).toEqual([{ ...event, data: { nodeId: "n", progress: 5 } }]);
    expect(result.trace?.nodes[0]?.events[0]).toBe(result.trace?.events[0]);
    expect(trace.events[0]?.data.allNodes).toHaveLength(1);
  });
});

describe("the storage channel", () => {
  const receipt = { id: "f", savedAt: "2020-01-01T00:00:00.000Z", version: "1.0.0" };
  const base = () => ({
    saveFlow: vi.fn(async () => receipt),
    loadFlow: vi.fn(async (): Promise<SavedFlow> => {
      throw new Error("Its file cannot be read");
    }),
    listFlows: async () => ({ flows: [], total: 0 }),
    deleteFlow: vi.fn(async () => {}),
    onFlowSaved: () => () => {},
  });

  it("takes a flow that is still empty", async () => {
    const { ipc, call } = connect();
    const storage = base();
    createStorageChannelServer(ipc, { storage });
    const flow = { id: "f", nodes: [] };
    expect(await call("storage", "saveFlow", { flow, overwrite: true })).toEqual({ result: receipt });
    expect(storage.saveFlow.mock.calls).toEqual([[flow, { allowEmpty: true, overwrite: true }]]);
  });

  it("tells once of a deleted flow, whether or not its storage does", async () => {
    for (const tells of [true, false]) {
      const { ipc, call } = connect();
      const listeners = new Set<(event: FlowDeletedEvent) => void>();
      const event = { id: "f", name: "F", deletedAt: receipt.savedAt };
      const storage = {
        ...base(),
        deleteFlow: async () => {
          for (const listener of listeners) listener(event);
        },
        ...(tells && {
          onFlowDeleted: (listener: (event: FlowDeletedEvent) => void) => {
            listeners.add(listener);
            return () => void listeners.delete(listener);
          },
        }),
      };
      const server = createStorageChannelServer(ipc, { storage });
      const one = window();
      server.trackWindow(one);
      expect(await call("storage", "deleteFlow", { id: "f" })).toMatchObject({ result: { id: "f" } });
      expect(one.told).toHaveLength(1);
      expect(one.told[0]?.[0]).toBe("storage:event:flowDeleted");
      server.dispose();
      expect(listeners.size).toBe(0);
    }
  });

  it("deletes a flow that cannot be read", async () => {
    const { ipc, call } = connect();
    const storage = base();
    createStorageChannelServer(ipc, { storage });
    expect(await call("storage", "deleteFlow", { id: "f" })).toMatchObject({ result: { id: "f", name: "f" } });
    expect(storage.deleteFlow.mock.calls).toEqual([["f"]]);
  });
});

describe("the storage channel without a storage", () => {
  it("starts empty, and keeps flows in memory", async () => {
    const { ipc, call } = connect();
    createStorageChannelServer(ipc);
    expect(await call("storage", "listFlows")).toEqual({ result: { flows: [], total: 0 } });
    await call("storage", "saveFlow", { flow: { id: "f", name: "F", nodes: [] } });
    expect(await call("storage", "loadFlow", { id: "f" })).toMatchObject({ result: { id: "f", name: "F", nodes: [] } });
  });
});
