/** The package's root: a conductor for wherever this runs, with ids, errors, and what older code imports. */
import type { Conductor } from "../api/conductor.js";
import type { ConductorConfig } from "../api/settings.js";
import { detectEnvironment } from "../transports/detect.js";
import { NodeWebSocket } from "../transports/node-websocket.js";
import {
  createWebSocketTransport as createWebSocketTransportWith,
  type WebSocketTransport,
  type WebSocketTransportOptions,
} from "../transports/websocket.js";
import { createNodeConductor } from "./environment/node.js";

/** Makes a conductor. Unless its settings name a transport, the environment decides. */
export function createConductor(config: ConductorConfig = {}): Conductor {
  return createNodeConductor(config, detectEnvironment);
}

/** The same under another name. */
export { createConductor as createConductorInstance };

/** A transport over a WebSocket; unless a class is given, with that of the package `ws`. */
export function createWebSocketTransport(
  options: Omit<WebSocketTransportOptions, "WebSocket"> & Partial<Pick<WebSocketTransportOptions, "WebSocket">>,
): WebSocketTransport {
  return createWebSocketTransportWith({ WebSocket: NodeWebSocket, ...options });
}

/** A conductor that is ready. */
export const conductor: Conductor = createConductor();

export type { Conductor as ConductorInstance } from "../api/conductor.js";
export { isAtomic, isComposite } from "../compat/kinds.js";
export * from "../compat/simple-executor.js";
export * from "../compat/state-manager.js";
export * from "../queue/index.js";
export { createHTTPTransport } from "../transports/http.js";
export { createIPCTransport } from "../transports/ipc.js";
export { createExecutionRouter } from "../transports/router.js";
export { DEFAULT_SLOWMO_MS, isValidProgressEvent } from "../types/progress-event.js";
export * from "./desktop.js";
export * from "./types.js";
