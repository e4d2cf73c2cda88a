/** Ctrl-C and its kin. */
import { Exit } from "./exit.js";

/**
 * The first SIGINT or SIGTERM asks to stop, the second ends the process. Returns what makes signals end the process
 * right away again.
 *
 * @param last what must still be done before the process ends
 */
export function onInterrupt(stop: (signal: string) => void, last: () => void): () => void {
  let asked = false;
  const listener = (signal: NodeJS.Signals) => {
    if (asked) {
      last();
      process.exit(Exit.cancelled);
    }
    asked = true;
    stop(signal);
  };
  process.on("SIGINT", listener).on("SIGTERM", listener);
  return () => void process.off("SIGINT", listener).off("SIGTERM", listener);
}
