/** A server for a conductor: a handler for whatever listens already, and one that listens by itself. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { persistsExecutions } from "../api/execution-persistence.js";
import type { MainProcessConductor } from "../desktop/main-process.js";
import type { Retention } from "../desktop/result-cache.js";
import { coded } from "../engine/failure.js";
import { demandNames } from "../engine/setting-names.js";
import type { Isolation } from "../isolation/isolation.js";
import type { Triggers } from "../triggers/triggers.js";
import { type Caller, ROLES } from "./access.js";
import { addressOf } from "./addresses.js";
import { refusedBy } from "./answers.js";
import { type Audit, auditor } from "./audit.js";
import { type Authenticate, createCalls, type ServerAuth, whoIs } from "./calls.js";
import { EventLog } from "./event-log.js";
import { checkedLimits, type ExecutionLimits } from "./execution-limit-settings.js";
import { createExecutionGuard } from "./execution-limits.js";
import { type ClosingServer, type FastifyPlugin, fastifyPlugin } from "./fastify.js";
import { createFlowScope } from "./flow-scope.js";
import { createHandler, type HandlerParts } from "./handler.js";
import { createHooks, type Hooks } from "./hooks/hooks.js";
import { isolatedCalls } from "./isolated-calls.js";
import { demandMcp, lazyMcp } from "./mcp/lazy.js";
import type { MeterProvider } from "./meter.js";
import { createMetrics } from "./metrics.js";
import { nodeListener, pathOf, realResponse } from "./node-listener.js";
import { LOCAL_HOSTS, type Origins, refusedOrigin } from "./origins.js";
import { ownFlowRefusal } from "./own-flows.js";
import { createRateGuard, type RateLimits } from "./rate-limits.js";
import { withReadBody } from "./read-body.js";
import { requestHeaders } from "./request-traces.js";
import type { Secrets } from "./secrets/secrets.js";
import { type ServedChannels, serveChannels } from "./served-channels.js";
import { findMissed } from "./stored-events.js";
import { refuseUpgrade, takeUpgrades } from "./upgrades.js";
import { Connection, HEARTBEAT_MS, STRANGERS_BYTES, STRANGERS_CHECK_MS } from "./websocket.js";

/** Settings of a server. */
export interface ServerOptions {
  /** What it serves. It is the caller's to shut down. */
  conductor: MainProcessConductor;
  /**
   * Says who sent a request, by its headers: a name and a role, or nothing for a stranger, who may not do anything. It is asked for
   * each request, for each connection, and every 25 s again while that lasts. A token that a WebSocket brings later comes as the
   * header `Authorization: Bearer …`.
   */
  authenticate?: Authenticate;
  /**
   * Lets every caller do everything, in the place of `authenticate`. Such a server listens only on this machine, and answers only to its
   * local names.
   */
  open?: boolean;
  /** Sessions of the application: what `conductor.auth` in pages calls. Default: callers learn who they are, and nothing more. */
  auth?: ServerAuth;
  /** How often callers may call, and try to sign in. */
  rateLimits?: RateLimits;
  /** How many executions callers may have at once, by their roles, how long one may take, and how much they may send at a time. */
  limits?: ExecutionLimits;
  /** Keeps executions of callers apart from this process. The conductor has to be given it as well. Default: they run in it. */
  isolation?: Isolation;
  /**
   * How many proxies stand before the server, which say in `X-Forwarded-For` who called them; `true` for one. Default: none, so that
   * the address of a client is that of its connection.
   */
  trustProxy?: boolean | number;
  /** Told of sign-ins, refusals, changes, and executions that begin. */
  audit?: Audit;
  /** Where the API is. Default `/api`. */
  base?: string;
  /** Origins of pages of other sites that may call, such as `https://flows.example.com`. Default: none. */
  origins?: readonly string[];
  /** Names of the server, as they stand in `Host`, without ports. Default: its local names with `open`, else any. */
  hosts?: readonly string[];
  /** Whether the conductor has a store, so that an execution that is begun twice under one id is begun once. Default false. */
  durable?: boolean;
  /** How much can be attached to after its end. */
  keep?: Retention;
  /**
   * Serves the Model Context Protocol at `/mcp` and `<base>/mcp`: flows are tools, those whose `metadata.tool` says so or those that
   * are named here by their ids. Default: false.
   */
  mcp?: boolean | { flows: readonly string[] };
  /** The triggers of the saved flows, which callers see and may fire. They are the caller's to start and to close. Default: none. */
  triggers?: Triggers;
  /**
   * Takes requests at `/hooks/<path>` and `<base>/hooks/<path>` for the webhooks among the triggers. Who may send is up to each of
   * them, and may be anyone who knows the address. Default: true with `open`, else false.
   */
  webhooks?: boolean;
  /** Tells callers with the role `viewer` at `/metrics` and `<base>/metrics` what is counted, in the form of Prometheus. Default: false. */
  metrics?: boolean;
  /** Takes the same metrics as instruments of OpenTelemetry, such as `metrics.getMeterProvider()` of `@opentelemetry/api`. Default: none. */
  meterProvider?: MeterProvider;
  /** What callers list, set and remove as secrets; no call tells what one is. The conductor has to be given them as well. Default: none. */
  secrets?: Secrets;
  /**
   * Which flows get secrets where their callers are below the role `editor`: `saved-flows`, the default, or `all-flows`, which lets
   * everyone who may run read every secret, by a flow that prints it.
   */
  secretsFor?: "saved-flows" | "all-flows";
}

