/** The package's root in a page and in workers: every name that it has in Node. */
import type { Conductor } from "../../api/conductor.js";
import type { ConductorConfig } from "../../api/settings.js";
import { detectEnvironment } from "../../transports/detect.js";
import { TransportError } from "../../transports/failure.js";
import {
  createWebSocketTransport as createWebSocketTransportWith,
  type WebSocketClass,
  type WebSocketTransport,
  type WebSocketTransportOptions,
} from "../../transports/websocket.js";
import { createBrowserConductor } from "../environment/browser.js";
import { engine } from "../environment/inlined-engine.js";

/** Makes a conductor. Unless its settings name a transport, the environment decides. */
export function createConductor(config: ConductorConfig = {}): Conductor {
  return createBrowserConductor(engine, config, detectEnvironment);
}

/** The same under another name. */
export { createConductor as createConductorInstance };

/**
 * A transport over a WebSocket; unless a class is given, with the global one.
 *
 * @throws TransportError `NO_TRANSPORT` without a bridge or server
 */
export function createWebSocketTransport(
  options: Omit<WebSocketTransportOptions, "WebSocket"> & Partial<Pick<WebSocketTransportOptions, "WebSocket">>,
): WebSocketTransport {
  const { WebSocket = (globalThis as { WebSocket?: WebSocketClass }).WebSocket } = options;
  if (WebSocket === undefined) {
    throw new TransportError("NO_TRANSPORT", "There is no WebSocket here. Give createWebSocketTransport a class");
  }
  return createWebSocketTransportWith({ ...options, WebSocket });
}

/** A conductor that is ready. */
export const conductor: Conductor = createConductor();

export { isAtomic, isComposite } from "../../compat/kinds.js";
export * from "../../compat/simple-executor.js";
export * from "../../compat/state-manager.js";
export * from "../../queue/index.js";
export { createHTTPTransport } from "../../transports/http.js";
export { createIPCTransport } from "../../transports/ipc.js";
export { createExecutionRouter } from "../../transports/router.js";
export { DEFAULT_SLOWMO_MS, isValidProgressEvent } from "../../types/progress-event.js";
export * from "../vocabulary.js";
export * from "./desktop.js";
