import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TransportError } from "../../src/transports/failure.js";
import { createIPCTransport } from "../../src/transports/ipc.js";
import type { IpcRenderer } from "../../src/transports/ipc-events.js";

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("must reject"),
    (error: TransportError) => error,
  );

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** `ipcRenderer` with a main process behind it that answers when a test says so. */
class FakeIpc extends EventEmitter {
  readonly sent: { type: string; payload: unknown; id: string }[] = [];
  readonly send = (channel: string, message: unknown) => {
    expect(channel).toBe("conductor:execute");
    this.sent.push(message as FakeIpc["sent"][number]);
  };
  answers(channel: string, message: unknown): void {
    this.emit(channel, { sender: "electron's own event" }, message);
  }
  get listeners_(): number {
    return this.eventNames().reduce((sum, name) => sum + this.listenerCount(name), 0);
  }
}

const over = (ipc: unknown, options = {}) =>
  createIPCTransport({ window: { electron: { ipcRenderer: ipc as IpcRenderer } }, ...options });

/** A bridge as a preload script makes it. */
function bridged(call: (channel: string, command: string, args?: unknown) => unknown) {
  const listeners = new Map<string, Set<(data: unknown) => void>>();
  const bridge = {
    call: vi.fn(call),
    listen(channel: string, event: string, callback: (data: unknown) => void) {
      const key = `${channel}/${event}`;
      listeners.set(key, (listeners.get(key) ?? new Set()).add(callback));
      return () => listeners.get(key)?.delete(callback);
    },
    emit: (key: string, data: unknown) => {
      for (const callback of listeners.get(key) ?? []) callback(data);
    },
    count: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
  };
  const transport = createIPCTransport({ window: { atomiton: { __bridge__: bridge } } });
  return { bridge, transport };
}

describe("executing a request over the older wire", () => {
  it("sends it with an id, and takes the answer with that id", async () => {
    const ipc = new FakeIpc();
    const transport = over(ipc);
    const one = transport.execute({ flowId: "one" });
    const two = caught(transport.execute({ flowId: "two" }));
    expect(ipc.sent).toMatchObject([
      { type: "conductor:execute", payload: { flowId: "one" } },
      { type: "conductor:execute", payload: { flowId: "two" } },
    ]);
    const [first, second] = ipc.sent.map(({ id }) => id);
    expect(first).not.toBe(second);
    ipc.answers("conductor:error", { id: second, error: "two failed" });
    ipc.answers("conductor:result", { type: "conductor:result", id: first, payload: { success: true } });
    expect(await one).toEqual({ success: true });
    expect(await two).toMatchObject({
      message: "two failed",
      code: "IPC_COMMUNICATION_FAILED",
      retryable: true,
      answered: true,
    });
    await transport.shutdown();
  });

  it("ignores answers to others, answers that come twice, and what is no answer", async () => {
    const ipc = new FakeIpc();
    const [mine, theirs] = [over(ipc), over(ipc)];
    const one = mine.execute({ flowId: "f" });
    const two = theirs.execute({ flowId: "f" });
    const [a, b] = ipc.sent.map(({ id }) => id);
    for (const odd of [null, undefined, "text", {}, { id: "ipc_someone_1", payload: 0 }]) {
      ipc.answers("conductor:result", odd);
      ipc.answers("conductor:error", odd);
    }
    ipc.answers("conductor:result", { id: b, payload: { success: false } });
    ipc.answers("conductor:result", { id: a, payload: { success: true } });
    ipc.answers("conductor:error", { id: a, error: "late" });
    expect([await one, await two]).toEqual([{ success: true }, { success: false }]);
    await Promise.all([mine.shutdown(), theirs.shutdown()]);
  });

  it("understands preload scripts that leave out Electron's event", async () => {
    const ipc = new FakeIpc();
    const transport = over(ipc);
    const result = transport.execute({ flowId: "f" });
    ipc.emit("conductor:result", { id: ipc.sent[0]?.id, payload: { success: true } });
    expect(await result).toEqual({ success: true });
    await transport.shutdown();
  });

  it("takes 5 minutes at most", async () => {
    const ipc = new FakeIpc();
    const transport = over(ipc);
    let error: unknown;
    transport.execute({ flowId: "f" }).catch((thrown) => {
      error = thrown;
    });
    await vi.advanceTimersByTimeAsync(299_999);
    expect(error).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(error).toMatchObject({ message: "Execution timeout", code: "TIMEOUT" });
    ipc.answers("conductor:result", { id: ipc.sent[0]?.id, payload: {} });
    await transport.shutdown();
  });

  it("takes as long as is set", async () => {
    const transport = over(new FakeIpc(), { timeout: 40 });
    const error = caught(transport.execute({ flowId: "f" }));
    await vi.advanceTimersByTimeAsync(40);
    expect(await error).toMatchObject({ message: "Execution timeout" });
    await transport.shutdown();
  });

  it("fails with SERIALIZATION_FAILED for what cannot be cloned", async () => {
    const ipc = new FakeIpc();
    const send = (_: string, message: unknown) => void structuredClone(message);
    const transport = over(Object.assign(ipc, { send }));
    const request = { flowId: "f", inputs: { f: () => 1 } };
    expect(await caught(transport.execute(request))).toMatchObject({ code: "SERIALIZATION_FAILED", retryable: false });
    await transport.shutdown();
  });
});

