/** Where calls go: to the services of this process, or over a transport. It can change while the conductor lives. */
import type { Log } from "../engine/log.js";
import { defaultApiUrl, defaultWebSocketUrl } from "../transports/detect.js";
import { messageOf, TransportError } from "../transports/failure.js";
import { createHTTPTransport } from "../transports/http.js";
import { createIPCTransport } from "../transports/ipc.js";
import { Line } from "../transports/line.js";
import { type RemoteServices, remoteServices } from "../transports/remote.js";
import type { TokenStore } from "../transports/token-store.js";
import { createWebSocketTransport } from "../transports/websocket.js";
import type { Services, Unsubscribe } from "../types/api.js";
import { getErrorRecoveryStrategy } from "../types/errors.js";
import { createExecutionId } from "../types/ids.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { RemoteTransport, TransportOptions, TransportType } from "../types/transport.js";
import type { Environment } from "./environment.js";
import { errorOf, flowIdOf, refusal } from "./requests.js";
import type { ConductorConfig } from "./settings.js";

/** A listener, with how it subscribes and how its subscription ends. */
interface Subscription {
  begin(services: Services): Unsubscribe;
  end: Unsubscribe;
}

/** What is on the other side, and the way there. */
interface Remote {
  line: Line;
  services: RemoteServices;
}

/** Kinds of transports that lead elsewhere. */
const TYPES: readonly string[] = ["http", "websocket", "ipc"] satisfies TransportType[];

/** See the module's description. */
export class Reach {
  /** What they are on the other side of; `undefined` in this process. */
  transport: Remote | undefined;
  private readonly subscriptions = new Set<Subscription>();
  /** Those that are used, and those on which something is still pending. */
  private readonly lines = new Set<Line>();

  constructor(
    private readonly environment: Environment,
    private readonly config: ConductorConfig,
    private readonly local: Services,
    private readonly tokens: TokenStore,
    private readonly log: Log,
  ) {
    const { transport } = config;
    const type =
      typeof transport === "string" ? transport : transport === undefined ? environment.transport() : "local";
    // What is wrong with an address is an error of whoever uses it, not of whoever imports this.
    if (type !== "local") this.transport = this.remote(type, {});
  }

  /** What the services are now. */
  get services(): Services {
    return this.transport?.services ?? this.local;
  }

  /**
   * Makes a transport the one that is used; the one before is shut down once nothing is pending on it. Throws for a type
   * that there is none of, for settings that cannot be used, and where nobody can listen; then all stays as it was.
   */
  configure(type: TransportType, options: TransportOptions): void {
    const next = type === "local" ? undefined : this.remote(type, options);
    const services = next?.services ?? this.local;
    const begun = new Map<Subscription, Unsubscribe>();
    try {
      next?.line.open();
      // Whoever listens goes on listening, wherever things happen now.
      for (const subscription of this.subscriptions) begun.set(subscription, subscription.begin(services));
    } catch (error) {
      for (const end of begun.values()) end();
      this.retire(next);
      throw error;
    }
    const before = this.transport;
    this.transport = next;
    for (const [subscription, end] of begun) {
      subscription.end();
      subscription.end = end;
    }
    this.retire(before);
  }

  /** Sends a request to the other side, again if the transport fails. Never rejects. */
  async request({ services }: Remote, request: ExecutionRequest): Promise<RequestResult> {
    const startedAt = Date.now();
    const executionId = createExecutionId(request.context?.executionId);
    const tried = await services.requests.execute(request, executionId);
    if (tried.ok) return tried.attempts > 1 ? withAttempts(tried.value, tried.attempts) : tried.value;
    return refusal(errorOf(tried.error, executionId), flowIdOf(request) ?? "", startedAt, tried.attempts);
  }

  /** Closes connections. */
  async shutdown(): Promise<void> {
    const lines = [...this.lines];
    this.lines.clear();
    await Promise.all(lines.map((line) => line.shutdown()));
  }