/** A server. */
export interface ConductorServer {
  /**
   * Answers a request, as the handlers of Hono, Next and others do. WebSockets come by `upgrade`.
   *
   * @param from the address of the client, or the request of `node:http`, as `c.env` of Hono has it with `@hono/node-server`. Without
   *   either, and without `trustProxy`, no rate limit of addresses counts
   */
  fetch(
    request: Request,
    from?: { address?: string; incoming?: { socket: { remoteAddress?: string | undefined } } },
  ): Promise<Response>;
  /**
   * The same for `node:http` and Express. What is at no address of the server is handed to `next`, where there is one: the server's are
   * below the base, and `/hooks/<path>` of webhooks that there are. A body that was read before is taken from `rawBody`, or made of `body`
   * again where JSON is asked for; where neither is possible, the answer says what to do.
   */
  node(request: IncomingMessage, response: ServerResponse, next?: () => void): void;
  /**
   * A plugin of Fastify 5: `app.register(server.fastify)`. It takes what `node` takes, with bodies that Fastify has not read, and
   * WebSockets; a `prefix` must be one that `base` begins with. Where the application closes, so does the server, after it waited
   * for what is under way, at most 10 s.
   */
  readonly fastify: FastifyPlugin;
  /** For the event `upgrade` of an HTTP server; gives whether the connection was for `<base>/ws`, and so was taken. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Listens by itself, by default on port 3000 of this machine; `port: 0` takes one that is free. */
  listen(options?: { port?: number; host?: string }): Promise<Listening>;
  /** How many clients are told of events. */
  readonly clients: number;
  /** Ends connections, and stops what callers started; with `durable` that goes on when its conductor recovers it. */
  close(): void;
}

/** A server that listens. */
export interface Listening {
  /** Such as `http://127.0.0.1:3000/api`, which is the `apiUrl` of clients. */
  apiUrl: string;
  port: number;
  /**
   * Accepts nothing more, waits at most `grace` ms for what is under way (default 10,000), such as streamed runs and calls of WebSockets,
   * and ends all connections.
   */
  close(grace?: number): Promise<void>;
}

/** How long what is under way may take when a listener closes, by default, in ms. */
const GRACE_MS = 10_000;

/** How often connections that became idle are ended meanwhile, in ms. */
const IDLE_CHECK_MS = 50;

/** Every caller of an open server. */
const ANYBODY: Caller = Object.freeze({ name: "anybody", role: "admin" });

/** Connections that wait until they are taken, as many as systems allow: those of a burst beyond it are reset. */
const BACKLOG = 4096;

/**
 * Makes a server. Throws INVALID_PARAMETERS unless it is said who may call: by `authenticate`, or by `open: true`.
 */
