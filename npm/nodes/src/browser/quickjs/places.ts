import { throwIfAborted } from "../../contract/abort.js";

/** Workers at once: one processor is left to the page. */
const places = Math.max(1, Math.min(4, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1));

let taken = 0;
const waiting = new Set<() => void>();

/**
 * Waits for a place, first come, first served, and takes it. The answer gives it back.
 *
 * @throws NodeError CANCELLED when the signal fires before there is one
 */
export async function takePlace(signal: AbortSignal | undefined): Promise<() => void> {
  throwIfAborted(signal);
  if (taken < places) taken++;
  else await turn(signal);
  return leave;
}

async function turn(signal: AbortSignal | undefined): Promise<void> {
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

function leave(): void {
  const [next] = waiting;
  // The place is handed on, not given back, so that nobody who comes in between takes it.
  if (next) {
    waiting.delete(next);
    next();
  } else taken--;
}
