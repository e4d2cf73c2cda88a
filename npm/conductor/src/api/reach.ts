/** Where calls go: to the services of this process, or over a transport. It can change while the conductor lives. */
import type { Log } from "../engine/log.js";
import { defaultApiUrl, defaultWebSocketUrl } from "../transports/detect.js";
import { TransportError } from "../transports/failure.js";
import { createHTTPTransport } from "../transports/http.js";
import { createIPCTransport } from "../transports/ipc.js";
import { remoteServices } from "../transports/remote.js";
import { withRetries } from "../transports/retry.js";
import { memoryTokenStore } from "../transports/token-store.js";
import { createWebSocketTransport } from "../transports/websocket.js";
import type { Unsubscribe } from "../types/api.js";
import { getErrorRecoveryStrategy } from "../types/errors.js";
import { createExecutionId } from "../types/ids.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { RemoteTransport, TransportOptions, TransportType } from "../types/transport.js";
import type { Environment } from "./environment.js";
import type { Services } from "./local.js";
import { errorOf, flowIdOf, refusal } from "./requests.js";
import type { ConductorConfig } from "./settings.js";

/** A listener, with how it subscribes and how its subscription ends. */
interface Subscription {
  begin(services: Services): Unsubscribe;
  end: Unsubscribe;
}

/** See the module's description. */
export class Reach {
  /** What the services are now. */
  services: Services;
  /** How they are reached; `undefined` in this process. */
  transport: RemoteTransport | undefined;
  private readonly subscriptions = new Set<Subscription>();
  private readonly tokens = memoryTokenStore();
  private readonly opened = new Set<RemoteTransport>();

  constructor(
    private readonly environment: Environment,
    private readonly config: ConductorConfig,
    private readonly local: Services,
    private readonly log: Log,
  ) {
    this.services = local;
    const { transport } = config;
    const type =
      typeof transport === "string" ? transport : transport === undefined ? environment.transport() : "local";
    if (type !== "local") this.configure(type, {});
  }

  /** Makes a transport the one that is used. Throws for a type that there is none of. */
  configure(type: TransportType, options: TransportOptions): void {
    const next = type === "local" ? undefined : this.open(type, options);
    this.transport = next;
    this.services = next === undefined ? this.local : this.remote(next);
    // Whoever listens goes on listening, wherever things happen now.
    for (const subscription of this.subscriptions) {
      subscription.end();
      subscription.end = subscription.begin(this.services);
    }
  }

  /** Sends a request over a transport, again if the transport fails. Never rejects. */
  async request(transport: RemoteTransport, request: ExecutionRequest): Promise<RequestResult> {
    const startedAt = Date.now();
    const executionId = createExecutionId(request.context?.executionId);
    const { timeout } = this.config;
    const sent: ExecutionRequest = {
      ...request,
      context: { ...request.context, executionId },
      // The other side knows nothing of this conductor's settings.
      ...(timeout !== undefined &&
        request.config?.timeout === undefined && { options: { timeout, ...request.options } }),
    };
    const tried = await withRetries(() => transport.execute(sent), { warn: this.log.warn });
    if (tried.ok) return tried.attempts > 1 ? withAttempts(tried.value, tried.attempts) : tried.value;
    return refusal(errorOf(tried.error, executionId), flowIdOf(request) ?? "", startedAt, tried.attempts);
  }

  /** Closes connections. */
  async shutdown(): Promise<void> {
    const opened = [...this.opened];
    this.opened.clear();
    await Promise.all(opened.map((transport) => transport.shutdown()));
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

  private remote(transport: RemoteTransport): Services {
    return remoteServices(transport, {
      tokens: this.tokens,
      recovery: getErrorRecoveryStrategy,
      warn: this.log.warn,
    });
  }

  private open(type: TransportType, options: TransportOptions): RemoteTransport {
    const transport = this.make(type, options);
    this.opened.add(transport);
    return transport;
  }

  private make(type: TransportType, options: TransportOptions): RemoteTransport {
    const { config } = this;
    const apiUrl = options.apiUrl ?? config.apiUrl;
    const wsUrl = options.wsUrl ?? config.wsUrl;
    const timeout = options.timeout === undefined ? {} : { timeout: options.timeout };
    switch (type) {
      case "http":
        return createHTTPTransport({
          apiUrl: apiUrl ?? defaultApiUrl(),
          headers: { ...config.headers, ...options.headers },
          token: this.token,
          ...(wsUrl !== undefined && { events: this.socket(wsUrl, {}) }),
          ...timeout,
        });
      case "websocket":
        return this.socket(wsUrl ?? defaultWebSocketUrl(apiUrl), timeout);
      case "ipc":
        return createIPCTransport(timeout);
      default:
        throw new Error(`Transport ${type} not registered`);
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