describe("listeners in one renderer", () => {
  it("of several transports do not touch each other's, nor anybody else's", async () => {
    const ipc = new FakeIpc();
    const removeAll = vi.spyOn(ipc, "removeAllListeners");
    const foreign = vi.fn();
    ipc.on("conductor:result", foreign);
    const transports = Array.from({ length: 20 }, () => over(ipc));
    for (const transport of transports) transport.initialize();
    for (const transport of transports) transport.initialize();
    expect(ipc.listeners_).toBe(3);
    for (const transport of transports.slice(1)) await transport.shutdown();
    const survivor = transports[0] as ReturnType<typeof over>;
    const result = survivor.execute({ flowId: "f" });
    ipc.answers("conductor:result", { id: ipc.sent[0]?.id, payload: { success: true } });
    expect(await result).toEqual({ success: true });
    await survivor.shutdown();
    expect(ipc.listeners_).toBe(1);
    expect(foreign).toHaveBeenCalledOnce();
    expect(removeAll).not.toHaveBeenCalled();
  });

  it("are removed all at once only where nothing else can be done, and by the last one", async () => {
    const inner = new FakeIpc();
    const ipc = {
      send: inner.send,
      on: (channel: string, listener: (...args: unknown[]) => void) => void inner.on(channel, listener),
      removeAllListeners: vi.fn((channel: string) => void inner.removeAllListeners(channel)),
    };
    const [one, two] = [over(ipc), over(ipc)];
    one.initialize();
    two.initialize();
    await one.shutdown();
    expect(ipc.removeAllListeners).not.toHaveBeenCalled();
    const result = two.execute({ flowId: "f" });
    inner.answers("conductor:result", { id: inner.sent[0]?.id, payload: 1 });
    expect(await result).toBe(1);
    await two.shutdown();
    expect(ipc.removeAllListeners.mock.calls).toEqual([["conductor:result"], ["conductor:error"]]);
    expect(inner.listeners_).toBe(0);
  });

  it("are removed by what subscribing returned, if that is a function", async () => {
    const end = vi.fn();
    const off = vi.fn();
    const transport = over({ send() {}, on: () => end, off });
    transport.initialize();
    await transport.shutdown();
    await transport.shutdown();
    expect(end).toHaveBeenCalledTimes(2);
    expect(off).not.toHaveBeenCalled();
  });

  it("are used again where they cannot be removed", async () => {
    const inner = new FakeIpc();
    const ipc = { send: inner.send, on: (channel: string, listener: () => void) => void inner.on(channel, listener) };
    for (let i = 0; i < 5; i++) {
      const transport = over(ipc);
      transport.initialize();
      await transport.shutdown();
    }
    expect(inner.listeners_).toBe(2);
  });
});

