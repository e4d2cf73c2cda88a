/** Time that stands still, and passes when a test says so. */
import { vi } from "vitest";

const { setImmediate: realImmediate, setTimeout: realTimeout } = globalThis;
const realNow = performance.now.bind(performance);
/** ms; less than a test has, so that it fails with what was waited for. */
const PATIENCE = 300_000;

/** Lets what was begun go on as far as it goes without time. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => realImmediate(resolve));
}

/** Stops the clock and all timers. */
export function stopTime(): void {
  const toFake = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] as const;
  vi.useFakeTimers({ toFake: [...toFake], now: Date.UTC(2026, 10, 24, 9) });
}

/** Lets so many ms pass, and all happen that is due meanwhile. */
export async function pass(ms: number): Promise<void> {
  await settled();
  // What a timer began may need further timers, such as those of the writer.
  for (let step = 0; step < 10; step++) {
    await vi.advanceTimersByTimeAsync(ms / 10);
    await settled();
  }
}

/** Resolves once something is so; time does not pass. As long as it takes: a thread, which has real time, may have to answer first. */
export async function holds(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const end = realNow() + PATIENCE;
  while (!(await isSo())) {
    if (realNow() > end) throw new Error("It does not come to hold");
    await settled();
    await new Promise((resolve) => realTimeout(resolve, 1));
  }
}
