/** The longest wait of a timer, in ms: some 24.8 days. JavaScript's timers take a longer one for 1 ms. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Lets a process end although this timer runs, and gives the timer. Those of pages are numbers, and hold nothing up. */
export function unheld<T>(timer: T): T {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}

/** What is there within some ms; `undefined` where nothing is. The process may end meanwhile. Rejects as `done` does. */
export async function within<T>(ms: number, done: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = unheld(setTimeout(() => resolve(undefined), Math.min(ms, LONGEST_TIMER_MS)));
  });
  try {
    return await Promise.race([done, over]);
  } finally {
    clearTimeout(timer);
  }
}