describe("calls over the bridge", () => {
  it("give the result of the answer", async () => {
    const { bridge, transport } = bridged(async (channel, command, args) => ({ result: [channel, command, args] }));
    expect(await transport.call("node", "cancel", "e1")).toEqual(["node", "cancel", "e1"]);
    expect(await transport.execute({ flowId: "f" })).toEqual(["conductor", "execute", { flowId: "f" }]);
    expect(await transport.health()).toEqual(["system", "health", undefined]);
    expect(bridge.call).toHaveBeenCalledTimes(3);
  });

  it.each<[string, unknown, unknown]>([
    ["no result", { result: undefined }, undefined],
    ["a result that is null", { result: null, error: null }, null],
    [
      "a failed execution",
      { result: { success: false, error: { code: "TIMEOUT" } } },
      { success: false, error: { code: "TIMEOUT" } },
    ],
    ["a bare result", { flows: [] }, { flows: [] }],
    ["a bare failed execution", { success: false, error: "why" }, { success: false, error: "why" }],
    ["nothing at all", undefined, undefined],
    ["a bare value", "text", "text"],
  ])("understand %s", async (_, answer, result) => {
    expect(await bridged(async () => answer).transport.call("a", "b")).toEqual(result);
  });

  it.each<[unknown, string, string]>([
    [{ error: "No handler for method: x", channelError: true }, "No handler for method: x", "IPC_COMMUNICATION_FAILED"],
    [{ error: "plain" }, "plain", "IPC_COMMUNICATION_FAILED"],
    [{ error: { a: 1 }, channelError: true }, '{"a":1}', "IPC_COMMUNICATION_FAILED"],
    [{ error: "bad", channelError: true, code: "VALIDATION_FAILED" }, "bad", "VALIDATION_FAILED"],
    [{ error: { code: "TIMEOUT" }, channelError: true, code: "ENOENT" }, '{"code":"TIMEOUT"}', "TIMEOUT"],
  ])("throw %j", async (answer, message, code) => {
    const { transport } = bridged(async () => answer);
    expect(await caught(transport.call("a", "b"))).toMatchObject({
      name: "TransportError",
      message,
      code,
      answered: true,
    });
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("gone");
      },
    ],
    ["rejects", () => Promise.reject(new Error("gone"))],
  ])("a bridge that %s is IPC_COMMUNICATION_FAILED", async (_, call) => {
    const error = await caught(bridged(call).transport.call("a", "b"));
    expect(error).toMatchObject({
      message: "gone",
      code: "IPC_COMMUNICATION_FAILED",
      retryable: true,
      answered: false,
    });
    expect(error.cause).toBeInstanceOf(Error);
  });

  it.each([new Error("An object could not be cloned."), new DOMException("no", "DataCloneError")])(
    "arguments that cannot be cloned are SERIALIZATION_FAILED: %s",
    async (thrown) => {
      const { transport } = bridged(() => Promise.reject(thrown));
      expect(await caught(transport.call("a", "b"))).toMatchObject({ code: "SERIALIZATION_FAILED" });
    },
  );

  it.each([
    ["node", "execute", "Execution timeout"],
    ["storage", "saveFlow", "Request timeout"],
  ])("of %s.%s take 5 minutes at most", async (channel, command, message) => {
    const { transport } = bridged(() => new Promise(() => {}));
    const error = caught(transport.call(channel, command));
    await vi.advanceTimersByTimeAsync(300_000);
    expect(await error).toMatchObject({ code: "TIMEOUT", message });
  });
});

