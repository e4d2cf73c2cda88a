/** The conductor that callers hold. */

import { loadedOnce } from "@atomiton/values";
import type { EngineInfo } from "../engine/backend.js";
import { coded, failure } from "../engine/failure.js";
import { fileOf } from "../engine/flow-origin.js";
import { createLog } from "../engine/log.js";
import { ConductorEventEmitter } from "../events/emitter.js";
import { isolator } from "../events/isolate.js";
import type { AuthApi } from "../services/auth.js";
import type { Services } from "../services/contract.js";
import type { ExecutionsApi } from "../services/executions.js";
import type { FlowApi } from "../services/flow.js";
import type { NodeApi } from "../services/node.js";
import type { NodesApi } from "../services/nodes.js";
import type { StorageApi } from "../services/storage.js";
import type { SystemApi } from "../services/system.js";
import { isMissing } from "../transports/remote/older-servers.js";
import type { NodeDefinition } from "../types/definition.js";
import type { EnvironmentInfo } from "../types/environment-info.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import type { ChooseExecutions, Recovery } from "../types/recovery.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { ConductorTransport, TransportOptions, TransportType } from "../types/transport.js";
import { ReuseGate } from "./cache/gate.js";
import { cacheSettings } from "./cache/settings.js";
import type { Environment, LazyDurability } from "./environment.js";
import { DRAINS, PERSISTS } from "./execution-persistence.js";
import { type ExecutionViews, Views } from "./execution-views.js";
import { Fallbacks } from "./fallback.js";
import { type FlowEngine, type FlowSource, FlowStore } from "./flow-store.js";
import { KnownFlows } from "./known-flows.js";
import { localServices } from "./local.js";
import { OwnTransport } from "./own-transport.js";
import { RemoteViews } from "./remote-views.js";
import { flowIdOf, isRequest, refusal, runRequest, unbegun } from "./requests.js";
import { Runs } from "./runs.js";
import { ServiceRouter } from "./service-router.js";
import { type ConductorConfig, msOrRefuse, settingDoubts, storeSettings } from "./settings.js";
import { SharedReads } from "./shared-reads.js";
import { createGraphStore, type ExecutionGraphStore } from "./store.js";
import { isPath, subFlows } from "./sub-flows.js";

/** Runs a stored flow by its id, or a node. */
export interface Execute {
  (request: ExecutionRequest): Promise<RequestResult>;
  (node: NodeDefinition, context?: Partial<ConductorExecutionContext>): Promise<ExecutionResult>;
}

/** Runs flows. Every method works without its object. */
export interface Conductor {
  node: NodeApi & {
    /** The graph of the run that this conductor began last, wherever it is carried out, or waits for elsewhere. */
    store: ExecutionGraphStore;
  };
  system: SystemApi;
  events: ConductorEventEmitter;
  /** @deprecated use `node.store` */
  readonly store: ExecutionGraphStore;
  execute: Execute;
  /** The same as `system.health`. */
  health: SystemApi["health"];
  flow: FlowApi;
  /** Tells which node types flows can have, and which of them the owner's settings refuse. */
  nodes: NodesApi;
  executions: ExecutionsApi & ExecutionViews;
  storage: StorageApi;
  auth: AuthApi;
  /** Which engine runs. */
  engine: EngineInfo;
  /**
   * Goes on with the executions of the store that were left unfinished and that no process has, also with those that were
   * blocked. `choose` is given them, those that began first first, and answers with the ids of those that are to go on; default:
   * all. Resolves when they run again, with a promise of each result, with those that cannot go on, ask for a label that is not offered here, or are paused, and with how
   * many sleep or wait for people. Rejects with INVALID_PARAMETERS without a `store`.
   *
   * Without `choose`, and unless the setting `wakes` is `own`, the conductor from then on also goes on with what another process leaves
   * that is shut down or killed, at once or within five seconds; see docs/durable-runs.md.
   */
  recover(choose?: ChooseExecutions): Promise<Recovery>;
  /** Sends executions another way from now on. Those under way stay where they are. */
  configureTransport(type: TransportType, config?: TransportOptions): void;
  /**
   * Stops every run, and closes connections and workers. A conductor that is used afterwards opens again what it needs;
   * listeners stay subscribed. Only a worker that was given ready-made is gone for good.
   */
  shutdown(): Promise<void>;
  getEnvironment(): EnvironmentInfo;
  inDesktop: boolean;
  inBrowser: boolean;
}

const PROGRESS_INTERVAL_MS = 100;
const CACHED_RESULTS = 16;

