import { NodeError } from "../contract/error.js";

/**
 * Lets a bounded number of sandboxes run at once. They occupy Node's worker pool, and at least one of its threads must
 * stay free for files and name look-ups whatever user code does.
 */
const places = Math.max(1, Number(process.env["UV_THREADPOOL_SIZE"] ?? 4) - 1 || 1);
/** ms that a timer can count. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

let running = 0;
const waiting: (() => void)[] = [];

/**
 * Runs `work` when a place is free, first come, first served. Work that has not ended `patience` ms later is given up
 * with TIMEOUT: a single built-in can keep the engine from looking at the clock. Its thread is still busy then, so its
 * place stays taken until it does end.
 */
export async function inTurn<T>(work: () => Promise<T>, patience: number, name: string): Promise<T> {
  if (running < places) running++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  let timer: NodeJS.Timeout | undefined;
  const lateness = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new NodeError("TIMEOUT", `${name} was given up after ${patience} ms`));
    timer = setTimeout(giveUp, Math.min(patience, LONGEST_TIMEOUT));
  });
  try {
    return await Promise.race([inPlace(work), lateness]);
  } finally {
    clearTimeout(timer);
  }
}

async function inPlace<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // The place is handed on, not given back, so that nobody who comes in between takes it.
    if (next) next();
    else running--;
  }
}
