/** The preload script's side of the bridge, in worlds of its own. */
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { createRPC, exposeConductor } from "@atomiton/conductor/preload";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { bundle, type Program } from "./process/program.js";

type Listener = (event: unknown, ...args: unknown[]) => void;

function renderer() {
  const listeners = new Map<string, Set<Listener>>();
  return {
    invoke: vi.fn(async (_channel: string, ..._args: unknown[]): Promise<unknown> => ({ result: 1 })),
    send: vi.fn(),
    on: (channel: string, listener: Listener) =>
      void listeners.set(channel, (listeners.get(channel) ?? new Set()).add(listener)),
    removeListener: (channel: string, listener: Listener) => void listeners.get(channel)?.delete(listener),
    emit(channel: string, ...args: unknown[]) {
      for (const listener of listeners.get(channel) ?? []) listener({ sender: "secret" }, ...args);
    },
  };
}

/** Exposes in a world of its own, and gives that world. */
function expose(options: Parameters<typeof exposeConductor>[0] = {}) {
  const ipcRenderer = renderer();
  // biome-ignore lint/suspicious/noExplicitAny: a world holds whatever is put there.
  const world: Record<string, any> = {};
  const contextBridge = { exposeInMainWorld: (key: string, api: unknown) => void Object.assign(world, { [key]: api }) };
  exposeConductor({ contextBridge, ipcRenderer, isolated: true, ...options });
  return { ipcRenderer, world };
}

describe("the bridge", () => {
  it("calls known commands, and no others", async () => {
    const { ipcRenderer, world } = expose();
    const bridge = world.atomiton.__bridge__;
    expect(await bridge.call("node", "cancel", "exec_1")).toEqual({ result: 1 });
    expect(ipcRenderer.invoke.mock.calls).toEqual([["node:call", "cancel", "exec_1"]]);
    for (const [channel, command] of [
      ["node", "__proto__"],
      ["__proto__", "call"],
      ["constructor", "call"],
      ["shell", "open"],
      ["logger", "log"],
    ]) {
      expect(await bridge.call(channel, command)).toMatchObject({ channelError: true });
    }
    expect(ipcRenderer.invoke).toHaveBeenCalledTimes(1);
  });

  it("hands listeners the data alone, until they stop", () => {
    const { ipcRenderer, world } = expose();
    const heard: unknown[][] = [];
    const stop = world.atomiton.__bridge__.listen("node", "progress", (...args: unknown[]) => heard.push(args));
    ipcRenderer.emit("node:event:progress", { progress: 5 }, "more");
    stop();
    ipcRenderer.emit("node:event:progress", { progress: 6 });
    expect(heard).toEqual([[{ progress: 5 }]]);
  });

  it("sends known messages, and no others", () => {
    const { ipcRenderer, world } = expose();
    world.atomiton.__bridge__.send("logger", "log", { level: "info", message: "x" });
    expect(ipcRenderer.send.mock.calls).toEqual([["logger:log", { level: "info", message: "x" }]]);
    expect(() => world.atomiton.__bridge__.send("conductor", "execute", {})).toThrow("Unknown message");
  });

  it("takes channels of the application's own", async () => {
    const { ipcRenderer, world } = expose({ channels: { files: { commands: ["read"], events: ["changed"] } } });
    await world.atomiton.__bridge__.call("files", "read", "a");
    expect(ipcRenderer.invoke.mock.calls).toEqual([["files:call", "read", "a"]]);
    expect(() => world.atomiton.__bridge__.listen("files", "changed", () => {})).not.toThrow();
  });

  it("stands under the name that is wanted", () => {
    expect(Object.keys(expose({ key: "flows" }).world)).toEqual(["flows"]);
  });

  it("stands on the global object where pages have no world of their own", () => {
    const { world } = expose({ key: "testBridge", isolated: false });
    const global = globalThis as { testBridge?: unknown };
    try {
      expect(world).toEqual({});
      expect(global.testBridge).toMatchObject({ __bridge__: { call: expect.any(Function) } });
    } finally {
      delete global.testBridge;
    }
  });

  it("cannot be made without Electron", () => {
    expect(() => exposeConductor()).toThrow("exposeConductor needs Electron's ipcRenderer");
  });
});

describe("createRPC", () => {
  it("calls the main process by name", async () => {
    const ipcRenderer = renderer();
    const rpc = createRPC(ipcRenderer);
    await rpc.node.run({ node: { id: "a" } });
    await rpc.system.health();
    expect(ipcRenderer.invoke.mock.calls).toEqual([
      ["conductor:node:run", { node: { id: "a" } }],
      ["conductor:system:health"],
    ]);
  });
});

describe("bundled for a sandboxed preload script", () => {
  let program: Program;
  beforeAll(async () => {
    program = await bundle("../../../src/exports/preload-script.ts");
  });
  afterAll(() => program.remove());

  it("is one file that asks for nothing but Electron", async () => {
    const text = readFileSync(program.path, "utf8");
    const ipcRenderer = renderer();
    // biome-ignore lint/suspicious/noExplicitAny: a world holds whatever is put there.
    const world: Record<string, any> = {};
    const electron = {
      ipcRenderer,
      contextBridge: { exposeInMainWorld: (key: string, api: unknown) => void Object.assign(world, { [key]: api }) },
    };
    const asked: string[] = [];
    const require = (name: string) => {
      asked.push(name);
      if (name !== "electron") throw new Error(`module not found: ${name}`);
      return electron;
    };
    // As Electron runs it: handed what it may use, in a global object with next to nothing on it.
    const run = runInContext(`(function (require, process, exports, module) {${text}\n})`, createContext({}));
    run(require, { contextIsolated: true, versions: { electron: "45.4.1" } }, {}, { exports: {} });
    expect(asked).toEqual(["electron"]);
    expect(await world.atomiton.__bridge__.call("node", "health")).toEqual({ result: 1 });
  });
});