const NO_CHECKS =
  "The setting `network` cannot be kept here: where a page connects is up to its browser and its Content-Security-Policy";

const NO_PROCESSES = "The setting `isolation` needs processes, which only Node starts";

const NO_CACHE_IN_WORKERS =
  "The setting `cache` cannot be kept with `worker`: outputs are not reused there. Leave one of them out";

/** Tells of node types; loaded when it is first asked, as pages mostly never do. */
function nodesOf({ library }: Environment, config: ConductorConfig): NodesApi {
  const loaded = loadedOnce(async () => (await import("./node-types.js")).nodesApi(library, config));
  return { list: async () => (await loaded()).list(), get: async (type) => (await loaded()).get(type) };
}

/** Makes a conductor for an environment. */
export function createConductorIn(environment: Environment, config: ConductorConfig = {}): Conductor {
  const log = createLog(config.logLevel);
  const events = new ConductorEventEmitter(PROGRESS_INTERVAL_MS, log);
  const feed = createGraphStore(log.warn, isolator(log, "A store subscriber"), environment.react);
  for (const doubt of settingDoubts(config)) log.warn(`[CONDUCTOR] ${doubt}`);
  const { workerHost } = environment;
  if (config.worker && workerHost === undefined) log.warn("Workers are for pages: here nodes run in this thread.");
  if (config.network !== undefined && !environment.checksConnections) {
    throw coded("INVALID_PARAMETERS", NO_CHECKS, undefined);
  }
  if (config.isolation !== undefined && !environment.startsProcesses)
    throw coded("INVALID_PARAMETERS", NO_PROCESSES, undefined);
  const kept = storeSettings(config);
  const lazyDurability = kept && environment.durability(kept, log);
  const runs = new Runs(config, events, feed, log, () => environment.types(), workerHost?.open);
  runs.durability = lazyDurability?.get;
  runs.liveViews = environment.liveViews;
  runs.isolation = config.isolation;
  runs.isolation?.take();
  const caching = cacheSettings(config.cache);
  if (workerHost !== undefined && config.cache !== undefined && config.cache !== false) {
    throw coded("INVALID_PARAMETERS", NO_CACHE_IN_WORKERS, undefined);
  }
  if (caching !== undefined && workerHost === undefined) {
    const store = () => lazyDurability?.get().then((durability) => durability.store);
    runs.reuse = new ReuseGate(caching.takesPure, () => environment.reuse({ ...caching, store, log }));
  }
  const isolate = isolator(log, "A listener");
  const source = (config.storage ??
    (lazyDurability === undefined || environment.keepsFlows
      ? environment.storage()
      : flowsIn(lazyDurability, environment.storage))) as FlowSource;
  const flows = new FlowStore(source, isolate);
  const fallbacks = new Fallbacks(config.cachedResults ?? CACHED_RESULTS);
  const own = typeof config.transport === "object" ? config.transport : undefined;
  const tokens = environment.tokens();
  const health = localHealth(own, environment.operational);
  const nodes = nodesOf(environment, config);
  const local = localServices({ environment, nodes, runs, events, flows, isolate, tokens, health });
  const ownTransport =
    own !== undefined && environment.executesByOwnTransport
      ? new OwnTransport(own, { local, runs, timeout: msOrRefuse("timeout", config.timeout), warn: log.warn })
      : undefined;
  const remoteViews = new RemoteViews(feed, log.warn);
  const router = new ServiceRouter(environment, config, { local, own: ownTransport }, tokens, log, remoteViews);

  const known = new KnownFlows();
  const readFlow = (flowId: string) => flows.get(flowId);
  const sharedFlows = new SharedReads(readFlow);
  // Storage of the application may answer each caller differently, or not at all: each reads it for itself.
  let hasOwnStorage = config.storage !== undefined;
  const sources = {
    find: async (flowId: string) => {
      if (router.application !== undefined) return findIn(router.application, flowId);
      const template = environment.templates.get(flowId);
      const reading = hasOwnStorage ? readFlow(flowId) : sharedFlows.of(flowId);
      const found = await reading.catch((error) => {
        // Where no storage may be used, there are still the flows of the library.
        if (template === undefined || error?.code !== "ACCESS_DENIED") throw error;
      });
      return found === undefined ? template : known.of(flowId, found);
    },
    run: ownTransport?.run ?? runs.run.bind(runs),
    announce: runs.announce.bind(runs),
    processors: environment.processors,
  };
  runs.findFlow = async (name, around) =>
    isPath(name) ? environment.readFlowFile?.(name, fileOf(around)) : sources.find(name);
  runs.flows = subFlows({
    find: sources.find,
    read: environment.readFlowFile,
    run: runs.runInside.bind(runs),
    cancel: (executionId) => runs.cancel(executionId),
  });
  const once = (request: ExecutionRequest) => router.request(request, (given) => runRequest(sources, given));
  const { node, nodes: types, executions, flow, storage, auth: sessions, system } = router.facade();
  const views = new Views(executions, lazyDurability?.get, isolate, (message) => log.warn(`[CONDUCTOR] ${message}`));
  const auth: AuthApi = {
    ...sessions,
    login: (credentials) => sessions.login(credentials).finally(() => fallbacks.clear()),
    redeem: (proof) => sessions.redeem(proof).finally(() => fallbacks.clear()),
    logout: () => sessions.logout().finally(() => fallbacks.clear()),
  };
  const execute = async (given: ExecutionRequest | NodeDefinition, context?: Partial<ConductorExecutionContext>) => {
    if (!isRequest(given)) return node.run(given, context);
    if (flowIdOf(given) === undefined) return unnamed();
    return fallbacks.execute(given, once);
  };
  const info = environment.info(true);

  const conductor = {
    node: { ...node, store: feed.store },
    system,
    events,
    get store() {
      log.warn("Deprecated: conductor.store is deprecated. Use conductor.node.store instead.");
      return feed.store;
    },
    execute,
    health: system.health,
  };
  // Beside the six keys that callers may list.
  return Object.defineProperties(conductor, {
    flow: hidden(flow),
    nodes: hidden(types),
    executions: hidden({ ...executions, export: views.export, ...views.api }),
    storage: hidden(storage),
    auth: hidden(auth),
    engine: hidden(environment.engine),
    configureTransport: hidden((type: TransportType, options: TransportOptions = {}) => {
      if (type === "local") {
        runs.configure(options);
        if (options.storage !== undefined) {
          flows.use(options.storage as FlowEngine);
          hasOwnStorage = true;
        }
      }
      router.configure(type, options);
      fallbacks.clear();
    }),
    recover: hidden(async (choose?: ChooseExecutions) => (await runs.kept()).recover(choose)),
    shutdown: hidden(async () => {
      views.close();
      runs.endViews();
      // Before they are stopped here: where they are kept, they are not over.
      await runs.reuse?.flush();
      await lazyDurability?.close();
      runs.cancelAll();
      ownTransport?.cancelAll();
      workerHost?.shutdown();
      await router.shutdown();
      await config.isolation?.close();
      // An engine that the caller gave is the caller's to close, and one of a store goes with that.
      if (config.storage === undefined && typeof source !== "function") await (await source).close?.();
    }),
    getEnvironment: hidden(() => info),
    [PERSISTS]: hidden(kept !== undefined),
    [DRAINS]: hidden(async () => (await lazyDurability?.get())?.drain()),
    inDesktop: hidden(info.isDesktop),
    inBrowser: hidden(!info.isDesktop),
  }) as unknown as Conductor;
}

