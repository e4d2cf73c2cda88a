/** Node and Electron's main process: the native engine or its WebAssembly form, the node library, flows in memory. */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { FileAccess } from "@atomiton/nodes";
import { nodeExamples, nodeTypes } from "@atomiton/nodes/definitions";
import { getNodeExecutable, machineParsers, pathProblems, rootedPath, rowsBehind } from "@atomiton/nodes/executables";
import { createMemoryCache, createMemoryEngine } from "@atomiton/storage/browser";
import { type CacheSources, openCache } from "../../api/cache/open.js";
import { Reuse } from "../../api/cache/reuse.js";
import { type Conductor, createConductorIn } from "../../api/conductor.js";
import { Durability } from "../../api/durable/durability.js";
import { openerOf } from "../../api/durable/execution-store.js";
import type { Environment, LazyDurability } from "../../api/environment.js";
import { LiveViews } from "../../api/live-views.js";
import { type ConductorConfig, fileSettings, type StoreSettings } from "../../api/settings.js";
import type { ReactHooks } from "../../api/store.js";
import { restartApplication } from "../../desktop/restart.js";
import type { NodeExecutorFactory } from "../../engine/executables.js";
import { validateFlow as checkFlow, type FlowNodeTypes, type FlowProblem } from "../../engine/flows.js";
import { libraryTypes, typesOver } from "../../engine/library-types.js";
import type { Log } from "../../engine/log.js";
import { firstOf, ownNodes } from "../../engine/own-nodes.js";
import { hasBridge, hasPageStorage } from "../../transports/detect.js";
import { NodeWebSocket } from "../../transports/node-websocket.js";
import { memoryTokenStore } from "../../transports/token-store.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { TransportType } from "../../types/transport.js";
import { readFlowFile } from "./flow-file.js";
import { useNodeEngine } from "./node-engine.js";
import { templates } from "./templates.js";

const engine = useNodeEngine();
const nodeExecutorFactory = { getNodeExecutable };

let known: FlowNodeTypes | undefined;

/** The types of the library: all of them where the application brings no others. */
function allTypes(): FlowNodeTypes {
  known ??= libraryTypes(nodeTypes, true, machineParsers);
  return known;
}

/**
 * Everything that is wrong with a flow, and after it what probably is. A flow without errors can be run. `types`: with
 * `schemas`, the types that it may use instead of those of the library; `nodes`, types beside them.
 */
export function validateFlow(flow: NodeDefinition, types?: FlowNodeTypes): FlowProblem[] {
  return checkFlow(flow, typesOver(allTypes(), types));
}

// Only applications that use the store's hook have React.
const react = () => createRequire(import.meta.url)("react") as ReactHooks;

const info: Environment["info"] = (hasTransport) => {
  // Plain Node is no desktop application, and there are only two words. Tests of renderers put the bridge into Node.
  const isDesktop = process.versions.electron !== undefined || hasBridge();
  return {
    type: isDesktop ? "desktop" : "browser",
    isDesktop,
    hasTransport,
    capabilities: {
      nodeExecution: true,
      localStorage: hasPageStorage("localStorage"),
      sessionStorage: hasPageStorage("sessionStorage"),
      fileSystem: true,
      cloudExecution: false,
    },
    details: { userAgent: `Node.js/${process.versions.node}`, platform: process.platform },
  };
};

/** Keeps executions in the store that is given, or in the database at its address. */
function durability({ store, ...settings }: StoreSettings, log: Log): LazyDurability {
  const owns = typeof store === "string";
  const open = owns ? openerOf(store) : () => store;
  const made = new Durability({ ...settings, open, owns, log, hash: sha256, rowsBehind });
  return { get: async () => made, close: () => made.close() };
}

/** Reuses outputs in Node. */
async function reuse(sources: Omit<CacheSources, "memory">): Promise<Reuse> {
  const open = () => openCache({ ...sources, memory: createMemoryCache });
  return new Reuse({ open, hash: sha256, hashOfRows, rowsBehind, place: () => process.cwd(), log: sources.log });
}

/** Between two turns of the host while rows are hashed, in ms. */
const HASHING_MS = 10;

async function hashOfRows(texts: Iterable<string>): Promise<string> {
  const hash = createHash("sha256");
  let since = performance.now();
  for (const text of texts) {
    hash.update(text);
    if (performance.now() - since < HASHING_MS) continue;
    await setImmediate();
    since = performance.now();
  }
  return hash.digest("hex");
}

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

/**
 * Makes a conductor for Node; `transport` says how executions are reached when its settings do not. `around` gives
 * executables to call in place of those of the settings and of the library.
 */
export function createNodeConductor(
  config: ConductorConfig,
  transport: () => TransportType,
  around: (executables: NodeExecutorFactory) => NodeExecutorFactory = (executables) => executables,
): Conductor {
  const own = ownNodes(config.nodes, nodeTypes.keys());
  const files = absolute(fileSettings(config.files));
  // An application with node types of its own knows more types than the library.
  const closed = config.nodeExecutorFactory === undefined;
  const environment: Environment = {
    durability,
    reuse,
    liveViews: (viewOf) => new LiveViews(viewOf),
    engine,
    ...(closed && { pathProblems: (flow) => pathProblems(flow, files) }),
    readFlowFile: (path, namedIn) => readFlowFile(path, namedIn, (file) => rootedPath(files, file)),
    types: () => ({ ...(closed ? allTypes() : libraryTypes(nodeTypes, false)), nodes: config.nodes ?? [] }),
    library: { types: nodeTypes, executable: getNodeExecutable, examples: nodeExamples },
    react,
    templates,
    storage: () => createMemoryEngine(),
    transport,
    WebSocket: NodeWebSocket,
    checksConnections: true,
    startsProcesses: true,
    listensToServers: false,
    executesByOwnTransport: false,
    rejectsInvalidNodes: true,
    tokens: memoryTokenStore,
    operational: "Local conductor operational",
    processors: availableParallelism,
    restart: restartApplication,
    info,
  };
  const executables = firstOf(own.factory, config.nodeExecutorFactory ?? nodeExecutorFactory) as NodeExecutorFactory;
  return createConductorIn(environment, {
    ...config,
    ...(files && { files }),
    nodeExecutorFactory: around(executables),
  });
}

/** The folders as they are now, wherever the process goes later. */
function absolute(files: FileAccess | undefined): FileAccess | undefined {
  return files && { roots: files.roots.map((root) => resolve(root)) };
}
