/** The host's turns: its clock, its timers, and giving way to others. */

/** Time in ms since the epoch that never goes back within a run, whatever is done to the wall clock. */
export class Clock {
  private readonly origin = Date.now() - globalThis.performance.now();

  now(): number {
    return this.origin + globalThis.performance.now();
  }
}

/** A run that keeps the thread busy for this long gives way to others. */
export const SLICE_MS = 10;

/** The longest time that a timer of the host can be set to. */
const LONGEST_TIMER_MS = 0x7fff_ffff;

/** Calls back once, not before `ms` have passed. */
export function setTimer(callback: () => void, ms: number): ReturnType<typeof setTimeout> {
  return setTimeout(callback, Math.min(Math.max(Math.ceil(ms), 0), LONGEST_TIMER_MS));
}

// Taken when the module loads, so that an application's fake timers do not hold up the engine.
const immediate: ((callback: () => void) => unknown) | undefined = globalThis.setImmediate;

/** Calls back after the host has had its turn: events, timers, cancellation. */
export const giveWay: (callback: () => void) => void =
  immediate === undefined
    ? (callback) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          callback();
        };
        port2.postMessage(undefined);
      }
    : (callback) => void immediate(callback);
