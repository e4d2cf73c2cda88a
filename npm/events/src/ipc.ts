/** How the desktop's events are told whom to link with. */
import { detectEnvironment, detectLink, type Environment } from "./environment.js";
import type { Linkage } from "./events.js";
import type { Link } from "./link/link.js";
import { createMainLink, type IpcMainLike, type MainLinkOptions } from "./link/main.js";
import { createProcessLink, type ProcessEndpoint } from "./link/process.js";
import { createRemote, type RemoteSettings } from "./link/remote.js";
import { createBridgeLink, createRendererLink, type IpcRendererLike, type PreloadBridge } from "./link/renderer.js";

/** One of the ways to link, and limits. With none of the ways the surroundings decide. */
export type IpcConfig = RemoteSettings &
  (
    | ({ ipcMain: IpcMainLike } & MainLinkOptions)
    | { ipcRenderer: IpcRendererLike; channel?: string | undefined }
    | { bridge: PreloadBridge; channel?: string | undefined }
    /** `process` in a child, the `ChildProcess` in its parent. */
    | { process: ProcessEndpoint }
    /** Any other way, or several. */
    | { link: Link | readonly Link[] }
    | { ipcMain?: never; ipcRenderer?: never; bridge?: never; process?: never; link?: never }
  );

/** `false` makes no link. */
export function linkageOf(ipc: IpcConfig | false | undefined): Linkage {
  const { links, environment, optional } = ipc === false ? { links: [] } : linksOf(ipc ?? {});
  const { maxMessageBytes, connectTimeout } = ipc || {};
  return {
    environment: environment ?? detectEnvironment(),
    available: links.length > 0,
    connect: ({ newSession, serve }) =>
      links.map((link) =>
        createRemote({
          link,
          session: newSession(),
          serve,
          optional: optional ?? false,
          maxMessageBytes,
          connectTimeout,
        }),
      ),
  };
}

interface Links {
  links: readonly Link[];
  /** Only where the way to link tells. */
  environment?: Environment;
  /** Detected rather than requested: the other end may be missing. */
  optional?: boolean;
}

function linksOf(ipc: IpcConfig): Links {
  if ("ipcMain" in ipc && ipc.ipcMain) return { links: [createMainLink(ipc.ipcMain, ipc)], environment: "main" };
  if ("ipcRenderer" in ipc && ipc.ipcRenderer) {
    return { links: [createRendererLink(ipc.ipcRenderer, channelOf(ipc))], environment: "renderer" };
  }
  if ("bridge" in ipc && ipc.bridge) {
    return { links: [createBridgeLink(ipc.bridge, channelOf(ipc))], environment: "renderer" };
  }
  if ("process" in ipc && ipc.process) return { links: [createProcessLink(ipc.process)] };
  if ("link" in ipc && ipc.link) return { links: "send" in ipc.link ? [ipc.link] : ipc.link };
  const found = detectLink();
  return { links: found ? [found] : [], optional: true };
}

function channelOf({ channel }: { channel?: string | undefined }): { channel?: string } {
  return channel === undefined ? {} : { channel };
}