/** The way to the flows of a store, which is opened when they are needed; a store that keeps none leaves them to `otherwise`. */
function flowsIn(lazyDurability: LazyDurability, otherwise: () => FlowEngine): () => Promise<FlowEngine> {
  let other: FlowEngine | undefined;
  return async () => {
    const { store } = await lazyDurability.get();
    const { flows } = await store;
    if (flows !== undefined) return flows;
    other ??= otherwise();
    return other;
  };
}

function localHealth(own: ConductorTransport | undefined, message: string): SystemApi["health"] {
  return async () => (own?.health === undefined ? { status: "ok", timestamp: Date.now(), message } : own.health());
}

/** A flow that the application has: one that was saved, else a template; `undefined` when there is neither. */
async function findIn({ storage, flow }: Services, flowId: string): Promise<NodeDefinition | undefined> {
  const ifAny = (error: unknown) => {
    if (!isMissing(error)) throw error;
    return undefined;
  };
  const saved = await storage.loadFlow(flowId).catch(ifAny);
  return saved ?? (await flow.getTemplate(flowId).catch(ifAny))?.definition;
}

function unnamed(): RequestResult {
  const message = "A request must name a flow: flowId, compositeId or blueprintId";
  return unbegun(refusal(failure("INVALID_PARAMETERS", message, {}), "", Date.now()));
}

function hidden(value: unknown): PropertyDescriptor {
  return { value, enumerable: false, writable: true, configurable: true };
}
