/** What a conductor tells its listeners. */
import { EventEmitter } from "eventemitter3";
import type { CallOutcome } from "../engine/calls.js";
import { coded } from "../engine/failure.js";
import type { Log } from "../engine/log.js";
import type { FollowTasks } from "../engine/task-spans.js";
import type { ErrorCode } from "../types/errors.js";
import type { ExecutionResult } from "../types/execution.js";
import type { ExecutionGraphState } from "../types/graph.js";
import type { InLogScope } from "../types/log-scope.js";
import type { ExecutionTracer, TraceHeaders } from "../types/tracing.js";
import { Throttle } from "./throttle.js";

/** Ends a subscription. */
export type Unsubscribe = () => void;

/** The span of an execution, in hexadecimal digits; missing where it is not traced. */
interface Traced {
  trace?: { traceId: string; spanId: string };
}

export interface StartedEvent extends Traced {
  executionId: string;
  nodeId: string;
}

export interface CompletedEvent extends Traced {
  executionId: string;
  result: ExecutionResult;
}

export interface ErrorEvent extends Traced {
  executionId: string;
  /** The node that failed, else the one that was run; missing where another program tells of it. */
  nodeId?: string;
  /** That of the result's error; missing as `nodeId`. */
  code?: ErrorCode;
  error: Error;
  /** What is known of the execution, as listeners get it; missing where another program carried it out. */
  result?: ExecutionResult;
}

export type ProgressHandler = (state: ExecutionGraphState) => void;
export type StartedHandler = (event: StartedEvent) => void;
export type CompletedHandler = (event: CompletedEvent) => void;
export type ErrorHandler = (event: ErrorEvent) => void;

interface Events {
  progress: [ExecutionGraphState];
  started: [StartedEvent];
  completed: [CompletedEvent];
  error: [ErrorEvent];
}

/** Makes spans of executions, and follows their tasks for it. */
export type Tracing = ExecutionTracer & { follow: FollowTasks };

/** Told of each call of a node that ended, with the type of the node. */
export type CallCounter = (type: string, outcome: CallOutcome) => void;

/** The key of progress that belongs to no execution. */
const NO_EXECUTION = "";

/**
 * Emits `started`, `progress`, `completed` and `error`. Progress is throttled per execution, on the leading and the
 * trailing edge. Listener errors are isolated; the first of a listener is reported.
 */
export class ConductorEventEmitter extends EventEmitter<Events> {
  readonly #throttles = new Map<string, Throttle<ExecutionGraphState>>();
  readonly #reported = new WeakSet<object>();
  readonly #interval: number;
  readonly #log: Pick<Log, "error">;
  #tracer: Tracing | undefined;
  #logScope: InLogScope | undefined;
  /** Executions that end, and since when, in ms since the epoch; the first ones first. */
  readonly #ending = new Map<string, number>();
  readonly #counters = new Set<CallCounter>();
  readonly #requests = new Set<() => TraceHeaders | undefined>();

  /** @param throttleMs least time between two progress events of one execution */
  constructor(throttleMs = 100, log: Pick<Log, "error"> = { error: (...text) => console.error(...text) }) {
    super();
    this.#interval = throttleMs;
    this.#log = log;
  }

