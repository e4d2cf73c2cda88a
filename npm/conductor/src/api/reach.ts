/** Where calls go: to the services of this process, or over a transport. It can change while the conductor lives. */
import { messageOf } from "@atomiton/values";
import type { Log } from "../engine/log.js";
import { defaultApiUrl, defaultWebSocketUrl } from "../transports/detect.js";
import { TransportError } from "../transports/failure.js";
import { createHTTPTransport } from "../transports/http.js";
import { createIPCTransport } from "../transports/ipc.js";
import { eventIssuerOf, issuerOf } from "../transports/issuer.js";
import { Line } from "../transports/line.js";
import { remoteServices } from "../transports/remote.js";
import { type TokenStore, tokensOf } from "../transports/token-store.js";
import { createWebSocketTransport } from "../transports/websocket.js";
import type { ActiveExecution, ExecutionEvents, NodeApi, Services, Unsubscribe } from "../types/api.js";
import type { NodeDefinition } from "../types/definition.js";
import { getErrorRecoveryStrategy } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import { createExecutionId } from "../types/ids.js";
import type { OpenQuestion } from "../types/question.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { RemoteTransport, TransportOptions, TransportType } from "../types/transport.js";
import type { Environment } from "./environment.js";
import { isolator } from "./isolate.js";
import type { OwnTransport } from "./own-transport.js";
import { errorOf, flowIdOf, refusal } from "./requests.js";
import { type ConductorConfig, msOrRefuse } from "./settings.js";
import { type Begun, type Remote, Side } from "./side.js";
import { Subscriptions } from "./subscriptions.js";

/** Kinds of transports that lead elsewhere. */
const TYPES: readonly string[] = ["http", "websocket", "ipc"] satisfies TransportType[];

/** What calls need that do not leave this process, or leave it by a transport of the caller's own. */
export interface Home {
  local: Services;
  own: OwnTransport | undefined;
}

/** See the module's description. */
export class Reach {
  /** Where calls go that no transport leads elsewhere. */
  private home: Side;
  /** Where calls go. */
  private current: Side;
  /** Where something is still under way, though calls go elsewhere by now. */
  private readonly left = new Set<Side>();
  /** Lines to sides that nothing runs on any more, while a call on them is pending. */
  private readonly closing = new Set<Line>();
  /** Makes the side anew to which calls go, after its connections were closed. */
  private renew: () => Side;
  /** Nobody listens but to this process since all was shut down. */
  private isAsleep = false;
  private readonly subscriptions: Subscriptions;

  constructor(
    private readonly environment: Environment,
    private readonly config: ConductorConfig,
    private readonly inProcess: Home,
    private readonly tokens: TokenStore,
    private readonly log: Log,
  ) {
    this.subscriptions = new Subscriptions(isolator(log, "A listener"), log.warn);
    const { transport } = config;
    const type =
      typeof transport === "string" ? transport : transport === undefined ? environment.transport() : "local";
    this.home = this.current = this.makeHome();
    // What is wrong with an address is an error of whoever uses it, not of whoever imports this.
    this.renew = () => (type === "local" ? this.home : this.elsewhere(type, {}));
    this.current = this.renew();
  }

  /** What the services are now. */
  get services(): Services {
    return this.awake().services;
  }

  /** The services of the application whose page this is, beside a transport of the caller's own. */
  get application(): Services | undefined {
    return this.home.connection === undefined ? undefined : this.home.services;
  }

  /**
   * Makes a transport the one that is used; the one before is shut down once nothing is pending on it. Throws for a type
   * that there is none of, for settings that cannot be used, and where nobody can listen; then all stays as it was.
   */
  configure(type: TransportType, options: TransportOptions): void {
    const renew = () => (type === "local" ? this.home : this.elsewhere(type, options));
    const next = renew();
    try {
      next.remote?.line.open();
      // Whoever listens goes on listening, wherever things happen now.
      this.subscriptions.enter(next);
    } catch (error) {
      if (next.remote !== undefined) this.close(next);
      throw error;
    }
    const before = this.current;
    this.isAsleep = false;
    this.renew = renew;
    this.current = next;
    this.left.delete(next);
    next.isLeft = false;
    if (before !== next) this.leave(before);
  }

  /** Runs a request where calls go; in this process as `here` does it. Never rejects, if that does not. */
  async request(
    request: ExecutionRequest,
    here: (request: ExecutionRequest) => Promise<RequestResult>,
  ): Promise<RequestResult> {
    const side = this.awake();
    const { remote } = side;
    if (remote === undefined) return side.during(() => here(request));
    const executionId = createExecutionId(request.context?.executionId);
    const nodeId = flowIdOf(request) ?? "";
    const startedAt = Date.now();
    const work = async () => {
      const tried = await remote.services.requests.execute(request, executionId);
      if (tried.ok) return tried.attempts > 1 ? withAttempts(tried.value, tried.attempts) : tried.value;
      return refusal(errorOf(tried.error, executionId), nodeId, startedAt, tried.attempts);
    };
    return side.execute({ executionId, nodeId }, work, this.ended(side));
  }

