/** Where calls go: to the services of this process, or over a transport. It can change while the conductor lives. */
import { messageOf } from "@atomiton/values";
import type { Log } from "../engine/log.js";
import { isolator } from "../events/isolate.js";
import { listenersOf, methodsOf, SERVICES, type Services } from "../services/contract.js";
import type { Unsubscribe } from "../services/declaration.js";
import type { ExecutionsApi } from "../services/executions.js";
import type { FlowApi } from "../services/flow.js";
import type { ActiveExecution, ExecutionEvents, NodeApi } from "../services/node.js";
import { TransportError } from "../transports/failure.js";
import type { LazyTransport } from "../transports/lazy-transport.js";
import type { TokenStore } from "../transports/token-store.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import { createExecutionId } from "../types/ids.js";
import type { OpenQuestion } from "../types/question.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { TransportOptions, TransportType } from "../types/transport.js";
import { Connector } from "./connector.js";
import type { Environment } from "./environment.js";
import type { OwnTransport } from "./own-transport.js";
import type { RemoteViews } from "./remote-views.js";
import { errorOf, flowIdOf, refusal } from "./requests.js";
import type { ConductorConfig } from "./settings.js";
import { Subscriptions } from "./subscriptions.js";
import { type Begun, Target } from "./target.js";

/** What calls need that do not leave this process, or leave it by a transport of the caller's own. */
export interface Home {
  local: Services;
  own: OwnTransport | undefined;
}

/** Sends calls to the target in use, and follows what goes on at targets that were in use before. */
export class ServiceRouter {
  /** Where calls go that no transport leads elsewhere. */
  private home: Target;
  /** Where calls go. */
  private current: Target;
  /** Where something is still under way, though calls go elsewhere by now. */
  private readonly left = new Set<Target>();
  /** Transports to targets that nothing runs on any more, while a call on them is pending. */
  private readonly closing = new Set<LazyTransport>();
  /** Makes the target anew to which calls go, after its connections were closed. */
  private renew: () => Target;
  /** All was shut down: listeners hear of this process only. */
  private isAsleep = false;
  private readonly subscriptions: Subscriptions;
  private readonly connector: Connector;

