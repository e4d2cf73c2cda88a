/** `conductor serve`: a server for flows, on a store, in one command. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ExecutionStore } from "@atomiton/storage";
import { databaseFile } from "../api/durable/execution-store.js";
import { drainExecutions } from "../api/execution-persistence.js";
import { STANDARD_INPUT } from "../exports/environment/bounded-read.js";
import { createNodeConductor } from "../exports/environment/node.js";
import type { Conductor, ConductorConfig } from "../exports/node.js";
import { createIsolation, type Isolation } from "../isolation/isolation.js";
import { byKeys, KeyFile } from "../server/keys.js";
import { byKeysAndUsers } from "../server/keys-and-users.js";
import { type RateLimits, UNLIMITED } from "../server/rate-limits.js";
import { createServer, type ServerOptions } from "../server/server.js";
import type { OpenIdSettings } from "../server/users/openid/settings.js";
import { createUsers } from "../server/users/users.js";
import { createTriggers } from "../triggers/triggers.js";
import type { FlowToSave } from "../types/flow.js";
import { demandApart, type OwnFile } from "./apart.js";
import { type AuditFile, auditFile } from "./audit-file.js";
import { Exit, UsageError } from "./exit.js";
import type { ProjectFacts, Strictness } from "./flow-file.js";
import { flowsIn } from "./flows-in-files.js";
import { openKeptStore, SERVER_STORE } from "./kept-store.js";
import { attempted, type KeyOptions } from "./keys.js";
import { openIdIn } from "./openid-file.js";
import { openProject, type Project, type ProjectOptions } from "./project.js";
import { ownKeyFile, type SecretKeyOptions, storedSecrets, tellHidden } from "./secret-source.js";
import { type LogFormat, logExecutions, type ServerLog, serverLog } from "./serve-log.js";
import { onInterrupt } from "./signals.js";
import { openTelemetry, type Telemetry } from "./telemetry.js";
import { oneLine } from "./text.js";
import { telling } from "./with-store.js";

/** How long requests that are under way may take once the server is to end, in ms. */
const GRACE_MS = 10_000;

/** Options of the command. */
export interface ServeOptions extends ProjectOptions, KeyOptions, SecretKeyOptions, Strictness {
  port: number;
  host: string;
  store?: string;
  open?: boolean;
  /** A file with settings of OpenID Connect. */
  openid?: string;
  audit?: string;
  /** Calls a second; false for no limits. */
  rateLimit?: number | false;
  trustProxy?: number;
  origin?: string[];
  root?: string[];
  /** Folders for files where neither `root` nor the project names some; none unless given. */
  defaultRoots?: readonly string[];
  allowPrivateAddresses?: boolean;
  allowPrograms?: boolean;
  /** Whether flows may change what the server is made of: `conductor dev` serves the folder that it is written in. */
  isDevelopment?: boolean;
  /** Whether triggers fire. */
  triggers?: boolean;
  webhooks?: boolean;
  metrics?: boolean;
  /** Whether executions of callers are isolated. Default: where the project says how. */
  isolate?: boolean;
  mcp?: boolean;
  /** Ids of the flows that are tools. */
  flow?: string[];
  telemetry?: boolean;
  log?: LogFormat;
}

/** What is done with a conductor before it is served, by what its project says of flows. */
type Prepare = (conductor: Conductor, facts: ProjectFacts & Strictness) => Promise<void>;

/** Serves until a signal ends it. Flow files that are named are saved first, under their ids. */
export async function serve(flows: readonly string[], options: ServeOptions, prepare?: Prepare): Promise<Exit> {
  const project = await openProject(flows[0], options);
  if (options.flow !== undefined && !options.mcp) {
    throw new UsageError("--flow says which flows are tools of the Model Context Protocol; give --mcp as well");
  }
  const settings = guarded(project.settings, options);
  const address = options.store ?? settings.store ?? SERVER_STORE;
  demandApart(settings.files?.roots ?? [], ownFiles(flows, address, project, options));
  const keys = new KeyFile(options.keys);
  const hasKeys = attempted(() => keys.list().length) > 0;
  if (options.open && options.openid !== undefined)
    throw new UsageError("--open lets in everybody: leave --openid out");
  const openId = options.openid === undefined ? undefined : await openIdIn(options.openid);
  if (!options.open && !hasKeys && openId === undefined && isNew(address)) throw noCallers(options);
  const isolation = isolationOf(project, options);
  const log = serverLog(options.log ?? "text");
  const facts = { ...options, nodes: project.nodes, files: settings.files };
  const toSave = await flowsIn(flows, facts, (message) => log({ event: "flow-warnings", message }));
  if (toSave === undefined) return Exit.invalidFlow;
  const audit =
    options.audit === undefined ? undefined : auditFile(options.audit, (message) => log({ event: "message", message }));
  return telling(async () => {
    const { store, close } = await openKeptStore(address);
    try {
      const callers = options.open ? { open: true } : await callersOf(store, keys, { hasKeys, openId }, audit, options);
      return await serveOn(
        store,
        settings,
        toSave,
        {
          ...callers,
          ...(audit && { audit: audit.audit }),
          ...(project.limits && { limits: project.limits }),
          ...(isolation && { isolation }),
        },
        log,
        options,
        (conductor) => prepare?.(conductor, facts),
      );
    } finally {
      await close();
      await audit?.written();
    }
  });
}

