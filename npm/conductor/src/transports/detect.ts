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

/** The window of this page; nothing in Node and in workers. */
export function hostWindow(): HostWindow | undefined {
  return (globalThis as { window?: HostWindow }).window;
}

/** How executions are reached from here: `ipc` in an Electron renderer, `http` in another page, else `local`. */
export function detectEnvironment(): TransportType {
  const window = hostWindow();
  if (window?.electron?.ipcRenderer || window?.atomiton?.__bridge__) return "ipc";
  return window ? "http" : "local";
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
  const own = hostWindow()?.__ATOMITON_WS_URL__;
  if (typeof own === "string" && own !== "") return own;
  return apiUrl === undefined ? WEB_SOCKET_URL : webSocketAddress(apiUrl);
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
