/** What a conductor is told when it is made, and what of it counts for one run. */
import type { DefinedNode, FileAccess, NetworkAccess } from "@atomiton/nodes";
import type { ExecutionStore, OutputCache } from "@atomiton/storage";
import type { Isolates, NodeExecutorFactory } from "../engine/executables.js";
import type { ExpressionSources } from "../engine/expression-scope.js";
import { coded } from "../engine/failure.js";
import type { LogLevel } from "../engine/log.js";
import type { RunOptions } from "../engine/options.js";
import { type Outline, spreadsBackoffs } from "../engine/outline.js";
import { isLabel, msOf } from "../engine/policy.js";
import { suggestion } from "../expressions/failure.js";
import type { Cause } from "../types/cause.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import type { ConductorTransport, TransportType } from "../types/transport.js";
import type { WorkerSource } from "../types/worker.js";
import type { CacheOptions } from "./cache/settings.js";
import { controllerDoubts, type DebugController, simulationOf } from "./debug-controller.js";

/** Settings of a conductor. */
export interface ConductorConfig {
  /**
   * Where executions happen: in this process (`"local"`), or where a transport leads. A transport of the caller's own is
   * asked for its health only. Default: what suits the environment.
   */
  transport?: TransportType | ConductorTransport;
  /** Base address of the API; else `VITE_API_URL`, `ATOMITON_API_URL`, or `http://localhost:3000/api`. */
  apiUrl?: string;
  /** Address of the WebSocket; else it is derived from `apiUrl`. */
  wsUrl?: string;
  /** Sent with every HTTP request. */
  headers?: Record<string, string>;
  /** A key of the server at `apiUrl` or `wsUrl`, with which this conductor calls it while no session is open. It goes to no other server. */
  key?: string;
  /**
   * Where flows are kept: an engine of `@atomiton/storage`, or a promise of one. Default: the `store`, with all their versions; without
   * one, memory of this conductor.
   */
  storage?: unknown;
  /** How many outputs of requests are kept for the fallback `"cached-data"`, the latest ones. Default 16; 0 for none. */
  cachedResults?: number;
  /** Where the code of nodes comes from; the entry point `desktop` brings the node library. */
  nodeExecutorFactory?: NodeExecutorFactory;
  /**
   * Node types of `defineNode`, beside those of the library or of the `nodeExecutorFactory`. A name that two of them share,
   * or that the library has, is an error.
   */
  nodes?: readonly DefinedNode[];
  /** Nodes in flight at once. 1, the default, runs them one at a time in plan order. Else `CONDUCTOR_CONCURRENCY`. */
  concurrency?: number;
  /** Further attempts for nodes that do not say themselves. Default 0. */
  maxRetries?: number;
  /** First wait before a further attempt, in ms or as a duration such as `10s`; doubles. Default 1000. */
  retryDelay?: number | string;
  /** Deadline of a run, in ms or as a duration. Else `CONDUCTOR_TIMEOUT`; default none. */
  timeout?: number | string;
  /** Least level of messages that reach the console. Default `warn`. */
  logLevel?: LogLevel;
  /** Gives the seed of a run's random choices. Default `Math.random`. */
  random?: () => number;
  /** Which outputs to keep until a result is forgotten: all (the default), or only that of the last node. */
  keepOutputs?: "all" | "last";
  /**
   * For pages: carries out what runs in the page in a Web Worker, so that nothing that a node does keeps the page from
   * answering its user. `true` for the library's own worker, which needs `blob:` in the `worker-src` of a content
   * security policy; else the address of a module that imports `@atomiton/conductor/worker`, a worker that runs one, or
   * what makes such workers. Executables of `nodes` and of the `nodeExecutorFactory` still run in the page, and so do all runs of a
   * conductor with a `store`, which the warning `not-in-worker` says. Default: no worker.
   */
  worker?: WorkerSource;
  /**
   * What expressions (`${{ … }}`) in parameters may read of the environment: names of variables of this process, such as
   * `["HOME"]`, or an object with their values, which pages need. Default: nothing.
   */
  expressions?: { env?: readonly string[] | Readonly<Record<string, string | undefined>> };
  /**
   * Gives the secret of a name, or a promise of it, when a node starts that reads `secrets.NAME` in an expression. Secrets
   * are taken out of errors, logs, progress, warnings and events; nodes and the caller of a run get what a node returns as it is.
   * With a `store` it is asked as well when a run begins whose flow names secrets, and when a run goes on whose records do. Default:
   * there are none.
   */
  secrets?: (name: string) => string | undefined | PromiseLike<string | undefined>;
  /**
   * Where nodes of the library may read and write files, for those who run flows of others: `{ roots: ["/srv/flows/data"] }`.
   * No path leads out of these folders, neither by `..` nor over a link. Node types and code of one's own are not kept from
   * anything; of programs, see `programs`. It counts for what runs in this process: a server to which a transport leads has a
   * setting of its own. Default: anywhere.
   */
  files?: FileAccess;
  /**
   * Where nodes of the library may connect, for those who run flows of others: `{ privateAddresses: false }` refuses addresses
   * that are not public, `{ hosts: ["api.example.com"] }` all but these hosts. Names are looked up once, every address is
   * checked, and the connection goes to that address, again at each redirect. Node types and code of one's own are not kept
   * from anything; of programs, see `programs`. It counts for what runs in this process: a server to which a transport leads has
   * a setting of its own. Pages refuse it: there the browser and the page's Content-Security-Policy say where connections may
   * lead. Default: anywhere.
   */
  network?: NetworkAccess;
  /**
   * Whether nodes of the library may run programs: `shell-command` and `python`. They have all rights of this process, and
   * nothing keeps them to `files` and `network`. Default: true where neither of these two is given, else false.
   */
  programs?: boolean;
  /**
   * Keeps what nodes do apart from this process, as `createIsolation` of `@atomiton/conductor/server` makes it: each execution has a
   * process of its own. For Node alone. Default: nodes run in this process.
   */
  isolation?: Isolates;
  /**
   * What this process offers to nodes that ask for it by `policy: { runsOn }`, such as `["gpu"]`: text without white space. A flow with
   * a node that asks for another label is refused before a node of it starts, and an execution of the `store` that asks for one
   * is left to other processes. It counts for what runs in this process or page; a server to which a transport leads has its own. Default: none.
   */
  labels?: readonly string[];
  /**
   * Where executions are kept, so that they outlast this process or page: the address of a database, such as
   * `sqlite:./conductor.db` or `postgres://user@host/database`, in pages `indexeddb:NAME`, or a store of `@atomiton/storage`. An
   * execution that is left unfinished goes on where another process or page calls `recover()`. A store that is given open is the
   * caller's to close. It counts for what runs in this process or page: a server or main process to which a transport leads has a
   * setting of its own. Default: none.
   */
  store?: string | ExecutionStore;
  /**
   * How carefully executions are kept. `strict`, the default with a store: before a node starts that writes to the world, and
   * before a result is told, all that came before is on disk. `relaxed`: everything is written at most 100 ms late; a crash runs
   * the last instants again. `off`: the store is not used, for flows neither.
   */
  durability?: DurabilityLevel;
  /**
   * Which executions of the store go on here by themselves. `all`, the default: those that sleep, once their time has come, from the
   * first run or `recover()` on; and after a `recover()` without a choice those that another process leaves which ends or is killed.
   * `own`: only those that this conductor put to sleep, as is right for a process that ends with a run.
   */
  wakes?: "all" | "own";
  /**
   * How often in a row an execution of the store is taken over by another process, or the same one after a restart, without an answer of
   * a node in between: then it is blocked, as it probably ends every process that has it. `executions.resume` goes on with it all the same.
   * A whole number from 1 on, or `Infinity` for no bound. Default 3.
   */
  maxTakeOvers?: number;
  /**
   * Whether outputs of nodes are taken again instead of being made anew from the same: by default those of nodes whose policy
   * asks for it (`policy: { cache: true }`), with `{ nodes: "pure" }` those of all nodes without effects, with `false` none. They are
   * kept in the `store`, else in 64 MiB of memory; `{ maxBytes }` keeps them in so much memory, and an `OutputCache`, or `{ in }`, is
   * used as it is.
   */
  cache?: boolean | CacheOptions | OutputCache;
  /**
   * Decides which nodes fail or dawdle, in the place of `context.debug`, which it is told; for what runs in this thread. What it
   * remembers from one run to the next is its own affair. Default: none.
   */
  debugController?: DebugController;
}

