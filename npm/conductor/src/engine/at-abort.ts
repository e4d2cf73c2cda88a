/** What ends with a signal: one listener for each signal, however much waits with it. */

const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `end` once a signal fires; not for one that has fired already. What is returned ends that. A signal that lives as long
 * as a server has no more to do for a thousand questions than for one, and none of them is a leak to what counts listeners.
 */
export function atAbort(signal: AbortSignal | undefined, end: () => void): () => void {
  if (signal === undefined) return () => {};
  let ends = waiting.get(signal);
  if (ends === undefined) {
    const all = new Set<() => void>();
    const fired = () => {
      for (const each of all) each();
    };
    signal.addEventListener("abort", fired, { once: true });
    waiting.set(signal, all);
    ends = all;
  }
  const own = ends;
  own.add(end);
  return () => void own.delete(end);
}
