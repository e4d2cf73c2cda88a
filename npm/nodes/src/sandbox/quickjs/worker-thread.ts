import type { NodeError } from "../../contract/error.js";
import type { Reply, ToWorker } from "./messages.js";

/** A thread that carries out steps of tasks and can be ended at any time. */
export interface WorkerThread {
  post(message: ToWorker): void;
  /** The replies to steps come to `reply`; `fail` is told when the thread itself has broken down. */
  listen(reply: (reply: Reply) => void, fail: (error: NodeError) => void): void;
  /** Whether the process is to go on for this thread's sake. */
  hold(isHeld: boolean): void;
  /** Ends the thread at once, whatever it does. */
  end(): void;
}