/** All settings. */
const SETTINGS: Readonly<Record<keyof ConductorConfig, true>> = {
  transport: true,
  apiUrl: true,
  wsUrl: true,
  headers: true,
  key: true,
  storage: true,
  cachedResults: true,
  nodeExecutorFactory: true,
  nodes: true,
  concurrency: true,
  maxRetries: true,
  retryDelay: true,
  timeout: true,
  logLevel: true,
  random: true,
  keepOutputs: true,
  worker: true,
  expressions: true,
  secrets: true,
  files: true,
  network: true,
  programs: true,
  isolation: true,
  labels: true,
  store: true,
  durability: true,
  wakes: true,
  maxTakeOvers: true,
  cache: true,
  debugController: true,
};

/** What of the settings of a conductor is taken and means nothing; what older code gives under names of its own is passed over. */
export function settingDoubts(config: ConductorConfig): string[] {
  const names = Object.keys(SETTINGS);
  const misspelt = Object.keys(config).flatMap((name) => {
    const hint = Object.hasOwn(SETTINGS, name) ? "" : suggestion(name, names);
    return hint === "" ? [] : [`A conductor has no setting \`${name}\`, which is ignored.${hint}`];
  });
  const numbers = (["concurrency", "maxRetries", "cachedResults"] as const).filter(
    (name) => config[name] !== undefined && typeof config[name] !== "number",
  );
  const { keepOutputs = "all", debugController, worker, isolation } = config;
  return [
    ...misspelt,
    ...numbers.map((name) => `The setting \`${name}\` is no number, and is ignored`),
    ...(["all", "last"].includes(keepOutputs)
      ? []
      : ["The setting `keepOutputs` is neither all nor last, and is ignored"]),
    ...controllerDoubts(debugController, Boolean(worker || isolation)),
  ];
}

