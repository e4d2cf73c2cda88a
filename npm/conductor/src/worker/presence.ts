/**
 * Knowing that a worker is gone, which browsers do not report: it holds a lock as long as it lives. Only where there are
 * locks, which is in secure contexts.
 */

/** In the worker: holds the lock until it ends. Resolves with whether it could. */
export function showPresence(lock: string): Promise<boolean> {
  return new Promise((resolve) => {
    request(lock, {}, () => {
      resolve(true);
      return new Promise(() => {});
    }).catch(() => resolve(false));
  });
}

/** In the page: calls back once the worker is gone, unless the signal fires before. */
export function onceGone(lock: string, signal: AbortSignal, callback: () => void): void {
  // Without an answer nothing is known, as where there are no locks.
  request(lock, { signal }, async () => callback()).catch(() => {});
}

async function request(lock: string, options: LockOptions, work: () => Promise<void>): Promise<void> {
  await (globalThis.navigator as Partial<Navigator> | undefined)?.locks?.request(lock, options, work);
  // It is only back here without a lock, or after it.
  throw new Error("There are no locks");
}
