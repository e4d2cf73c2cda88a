/** Which server the sessions of a transport are with, so that no token reaches another one. */
import type { TransportOptions, TransportType } from "../types/transport.js";
import { checkedAddress } from "./address.js";
import { defaultApiUrl, defaultWebSocketUrl } from "./detect.js";

/** Addresses of a server, which count together. */
type Addresses = Pick<TransportOptions, "apiUrl" | "wsUrl">;

/**
 * The server that gives a transport its tokens, as an origin; a main process has none, it is `ipc:`. Addresses in the
 * same settings are of one server, which is known by its `apiUrl`.
 */
export function issuerOf(type: TransportType, options: Addresses, config: Addresses): string {
  if (type === "ipc") return "ipc:";
  if (type === "http") return originOf(options.apiUrl ?? config.apiUrl ?? defaultApiUrl());
  if (options.wsUrl !== undefined) return originOf(options.apiUrl ?? options.wsUrl);
  if (options.apiUrl !== undefined) return originOf(config.wsUrl ?? defaultWebSocketUrl(options.apiUrl));
  return originOf(config.apiUrl ?? config.wsUrl ?? defaultApiUrl());
}

/** The same for the WebSocket at `url` from which an HTTP transport has its events. */
export function eventIssuerOf(url: string, options: Addresses, config: Addresses): string {
  const isOfOther = options.apiUrl !== undefined && options.wsUrl === undefined;
  return isOfOther ? originOf(url) : issuerOf("http", options, config);
}

/** `ws:` is the same server as `http:`. What is no address has no server: no call will get there. */
function originOf(address: string): string {
  try {
    return new URL(checkedAddress(address, ["http:", "https:", "ws:", "wss:"]).replace(/^ws/, "http")).origin;
  } catch {
    return address;
  }
}