  /** Services that lead to wherever calls go when they are called. */
  facade(): Services {
    const on = (begin: Subscription["begin"]): Unsubscribe => this.subscribe(begin);
    const events = {
      onProgress: (callback: never) => on(({ node }) => node.onProgress(callback)),
      onComplete: (callback: never) => on(({ node }) => node.onComplete(callback)),
      onError: (callback: never) => on(({ node }) => node.onError(callback)),
    };
    return {
      node: {
        run: (node, context) => this.services.node.run(node, context),
        validate: (node) => this.services.node.validate(node),
        cancel: (executionId) => this.services.node.cancel(executionId),
        pause: (executionId) => this.services.node.pause(executionId),
        resume: (executionId) => this.services.node.resume(executionId),
        active: () => this.services.node.active(),
        attach: (executionId) => this.services.node.attach(executionId),
        ...events,
      },
      flow: {
        run: (flow, context) => this.services.flow.run(flow, context),
        listTemplates: () => this.services.flow.listTemplates(),
        getTemplate: (id) => this.services.flow.getTemplate(id),
        loadFlow: (id) => this.services.flow.loadFlow(id),
        ...events,
      },
      storage: {
        saveFlow: (flow, options) => this.services.storage.saveFlow(flow, options),
        loadFlow: (id) => this.services.storage.loadFlow(id),
        listFlows: (options) => this.services.storage.listFlows(options),
        deleteFlow: (id) => this.services.storage.deleteFlow(id),
        onFlowSaved: (callback) => on(({ storage }) => storage.onFlowSaved(callback)),
        onFlowDeleted: (callback) => on(({ storage }) => storage.onFlowDeleted(callback)),
      },
      auth: {
        login: (credentials) => this.services.auth.login(credentials),
        logout: () => this.services.auth.logout(),
        getCurrentUser: () => this.services.auth.getCurrentUser(),
        refreshToken: () => this.services.auth.refreshToken(),
        onAuthExpired: (callback) => on(({ auth }) => auth.onAuthExpired(callback)),
      },
      system: {
        health: () => this.services.system.health(),
        restart: () => this.services.system.restart(),
      },
    };
  }

  private subscribe(begin: Subscription["begin"]): Unsubscribe {
    const subscription = { begin, end: begin(this.services) };
    this.subscriptions.add(subscription);
    return () => {
      if (this.subscriptions.delete(subscription)) subscription.end();
    };
  }

  private remote(type: TransportType, options: TransportOptions): Remote {
    if (!TYPES.includes(type)) throw new Error(`Transport ${type} not registered`);
    const line = new Line(type, () => this.make(type, options));
    this.lines.add(line);
    const services = remoteServices(line, {
      tokens: this.tokens,
      recovery: getErrorRecoveryStrategy,
      warn: this.log.warn,
      timeout: this.config.timeout,
      lifetime: line,
    });
    return { line, services };
  }

  private retire(remote: Remote | undefined): void {
    if (remote === undefined) return;
    const { line } = remote;
    line
      .retire()
      .catch((error) => this.log.warn(`[CONDUCTOR] A transport could not be shut down: ${messageOf(error)}`))
      .finally(() => this.lines.delete(line));
  }

  private make(type: TransportType, options: TransportOptions): RemoteTransport {
    const { config } = this;
    const apiUrl = options.apiUrl ?? config.apiUrl;
    const wsUrl = options.wsUrl ?? config.wsUrl;
    const timeout = options.timeout === undefined ? {} : { timeout: options.timeout };
    switch (type) {
      case "http": {
        const address = apiUrl ?? defaultApiUrl();
        const events = wsUrl ?? (this.environment.listensToServers ? defaultWebSocketUrl(address) : undefined);
        return createHTTPTransport({
          apiUrl: address,
          headers: { ...config.headers, ...options.headers },
          token: this.token,
          ...(events !== undefined && { events: this.socket(events, {}) }),
          ...timeout,
        });
      }
      case "websocket":
        return this.socket(wsUrl ?? defaultWebSocketUrl(apiUrl), timeout);
      default:
        return createIPCTransport(timeout);
    }
  }

  private socket(url: string, timeout: { timeout?: number }): RemoteTransport {
    const { WebSocket } = this.environment;
    if (WebSocket === undefined) throw new TransportError("NO_TRANSPORT", "This platform has no WebSocket");
    return createWebSocketTransport({ url, WebSocket, token: this.token, ...timeout });
  }

  private readonly token = (): string | undefined => this.tokens.get() ?? undefined;
}

/** What the other side says of its attempts is less than what it took to reach it. */
function withAttempts(result: RequestResult, attempts: number): RequestResult {
  const { metadata } = result ?? {};
  return metadata === undefined ? result : { ...result, metadata: { ...metadata, attempts } };
}