  /** Closes connections. Those that are needed afterwards are opened again, and listened on by whoever listened. */
  async shutdown(): Promise<void> {
    const before = this.current;
    const closed = [...this.left, before, this.home].filter((side) => side.connection !== undefined);
    for (const side of closed) {
      side.isLeft = side.remote !== undefined;
      this.left.delete(side);
    }
    if (closed.includes(this.home)) this.home = this.makeHome();
    this.current = this.renew();
    this.isAsleep = true;
    // To this process nothing has to be open for events of executions.
    this.subscriptions.leave(before, "others");
    // What is cancelled by this is still told.
    for (const side of closed) side.idle().then(() => this.subscriptions.leave(side, "all"));
    const lines = [...this.closing, ...closed.map(({ connection }) => connection)];
    await Promise.all(lines.map((line) => line?.shutdown()));
  }

  /** Services that lead to wherever calls go when they are called. */
  facade(): Services {
    const { subscriptions } = this;
    const onEvent =
      <T>(name: keyof ExecutionEvents) =>
      (callback: (event: T) => void) =>
        subscriptions.toExecutions([this.awake(), ...this.left], name, callback as never);
    const on = (begin: (services: Services) => Unsubscribe) => subscriptions.to(this.awake(), begin);
    const events: ExecutionEvents = {
      onProgress: onEvent("onProgress"),
      onComplete: onEvent("onComplete"),
      onError: onEvent("onError"),
    };
    return {
      node: {
        run: (node, context) => this.run("node", node, context),
        validate: (node) => this.services.node.validate(node),
        cancel: (executionId) => this.everywhere(executionId, ({ cancel }) => cancel(executionId)),
        pause: (executionId) => this.everywhere(executionId, ({ pause }) => pause(executionId)),
        resume: (executionId) => this.everywhere(executionId, ({ resume }) => resume(executionId)),
        active: () => this.active(),
        attach: (executionId) => this.attach(executionId),
        ...events,
      },
      executions: {
        waiting: (executionId) => this.waiting(executionId),
        answer: (id, answer) => this.answer(id, answer),
        onQuestion: (callback) => on(({ executions }) => executions.onQuestion(callback)),
      },
      flow: {
        run: (flow, context) => this.run("flow", flow, context),
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

  private run(
    what: "node" | "flow",
    node: NodeDefinition,
    context: Partial<ConductorExecutionContext> | undefined,
  ): Promise<ExecutionResult> {
    const side = this.awake();
    const { run } = side.services[what];
    if (side.remote === undefined) return side.during(() => run(node, context));
    const executionId = createExecutionId(context?.executionId);
    const begun = { executionId, nodeId: node?.id };
    return side.execute(begun, () => run(node, { ...context, executionId }), this.ended(side));
  }

  /** Of a side that was left nothing more may be heard once its connection is closed. */
  private ended(side: Side): (begun: Begun, result: ExecutionResult | RequestResult) => void {
    return (begun, result) => {
      if (side.isLeft) this.subscriptions.tellEnd(begun, result);
    };
  }

  /** Asks the side to which calls go, and those that were left, if they may know the execution. */
  private async everywhere(executionId: string, ask: (node: NodeApi) => Promise<void>): Promise<void> {
    const sides = [...this.left].filter((side) => side.remote === undefined || side.has(executionId));
    await Promise.all([this.awake(), ...sides].map(({ services }) => ask(services.node)));
  }

  private async active(): Promise<ActiveExecution[]> {
    const found = await this.services.node.active();
    const known = new Set(found.map(({ executionId }) => executionId));
    for (const side of this.left) {
      const begun = side.remote === undefined ? await side.services.node.active() : side.begun();
      for (const { executionId, nodeId, startTime } of begun) {
        if (!known.has(executionId)) found.push({ executionId, nodeId, startTime });
      }
    }
    return found;
  }

  /** What the side to which calls go is asked, and what those that were left still are. */
  private async waiting(executionId: string | undefined): Promise<OpenQuestion[]> {
    const found = await Promise.all(
      [this.awake(), ...this.left].map(({ services }) => services.executions.waiting(executionId)),
    );
    return found.flat();
  }

  private async answer(id: string, answer: unknown): Promise<void> {
    for (const { services } of this.left) {
      if ((await services.executions.waiting(id)).length > 0) return services.executions.answer(id, answer);
    }
    return this.awake().services.executions.answer(id, answer);
  }

  private async attach(executionId: string): Promise<ExecutionResult> {
    const current = this.awake();
    for (const side of [...this.left]) {
      const { node } = side.services;
      const knows =
        side.remote === undefined
          ? (await node.active()).some((active) => active.executionId === executionId)
          : side.has(executionId);
      if (knows) return side.during(() => node.attach(executionId));
    }
    return current.during(() => current.services.node.attach(executionId));
  }

  /** The side to which calls go, to be used. */
  private awake(): Side {
    if (this.isAsleep) {
      this.isAsleep = false;
      this.subscriptions.enterAgain(this.current);
    }
    return this.current;
  }

  /** Lets what is under way at a side go on, and whoever listens hear of it, until it is over. */
  private leave(side: Side): void {
    side.isLeft = true;
    this.left.add(side);
    this.subscriptions.leave(side, "others");
    side.idle().then(() => {
      // Calls may lead there again by now.
      if (side.isLeft) this.close(side);
    });
  }

  private close(side: Side): void {
    this.left.delete(side);
    if (side !== this.current) this.subscriptions.leave(side, "all");
    if (side.remote === undefined) return;
    const { line } = side.remote;
    this.closing.add(line);
    line
      .retire()
      .catch((error) => this.log.warn(`[CONDUCTOR] A transport could not be shut down: ${messageOf(error)}`))
      .finally(() => this.closing.delete(line));
  }

  /** This process; a transport of the caller's own takes what it lacks from the application whose page this is, if any. */
  private makeHome(): Side {
    const { local, own } = this.inProcess;
    if (own === undefined) return new Side(local, undefined);
    if (this.environment.transport() !== "ipc") return new Side(own.over(), undefined);
    const { line, services } = this.remote("ipc", {});
    return new Side(own.over(services), undefined, line);
  }

  private elsewhere(type: TransportType, options: TransportOptions): Side {
    const remote = this.remote(type, options);
    const begun = [this.current, ...this.left].flatMap((side) => side.begun());
    const underWay = begun.map(({ executionId }) => executionId as string);
    return new Side(remote.services, remote, remote.line, new Set(underWay));
  }

  private remote(type: TransportType, options: TransportOptions): Remote {
    if (!TYPES.includes(type)) throw new Error(`Transport ${type} not registered`);
    const tokens = tokensOf(this.tokens, issuerOf(type, options, this.config));
    const line = new Line(type, () => this.make(type, options, tokens));
    const services = remoteServices(line, {
      tokens,
      recovery: getErrorRecoveryStrategy,
      warn: this.log.warn,
      timeout: msOrRefuse("timeout", this.config.timeout),
      lifetime: line,
    });
    return { line, services };
  }

  private make(type: TransportType, options: TransportOptions, tokens: TokenStore): RemoteTransport {
    const { config, environment } = this;
    const apiUrl = options.apiUrl ?? config.apiUrl;
    const wsUrl = options.wsUrl ?? config.wsUrl;
    const timeout = options.timeout === undefined ? {} : { timeout: options.timeout };
    switch (type) {
      case "http": {
        const address = apiUrl ?? defaultApiUrl();
        const events = wsUrl ?? (environment.listensToServers ? defaultWebSocketUrl(address) : undefined);
        // Where there are no WebSockets there are no events; whoever listens is told.
        const hasEvents = events !== undefined && environment.WebSocket !== undefined;
        return createHTTPTransport({
          apiUrl: address,
          headers: { ...config.headers, ...options.headers },
          token: () => tokens.get() ?? undefined,
          ...(hasEvents && {
            events: this.socket(events, {}, tokensOf(this.tokens, eventIssuerOf(events, options, config))),
          }),
          ...timeout,
        });
      }
      case "websocket":
        return this.socket(wsUrl ?? defaultWebSocketUrl(apiUrl), timeout, tokens);
      default:
        return createIPCTransport(timeout);
    }
  }

  private socket(url: string, timeout: { timeout?: number }, tokens: TokenStore): RemoteTransport {
    const { WebSocket } = this.environment;
    if (WebSocket === undefined) throw new TransportError("NO_TRANSPORT", "This platform has no WebSocket");
    const token = () => tokens.get() ?? undefined;
    return createWebSocketTransport({ url, WebSocket, token, onTokenChange: tokens.onChange, ...timeout });
  }
}

/** What the other side says of its attempts is less than what it took to reach it. */
function withAttempts(result: RequestResult, attempts: number): RequestResult {
  const { metadata } = result ?? {};
  return metadata === undefined ? result : { ...result, metadata: { ...metadata, attempts } };
}
