import type { Semaphore } from "@atomiton/values";
import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import type { ScriptSource } from "../sandbox.js";

/** The shortest time that a task waits for a permit before it is given up, in ms: much user code may be running at once. */
export const LEAST_WAIT = 60_000;

/**
 * Takes one of the permits to run user code, or waits for one. Resolves with what releases it.
 *
 * @throws NodeError CANCELLED when the signal fires first, TIMEOUT when no permit is free within a minute or
 * the time that the code itself may take, if that is longer
 */
export async function acquirePermit(
  semaphore: Semaphore,
  { name, timeoutMs }: ScriptSource,
  signal: AbortSignal | undefined,
): Promise<() => void> {
  throwIfAborted(signal);
  const free = semaphore.tryAcquire();
  if (free) return free;
  const wait = Math.max(timeoutMs, LEAST_WAIT);
  const end = new AbortController();
  const giveUp = (): void => end.abort();
  const timer = setTimeout(giveUp, wait);
  signal?.addEventListener("abort", giveUp);
  try {
    return await semaphore.acquire(end.signal);
  } catch {
    throwIfAborted(signal);
    const { permits } = semaphore;
    throw new NodeError(
      "TIMEOUT",
      `${name} was not begun: it waited ${wait} ms while other user code took all ${permits} places`,
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}