/** What flows of callers must not reach: who could change it would be an admin, or read all secrets. */
function ownFiles(
  flows: readonly string[],
  address: string | ExecutionStore,
  { nodeFiles, configFiles, isolation }: Project,
  { keys, audit, openid, isDevelopment, ...options }: ServeOptions,
): OwnFile[] {
  const key = ownKeyFile(options);
  if (isDevelopment) return key;
  const elsewhere = (option: string) => `Keep it elsewhere: ${option}`;
  const folder = "Keep it elsewhere, or name another folder for files";
  const database = typeof address === "string" ? databaseFile(address) : undefined;
  const modules = (isolation?.nodes ?? []).map((name) => (name.startsWith("file:") ? fileURLToPath(name) : name));
  const changed: [what: string, paths: readonly (string | undefined)[], remedy: string][] = [
    ["the keys of callers", [keys], elsewhere("--keys FILE")],
    // What SQLite has beside a database lies in the same folder.
    ["all that the server keeps", [database], elsewhere("--store sqlite:PATH")],
    ["the audit", [audit], elsewhere("--audit FILE")],
    ["how people sign in", [openid], elsewhere("--openid FILE")],
    ["the settings of the server", configFiles, `${elsewhere("--config FILE")}, or --no-config for none`],
    ["what node types do", [...nodeFiles, ...modules], folder],
    ["a flow that is saved at each start", flows.filter((path) => path !== STANDARD_INPUT), folder],
  ];
  const files = changed.flatMap(([what, paths, remedy]) =>
    paths.flatMap((path) => (path === undefined ? [] : { path, harm: `change ${what}`, remedy })),
  );
  return [...key, ...files];
}

/** What keeps executions of callers apart; node types of the project are loaded there as well. */
function isolationOf({ isolation, nodeFiles }: Project, options: ServeOptions): Isolation | undefined {
  const { isolate = isolation !== undefined } = options;
  if (!isolate) return undefined;
  return attempted(() =>
    createIsolation({ ...isolation, nodes: [...new Set([...(isolation?.nodes ?? []), ...nodeFiles])] }),
  );
}

/** Who may call, by the keys and the users that there are, or an issuer: one of them at least. */
async function callersOf(
  store: ExecutionStore,
  keys: KeyFile,
  { hasKeys, openId }: { hasKeys: boolean; openId: OpenIdSettings | undefined },
  audit: AuditFile | undefined,
  options: ServeOptions,
): Promise<Partial<ServerOptions>> {
  if (store.entries === undefined) {
    if (openId !== undefined) throw new UsageError(`The store ${store.name} keeps no users, as --openid needs it to`);
    if (!hasKeys) throw noCallers(options);
    return { authenticate: byKeys(keys) };
  }
  const users = createUsers({ store, ...(openId && { openId }), ...(audit && { audit: audit.audit }) });
  if (!hasKeys && openId === undefined && (await users.list()).length === 0) throw noCallers(options);
  return byKeysAndUsers(keys, users);
}

/** Whether a store is a database that is not there yet. */
function isNew(address: string | ExecutionStore): boolean {
  const file = typeof address === "string" ? databaseFile(address) : undefined;
  return file !== undefined && !existsSync(file);
}

function noCallers({ keys }: ServeOptions): UsageError {
  return new UsageError(
    `This server would have no callers: ${oneLine(keys)} has no keys, and there are no users. Make one, such as\n  conductor users add me --role admin\n  conductor keys add me --role admin\nor let everybody on this machine do everything with --open`,
  );
}

