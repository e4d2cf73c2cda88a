/** How a bus's events are described as types. */

/**
 * The names of a map's events. A map is any object type: `{ execute: Request }` gives the data alone (the answer is
 * then unknown), `{ execute: { data: Request; answer: Result } }` gives both.
 */
export type EventName<Events extends object> = Extract<keyof Events, string>;

/** What an event carries; of several names, what any of them carries. */
export type EventData<Events extends object, Name extends keyof Events> = Name extends keyof Events
  ? Events[Name] extends { data: infer Data; answer: unknown }
    ? Data
    : Events[Name]
  : never;

/** What an event's handlers answer. */
export type EventAnswer<Events extends object, Name extends keyof Events> = Name extends keyof Events
  ? Events[Name] extends { data: unknown; answer: infer Answer }
    ? Answer
    : unknown
  : never;

/** What every handler gets besides the data. */
export interface EventContext<Name extends string = string> {
  /** Pairs the event with its answer; the same in both processes. */
  readonly correlationId: string;
  readonly bus: string;
  readonly event: Name;
  /** Where it was emitted: in this process or in another one. */
  readonly source: "local" | "remote";
  /** Aborted when the answer is no longer awaited: timeout, abort, close, or the other process is gone. */
  readonly signal: AbortSignal;
}

/** Answers an event with what it returns or resolves to; `undefined` is no answer. */
export type Handler<Data, Answer, Name extends string = string> = (
  data: Data,
  context: EventContext<Name>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that answers nothing is one without a return
) => Answer | undefined | void | PromiseLike<Answer | undefined | void>;

/** Decides whether a subscription wants this event. One that throws counts as a failed handler. */
export type Filter<Data, Name extends string = string> = (data: Data, context: EventContext<Name>) => boolean;

/** Sees every event of a bus. */
export type AnyHandler<Events extends object> = (
  event: EventName<Events>,
  data: EventData<Events, EventName<Events>>,
  context: EventContext<EventName<Events>>,
) => unknown;

/** Arguments after the event's name: the data may be left out where it may be undefined. */
export type EmitArguments<Data, Options> = undefined extends Data
  ? [data?: Data, options?: Options]
  : [data: Data, options?: Options];

export interface EmitOptions {
  /** How long to wait for the answer, in ms; none by default. Null, Infinity and more than 2,147,483,647 mean none. */
  timeout?: number | null | undefined;
  /** Gives up waiting when aborted. */
  signal?: AbortSignal | undefined;
  /** Rejects with `NO_HANDLER` when no handler is subscribed; by default that resolves to undefined. */
  requireHandler?: boolean | undefined;
}

export interface SubscribeOptions<Data, Name extends string = string> {
  filter?: Filter<Data, Name> | undefined;
}

export interface WaitOptions<Data, Name extends string = string> extends SubscribeOptions<Data, Name> {
  /** As for an emit, in ms. */
  timeout?: number | null | undefined;
  signal?: AbortSignal | undefined;
}

/** Ends a subscription; calling it again does nothing. */
export type Unsubscribe = () => void;