/** How carefully executions are kept. */
export type DurabilityLevel = "off" | "relaxed" | "strict";

const LEVELS: readonly unknown[] = ["off", "relaxed", "strict"] satisfies DurabilityLevel[];

/** Where and how executions are kept. */
export interface StoreSettings {
  store: string | ExecutionStore;
  level: Exclude<DurabilityLevel, "off">;
  executables: () => NodeExecutorFactory | undefined;
  wakes: "all" | "own";
  maxTakeOvers: number | undefined;
  /** Where secrets come from that values name. */
  sources: ExpressionSources | undefined;
  /** What this process offers. */
  labels: ReadonlySet<string>;
}

/**
 * Where and how executions are kept; `undefined` where they are not.
 *
 * @throws Error INVALID_PARAMETERS for a setting that does not exist, or without a store
 */
export function storeSettings(config: ConductorConfig): StoreSettings | undefined {
  const { store, durability, nodeExecutorFactory, wakes = "all", maxTakeOvers } = config;
  const lone = (["wakes", "maxTakeOvers"] as const).find((name) => config[name] !== undefined);
  if (store === undefined && lone !== undefined) {
    const message = `The setting \`${lone}\` is about executions of a \`store\`, which is missing`;
    throw coded("INVALID_PARAMETERS", message, undefined);
  }
  const isBound = Number.isSafeInteger(maxTakeOvers) || maxTakeOvers === Number.POSITIVE_INFINITY;
  if (maxTakeOvers !== undefined && !(isBound && maxTakeOvers >= 1)) {
    const found = typeof maxTakeOvers === "number" ? maxTakeOvers : typeof maxTakeOvers;
    const message = `The setting \`maxTakeOvers\` must be a whole number from 1 on, or Infinity, not ${found}`;
    throw coded("INVALID_PARAMETERS", message, undefined);
  }
  if (wakes !== "all" && wakes !== "own") {
    throw coded("INVALID_PARAMETERS", "The setting `wakes` must be all or own", undefined);
  }
  if (durability !== undefined && !LEVELS.includes(durability)) {
    throw coded("INVALID_PARAMETERS", "The setting `durability` must be off, relaxed or strict", undefined);
  }
  if (store === undefined && durability !== undefined && durability !== "off") {
    const message = `The setting \`durability: "${durability}"\` needs a \`store\`, such as \`"sqlite:./conductor.db"\`, in a page \`"indexeddb:conductor"\``;
    throw coded("INVALID_PARAMETERS", message, undefined);
  }
  if (store !== undefined) demandStore(store);
  if (store === undefined || durability === "off") return undefined;
  const sources = expressionSources(config);
  return {
    store,
    level: durability ?? "strict",
    executables: () => nodeExecutorFactory,
    sources,
    wakes,
    maxTakeOvers,
    labels: labelSetting(config.labels),
  };
}

