/** The typed face of one stream. */
import type { Want } from "./emission.js";
import { EventError, eventText } from "./error.js";
import type {
  AnyHandler,
  EmitArguments,
  EmitOptions,
  EventAnswer,
  EventContext,
  EventData,
  EventName,
  Handler,
  SubscribeOptions,
  Unsubscribe,
  WaitOptions,
} from "./event-map.js";
import type { Observer, Stream, StreamFilter, StreamHandler } from "./stream.js";
import { checkTimeout, watch } from "./wait-options.js";

/**
 * A named stream of typed events. Every method may be used unbound. Subscribing to a closed bus throws `CLOSED`.
 */
export interface Bus<Events extends object = Record<string, unknown>> {
  readonly name: string;

  /**
   * Emits an event to every handler, here and in linked processes, and resolves to the first answer that is not
   * undefined: local handlers in subscription order, then linked processes in the order they connected. It settles as
   * soon as that is known; the other handlers run on. With no answer it resolves to undefined, or rejects with the
   * first failure when a handler failed. Local handlers have started when emit returns.
   *
   * Rejects with an `EventError`: `HANDLER_FAILED`, `TIMEOUT`, `NO_HANDLER`, `ABORTED`, `IPC_FAILED`, `CLOSED`.
   */
  emit<Name extends EventName<Events>>(
    event: Name,
    ...rest: EmitArguments<EventData<Events, Name>, EmitOptions>
  ): Promise<EventAnswer<Events, Name> | undefined>;

  /**
   * As `emit`, but resolves to every answer that is not undefined, in the same order, when all are known. Rejects for
   * failed handlers only when no handler answered.
   */
  emitAll<Name extends EventName<Events>>(
    event: Name,
    ...rest: EmitArguments<EventData<Events, Name>, EmitOptions>
  ): Promise<Exclude<EventAnswer<Events, Name>, undefined>[]>;

  /** Handles an event; what the handler returns or resolves to is its answer; `undefined` counts as no answer. */
  on<Name extends EventName<Events>>(
    event: Name,
    handler: Handler<EventData<Events, Name>, EventAnswer<Events, Name>, Name>,
    options?: SubscribeOptions<EventData<Events, Name>, Name>,
  ): Unsubscribe;

  /** Handles the next event, with a filter the next that passes. */
  once<Name extends EventName<Events>>(
    event: Name,
    handler: Handler<EventData<Events, Name>, EventAnswer<Events, Name>, Name>,
    options?: SubscribeOptions<EventData<Events, Name>, Name>,
  ): Unsubscribe;

  /** Sees every event after its handlers have started. It answers nothing, and its failures go to `onError`. */
  onAny(handler: AnyHandler<Events>): Unsubscribe;

  /**
   * Resolves to the data of the next event, with a filter the next that passes; it does not answer the event.
   * Rejects with `TIMEOUT`, `ABORTED`, `CLOSED`, or `HANDLER_FAILED` when the filter throws.
   */
  wait<Name extends EventName<Events>>(
    event: Name,
    options?: WaitOptions<EventData<Events, Name>, Name>,
  ): Promise<EventData<Events, Name>>;

  /** Ends every subscription of this handler to this event. */
  off<Name extends EventName<Events>>(
    event: Name,
    handler: Handler<EventData<Events, Name>, EventAnswer<Events, Name>, Name>,
  ): void;

  /** Ends every subscription to this event; without an event every one of the bus, those of `onAny` too. */
  removeAllListeners(event?: EventName<Events>): void;

  /** Handlers of one event, or of all, in this process; those of `onAny` and `wait` do not count. */
  listenerCount(event?: EventName<Events>): number;
}

/** What a bus needs of those who made it. */
export interface BusHost {
  emit(bus: string, event: string, data: unknown, options: EmitOptions, want: Want): Promise<unknown>;
  closed(): boolean;
  /** Keeps what must be rejected when the events are closed; the returned function forgets it. */
  keepWaiting(close: () => void): () => void;
}

export function createBus<Events extends object>(name: string, stream: Stream, host: BusHost): Bus<Events> {
  const open = (event?: string) => {
    if (host.closed()) throw closedError(name, event);
  };
  const subscribe = (event: string, handler: unknown, once: boolean, filter?: StreamFilter) => {
    open(event);
    return stream.subscribe(event, checkHandler(handler), once, filter);
  };
  const bus = {
    name,
    emit: (event: string, data?: unknown, options: EmitOptions = {}) => host.emit(name, event, data, options, "first"),
    emitAll: (event: string, data?: unknown, options: EmitOptions = {}) => host.emit(name, event, data, options, "all"),
    on: (event: string, handler: unknown, options?: { filter?: StreamFilter }) =>
      subscribe(event, handler, false, options?.filter),
    once: (event: string, handler: unknown, options?: { filter?: StreamFilter }) =>
      subscribe(event, handler, true, options?.filter),
    onAny(handler: Observer["see"]) {
      open();
      checkHandler(handler);
      return stream.observe({ see: handler });
    },
    wait: (event: string, options: WaitOptions<unknown> = {}) => waitFor(name, event, options, stream, host),
    off: (event: string, handler: StreamHandler) => stream.unsubscribe(event, handler),
    removeAllListeners: (event?: string) => stream.clear(event),
    listenerCount: (event?: string) => stream.count(event),
  } satisfies Record<keyof Bus, unknown>;
  // What the map says of data and answers exists in types alone.
  return bus as unknown as Bus<Events>;
}

export function closedError(bus: string, event?: string): EventError {
  const what = event === undefined ? `bus "${bus}"` : eventText(bus, event);
  return new EventError("CLOSED", `The events of ${what} are closed: make a new event manager`, { bus, event });
}

function waitFor(
  bus: string,
  event: string,
  options: WaitOptions<unknown>,
  stream: Stream,
  host: BusHost,
): Promise<unknown> {
  const promise = new Promise<unknown>((resolve, reject) => {
    checkTimeout(options.timeout);
    if (host.closed()) throw closedError(bus, event);
    const observer: Observer = {
      event,
      see(_event, data, context: EventContext) {
        try {
          if (options.filter && !options.filter(data, context)) return;
        } catch (thrown) {
          const message = `The filter of a wait for ${eventText(bus, event)} failed`;
          giveUp(new EventError("HANDLER_FAILED", message, { bus, event, cause: thrown }));
          return;
        }
        end();
        resolve(data);
      },
    };
    const stopObserving = stream.observe(observer);
    const forget = host.keepWaiting(() => giveUp(closedError(bus, event)));
    let stopWatch = () => {};
    const end = () => {
      stopObserving();
      forget();
      stopWatch();
    };
    const giveUp = (error: EventError) => {
      end();
      reject(error);
    };
    stopWatch = watch(options, { bus, event }, giveUp);
  });
  // Callers that await it get the rejection; one that is no longer awaited is no unhandled rejection.
  promise.catch(() => {});
  return promise;
}

function checkHandler(handler: unknown): StreamHandler {
  if (typeof handler === "function") return handler as StreamHandler;
  throw new TypeError("A handler must be a function");
}
