/** The class of WebSockets for Node before 22, which has none of its own. The one file here that browsers must not load. */
import { WebSocket } from "ws";
import type { WebSocketClass } from "./websocket-connection.js";

/** The WebSocket of the package `ws`, for Node 20, which has none. */
export const NodeWebSocket: WebSocketClass = WebSocket;