async function serveOn(
  store: ExecutionStore,
  settings: ConductorConfig,
  flows: readonly FlowToSave[],
  callers: Partial<ServerOptions>,
  log: ServerLog,
  options: ServeOptions,
  prepare: (conductor: Conductor) => Promise<void> | undefined,
): Promise<Exit> {
  const { port, host, open = false, keys, origin = [], triggers: watches = true, mcp = false, flow } = options;
  const { rateLimit, trustProxy = 0, webhooks, metrics, telemetry } = options;
  const { isolation } = callers;
  const say = (message: string) => log({ event: "message", message });
  const { trace, meterProvider }: Partial<Telemetry> = telemetry ? await openTelemetry(say) : {};
  const { secrets, asked } = storedSecrets(settings, store, options, say);
  const { files, expressions, secrets: source } = { ...settings, ...asked };
  const conductor = createNodeConductor(
    { ...settings, ...asked, ...(isolation && { isolation }), store },
    () => "local",
  );
  if (options.log === "json") logExecutions(conductor, log);
  const endTracing = trace?.(conductor);
  const triggers =
    !watches || settings.durability === "off" || store.entries === undefined
      ? undefined
      : createTriggers({
          conductor,
          store,
          ...(files && { files }),
          ...(source && { secrets: source }),
          ...(expressions && { expressions }),
          log: (message) => say(oneLine(message)),
        });
  const server = createServer({
    conductor,
    ...(triggers && { triggers }),
    ...(webhooks !== undefined && { webhooks }),
    ...(metrics && { metrics }),
    ...(meterProvider && { meterProvider }),
    durable: settings.durability !== "off",
    origins: origin,
    mcp: mcp && flow !== undefined ? { flows: flow } : mcp,
    trustProxy,
    ...(rateLimit !== undefined && { rateLimits: rateLimit === false ? UNLIMITED : limitedTo(rateLimit) }),
    ...(secrets && { secrets }),
    ...callers,
  });
  try {
    // Also a signal that comes as soon as the address is told is heard.
    const interrupted = new Promise<void>((resolve) =>
      onInterrupt(
        () => resolve(),
        () => {},
      ),
    );
    for (const flow of flows) await saveChanged(conductor, flow, log);
    if (secrets !== undefined) await tellHidden(settings, await secrets.list(), say);
    await prepare(conductor);
    const listening = await server.listen({ port, host }).catch((error: NodeJS.ErrnoException) => {
      log({ event: "listening-failed", message: listeningProblem(error, port, host) });
    });
    if (listening === undefined) return Exit.usage;
    log({
      event: "listening",
      url: listening.apiUrl,
      callers: open
        ? "Everybody on this machine may do everything"
        : `Callers sign in with keys (${oneLine(keys)}), or as users with passwords${options.openid === undefined ? "" : ` or by ${oneLine(options.openid)}`}`,
    });
    void recover(conductor, log);
    void triggers?.start();
    await interrupted;
    triggers?.close();
    log({ event: "ending" });
    // What others left is not begun in a process that ends.
    await drainExecutions(conductor);
    await listening.close(GRACE_MS);
    return Exit.success;
  } finally {
    triggers?.close();
    server.close();
    await conductor.shutdown();
    endTracing?.();
  }
}

/** Why a server cannot listen, and what to do. */
function listeningProblem({ code, message }: NodeJS.ErrnoException, port: number, host: string): string {
  if (code === "EADDRINUSE") {
    return `The port ${port} of ${host} is in use: end the program that listens there, or take another port with --port (0 for any that is free)`;
  }
  if (code === "EACCES") return `The port ${port} is not for this user: take one from 1024 with --port`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return `${oneLine(host)} is no address of this machine: name one with --host`;
  }
  return `The server cannot listen on port ${port} of ${oneLine(host)}: ${message}`;
}

/** At once five seconds' calls. */
function limitedTo(perSecond: number): RateLimits {
  return { calls: { perSecond, burst: 5 * perSecond } };
}

/** What flows of others may not do unless the owner says so: here, or setting by setting in those of the project. */
function guarded(
  project: ConductorConfig,
  { root, defaultRoots = [], allowPrivateAddresses, allowPrograms }: ServeOptions,
): ConductorConfig {
  return {
    ...project,
    files: { roots: root ?? project.files?.roots ?? defaultRoots },
    network: {
      ...project.network,
      privateAddresses: allowPrivateAddresses ?? project.network?.privateAddresses ?? false,
    },
    programs: allowPrograms ?? project.programs ?? false,
  };
}

/** Saves a flow unless the store has it as it is: a start does not make a version. Gives its id. */
export async function saveChanged(
  { storage }: Conductor,
  flow: FlowToSave,
  log: ServerLog = serverLog("text"),
): Promise<string> {
  const saved = flow.id === undefined ? undefined : await storage.loadFlow(flow.id).catch(() => undefined);
  if (saved !== undefined && Object.entries(flow).every(([key, value]) => isSame(saved[key], value))) return saved.id;
  const { id, storedVersion } = await storage.saveFlow(flow);
  log({ event: "flow-saved", flowId: id, ...(storedVersion !== undefined && { version: storedVersion }) });
  return id;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Goes on with what an earlier process left unfinished. */
async function recover(conductor: Conductor, log: ServerLog): Promise<void> {
  try {
    const { resumed, blocked } = await conductor.recover();
    const executionIds = resumed.map(({ executionId }) => executionId);
    if (resumed.length > 0) log({ event: "executions-resumed", count: resumed.length, executionIds });
    for (const { executionId, reason } of blocked) log({ event: "execution-blocked", executionId, reason });
  } catch (error) {
    log({ event: "recovery-failed", message: (error as Error).message });
  }
}
