/** What an entry point brings, and what callers are told of it. */

import type { EngineInfo } from "../engine/backend.js";
import type { FlowNodeTypes, FlowProblem } from "../engine/flows.js";
import type { Log } from "../engine/log.js";
import type { WorkerHost } from "../engine/worker-host.js";
import type { TokenStore } from "../transports/token-store.js";
import type { WebSocketClass } from "../transports/websocket.js";
import type { NodeDefinition } from "../types/definition.js";
import type { EnvironmentInfo } from "../types/environment-info.js";
import type { EditorFlow, FlowTemplate } from "../types/flow.js";
import type { TransportType } from "../types/transport.js";
import type { CacheSources } from "./cache/open.js";
import type { Reuse } from "./cache/reuse.js";
import type { Durability } from "./durable/durability.js";
import type { FlowEngine } from "./flow-store.js";
import type { LiveViews, ViewOf } from "./live-views.js";
import type { Library } from "./node-types.js";
import type { StoreSettings } from "./settings.js";
import type { ReactHooks } from "./store.js";

/** Flows that come with the library. */
export interface Templates {
  list(): FlowTemplate[];
  /** By id or short name. A copy, which the caller may change. */
  get(id: string): EditorFlow | undefined;
}

/** Durable execution, opened at its first use: pages load its code then. */
export interface LazyDurability {
  get(): Promise<Durability>;
  /** Lets go of all executions, as they are. */
  close(): Promise<void>;
}

/** What an entry point brings. */
export interface Environment {
  engine: EngineInfo;
  /** What is known of the types of nodes. */
  types(): FlowNodeTypes;
  /** The node library. */
  library: Library;
  /** Paths in parameters that lead to nothing, where there are files. */
  pathProblems?(flow: NodeDefinition): Promise<FlowProblem[]>;
  /** Reads a flow out of a file that one in the file `namedIn` names, where there are files. Rejects with NODE_NOT_FOUND, or with what is wrong with it. */
  readFlowFile?(path: string, namedIn: string | undefined): Promise<NodeDefinition>;
  /** React, for the store's hook; throws where it is not installed. */
  react(): ReactHooks;
  templates: Templates;
  /** Where flows are kept when nothing else is said. */
  storage(): FlowEngine;
  /** That lasts, so that a store of executions does not take its place. */
  keepsFlows?: true;
  /** How executions are reached when nothing else is said. */
  transport(): TransportType;
  /** Whether nodes can be kept from connecting to addresses, as the setting `network` says. */
  checksConnections: boolean;
  /** Whether there can be processes for executions. */
  startsProcesses?: true;
  /** For connections; where the platform has none, the entry point brings one. */
  WebSocket: WebSocketClass | undefined;
  /** Whether events of an HTTP server are listened for on its WebSocket although no address of one was given. */
  listensToServers: boolean;
  /** Whether a transport of the caller's own executes; else it is only asked for its health. */
  executesByOwnTransport: boolean;
  /** Whether `node.run` rejects for a node without id; else its result is `INVALID_NODE`, also for one without type. */
  rejectsInvalidNodes: boolean;
  /** What `storage.loadFlow` says where there is no such flow. Default: that, and the id. */
  missingFlow?: string;
  /** Where the token of a session is kept. */
  tokens(): TokenStore;
  /** What `system.health` says while executions happen here. */
  operational: string;
  /** How many nodes this machine can run at once. */
  processors(): number;
  /** Restarts the application, after a question to its user. Rejects where there is no application. */
  restart(): Promise<void>;
  info(hasTransport: boolean): EnvironmentInfo;
  /** Loads what tells those who follow executions of this process from elsewhere. */
  liveViews(viewOf: ViewOf): LiveViews | Promise<LiveViews>;
  /** Loads what takes outputs of nodes again. */
  reuse(sources: Omit<CacheSources, "memory">): Promise<Reuse>;
  /**
   * Keeps executions. Nothing is opened before something is to be kept.
   *
   * @throws Error INVALID_PARAMETERS where it is known at once that there is no such store here
   */
  durability(settings: StoreSettings, log: Log): LazyDurability;
  /** Where runs are carried out, if not in this thread. */
  workerHost?: WorkerHost | undefined;
}
