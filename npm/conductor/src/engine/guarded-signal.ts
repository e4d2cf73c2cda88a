/** Signals whose listeners cannot end the process. */
import { isThenable } from "./executables.js";

/** Takes what a listener of a signal threw. */
export type ReportThrown = (error: unknown) => void;

/** A listener as it was given, and as the signal calls it. */
const guards = new WeakMap<object, (this: AbortSignal, event: Event) => void>();
let prototype: AbortSignal | undefined;
/** Of the signal that fires now: to keep it for every signal would cost more than the signal. */
let report: ReportThrown = reportByHand;

/**
 * Makes the listeners that a signal gets from now on report what they throw: Node makes it an uncaught exception, which ends
 * the process. The signal stays a real one; a signal that is made of it, as by `AbortSignal.any`, has listeners of its own.
 */
export function guardSignal(signal: AbortSignal): void {
  prototype ??= guardedPrototype();
  Object.setPrototypeOf(signal, prototype);
}

/** Fires a guarded signal, and tells what its listeners throw, also later. */
export function fire(controller: AbortController, reason: unknown, told: ReportThrown): void {
  const outer = report;
  report = told;
  try {
    controller.abort(reason);
  } finally {
    report = outer;
  }
}

/** A node may send its signal an event itself. */
function reportByHand(error: unknown): void {
  globalThis.console.error("A listener of a node's signal threw", error);
}

/** What all guarded signals share, in front of `AbortSignal.prototype`: their constructor is that of any other. */
function guardedPrototype(): AbortSignal {
  const { addEventListener, removeEventListener } = AbortSignal.prototype;
  const method = (value: unknown) => ({ value, writable: true, configurable: true });
  return Object.create(AbortSignal.prototype, {
    addEventListener: method(function (this: AbortSignal, type: string, listener: unknown, ...rest: unknown[]) {
      return Reflect.apply(addEventListener, this, [type, guardOf(listener), ...rest]);
    }),
    removeEventListener: method(function (this: AbortSignal, type: string, listener: unknown, ...rest: unknown[]) {
      return Reflect.apply(removeEventListener, this, [type, guardOf(listener), ...rest]);
    }),
  }) as AbortSignal;
}

/** The same for the same listener, so that it is added once and can be removed. */
function guardOf(listener: unknown): unknown {
  if (!isListener(listener)) return listener;
  let guard = guards.get(listener);
  if (guard === undefined) {
    guard = function (event) {
      const told = report;
      try {
        const answer: unknown =
          typeof listener === "function" ? Reflect.apply(listener, this, [event]) : listener.handleEvent(event);
        if (isThenable(answer)) Promise.resolve(answer).catch(told);
      } catch (error) {
        told(error);
      }
    };
    guards.set(listener, guard);
    // A signal takes its own listeners off again, with the method that is here.
    guards.set(guard, guard);
  }
  return guard;
}

/** Anything else is for the signal to refuse. */
function isListener(
  listener: unknown,
): listener is ((event: Event) => unknown) | { handleEvent(event: Event): unknown } {
  return typeof listener === "function" || (typeof listener === "object" && listener !== null);
}
