import { EventEmitter } from "node:events";
import type { FrameLike, IpcMainLike, IpcRendererLike, PreloadBridge } from "../../src/exports/desktop.js";

/** A page as Electron shows it to main, and main's channel as the page sees it. */
export class Page extends EventEmitter {
  readonly ipcRenderer = new EventEmitter() as EventEmitter & IpcRendererLike;
  senderFrame: (FrameLike & { url: string }) | null = { url: "file:///app/index.html", parent: null };
  destroyed = false;

  constructor(ipcMain: EventEmitter) {
    super();
    this.ipcRenderer.send = (channel: string, message: unknown) => {
      const clone = structuredClone(message);
      const event = { sender: this, senderFrame: this.senderFrame };
      queueMicrotask(() => ipcMain.emit(channel, event, clone));
    };
  }

  send(channel: string, message: unknown): void {
    if (this.destroyed) throw new TypeError("Object has been destroyed");
    const clone = structuredClone(message);
    queueMicrotask(() => this.ipcRenderer.emit(channel, {}, clone));
  }

  isDestroyed(): boolean {
    return this.destroyed;
  }

  /** Another document takes the place of this one: whatever listened is gone. */
  reload(): void {
    this.ipcRenderer.removeAllListeners();
    this.emit("did-navigate");
  }

  /** As a BrowserWindow has it. */
  get webContents(): this {
    return this;
  }

  /** What a preload script exposes. */
  get bridge(): PreloadBridge {
    return {
      send: (channel, event, data) => this.ipcRenderer.send(`${channel}:${event}`, data as never),
      listen: (channel, event, callback) => {
        const listener = (_event: unknown, data: unknown) => callback(data);
        this.ipcRenderer.on(`${channel}:event:${event}`, listener);
        return () => this.ipcRenderer.removeListener(`${channel}:event:${event}`, listener);
      },
    };
  }
}

export function createElectron() {
  const ipcMain = new EventEmitter() as EventEmitter & IpcMainLike;
  return { ipcMain, openPage: () => new Page(ipcMain) };
}