/**
 * The labels that a process offers.
 *
 * @throws Error INVALID_PARAMETERS for what is no list of labels
 */
export function labelSetting(labels: unknown): ReadonlySet<string> {
  if (labels === undefined || labels === null) return new Set();
  const wrong = Array.isArray(labels) ? labels.find((label) => !isLabel(label)) : labels;
  if (Array.isArray(labels) && wrong === undefined && !labels.includes(undefined)) return new Set(labels);
  const found = JSON.stringify(wrong) ?? String(wrong);
  const message = `The setting \`labels\` must be a list of labels, each text without white space, such as ["gpu"]; found ${found}`;
  throw coded("INVALID_PARAMETERS", message, undefined);
}

/** @throws Error INVALID_PARAMETERS for what is neither the address of a database nor a store */
export function demandStore(store: string | ExecutionStore): void {
  if (typeof store === "string" || typeof store?.write === "function") return;
  const message =
    "The setting `store` must be the address of a database, or a store of executions of @atomiton/storage";
  throw coded("INVALID_PARAMETERS", message, undefined);
}

/** What the caller of one run wants otherwise. */
export interface RunSettings {
  concurrency?: number;
  /** In ms. */
  timeout?: number;
  /** Further attempts for nodes that do not say themselves. */
  retries?: number;
  /** After a failure, go on with what does not depend on it. */
  keepGoing?: boolean;
  /** What a request wants to be held to, in MiB. */
  maxMemory?: unknown;
  /** What is said about the execution where it is kept. */
  metadata?: Readonly<Record<string, unknown>>;
  /** What began it, where that is not a call. */
  cause?: Cause;
}

/** Settings that count where neither the caller nor the flow says anything. Read once: the environment is slow to ask. */
export interface Defaults {
  concurrency: number;
  /** In ms; 0 for none. */
  timeout: number;
}

/** What the environment variables say. */
export function environmentDefaults(): Defaults {
  return {
    concurrency: fromEnvironment("CONDUCTOR_CONCURRENCY") ?? 1,
    timeout: timeoutFromEnvironment("CONDUCTOR_TIMEOUT"),
  };
}

/** The options of one run. */
export function runOptions(
  config: ConductorConfig,
  defaults: Defaults,
  flow: NodeDefinition,
  context: ConductorExecutionContext,
  wanted: RunSettings | undefined,
  outline: Outline,
): RunOptions {
  const runtime = runtimeSettings(flow);
  const { debug, slowMo } = simulationOf(config.debugController, context);
  return {
    concurrency:
      whole(wanted?.concurrency) ?? whole(config.concurrency) ?? whole(runtime?.parallel) ?? defaults.concurrency,
    // What fails in many executions at once is not to come back at once.
    seed: debug === undefined && !spreadsBackoffs(outline) ? 0 : Math.floor((config.random ?? Math.random)() * 2 ** 53),
    retries: wanted?.retries ?? whole(config.maxRetries) ?? 0,
    retryDelay: msOrRefuse("retryDelay", config.retryDelay) ?? 1000,
    jitter: false,
    timeout:
      positive(wanted?.timeout) ??
      msOrRefuse("timeout", config.timeout) ??
      positive(msOrRefuse("settings.runtime.timeout", runtime?.timeout)) ??
      defaults.timeout,
    slowMo,
    keepGoing: wanted?.keepGoing === true,
    debug,
    keepOutputs: config.keepOutputs !== "last",
  };
}

/** What expressions may read beside the flow's own data; `undefined` where that is nothing. */
export function expressionSources({ expressions, secrets }: ConductorConfig): ExpressionSources | undefined {
  if (expressions === undefined && secrets === undefined) return undefined;
  const { env = {} } = expressions ?? {};
  if (!isNames(env)) return { env: { ...env }, secrets };
  return { env: Object.fromEntries(env.map((name) => [name, globalThis.process?.env?.[name]])), secrets };
}