export function createServer(options: ServerOptions): ConductorServer {
  const { conductor, open = false, auth, isolation, keep, secrets, triggers, durable = false } = options;
  demandKnown(options);
  if (open === (options.authenticate !== undefined)) {
    throw coded(
      "INVALID_PARAMETERS",
      "A server needs either `authenticate`, which says who calls, or `open: true`",
      undefined,
    );
  }
  if (durable && persistsExecutions(conductor) === false) {
    throw coded("INVALID_PARAMETERS", "The setting `durable` of a server needs a conductor with a `store`", undefined);
  }
  const base = baseOf(options.base ?? "/api");
  const authenticate = options.authenticate ?? (() => ANYBODY);
  const hosts = options.hosts ?? (open ? LOCAL_HOSTS : undefined);
  const origins: Origins = {
    origins: new Set(options.origins),
    hosts: hosts && new Set(hosts.map((name) => name.toLowerCase())),
    isOpen: open,
  };
  const log = new EventLog(
    (isHeard) => channels.tell(isHeard),
    (telling) => conductor.events.toldUpTo(telling),
  );
  const missed = findMissed(log, durable ? conductor.executions : undefined);
  const takesHooks = triggers !== undefined && (options.webhooks ?? open);
  const hooks: Hooks | undefined = takesHooks
    ? createHooks({
        triggers,
        executions: { fire: (...firing) => executions.fire(...firing) },
        base,
        told: (session, refused, what) => refusedBy(calls.told(session, refused, what)),
        tell: (entry) => tell(entry),
      })
    : undefined;
  /** Aborted while the server does not listen any more, which ends streams that only listen, and waits for news. */
  let ending = new AbortController();
  const served = {
    durable,
    ending: () => ending.signal,
    isForLater: () => log.isExpecting,
    ...(keep && { keep }),
    ...(auth && { auth }),
    ...(secrets && { secrets }),
    ...(triggers && { triggers }),
    ...(hooks && { hooks }),
  };
  const channels: ServedChannels = serveChannels(conductor, served, (...told) => log.add(...told));
  // Clients of a process before this one may come back.
  if (durable) log.expect();
  const audit = auditor(options.audit);
  const tell: typeof audit = (entry) => {
    if (entry.event === "refused" || entry.event === "limited") metrics?.refused(entry.event);
    audit(entry);
  };
  const guard = createRateGuard(options.rateLimits ?? {}, ({ what, ...session }) => {
    tell({ event: "limited", ...whoIs(session), what, outcome: "RATE_LIMIT_EXCEEDED" });
  });
  const proxies = Number(options.trustProxy ?? 0);
  const ownFlows = options.secretsFor === "all-flows" ? undefined : ownFlowRefusal(conductor);
  const scope = createFlowScope(conductor);
  const limits = checkedLimits(options.limits ?? {});
  const { bodyBytes } = limits;
  const executions = createExecutionGuard(limits, conductor, tell);
  const isolated = isolation && isolatedCalls(isolation, conductor);
  const { meterProvider } = options;
  const metrics = createMetrics(
    { isScraped: options.metrics ?? false, meterProvider },
    { conductor, clients: () => log.listeners, queued: () => executions.waiting },
  );
  const calls = createCalls({ channels, auth, guard, executions, isolated, ownFlows, scope, tell });
  const onSessionsEnded = (listener: () => void) => auth?.onSessionsEnded?.(listener) ?? (() => {});
  /** Aborted once nothing is waited for any more, which ends those that have a result to come. */
  let ended = new AbortController();
  let isEnding = false;
  const whyNotReady = async () => {
    const { status } = await conductor.system.health();
    if (ending.signal.aborted) return "The server ends";
    // Its message is for callers: strangers ask for this as well.
    return status === "ok" ? undefined : `The conductor is ${status}; the command system.health tells callers why`;
  };
  const mcp = lazyMcp(
    options.mcp,
    { calls, events: conductor.events, isKept: durable, bodyBytes },
    () => durable && isEnding,
  );
  const parts = {
    calls,
    channels,
    events: { log, missed },
    authenticate,
    guard,
    bodyBytes,
    proxies,
    onSessionsEnded,
    isOpen: open,
    origins,
    base,
    whyNotReady,
    kept: durable ? keptIn(conductor) : undefined,
    ending: () => ending.signal,
    ended: () => ended.signal,
    mcp: mcp?.handle,
    hooks,
    metrics,
    isTraced: () => conductor.events.tracer !== undefined,
    openId: auth?.openId,
    tell,
  };
  const handler = createHandler(parts);
  const endTraces = conductor.events.traceRequests(() => requestHeaders());
  const listener = nodeListener(handler.fetch);

  const connections = new Set<Connection>();
  const sockets = new WebSocketServer({
    noServer: true,
    // Of the connection itself more is known once its caller is: see `arrived`.
    maxPayload: Math.max(STRANGERS_BYTES, ...ROLES.map(bodyBytes)),
    autoPong: false,
  });
  const heartbeat = setInterval(() => {
    for (const connection of connections) connection.check();
  }, HEARTBEAT_MS);
  heartbeat.unref();
  const strangersCheck = setInterval(() => {
    for (const connection of connections) connection.checkStranger();
  }, STRANGERS_CHECK_MS);
  strangersCheck.unref();
  const endListening = onSessionsEnded(() => {
    for (const connection of connections) connection.checkCaller();
  });

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
    if (pathOf(request) !== `${base}/ws`) return false;
    const asked = new Request(`http://localhost${base}/ws`, { headers: headersOf(request) });
    const refused = ending.signal.aborted ? "The server ends" : refusedOrigin(asked, origins);
    if (refused !== undefined) {
      refuseUpgrade(socket, "403 Forbidden", refused);
      return true;
    }
    const forwarded = asked.headers.get("x-forwarded-for");
    const address = addressOf(request.socket.remoteAddress, forwarded, proxies);
    const limited = guard.ofAddress(address);
    if (limited !== undefined) {
      refuseUpgrade(socket, "429 Too Many Requests", limited.error, `retry-after: ${limited.retryAfter}\r\n`);
      return true;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      const connection = new Connection(client, asked, { calls, log, missed, authenticate, guard, bodyBytes }, address);
      connections.add(connection);
      client.on("close", () => connections.delete(connection));
      // After the messages of what came: the listener of the WebSocket itself is there already.
      socket.on("data", ({ length }: Buffer) => connection.arrived(length));
    });
    return true;
  };

  const drain = (http: ClosingServer, grace = GRACE_MS): (() => void) => {
    // Closing a server of node:http ends the connections that are idle then. Others become so, and stay as long as keep-alive says.
    const idle = setInterval(() => http.closeIdleConnections?.(), IDLE_CHECK_MS);
    const late = setTimeout(() => {
      server.close();
      for (const connection of connections) connection.terminate();
      http.closeAllConnections?.();
    }, grace);
    ending.abort();
    executions.endWaiting();
    mcp?.endStreams();
    for (const connection of connections) connection.end();
    return () => {
      clearInterval(idle);
      clearTimeout(late);
    };
  };

  const server: ConductorServer = {
    fetch: async (request, { address, incoming } = {}) =>
      realResponse(
        await handler.fetch(request, { ...(address !== undefined && { address }), ...(incoming && { incoming }) }),
      ),
    node(request, response, next) {
      const path = pathOf(request);
      if (next !== undefined && !handler.serves(path)) return next();
      const refused = withReadBody(request, path.startsWith("/hooks/") || path.startsWith(`${base}/hooks/`));
      if (refused === undefined) void listener(request, response);
      else response.writeHead(refused.status, { "content-type": "application/json" }).end(JSON.stringify(refused.body));
    },
    upgrade,
    fastify: fastifyPlugin({
      base,
      isOpen: open,
      takesHooks,
      serves: handler.serves,
      node: (request, response) => server.node(request, response),
      upgrade,
      drain,
      close: () => server.close(),
    }),
    async listen({ port = 3000, host = "127.0.0.1" } = {}) {
      if (open && !isLocal(host)) {
        throw coded("INVALID_PARAMETERS", `An open server listens on this machine only, not on ${host}`, undefined);
      }
      if (ending.signal.aborted) ending = new AbortController();
      if (ended.signal.aborted) ended = new AbortController();
      await metrics?.prometheus;
      const http = createHttpServer((request, response) => void listener(request, response));
      takeUpgrades(http, `${base}/ws`, upgrade);
      await new Promise<void>((resolve, reject) => {
        http.once("error", reject);
        http.listen({ port, host, backlog: BACKLOG }, () => resolve());
      });
      const address = http.address() as AddressInfo;
      const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
      return {
        apiUrl: `http://${name}:${address.port}${base}`,
        port: address.port,
        async close(grace) {
          const closed = new Promise<void>((resolve) => http.close(() => resolve()));
          http.closeIdleConnections();
          const drained = drain(http, grace);
          await closed;
          drained();
        },
      };
    },
    get clients() {
      return log.listeners;
    },
    close() {
      isEnding = true;
      ending.abort();
      ended.abort();
      mcp?.close();
      metrics?.close();
      clearInterval(heartbeat);
      clearInterval(strangersCheck);
      endTraces();
      log.close();
      executions.endWaiting();
      endListening();
      for (const connection of connections) connection.close();
      channels.close();
    },
  };
  return server;
}