describe("events over the bridge", () => {
  it("reach those who listen, until they end or the transport does", async () => {
    const { bridge, transport } = bridged(async () => ({}));
    const heard: unknown[] = [];
    const end = transport.listen("node", "progress", (data) => heard.push(data));
    transport.listen("node", "progress", (data) => heard.push(data));
    bridge.emit("node/progress", 1);
    end();
    end();
    bridge.emit("node/progress", 2);
    expect(heard).toEqual([1, 1, 2]);
    await transport.shutdown();
    expect(bridge.count()).toBe(0);
  });

  it("do not let a listener that throws hurt the bridge", () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    const { bridge, transport } = bridged(async () => ({}));
    transport.listen("n", "e", () => {
      throw new Error("mine");
    });
    bridge.emit("n/e", 1);
    bridge.emit("n/e", 2);
    expect(report).toHaveBeenCalledOnce();
  });
});

describe("without a bridge", () => {
  it("calls are invoked and events listened to by their names", async () => {
    const ipc = new FakeIpc();
    const invoke = vi.fn(async (...args: unknown[]) => ({ result: args }));
    const transport = over(Object.assign(ipc, { invoke }));
    expect(await transport.call("flow", "getTemplate", { id: "x" })).toEqual(["flow:call", "getTemplate", { id: "x" }]);
    const heard: unknown[] = [];
    const ends = [1, 2].map(() => transport.listen("node", "progress", (data) => heard.push(data)));
    ipc.answers("node:event:progress", { progress: 5 });
    expect(heard).toEqual([{ progress: 5 }, { progress: 5 }]);
    for (const end of ends) end();
    expect(ipc.listeners_).toBe(0);
  });

  it("and without invoke, requests work and calls do not", async () => {
    const ipc = new FakeIpc();
    const transport = over(ipc);
    expect(await caught(transport.call("a", "b"))).toMatchObject({ code: "NO_TRANSPORT" });
    const silent = over({});
    expect(() => silent.listen("a", "b", () => {})).toThrow(expect.objectContaining({ code: "NO_TRANSPORT" }));
    expect(await caught(silent.execute({ flowId: "f" }))).toMatchObject({ code: "NO_TRANSPORT" });
  });
});

describe("outside of Electron", () => {
  it("nothing works, and says so", async () => {
    const transport = createIPCTransport({ window: {} });
    const expected = {
      message: "IPC transport requires Electron renderer context",
      code: "NO_TRANSPORT",
      retryable: false,
    };
    expect(() => transport.initialize()).toThrow(expect.objectContaining(expected));
    expect(() => transport.listen("a", "b", () => {})).toThrow(expect.objectContaining(expected));
    expect(await caught(transport.execute({ flowId: "f" }))).toMatchObject(expected);
    expect(await caught(transport.call("a", "b"))).toMatchObject(expected);
    expect(() => createIPCTransport().initialize()).toThrow(expect.objectContaining(expected));
  });

  it("is asked only when it is used", async () => {
    const transport = createIPCTransport();
    vi.stubGlobal("window", { atomiton: { __bridge__: { call: async () => ({ result: 1 }) } } });
    expect(await transport.call("a", "b")).toBe(1);
  });
});

describe("shutting an IPC transport down", () => {
  it("rejects what is pending and what comes later", async () => {
    const ipc = new FakeIpc();
    const transport = over(ipc);
    const execution = caught(transport.execute({ flowId: "f" }));
    const { transport: other } = bridged(() => new Promise(() => {}));
    const call = caught(other.call("a", "b"));
    await Promise.all([transport.shutdown(), other.shutdown()]);
    expect(await execution).toMatchObject({ code: "CANCELLED", retryable: false });
    expect(await call).toMatchObject({ code: "CANCELLED" });
    expect(ipc.listeners_).toBe(0);
    expect(await caught(transport.execute({ flowId: "f" }))).toMatchObject({ code: "NO_TRANSPORT" });
    expect(() => transport.initialize()).toThrow(expect.objectContaining({ code: "NO_TRANSPORT" }));
  });
});
