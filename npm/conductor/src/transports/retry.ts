/** Calling again after a failure. */
import { isRetryable as canHelp, TransportError } from "./failure.js";

/** How to try again. */
export interface RetryOptions {
  /** Told before each wait. */
  warn: (message: string) => void;
  /** Ends the waiting at once, and what is to come. Not the call that is under way. */
  signal?: AbortSignal;
  /** Whether calling again after this error can help. Default: what its code says. */
  isRetryable?: (error: unknown) => boolean;
}

/** Further attempts after the first. */
const RETRIES = 3;

/** Wait before the first of them in ms; doubles. */
const FIRST_WAIT = 1000;

/** What came of it, and how many calls it took. */
export type Attempted<T> = { ok: true; value: T; attempts: number } | { ok: false; error: unknown; attempts: number };

/**
 * Calls until it succeeds, at most three times more, after 1, 2 and 4 s. Only what is thrown counts as a failure. Never
 * rejects. After an abort the error is `CANCELLED`.
 */
export async function withRetries<T>(call: () => Promise<T>, options: RetryOptions): Promise<Attempted<T>> {
  const { warn, signal, isRetryable = canHelp } = options;
  for (let attempts = 1; ; attempts++) {
    if (signal?.aborted) return { ok: false, error: cancelled(), attempts: attempts - 1 };
    try {
      return { ok: true, value: await call(), attempts };
    } catch (error) {
      if (signal?.aborted) return { ok: false, error: cancelled(), attempts };
      if (attempts > RETRIES || !isRetryable(error)) return { ok: false, error, attempts };
      const ms = FIRST_WAIT * 2 ** (attempts - 1);
      warn(`[CONDUCTOR] Execution attempt ${attempts} failed, retrying in ${ms}ms`);
      await pause(ms, signal);
      if (signal?.aborted) return { ok: false, error: cancelled(), attempts };
    }
  }
}

/** Over after so many ms, or when the signal fires. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}

function cancelled(): TransportError {
  return new TransportError("CANCELLED", "Execution cancelled");
}