  /** Calls the listeners in the order in which they subscribed. */
  override emit<T extends keyof Events>(event: T, ...args: Events[T]): boolean {
    // As the library does it, those that subscribed once leave before they are called.
    const all = this.#records[event];
    if (all === undefined) return false;
    const records = Array.isArray(all) ? all.slice() : [all];
    for (const record of records) {
      if (record.once) this.removeListener(event, record.fn as never, undefined, true);
      try {
        const answer: unknown = record.fn.apply(record.context, args);
        // An async listener fails later; that must not end the process either.
        if (answer instanceof Promise) answer.catch((error) => this.#report(event, record.fn, error));
      } catch (error) {
        this.#report(event, record.fn, error);
      }
    }
    return true;
  }

  /** Makes spans of executions that begin; `undefined` without tracing. */
  get tracer(): Tracing | undefined {
    return this.#tracer;
  }

  /**
   * Has executions traced from now on; for `traceConductor`. What is returned ends that.
   *
   * @throws Error INVALID_PARAMETERS where they are traced already: there would be two spans of each
   */
  traceWith(tracer: Tracing): Unsubscribe {
    if (this.#tracer !== undefined) {
      throw coded(
        "INVALID_PARAMETERS",
        "The executions of this conductor are traced already; call what ends that first",
        undefined,
      );
    }
    this.#tracer = tracer;
    return () => {
      if (this.#tracer === tracer) this.#tracer = undefined;
    };
  }

  /** Says what is logged while something is done is about; `undefined` where no log tells. */
  get logScope(): InLogScope | undefined {
    return this.#logScope;
  }

  /**
   * Has a log told which execution and which node its lines are about; for a log that is structured. What is returned ends that.
   *
   * @throws Error INVALID_PARAMETERS where another log is told already
   */
  scopeLogs(inScope: InLogScope): Unsubscribe {
    if (this.#logScope !== undefined) {
      throw coded("INVALID_PARAMETERS", "A log is told already what its lines are about", undefined);
    }
    this.#logScope = inScope;
    return () => {
      if (this.#logScope === inScope) this.#logScope = undefined;
    };
  }

  /** Whatever ended before this time was told, in ms since the epoch; `telling`: an execution of which the end is being told. */
  toldUpTo(telling?: string): number {
    const now = Date.now();
    for (const [executionId, since] of this.#ending) if (executionId !== telling) return Math.min(since, now);
    return now;
  }

  /** Notes that an execution ends, which is told once that is on disk. What is returned says that it was told. */
  notesEnd(executionId: string): () => void {
    this.#ending.set(executionId, Date.now());
    return () => void this.#ending.delete(executionId);
  }

  /** Counts calls of nodes; `undefined` without metrics. */
  get callCounter(): CallCounter | undefined {
    if (this.#counters.size === 0) return undefined;
    return (...call) => {
      for (const counter of this.#counters) counter(...call);
    };
  }

  /** Has calls of nodes counted in executions that begin, or go on, from now on; for metrics. What is returned ends that. */
  countCalls(counter: CallCounter): Unsubscribe {
    this.#counters.add(counter);
    return () => void this.#counters.delete(counter);
  }

  /** The headers of the request in which this is asked; `undefined` outside of a request. */
  get requestHeaders(): TraceHeaders | undefined {
    for (const headersOf of this.#requests) {
      const headers = headersOf();
      if (headers !== undefined) return headers;
    }
    return undefined;
  }

  /** Has traces of requests go on in the executions that they begin; for servers. What is returned ends that. */
  traceRequests(headersOf: () => TraceHeaders | undefined): Unsubscribe {
    this.#requests.add(headersOf);
    return () => void this.#requests.delete(headersOf);
  }

  /** Whether progress has listeners. Asked at every step of every run, so it only looks. */
  get hasProgressListeners(): boolean {
    return this.#records.progress !== undefined;
  }

  /** Progress of an execution; `state` is only asked for when an event goes out. */
  emitProgress(state: ExecutionGraphState | (() => ExecutionGraphState), executionId?: string): void {
    const key = executionId ?? (typeof state === "function" ? NO_EXECUTION : (state.executionId ?? NO_EXECUTION));
    let throttle = this.#throttles.get(key);
    if (throttle === undefined) {
      throttle = new Throttle(this.#interval, (latest) => this.emit("progress", latest));
      this.#throttles.set(key, throttle);
    }
    throttle.offer(typeof state === "function" ? state : () => state);
  }

  emitStarted(event: StartedEvent): void {
    this.emit("started", event);
  }

  emitCompleted(event: CompletedEvent): void {
    this.emit("completed", event);
  }

  emitError(event: ErrorEvent): void {
    this.emit("error", event);
  }

  /** Emits progress that is held back, of one execution or of all, right now. */
  flushProgress(executionId?: string): void {
    if (executionId !== undefined) return this.#throttles.get(executionId)?.flush();
    for (const throttle of [...this.#throttles.values()]) throttle.flush();
  }

  /** Forgets an execution that is over. */
  endProgress(executionId: string): void {
    this.#throttles.get(executionId)?.cancel();
    this.#throttles.delete(executionId);
  }

  onProgress(handler: ProgressHandler): Unsubscribe {
    return this.#subscribe("progress", handler);
  }

  onStarted(handler: StartedHandler): Unsubscribe {
    return this.#subscribe("started", handler);
  }

  onCompleted(handler: CompletedHandler): Unsubscribe {
    return this.#subscribe("completed", handler);
  }

  onError(handler: ErrorHandler): Unsubscribe {
    return this.#subscribe("error", handler);
  }

  /** Ends all subscriptions and drops progress that is held back. */
  override removeAllListeners(): this {
    for (const throttle of this.#throttles.values()) throttle.cancel();
    this.#throttles.clear();
    return super.removeAllListeners();
  }

  /** The library's own records, by event. */
  get #records(): Record<string, Listener | Listener[] | undefined> {
    return (this as unknown as { _events: Record<string, Listener | Listener[] | undefined> })._events;
  }

  #subscribe(event: keyof Events, handler: (value: never) => void): Unsubscribe {
    this.on(event, handler as never);
    return () => {
      this.off(event, handler as never);
    };
  }

  #report(event: string, listener: object, error: unknown): void {
    if (this.#reported.has(listener)) return;
    this.#reported.add(listener);
    this.#log.error(`A listener for "${event}" threw; the execution goes on`, error);
  }
}

interface Listener {
  fn: (...args: unknown[]) => unknown;
  context: unknown;
  once: boolean;
}
