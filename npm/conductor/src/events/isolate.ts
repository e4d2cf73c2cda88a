/** Listeners cannot hurt whom they listen to. */
import type { Log } from "../engine/log.js";

/** Calls a listener; what it throws is reported once. */
export type Isolate = (listener: object, call: () => unknown) => void;

/** Isolates listeners that are described as `what`, such as "A store subscriber". */
export function isolator(log: Pick<Log, "error">, what: string): Isolate {
  const reported = new WeakSet<object>();
  const report = (listener: object, error: unknown) => {
    if (reported.has(listener)) return;
    reported.add(listener);
    log.error(`${what} threw; the execution goes on`, error);
  };
  return (listener, call) => {
    try {
      const answer = call();
      // An async listener fails later; that must not end the process either.
      if (answer instanceof Promise) answer.catch((error) => report(listener, error));
    } catch (error) {
      report(listener, error);
    }
  };
}
