/** All listeners of one bus name. */
import { messageOf } from "@atomiton/values";
import { EventEmitter } from "eventemitter3";
import type { Emission } from "./emission.js";
import { EventError, eventText } from "./error.js";
import type { EventContext, Handler, Unsubscribe } from "./event-map.js";

export type StreamHandler = Handler<never, unknown>;
export type StreamFilter = (data: never, context: EventContext<never>) => boolean;

/** Sees events without answering them. */
export interface Observer {
  /** Only this event; all when undefined. */
  event?: string;
  filter?: StreamFilter | undefined;
  see(event: string, data: unknown, context: EventContext): unknown;
}

type Listener = ((data: unknown, emission: Emission) => void) & { handler?: StreamHandler };

export interface Stream {
  subscribe(event: string, handler: StreamHandler, once: boolean, filter: StreamFilter | undefined): Unsubscribe;
  observe(observer: Observer): Unsubscribe;
  unsubscribe(event: string, handler: StreamHandler): void;
  /** Ends subscriptions, those that see every event too when no event is named; what waits for one event stays. */
  clear(event?: string): void;
  /** Handlers of one event or of all; observers do not count. */
  count(event?: string): number;
  /** Starts every handler in subscription order, then shows the event to the observers. */
  deliver(emission: Emission, data: unknown, report: (error: EventError) => void): void;
}

export function createStream(): Stream {
  const emitter = new EventEmitter<string>();
  const observers = new Set<Observer>();

  return {
    subscribe(event, handler, once, filter) {
      const remove = () => {
        emitter.removeListener(event, listener);
      };
      const listener: Listener = (data, emission) => {
        try {
          if (filter && !filter(data as never, emission.context as EventContext<never>)) return;
        } catch (thrown) {
          emission.fail(thrown);
          return;
        }
        if (once) remove();
        emission.run(handler, data);
      };
      listener.handler = handler;
      emitter.on(event, listener);
      return remove;
    },

    observe(observer) {
      observers.add(observer);
      return () => {
        observers.delete(observer);
      };
    },

    unsubscribe(event, handler) {
      for (const listener of emitter.listeners(event) as Listener[]) {
        if (listener.handler === handler) emitter.removeListener(event, listener);
      }
    },

    clear(event) {
      emitter.removeAllListeners(event);
      if (event !== undefined) return;
      for (const observer of observers) {
        if (observer.event === undefined) observers.delete(observer);
      }
    },

    count(event) {
      const events = event === undefined ? emitter.eventNames() : [event];
      return events.reduce((sum, name) => sum + emitter.listenerCount(name), 0);
    },

    deliver(emission, data, report) {
      emitter.emit(emission.context.event, data, emission);
      if (observers.size === 0) return;
      for (const observer of [...observers]) show(observer, emission, data, report);
    },
  };
}

/** An observer cannot change what the emitter gets, not even by failing. */
function show(observer: Observer, emission: Emission, data: unknown, report: (error: EventError) => void): void {
  const { bus, event } = emission.context;
  if (observer.event !== undefined && observer.event !== event) return;
  const failed = (thrown: unknown) => {
    const message = `An observer of ${eventText(bus, event)} failed: ${messageOf(thrown)}`;
    report(new EventError("HANDLER_FAILED", message, { bus, event, cause: thrown }));
  };
  try {
    if (observer.filter && !observer.filter(data as never, emission.context as EventContext<never>)) return;
    const seen = observer.see(event, data, emission.context);
    if (seen instanceof Promise) seen.catch(failed);
  } catch (thrown) {
    failed(thrown);
  }
}
