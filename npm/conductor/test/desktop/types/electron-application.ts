/** What applications write, against Electron's own types. It is only compiled. */
import { app, BrowserWindow, contextBridge, ipcMain, ipcRenderer } from "electron";
import { createChannelServer } from "../../../src/desktop/channel-server.js";
import { createNodeChannelServer } from "../../../src/desktop/channels/node.js";
import type {
  AppLike,
  ContextBridgeLike,
  IpcMainLike,
  IpcRendererLike,
  WindowLike,
  WindowsLike,
} from "../../../src/desktop/electron.js";
import type { MainProcessHandler, MainProcessOptions } from "../../../src/desktop/main-process.js";
import { createRPC, exposeConductor } from "../../../src/desktop/preload.js";

export const main: IpcMainLike = ipcMain;
export const application: AppLike = app;
export const windows: WindowsLike = BrowserWindow;
export const window: WindowLike = new BrowserWindow();
export const renderer: IpcRendererLike = ipcRenderer;
export const bridge: ContextBridgeLike = contextBridge;

export const options: MainProcessOptions = { ipcMain, app, windows: BrowserWindow, origins: ["https://example.com"] };
declare const setup: (options?: MainProcessOptions) => MainProcessHandler;
setup({ concurrency: 4, storage: {}, timeout: 1000 }).trackWindow(new BrowserWindow());

const server = createChannelServer("files", ipcMain, { middleware: [] });
server.handle("read", async ({ name }: { name: string }) => name);
server.trackWindow(new BrowserWindow());
createNodeChannelServer(ipcMain, { execute: async () => ({ success: true }) }).dispose();

exposeConductor({ contextBridge, ipcRenderer });
contextBridge.exposeInMainWorld("atomitonRPC", createRPC(ipcRenderer));

// @ts-expect-error: a number is no `ipcMain`, so the lines above say something
createChannelServer("files", 1);
