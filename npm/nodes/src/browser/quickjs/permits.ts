import { throwIfAborted } from "../../contract/abort.js";

/** Workers that may run at once: one processor is left to the page. */
const most = Math.max(1, Math.min(4, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1));

let taken = 0;
const waiting = new Set<() => void>();

/**
 * Waits for the permit to run a worker, first come, first served, and takes it. The answer gives it back.
 *
 * @throws NodeError CANCELLED when the signal fires before there is one
 */
export async function takePermit(signal: AbortSignal | undefined): Promise<() => void> {
  throwIfAborted(signal);
  if (taken < most) taken++;
  else await handedOn(signal);
  return giveBack;
}

async function handedOn(signal: AbortSignal | undefined): Promise<void> {
  const given = await new Promise<boolean>((resolve) => {
    const proceed = (): void => {
      signal?.removeEventListener("abort", giveUp);
      resolve(true);
    };
    const giveUp = (): void => {
      waiting.delete(proceed);
      resolve(false);
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    waiting.add(proceed);
  });
  if (!given) throwIfAborted(signal);
}

function giveBack(): void {
  const [next] = waiting;
  // The permit is handed on, not given back, so that nobody who comes in between takes it.
  if (next) {
    waiting.delete(next);
    next();
  } else taken--;
}
