/** Links from a renderer to Electron's main process. */
import { channelNames, DEFAULT_CHANNEL, type IpcListener, type Link } from "./link.js";

/** What is used of Electron's `ipcRenderer`, or of the part of it that a preload script exposes. */
export interface IpcRendererLike {
  send(channel: string, ...args: never[]): void;
  /** May return what ends the subscription, as some preload scripts have it. */
  on(channel: string, listener: IpcListener): unknown;
  removeListener?: ((channel: string, listener: IpcListener) => unknown) | undefined;
  removeAllListeners?: ((channel: string) => unknown) | undefined;
}

/** The bridge that the preload script exposes as `window.atomiton.__bridge__`. */
export interface PreloadBridge {
  call?: ((channel: string, command: string, args?: unknown) => Promise<unknown>) | undefined;
  listen(channel: string, event: string, callback: (data: unknown) => void): () => void;
  send(channel: string, event: string, data?: unknown): void;
}

/** Links over `ipcRenderer`; the channel is the one given to `createMainLink`. */
export function createRendererLink(ipcRenderer: IpcRendererLike, { channel = DEFAULT_CHANNEL } = {}): Link {
  const { up, down } = channelNames(channel);
  return {
    send: (message) => ipcRenderer.send(up, message as never),
    onMessage(callback) {
      // Some preload scripts leave out Electron's event: the message is last in any case.
      const listener = (...args: unknown[]) => callback(args.at(-1));
      const stop = ipcRenderer.on(down, listener);
      return () => {
        if (typeof stop === "function") stop();
        else if (ipcRenderer.removeListener) ipcRenderer.removeListener(down, listener);
        else ipcRenderer.removeAllListeners?.(down);
      };
    },
  };
}

/** Links over the preload bridge, whose main process knows the channel as `createMainLink` does. */
export function createBridgeLink(bridge: PreloadBridge, { channel = DEFAULT_CHANNEL } = {}): Link {
  return {
    send: (message) => bridge.send(channel, "message", message),
    onMessage: (callback) => bridge.listen(channel, "message", callback),
  };
}
