/**
 * Lets a bounded number of sandboxes run at once. They occupy Node's worker pool, and at least one of its threads must
 * stay free for files and name look-ups whatever user code does.
 */
const places = Math.max(1, Number(process.env["UV_THREADPOOL_SIZE"] ?? 4) - 1 || 1);

let running = 0;
const waiting: (() => void)[] = [];

/** Runs `work` when a place is free, first come, first served. */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < places) running++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // The place is handed on, not given back, so that nobody who comes in between takes it.
    if (next) next();
    else running--;
  }
}
