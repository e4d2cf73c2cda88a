/** The host: its clock, its timers, and letting it have its turn. */
import { LONGEST_TIMER_MS } from "@atomiton/values";

/**
 * Where scripts are not trusted, a look at the precise clock takes longer than running a node, and four times as long as
 * one at the wall clock.
 */
const PRECISE_IS_DEAR = "document" in globalThis || "WorkerGlobalScope" in globalThis;

/** So often a time may be told again; the wall clock may stand still, as a simulated one does. */
const MOST_REPEATS = 64;

/** Time in ms since the epoch that never goes back within a run, whatever is done to the wall clock. */
export class Clock {
  private wall = Date.now();
  private precise = globalThis.performance.now();
  private repeats = 0;
  private origin = this.wall - this.precise;

  /**
   * @param coarse the same time is told until the wall clock has moved on: by less than a ms too early, which cannot be seen,
   *   as all that is told of a run is in whole ms
   */
  constructor(private readonly coarse = PRECISE_IS_DEAR) {}

  now(): number {
    if (!this.coarse) return this.origin + globalThis.performance.now();
    const wall = Date.now();
    if (wall !== this.wall || ++this.repeats > MOST_REPEATS) {
      this.wall = wall;
      this.precise = globalThis.performance.now();
      this.repeats = 0;
    }
    return this.origin + this.precise;
  }

  /** From now on the time is told as this one at the least, and goes on from there. */
  notBefore(time: number): void {
    const behind = time - this.now();
    if (behind > 0) this.origin += behind;
  }

  /** A time of this clock by `performance.now()`, which is the same for all runs. */
  onThread(now: number): number {
    return now - this.origin;
  }
}

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
