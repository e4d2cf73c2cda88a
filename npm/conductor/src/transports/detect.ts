/** What surrounds this program, asked whenever it matters. */
import type { TransportType } from "../types/transport.js";
import { webSocketAddress } from "./address.js";

const API_URL = "http://localhost:3000/api";
const WEB_SOCKET_URL = "ws://localhost:3001";

/** What a preload script or a page leaves on the window for this library. */
export interface HostWindow {
  electron?: { ipcRenderer?: unknown } | undefined;
  atomiton?: { __bridge__?: unknown } | undefined;
  __ATOMITON_WS_URL__?: unknown;
}

/** The storages of a page. Looking at one throws where its user blocks it. */
export interface PageStorages {
  readonly localStorage?: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly sessionStorage?: Pick<Storage, "clear">;
}

/**
 * The storages of this page; none in Node and in workers. Newer versions of Node have globals of these names, which are no
 * page's, and warn on stderr when one is read.
 */
export function pageStorages(): PageStorages {
  return (globalThis as { window?: PageStorages }).window ?? {};
}

/** Whether this page has a storage that it may look at. */
export function hasPageStorage(name: keyof PageStorages): boolean {
  try {
    return pageStorages()[name] !== undefined;
  } catch {
    return false;
  }
}

/** The window of this page; nothing in Node and in workers. */
export function hostWindow(): HostWindow | undefined {
  return (globalThis as { window?: HostWindow }).window;
}

/** Whether this is a renderer of an Electron application whose preload script left a way to the main process. */
export function hasBridge(window: HostWindow | undefined = hostWindow()): boolean {
  return Boolean(window?.electron?.ipcRenderer || window?.atomiton?.__bridge__);
}

/** How executions are reached from here: `ipc` in an Electron renderer, `http` in another page, else `local`. */
export function detectEnvironment(): TransportType {
  if (hasBridge()) return "ipc";
  return hostWindow() ? "http" : "local";
}

/**
 * How a page reaches executions that may also happen in the page itself: `ipc` in an Electron renderer, else the server
 * whose address was given or configured, else `local`.
 */
export function detectServer(given: { apiUrl?: string; wsUrl?: string }): TransportType {
  if (hasBridge()) return "ipc";
  if (given.apiUrl || configuredApiUrl() !== undefined) return "http";
  return given.wsUrl || configuredWebSocketUrl() !== undefined ? "websocket" : "local";
}

/** `VITE_API_URL`, else `ATOMITON_API_URL`, else `http://localhost:3000/api`. */
export function defaultApiUrl(): string {
  return configuredApiUrl() ?? API_URL;
}

/**
 * What the page says in `__ATOMITON_WS_URL__`, else the one that belongs to the API address that is given or configured,
 * else `ws://localhost:3001`.
 */
export function defaultWebSocketUrl(apiUrl: string | undefined = configuredApiUrl()): string {
  return configuredWebSocketUrl() ?? (apiUrl === undefined ? WEB_SOCKET_URL : webSocketAddress(apiUrl));
}

function configuredWebSocketUrl(): string | undefined {
  const own = hostWindow()?.__ATOMITON_WS_URL__;
  return typeof own === "string" && own !== "" ? own : undefined;
}

/**
 * The names are written out, because bundlers put values in the place of exactly these expressions; where neither a
 * bundler nor Node defines them, looking may throw.
 */
function configuredApiUrl(): string | undefined {
  return (
    read(() => process.env.VITE_API_URL) ??
    read(() => (import.meta as BundledMeta).env?.VITE_API_URL) ??
    read(() => process.env.ATOMITON_API_URL) ??
    read(() => (import.meta as BundledMeta).env?.ATOMITON_API_URL)
  );
}

interface BundledMeta {
  env?: Record<string, string | undefined>;
}

function read(variable: () => string | undefined): string | undefined {
  try {
    return variable() || undefined;
  } catch {
    return undefined;
  }
}
