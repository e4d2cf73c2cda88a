/** `@atomiton/events/desktop`: events that reach across Electron's and Node's processes. */
export {
  createDesktopEventManager,
  createDesktopEventManager as createEventManager,
  type DesktopEventManagerConfig,
} from "../desktop.js";
export type { IpcConfig } from "../ipc.js";
export type { Link } from "../link/link.js";
export { createMainLink, type IpcMainLike, type MainLinkOptions, type WindowLike } from "../link/main.js";
export type { LinkMessage } from "../link/message.js";
export { createProcessLink, type ProcessEndpoint } from "../link/process.js";
export { createBridgeLink, createRendererLink, type IpcRendererLike, type PreloadBridge } from "../link/renderer.js";
export { acceptLocalPages, type FrameLike, type Sender, type WebContentsLike } from "../link/sender.js";
export * from "../public.js";
