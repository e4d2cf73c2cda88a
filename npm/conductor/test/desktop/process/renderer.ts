/**
 * The process of a page: an `ipcRenderer` over the link to its parent, the preload script, and a page that does what the
 * test asks for, by the bridge at `window.atomiton` or by `window.electron.ipcRenderer`.
 */
import { EventEmitter } from "node:events";
import type { Bridge } from "../../../src/desktop/preload.js";
import { createRPC, exposeConductor } from "../../../src/desktop/preload.js";
import { createIPCTransport } from "../../../src/transports/ipc.js";
import type { FromRenderer, ToRenderer } from "./messages.js";

const toMain = (message: FromRenderer) => (process as Required<Pick<NodeJS.Process, "send">>).send(message);
const events = new EventEmitter();
const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
let count = 0;

const ipcRenderer = {
  invoke(channel: string, ...args: unknown[]): Promise<unknown> {
    const seq = ++count;
    return new Promise((resolve, reject) => {
      waiting.set(seq, { resolve, reject });
      toMain({ kind: "invoke", seq, channel, args });
    });
  },
  send: (channel: string, ...args: unknown[]) => void toMain({ kind: "send", channel, args }),
  on: (channel: string, listener: (...args: unknown[]) => void) => events.on(channel, listener),
  removeListener: (channel: string, listener: (...args: unknown[]) => void) => events.removeListener(channel, listener),
  removeAllListeners: (channel: string) => events.removeAllListeners(channel),
};

const world: { atomiton?: { __bridge__: Bridge }; electron?: { ipcRenderer: typeof ipcRenderer } } = {};
const contextBridge = { exposeInMainWorld: (key: string, api: unknown) => Object.assign(world, { [key]: api }) };
exposeConductor({ contextBridge, ipcRenderer, isolated: true });
contextBridge.exposeInMainWorld("electron", { ipcRenderer });

const { __bridge__: bridge } = world.atomiton as { __bridge__: Bridge };
const transports = {
  bridge: createIPCTransport({ window: { atomiton: { __bridge__: bridge } } }),
  older: createIPCTransport({ window: { electron: { ipcRenderer } } }),
};
const rpc = createRPC(ipcRenderer);

// biome-ignore lint/suspicious/noExplicitAny: the test knows what it asks for.
const page: Record<string, (...args: any[]) => unknown> = {
  call: (channel, command, args) => bridge.call(channel, command, args),
  callMany: (channel, command, list: unknown[]) => Promise.all(list.map((args) => bridge.call(channel, command, args))),
  listen: (channel, event) => {
    bridge.listen(channel, event, (...data) => toMain({ kind: "heard", name: `${channel}.${event}`, data: data[0] }));
  },
  send: (channel, event, data) => bridge.send(channel, event, data),
  invoke: (channel, ...args) => ipcRenderer.invoke(channel, ...args),
  sendMessage: (channel, ...args) => ipcRenderer.send(channel, ...args),
  hear: (channel) => void ipcRenderer.on(channel, (_event, data) => toMain({ kind: "heard", name: channel, data })),
  request: (way: keyof typeof transports, request) => transports[way].execute(request),
  rpcRun: (payload) => rpc.node.run(payload),
  rpcHealth: () => rpc.system.health(),
  exposed: () => ({ world: Object.keys(world), bridge: Object.keys(bridge) }),
  /** What JavaScript alone can hold is made here: tests cannot send it over. */
  cyclicFlow: () => {
    const node: Record<string, unknown> = { id: "flow", type: "group", edges: [] };
    node.nodes = [node];
    return bridge.call("node", "execute", { node });
  },
  deepInput: (depth: number) => {
    let input: Record<string, unknown> = {};
    for (let level = 0; level < depth; level++) input = { input };
    return bridge.call("node", "execute", { node: { id: "a", type: "echo" }, context: { input } });
  },
  sharedFlow: (depth: number) => {
    let metadata: Record<string, unknown> = {};
    for (let level = 0; level < depth; level++) metadata = { left: metadata, right: metadata };
    return bridge.call("storage", "saveFlow", { flow: { name: "Shared", nodes: [], metadata } });
  },
  ownKey: (key: string) => {
    const parameters = Object.defineProperty({}, key, { value: 1, enumerable: true });
    return bridge.call("node", "execute", { node: { id: "a", type: "echo", parameters } });
  },
};

async function perform({ seq, what, args }: Extract<ToRenderer, { kind: "do" }>): Promise<void> {
  try {
    toMain({ kind: "did", seq, value: await page[what]?.(...args) });
  } catch (error) {
    toMain({ kind: "did", seq, error: error instanceof Error ? error.message : String(error) });
  }
}

process.on("message", (message: ToRenderer) => {
  if (message.kind === "do") void perform(message);
  else if (message.kind === "event") events.emit(message.channel, {}, ...message.args);
  else {
    const { seq, value, error } = message;
    if (error === undefined) waiting.get(seq)?.resolve(value);
    else waiting.get(seq)?.reject(new Error(error));
    waiting.delete(seq);
  }
});
process.on("disconnect", () => process.exit());
toMain({ kind: "ready" });
