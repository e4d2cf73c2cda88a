/** A page or a worker in it: nodes that need no machine, on the engine that its entry point brings. */
import { getNodeExecutable, nodeTypes } from "@atomiton/nodes/browser";
import { createIndexedDBEngine, createMemoryEngine } from "@atomiton/storage/engines";
import { type Conductor, createConductorIn } from "../../api/conductor.js";
import type { Durability } from "../../api/durable/durability.js";
import { openerOf } from "../../api/durable/page-execution-store.js";
import type { Environment, LazyDurability } from "../../api/environment.js";
import type { FlowEngine } from "../../api/flow-store.js";
import type { ConductorConfig, StoreSettings } from "../../api/settings.js";
import type { ReactHooks } from "../../api/store.js";
import type { EngineInfo } from "../../engine/backend.js";
import type { NodeExecutorFactory } from "../../engine/executables.js";
import { validateFlow as checkFlow, type FlowNodeTypes, type FlowProblem } from "../../engine/flows.js";
import { libraryTypes, typesOver } from "../../engine/library-types.js";
import type { Log } from "../../engine/log.js";
import { firstOf, ownNodes } from "../../engine/own-nodes.js";
import type { WorkerHost } from "../../engine/worker-host.js";
import { hasBridge, hasPageStorage } from "../../transports/detect.js";
import { TransportError } from "../../transports/failure.js";
import { browserTokenStore } from "../../transports/token-store.js";
import type { WebSocketClass } from "../../transports/websocket.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { TransportType } from "../../types/transport.js";
import { createWorkerHost } from "../../worker/worker-host.js";
import { templates } from "./templates.js";

/** Where flows are kept when nothing else is said: one for all pages of an origin. */
const DATABASE = "atomiton-conductor";

let known: FlowNodeTypes | undefined;

/** The types of the library: all of them where the application brings no others. */
function allTypes(): FlowNodeTypes {
  known ??= libraryTypes(nodeTypes, true);
  return known;
}

/**
 * Everything that is wrong with a flow, and after it what probably is. A flow without errors can be run. `types`: with
 * `schemas`, the types that it may use instead of those of the library; `nodes`, types beside them.
 */
export function validateFlow(flow: NodeDefinition, types?: FlowNodeTypes): FlowProblem[] {
  return checkFlow(flow, typesOver(allTypes(), types));
}

/** The database of the origin; without one, memory, which is said once something is to be kept there. */
function storage(): FlowEngine {
  if (globalThis.indexedDB) return createIndexedDBEngine({ name: DATABASE });
  const memory = createMemoryEngine();
  let isTold = false;
  return {
    ...memory,
    save(...args: Parameters<typeof memory.save>) {
      if (!isTold)
        console.warn("Flows are in memory only, because IndexedDB is missing here; give the conductor a storage");
      isTold = true;
      return memory.save(...args);
    },
  };
}

/** Keeps executions in the store that is given, or in the database of the origin at its address. */
function durability({ store, ...settings }: StoreSettings, log: Log): LazyDurability {
  const isAddress = typeof store === "string";
  const open = isAddress ? openerOf(store) : () => store;
  let loading: Promise<Durability> | undefined;
  const load = async () => {
    const { Durability } = await import("../../api/durable/durability.js");
    // Pages hash with promises only, so that large values stand in the records.
    return new Durability({ ...settings, open, owns: isAddress, log });
  };
  return {
    get() {
      loading ??= load().catch((error) => {
        // What could not be loaded may be the next time.
        loading = undefined;
        throw error;
      });
      return loading;
    },
    close: async () => (await loading?.catch(() => undefined))?.close(),
  };
}

/** A bundle may hold several copies of React; only the page knows which is its own. */
function react(): ReactHooks {
  const { React } = globalThis as { React?: ReactHooks };
  if (React !== undefined) return React;
  throw new Error("useStore needs React as globalThis.React; or give React's useSyncExternalStore the store's methods");
}

function info(hasTransport: boolean): ReturnType<Environment["info"]> {
  const { userAgent = "unknown", platform = "unknown" } = (globalThis.navigator ?? {}) as Partial<Navigator>;
  const isDesktop = hasBridge();
  return {
    type: isDesktop ? "desktop" : "browser",
    isDesktop,
    hasTransport,
    capabilities: {
      nodeExecution: hasTransport,
      localStorage: hasPageStorage("localStorage"),
      sessionStorage: hasPageStorage("sessionStorage"),
      fileSystem: isDesktop,
      cloudExecution: false,
    },
    details: { userAgent, platform },
  };
}

/** The application's executables, and those of the library for all other types. */
function withLibrary(own: NodeExecutorFactory | undefined): NodeExecutorFactory {
  if (own === undefined) return { getNodeExecutable };
  return { getNodeExecutable: (type) => own.getNodeExecutable(type) ?? getNodeExecutable(type) };
}

/** Other flows, also as tools of models, are found by the page, which runs them in the worker as well; people are asked by the page. Plugins have a worker of their own. */
const OF_THE_PAGE = ["sub-flow", "wait-for-input", "llm", "wasm"];

/** A worker, where one is wanted; its script is loaded when something first runs. */
function workerHostOf(
  { worker }: ConductorConfig,
  executables: NodeExecutorFactory | undefined,
  schemas: Record<string, unknown>,
): WorkerHost | undefined {
  if (worker === undefined || worker === false) return undefined;
  const inPage: NodeExecutorFactory = {
    getNodeExecutable: (type) =>
      executables?.getNodeExecutable(type) ?? (OF_THE_PAGE.includes(type) ? getNodeExecutable(type) : undefined),
  };
  const script = async () => (await import("../../worker/script-text.js")).default;
  return createWorkerHost({ source: worker, executables: inPage, schemas, script });
}

/** Makes a conductor for a page; `transport` says how executions are reached when its settings do not. */
export function createBrowserConductor(
  engine: EngineInfo,
  config: ConductorConfig,
  transport: () => TransportType,
): Conductor {
  const { factory, schemas } = ownNodes(config.nodes, nodeTypes.keys());
  const executables = firstOf(factory, config.nodeExecutorFactory);
  const environment: Environment = {
    engine,
    reuse: async (sources) => (await import("./page-reuse.js")).pageReuse(sources),
    liveViews: async (viewOf) => new (await import("../../api/live-views.js")).LiveViews(viewOf),
    // An application with node types of its own knows more types than the library.
    types: () => ({
      ...(config.nodeExecutorFactory === undefined ? allTypes() : libraryTypes(nodeTypes, false)),
      nodes: config.nodes ?? [],
    }),
    // Without the examples, which are as large as all else that is known of types.
    library: { types: nodeTypes, executable: getNodeExecutable },
    react,
    templates,
    storage,
    keepsFlows: true,
    transport,
    WebSocket: (globalThis as { WebSocket?: WebSocketClass }).WebSocket,
    checksConnections: false,
    listensToServers: true,
    executesByOwnTransport: true,
    rejectsInvalidNodes: false,
    missingFlow: "Flow not found",
    tokens: browserTokenStore,
    operational: "Browser conductor operational (no transport)",
    processors: () => globalThis.navigator?.hardwareConcurrency ?? 1,
    restart: () => Promise.reject(new TransportError("NO_TRANSPORT", "Restart not available in browser environment")),
    info,
    durability,
    workerHost: workerHostOf(config, executables, schemas),
  };
  return createConductorIn(environment, {
    ...config,
    nodeExecutorFactory: withLibrary(executables),
  });
}
