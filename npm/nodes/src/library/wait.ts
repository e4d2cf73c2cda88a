import { LONGEST_TIMER_MS } from "@atomiton/values";
import { throwIfAborted, unlessAborted } from "../contract/abort.js";

/**
 * Waits so many ms.
 *
 * @throws NodeError CANCELLED as soon as the signal fires
 */
export async function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
  for (let left = ms; left > 0; left -= LONGEST_TIMER_MS) await timer(Math.min(left, LONGEST_TIMER_MS), signal);
}

async function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let handle: ReturnType<typeof setTimeout> | undefined;
  try {
    const over = new Promise<void>((resolve) => {
      handle = setTimeout(resolve, ms);
    });
    await unlessAborted(over, signal);
  } finally {
    // One that goes on would keep the process.
    clearTimeout(handle);
  }
}