  constructor(
    private readonly environment: Environment,
    config: ConductorConfig,
    private readonly inProcess: Home,
    tokens: TokenStore,
    private readonly log: Log,
    private readonly views: RemoteViews,
  ) {
    this.connector = new Connector(environment, config, tokens, log);
    this.subscriptions = new Subscriptions(isolator(log, "A listener"), log.warn);
    const { transport } = config;
    const type =
      typeof transport === "string" ? transport : transport === undefined ? environment.transport() : "local";
    this.home = this.current = this.makeHome();
    // A wrong address is an error of the calls that use it, not of the import.
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
   * that is unknown, for settings that cannot be used, and where listening fails; then all stays as it was.
   */
  configure(type: TransportType, options: TransportOptions): void {
    const renew = () => (type === "local" ? this.home : this.elsewhere(type, options));
    const next = renew();
    try {
      next.remote?.transport.open();
      // Listeners go on listening, wherever things happen now.
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
    const target = this.awake();
    const { remote } = target;
    if (remote === undefined) return target.track(() => here(request));
    const executionId = createExecutionId(request.context?.executionId);
    const nodeId = flowIdOf(request) ?? "";
    const startedAt = Date.now();
    const work = async () => {
      const tried = await remote.services.requests.execute(request, executionId);
      if (tried.ok) return tried.attempts > 1 ? withAttempts(tried.value, tried.attempts) : tried.value;
      return refusal(errorOf(tried.error, executionId), nodeId, startedAt, tried.attempts);
    };
    return target.execute({ executionId, nodeId }, this.followed(target, executionId, work), this.ended(target));
  }

  /** Closes connections. Those that are needed afterwards are opened again, with their listeners. */
  async shutdown(): Promise<void> {
    const before = this.current;
    const closed = [...this.left, before, this.home].filter((target) => target.connection !== undefined);
    for (const target of closed) {
      target.isLeft = target.remote !== undefined;
      this.left.delete(target);
    }
    if (closed.includes(this.home)) this.home = this.makeHome();
    this.current = this.renew();
    this.isAsleep = true;
    // To this process nothing has to be open for events of executions.
    this.subscriptions.leave(before, "others");
    // What is cancelled by this is still told.
    for (const target of closed) target.idle().then(() => this.subscriptions.leave(target, "all"));
    const transports = [...this.closing, ...closed.map(({ connection }) => connection)];
    await Promise.all(transports.map((transport) => transport?.shutdown()));
  }

  /** Services that lead to wherever calls go when they are called, as they are declared. */
  facade(): Services {
    const routed: Record<string, object> = {
      node: {
        run: (node, context) => this.run("node", node, context),
        active: () => this.active(),
        attach: (executionId) => this.attach(executionId),
      } satisfies Partial<NodeApi>,
      executions: {
        waiting: (executionId) => this.waiting(executionId),
        answer: (id, answer) => this.answer(id, answer),
      } satisfies Partial<ExecutionsApi>,
      flow: { run: (flow, context) => this.run("flow", flow, context) } satisfies Partial<FlowApi>,
    };
    // Those of `flow` are the same functions as those of `node`.
    const events = new Map(listenersOf(SERVICES.node).map(([name]) => [name, this.executionListener(name)]));
    const services = Object.entries(SERVICES).map(([service, declaration]) => {
      const methods = methodsOf(declaration).map(([name, { targets, awaitsExecution }]) => {
        if (targets === "everywhere") return [name, (executionId: string) => this.everywhere(executionId, name)];
        if (targets === "router") return [name, (routed[service] as Methods)[name]];
        return [
          name,
          (...args: unknown[]) => {
            const target = this.awake();
            const work = () => methodOf(target.services, service, name)(...args);
            return awaitsExecution ? this.followed(target, String(args[0]), work as () => Promise<unknown>)() : work();
          },
        ];
      });
      const listeners = listenersOf(declaration).map(([name, { ofExecutions }]) => [
        name,
        ofExecutions ? events.get(name) : this.listener(service, name),
      ]);
      return [service, Object.fromEntries([...methods, ...listeners])];
    });
    return Object.fromEntries(services);
  }

  private executionListener(name: string) {
    return (callback: (event: never) => unknown): Unsubscribe =>
      this.subscriptions.toExecutions([this.awake(), ...this.left], name as keyof ExecutionEvents, callback);
  }

  private listener(service: string, name: string) {
    return (callback: unknown): Unsubscribe =>
      this.subscriptions.to(this.awake(), (services) => methodOf(services, service, name)(callback) as Unsubscribe);
  }

  private run(
    what: "node" | "flow",
    node: NodeDefinition,
    context: Partial<ConductorExecutionContext> | undefined,
  ): Promise<ExecutionResult> {
    const target = this.awake();
    const { run } = target.services[what];
    if (target.remote === undefined) return target.track(() => run(node, context));
    const executionId = createExecutionId(context?.executionId);
    const begun = { executionId, nodeId: node?.id };
    const work = this.followed(target, executionId, () => run(node, { ...context, executionId }));
    return target.execute(begun, work, this.ended(target));
  }

  /** The same work on an execution, which the store shows; this process shows its own by itself. */
  private followed<T>({ remote, services }: Target, executionId: string, work: () => Promise<T>): () => Promise<T> {
    return remote === undefined ? work : () => this.views.follow(executionId, services.node.view, work);
  }

  /** Of a target that was left nothing more may be heard once its connection is closed. */
  private ended(target: Target): (begun: Begun, result: ExecutionResult | RequestResult) => void {
    return (begun, result) => {
      if (target.isLeft) this.subscriptions.tellEnd(begun, result);
    };
  }

  /** Asks the target to which calls go, and those that were left, if they may know the execution. */
  private async everywhere(executionId: string, method: string): Promise<void> {
    const targets = [...this.left].filter((target) => target.remote === undefined || target.has(executionId));
    await Promise.all(
      [this.awake(), ...targets].map(({ services }) => methodOf(services, "node", method)(executionId)),
    );
  }

  private async active(): Promise<ActiveExecution[]> {
    const found = await this.services.node.active();
    const known = new Set(found.map(({ executionId }) => executionId));
    for (const target of this.left) {
      const begun = target.remote === undefined ? await target.services.node.active() : target.begun();
      for (const { executionId, nodeId, startTime } of begun) {
        if (!known.has(executionId)) found.push({ executionId, nodeId, startTime });
      }
    }
    return found;
  }

  /** What the target to which calls go is asked, and what those that were left still are. */
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
    for (const target of [...this.left]) {
      const { node } = target.services;
      const knows =
        target.remote === undefined
          ? (await node.active()).some((active) => active.executionId === executionId)
          : target.has(executionId);
      if (knows) return target.track(() => node.attach(executionId));
    }
    return current.track(this.followed(current, executionId, () => current.services.node.attach(executionId)));
  }

  /** The target to which calls go, to be used. */
  private awake(): Target {
    if (this.isAsleep) {
      this.isAsleep = false;
      this.subscriptions.enterAgain(this.current);
    }
    return this.current;
  }

  /** Lets what is under way at a target go on, and listeners hear of it, until it is over. */
  private leave(target: Target): void {
    target.isLeft = true;
    this.left.add(target);
    this.subscriptions.leave(target, "others");
    target.idle().then(() => {
      // Calls may lead there again by now.
      if (target.isLeft) this.close(target);
    });
  }

  private close(target: Target): void {
    this.left.delete(target);
    if (target !== this.current) this.subscriptions.leave(target, "all");
    if (target.remote === undefined) return;
    const { transport } = target.remote;
    this.closing.add(transport);
    transport
      .retire()
      .catch((error) => this.log.warn(`[CONDUCTOR] A transport could not be shut down: ${messageOf(error)}`))
      .finally(() => this.closing.delete(transport));
  }

  /** This process; a transport of the caller's own takes what it lacks from the application whose page this is, if any. */
  private makeHome(): Target {
    const { local, own } = this.inProcess;
    if (own === undefined) return new Target(local, undefined);
    if (this.environment.transport() !== "ipc") return new Target(own.over(), undefined);
    const { transport, services } = this.connector.connect("ipc", {});
    return new Target(own.over(services), undefined, transport);
  }

  private elsewhere(type: TransportType, options: TransportOptions): Target {
    const remote = this.connector.connect(type, options);
    const begun = [this.current, ...this.left].flatMap((target) => target.begun());
    const underWay = begun.map(({ executionId }) => executionId as string);
    return new Target(remote.services, remote, remote.transport, new Set(underWay));
  }
}

/** What the other side says of its attempts is less than what it took to reach it. */
function withAttempts(result: RequestResult, attempts: number): RequestResult {
  const { metadata } = result ?? {};
  return metadata === undefined ? result : { ...result, metadata: { ...metadata, attempts } };
}

type Methods = Record<string, (...args: unknown[]) => unknown>;

function methodOf(services: Services, service: string, name: string): Methods[string] {
  const { [name]: method } = services[service as keyof Services] as unknown as Methods;
  if (method !== undefined) return method;
  throw new TransportError("IMPLEMENTATION_NOT_FOUND", `There is no ${service}.${name} where calls go now`);
}
