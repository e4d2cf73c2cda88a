/** What can go wrong with an event, as one class with a stable code. */

/**
 * - `HANDLER_FAILED`: a handler threw or rejected; `cause` is what it threw.
 * - `TIMEOUT`: no answer within `timeout`. Raise it, or look for a handler that never settles.
 * - `NO_HANDLER`: `requireHandler` was set and no handler was subscribed.
 * - `ABORTED`: the emit's `signal` was aborted; `cause` is its reason.
 * - `IPC_FAILED`: the other process is gone, silent, or the message cannot be sent; `cause` says more where known.
 * - `CLOSED`: the events were closed before or while this happened.
 */
export type EventErrorCode = "HANDLER_FAILED" | "TIMEOUT" | "NO_HANDLER" | "ABORTED" | "IPC_FAILED" | "CLOSED";

export interface EventErrorDetails {
  bus: string;
  event?: string | undefined;
  cause?: unknown;
  remoteStack?: string | undefined;
}

/** Every rejection of this package except a wrong argument, which is a `TypeError` or a `RangeError`. */
export class EventError extends Error {
  readonly code: EventErrorCode;
  /** Name of the bus. */
  readonly bus: string;
  /** Name of the event; undefined where the whole bus is meant. */
  readonly event: string | undefined;
  /** Stack of the handler's error as text, when the handler ran in another process. */
  readonly remoteStack: string | undefined;

  constructor(code: EventErrorCode, message: string, details: EventErrorDetails) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.name = "EventError";
    this.code = code;
    this.bus = details.bus;
    this.event = details.event;
    this.remoteStack = details.remoteStack;
  }
}

/**
 * Whether a caught value is an `EventError`, of this code when one is given. Unlike `instanceof` it also knows the
 * errors of another copy of this package, as when one module imports and another requires it.
 */
export function isEventError(value: unknown, code?: EventErrorCode): value is EventError {
  try {
    if (!(value instanceof Error) || value.name !== "EventError" || !("code" in value)) return false;
    return code === undefined || value.code === code;
  } catch {
    // A getter or proxy that throws is no error of this package.
    return false;
  }
}

/** `event "execute" on bus "conductor"`: how messages name an event. */
export function eventText(bus: string, event: string): string {
  return `event "${event}" on bus "${bus}"`;
}