/**
 * The owner's word on files, as it was when the conductor was made.
 *
 * @throws Error INVALID_PARAMETERS for anything that it does not know: a limit that is not kept must not look kept
 */
export function fileSettings(files: unknown): FileAccess | undefined {
  if (files === undefined) return undefined;
  const refused = (rule: string) => coded("INVALID_PARAMETERS", `The setting \`files\` ${rule}`, undefined);
  if (typeof files !== "object" || files === null || Array.isArray(files)) throw refused("must be an object");
  const { roots, ...others } = files as Record<string, unknown>;
  const strange = Object.keys(others);
  if (strange.length > 0) throw refused(`may have roots, found ${strange.join(", ")}`);
  const isList = Array.isArray(roots) && roots.every((root) => typeof root === "string" && root !== "");
  if (!isList) throw refused("must have `roots` as a list of folders");
  return Object.freeze({ roots: Object.freeze([...(roots as string[])]) });
}

/**
 * The owner's word on connections, as it was when the conductor was made.
 *
 * @throws Error INVALID_PARAMETERS for anything that it does not know: a limit that is not kept must not look kept
 */
export function networkSettings(network: unknown): NetworkAccess | undefined {
  if (network === undefined) return undefined;
  const refused = (rule: string) => coded("INVALID_PARAMETERS", `The setting \`network\` ${rule}`, undefined);
  if (typeof network !== "object" || network === null || Array.isArray(network)) throw refused("must be an object");
  const { privateAddresses, hosts, ...others } = network as Record<string, unknown>;
  const strange = Object.keys(others);
  if (strange.length > 0) throw refused(`may have privateAddresses and hosts, found ${strange.join(", ")}`);
  if (privateAddresses !== undefined && typeof privateAddresses !== "boolean" && !isTexts(privateAddresses)) {
    throw refused("must have `privateAddresses: true`, `false`, or a list of addresses and networks");
  }
  if (hosts !== undefined && !isTexts(hosts)) throw refused("must have `hosts` as a list of names");
  const copyOf = <T>(value: T): T => (Array.isArray(value) ? Object.freeze([...value]) : value) as T;
  return Object.freeze({ privateAddresses: copyOf(privateAddresses), hosts: copyOf(hosts) });
}

/**
 * The owner's word on programs.
 *
 * @throws Error INVALID_PARAMETERS for anything but true and false: what is meant to forbid must not allow
 */
export function programSettings(programs: unknown): boolean | undefined {
  if (programs === undefined || typeof programs === "boolean") return programs;
  throw coded("INVALID_PARAMETERS", "The setting `programs` must be true or false", undefined);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function isNames(env: NonNullable<NonNullable<ConductorConfig["expressions"]>["env"]>): env is readonly string[] {
  return Array.isArray(env);
}

function runtimeSettings(flow: NodeDefinition): { parallel?: unknown; timeout?: unknown } | undefined {
  const settings = flow.settings as { runtime?: { parallel?: unknown; timeout?: unknown } } | null | undefined;
  return settings?.runtime;
}

function fromEnvironment(name: string): number | undefined {
  const text = globalThis.process?.env?.[name];
  return text === undefined ? undefined : whole(Number(text));
}

/** ms, of a number or a duration; 0 for what is neither. */
function timeoutFromEnvironment(name: string): number {
  const text = globalThis.process?.env?.[name];
  if (text === undefined || !Number.isNaN(Number(text))) return fromEnvironment(name) ?? 0;
  const ms = msOf(text);
  return typeof ms === "number" && ms > 0 ? ms : 0;
}

/**
 * The ms of a number, or of a duration as text.
 *
 * @throws Error INVALID_PARAMETERS for any other text: a limit that is not kept must not look kept
 */
export function msOrRefuse(name: string, value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const ms = msOf(value);
  if (typeof ms === "number" && !Number.isNaN(ms)) return ms;
  const message = `\`${name}\` must be a number of ms or a duration such as \`10s\` or \`5m\`, found ${JSON.stringify(value)}`;
  throw coded("INVALID_PARAMETERS", message, undefined);
}

function whole(value: unknown): number | undefined {
  return typeof value === "number" && value >= 1 ? Math.min(Math.floor(value), 0xffff_ffff) : undefined;
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 ? value : undefined;
}