const OPTIONS = [
  "conductor",
  "authenticate",
  "open",
  "auth",
  "base",
  "origins",
  "hosts",
  "durable",
  "keep",
  "mcp",
  "triggers",
  "webhooks",
  "metrics",
  "meterProvider",
  "rateLimits",
  "limits",
  "isolation",
  "trustProxy",
  "audit",
  "secrets",
  "secretsFor",
] as const satisfies readonly (keyof ServerOptions)[];

function demandSecrets({ secrets, secretsFor = "saved-flows" }: ServerOptions): void {
  const refused = (rule: string) => coded("INVALID_PARAMETERS", rule, undefined);
  if (secretsFor !== "saved-flows" && secretsFor !== "all-flows") {
    throw refused("The setting `secretsFor` of a server must be saved-flows or all-flows");
  }
  if (secrets !== undefined && typeof secrets?.rotate !== "function") {
    throw refused("The setting `secrets` of a server must be what `openSecrets` gives");
  }
}

/** A limit that is misspelt must not look kept. */
function demandKnown(options: ServerOptions): void {
  const refused = (rule: string) => coded("INVALID_PARAMETERS", rule, undefined);
  demandNames("createServer", options, OPTIONS);
  if (options.isolation !== undefined && options.isolation.isTaken !== true) {
    throw refused(
      "The setting `isolation` of a server must be the one of `createIsolation` that its conductor was made with",
    );
  }
  if (options.open && options.isolation?.isolates("admin") === false) {
    throw refused(
      "With `open` every caller has the role admin, which this isolation leaves out: give it `roles` with admin",
    );
  }
  if (options.webhooks === true && options.triggers === undefined) {
    throw refused("The setting `webhooks` of a server needs `triggers`, which `createTriggers` gives");
  }
  const { trustProxy: proxies = 0 } = options;
  if (typeof proxies !== "boolean" && !(Number.isSafeInteger(proxies) && proxies >= 0)) {
    throw refused("The setting `trustProxy` of a server must be the number of proxies before it, or true for one");
  }
  for (const name of ["origins", "hosts"] as const) {
    const list: unknown = options[name];
    if (list !== undefined && !(Array.isArray(list) && list.every((text) => typeof text === "string"))) {
      throw refused(`The setting \`${name}\` of a server must be a list of texts`);
    }
  }
  demandMcp(options.mcp);
  for (const name of ["webhooks", "metrics", "durable", "open"] as const) {
    if (typeof (options[name] ?? false) !== "boolean")
      throw refused(`The setting \`${name}\` of a server is true or false`);
  }
  if (options.meterProvider !== undefined && typeof options.meterProvider?.getMeter !== "function") {
    throw refused("The setting `meterProvider` of a server must be a MeterProvider of OpenTelemetry");
  }
  if (options.triggers !== undefined && typeof options.triggers?.backfill !== "function") {
    throw refused("The setting `triggers` of a server must be what `createTriggers` gives");
  }
  for (const name of ["authenticate", "audit"] as const) {
    const given: unknown = options[name];
    if (given !== undefined && typeof given !== "function") {
      throw refused(`The setting \`${name}\` of a server must be a function`);
    }
  }
  if (options.keep !== undefined) demandNames("keep", options.keep, ["results", "ms", "bytes", "resultBytes"]);
  demandSecrets(options);
  if (options.limits !== undefined) checkedLimits(options.limits);
  for (const origin of options.origins ?? []) {
    if (origin === "*" || /^[a-z][a-z\d+.-]*:\/\/[^/\s]+$/.test(origin)) continue;
    throw refused(`An origin is written as \`https://flows.example.com\`, without a path, or is *; found ${origin}`);
  }
}

/** Finds executions of a store; `undefined` for one that it does not have. */
function keptIn({ executions }: Pick<MainProcessConductor, "executions">): HandlerParts["kept"] {
  return async (id) => {
    try {
      return await executions?.get(id);
    } catch (error) {
      if ((error as { code?: unknown } | null)?.code === "NODE_NOT_FOUND") return undefined;
      throw error;
    }
  };
}

function baseOf(base: string): string {
  if (/^(\/[\w.~-]+)*\/?$/.test(base)) return base.replace(/\/$/, "");
  throw coded("INVALID_PARAMETERS", "The setting `base` of a server must be a path, such as /api", undefined);
}

function isLocal(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    try {
      headers.append(rawHeaders[at] as string, rawHeaders[at + 1] as string);
    } catch {
      // A header that no request may have says nothing to anybody.
    }
  }
  return headers;
}
