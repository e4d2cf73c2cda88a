/** Ways to where executions happen. */
import type { NodeDefinition } from "./definition.js";
import type { ConductorExecutionContext, ExecutionResult } from "./execution.js";
import type { ExecutionRequest, RequestResult } from "./request.js";

/** Kinds of transports. `local` runs in this process. */
export type TransportType = "local" | "ipc" | "http" | "websocket";

/** How a conductor is doing. */
export interface HealthResult {
  status: "ok" | "degraded" | "down" | "error";
  /** ms since the epoch. */
  timestamp: number;
  message?: string;
}

/** A transport that the caller made. */
export interface ConductorTransport {
  execute(node: NodeDefinition, context: ConductorExecutionContext): Promise<ExecutionResult>;
  health?(): Promise<HealthResult>;
}

/** How older code describes a transport. */
export interface TransportConfig {
  type: "local" | "rpc" | "custom";
  [key: string]: unknown;
}

/** Runs stored flows, here or elsewhere. */
export interface ExecutionTransport {
  readonly type: TransportType;
  /** Rejects only when the transport fails; what goes wrong in the flow is in the result. */
  execute(request: ExecutionRequest): Promise<RequestResult>;
  initialize?(): void;
  shutdown?(): Promise<void>;
}

/** Reaches the process that runs things: commands of its channels, and events of them. */
export interface RemoteTransport extends ExecutionTransport {
  /**
   * One command, such as `("node", "execute", { node, context })`. Rejects with a `TransportError`: with `CANCELLED` once `signal`
   * fires, which the other side is not told of.
   */
  call(channel: string, command: string, args?: unknown, signal?: AbortSignal): Promise<unknown>;
  /** Calls back with the data of each event, such as `("node", "progress", …)`. Ends with what it returns. */
  listen(channel: string, event: string, callback: (data: unknown) => void): () => void;
  /** Resolves when those who listen hear of all that happens from then on, or will not for now. */
  listening?(): Promise<void>;
  /** Ends what is pending and closes the connection, if there is one. */
  shutdown(): Promise<void>;
}

/** Settings of a transport. */
export interface TransportOptions {
  /** Base address of the API, such as `https://api.example.com`; for HTTP and WebSocket. */
  apiUrl?: string;
  /** Sent with every HTTP request. */
  headers?: Record<string, string>;
  /** A key of the server, sent by HTTP and WebSocket while no session is open. */
  key?: string;
  /** Address of the WebSocket; else it is derived from `apiUrl`. */
  wsUrl?: string;
  /** For an answer, in ms. */
  timeout?: number;
  /** For local execution. */
  concurrency?: number;
  /** Where flows are; for local execution. */
  storage?: unknown;
}
