/** Listening to `ipcRenderer`, which several transports in one renderer share. */

/** What preload scripts of older applications put at `window.electron.ipcRenderer`; `invoke` and `off` may be missing. */
export interface IpcRenderer {
  send?(channel: string, ...args: unknown[]): void;
  on?(channel: string, listener: IpcListener): unknown;
  off?(channel: string, listener: IpcListener): unknown;
  removeListener?(channel: string, listener: IpcListener): unknown;
  removeAllListeners?(channel: string): unknown;
  invoke?(channel: string, ...args: unknown[]): Promise<unknown>;
}

/** Called with the event of Electron and what was sent. */
export type IpcListener = (...args: unknown[]) => void;

type Callback = (data: unknown) => void;

interface Subscription {
  callbacks: Set<{ callback: Callback }>;
  /** Takes the one listener off again; false where that cannot be done. */
  remove: () => boolean;
}

/**
 * One real listener for each channel of each `ipcRenderer`, however many transports there are: some preload scripts know
 * only `removeAllListeners`, which may be called only when the last one has gone, and functions that pass through
 * `contextBridge` are others on each way.
 */
const subscriptions = new WeakMap<object, Map<string, Subscription>>();

/** Calls back with the data of what arrives on a channel. Ends with what it returns. */
export function listenTo(ipc: IpcRenderer, channel: string, callback: Callback): () => void {
  const channels = subscriptions.get(ipc) ?? new Map<string, Subscription>();
  subscriptions.set(ipc, channels);
  const subscription = channels.get(channel) ?? subscribe(ipc, channel);
  channels.set(channel, subscription);
  const entry = { callback };
  subscription.callbacks.add(entry);
  return () => {
    if (!subscription.callbacks.delete(entry) || subscription.callbacks.size > 0) return;
    if (subscription.remove()) channels.delete(channel);
  };
}

function subscribe(ipc: IpcRenderer, channel: string): Subscription {
  const callbacks: Subscription["callbacks"] = new Set();
  // Electron passes its own event first, some preload scripts leave that out: the data is last.
  const listener: IpcListener = (...args) => {
    for (const { callback } of [...callbacks]) callback(args.at(-1));
  };
  const ended = ipc.on?.(channel, listener);
  return {
    callbacks,
    remove() {
      if (typeof ended === "function") ended();
      else if (typeof ipc.off === "function") ipc.off(channel, listener);
      else if (typeof ipc.removeListener === "function") ipc.removeListener(channel, listener);
      else if (typeof ipc.removeAllListeners === "function") ipc.removeAllListeners(channel);
      else return false;
      return true;
    },
  };
}
