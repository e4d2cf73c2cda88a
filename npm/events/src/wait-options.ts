/** How long something is waited for: a timer and an abort signal that never outlive the waiting. */
import { LONGEST_TIMER_MS } from "@atomiton/values";
import { EventError, eventText } from "./error.js";

export interface WaitOptions {
  /** In ms; null means no timeout, as undefined does. */
  timeout?: number | null | undefined;
  signal?: AbortSignal | undefined;
}

/** Throws a `RangeError` unless this is a duration in ms, or none: undefined, or null as JSON has it. */
export function checkTimeout(timeout: number | null | undefined): void {
  if (timeout === undefined || timeout === null || timeout >= 0) return;
  throw new RangeError(`timeout must be zero or more milliseconds, not ${String(timeout)}`);
}

/** The rejection for a signal that is aborted. */
export function abortedError(bus: string, event: string, signal: AbortSignal): EventError {
  const message = `Gave up waiting for ${eventText(bus, event)}: its signal was aborted`;
  return new EventError("ABORTED", message, { bus, event, cause: signal.reason });
}

/**
 * Calls `giveUp` at most once, with `TIMEOUT` or `ABORTED`. Returns what ends the watch and frees timer and listener.
 * The timer does not keep a process alive.
 */
export function watch(
  { timeout, signal }: WaitOptions,
  { bus, event }: { bus: string; event: string },
  giveUp: (error: EventError) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    if (timer !== undefined) clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  const onAbort = () => {
    stop();
    if (signal) giveUp(abortedError(bus, event, signal));
  };
  if (timeout !== undefined && timeout !== null && timeout <= LONGEST_TIMER_MS) {
    timer = startTimer(timeout, () => {
      stop();
      giveUp(new EventError("TIMEOUT", `Nothing within ${timeout} ms for ${eventText(bus, event)}`, { bus, event }));
    });
  }
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  return stop;
}

/** A timer that does not keep a process alive; a delay longer than a timer can hold is cut to that. */
export function startTimer(delay: number, callback: () => void): ReturnType<typeof setTimeout> {
  const timer: unknown = setTimeout(callback, Math.min(delay, LONGEST_TIMER_MS));
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function")
    timer.unref();
  return timer as ReturnType<typeof setTimeout>;
}
