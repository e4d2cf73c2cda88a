/** For preload scripts: gives pages a bridge to the main process, one function per kind of operation, and no more. */
import type { ContextBridgeLike, IpcRendererLike } from "./electron.js";
import { type ChannelOperations, OPERATIONS } from "./operations.js";

export type { ContextBridgeLike, IpcRendererLike } from "./electron.js";
export type { ChannelOperations } from "./operations.js";

/** What a call is answered with. */
export type BridgeAnswer = { result: unknown } | { error: string; code?: string; channelError: true };

/** What pages find at `window.atomiton.__bridge__`. */
export interface Bridge {
  /** Calls a command, such as `("node", "execute", { node, context })`. Never rejects for what went wrong over there. */
  call(channel: string, command: string, args?: unknown): Promise<BridgeAnswer>;
  /** Calls back with the data of each event, such as `("node", "progress", …)`. Ends with what it returns. */
  listen(channel: string, event: string, callback: (data: unknown) => void): () => void;
  /** Sends a message that is not answered, such as `("logger", "log", { level, message })`. */
  send(channel: string, event: string, data?: unknown): void;
}

/** Settings of the bridge. */
export interface ExposeOptions {
  /** Electron's; needed where the preload script is an ES module. */
  contextBridge?: ContextBridgeLike;
  /** Electron's; likewise. */
  ipcRenderer?: IpcRendererLike;
  /** The name on the window. Default `atomiton`. */
  key?: string;
  /** Operations of channels of the application's own. */
  channels?: Readonly<Record<string, ChannelOperations>>;
  /** Whether pages have a world of their own. Default: what Electron says. */
  isolated?: boolean;
}

/**
 * Puts `{ __bridge__: { call, listen, send } }` at `window.atomiton`. Only known channels, commands, events and messages
 * get through, and only their data: neither `ipcRenderer` nor its events.
 */
export function exposeConductor(options: ExposeOptions = {}): void {
  const { key = "atomiton", channels = {} } = options;
  const electron = options.ipcRenderer === undefined ? loadElectron() : undefined;
  const ipcRenderer = options.ipcRenderer ?? electron?.ipcRenderer;
  const contextBridge = options.contextBridge ?? electron?.contextBridge;
  if (ipcRenderer === undefined) {
    throw new Error("exposeConductor needs Electron's ipcRenderer: call it in a preload script, or hand it in");
  }
  const api = { __bridge__: createBridge(ipcRenderer, { ...OPERATIONS, ...channels }) };
  if ((options.isolated ?? isIsolated()) && contextBridge !== undefined) contextBridge.exposeInMainWorld(key, api);
  else (globalThis as Record<string, unknown>)[key] = api;
}

/** Calls of the main process by name. */
export interface ConductorRPC {
  node: {
    /** Runs a node: `{ node, context? }`. */
    run(payload: unknown): Promise<unknown>;
  };
  system: { health(): Promise<unknown> };
}

/** Calls for older pages, which find them at `window.atomitonRPC`. */
export function createRPC(ipcRenderer: Pick<IpcRendererLike, "invoke">): ConductorRPC {
  return {
    node: { run: (payload) => ipcRenderer.invoke("conductor:node:run", payload) },
    system: { health: () => ipcRenderer.invoke("conductor:system:health") },
  };
}

function createBridge(ipc: IpcRendererLike, channels: Readonly<Record<string, ChannelOperations>>): Bridge {
  const operations = new Map(Object.entries(channels));
  const allows = (kind: keyof ChannelOperations, channel: string, name: string) =>
    operations.get(channel)?.[kind]?.includes(name) === true;

  return {
    async call(channel, command, args) {
      if (!allows("commands", channel, command)) {
        const error = operations.has(channel) ? `No handler for method: ${command}` : `Unknown channel: ${channel}`;
        return { error, channelError: true };
      }
      return (await ipc.invoke(`${channel}:call`, command, args)) as BridgeAnswer;
    },
    listen(channel, event, callback) {
      if (!allows("events", channel, event)) throw new Error(`Unknown event: ${channel}.${event}`);
      const name = `${channel}:event:${event}`;
      const listener = (_event: unknown, data: unknown) => callback(data);
      ipc.on(name, listener);
      return () => {
        ipc.removeListener(name, listener);
      };
    },
    send(channel, event, data) {
      if (!allows("sends", channel, event)) throw new Error(`Unknown message: ${channel}.${event}`);
      ipc.send(`${channel}:${event}`, data);
    },
  };
}

interface ElectronRenderer {
  contextBridge: ContextBridgeLike;
  ipcRenderer: IpcRendererLike;
}

interface RendererProcess {
  contextIsolated?: boolean;
  versions?: { electron?: string };
}

declare const require: ((name: string) => unknown) | undefined;

/** A sandboxed preload script has a `require` of its own, which knows little else; an ES module has none. */
function loadElectron(): Partial<ElectronRenderer> | undefined {
  // In plain Node the package of this name begins to download a program.
  if (electronProcess()?.versions?.electron === undefined || typeof require !== "function") return undefined;
  try {
    const electron = require("electron");
    return typeof electron === "object" && electron !== null ? (electron as ElectronRenderer) : undefined;
  } catch {
    // What bundlers put in the place of a missing `require` throws.
    return undefined;
  }
}

function isIsolated(): boolean {
  return electronProcess()?.contextIsolated === true;
}

/** Sandboxed preload scripts are handed a `process`; it is not on their global object. */
function electronProcess(): RendererProcess | undefined {
  return typeof process === "object" ? (process as unknown as RendererProcess) : undefined;
}
