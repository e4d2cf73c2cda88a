import { NodeError } from "../../contract/error.js";
import type { FromWorker, TaskOutcome, ToWorker } from "./messages.js";
import type { Task } from "./task.js";
import script from "./worker-script.ts?script";

/** A worker that runs one task at a time. */
export class WorkerThread {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /**
   * Starts a worker while its module is compiled. `undefined` where there can be none: there are none, or the page's CSP
   * has no `worker-src blob:`. Rejects with what the module rejects with.
   */
  static async start(module: Promise<WebAssembly.Module>): Promise<WorkerThread | undefined> {
    const worker = await startWorker();
    if (worker === undefined) return undefined;
    try {
      worker.postMessage({ module: await module } satisfies ToWorker);
    } catch (error) {
      worker.terminate();
      throw error;
    }
    return new WorkerThread(worker);
  }

  /** Runs a task. Rejects when the worker itself broke down; does not settle when it is ended before. */
  run(task: Task): Promise<TaskOutcome> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const fail = (event: Event): void => {
        event.preventDefault();
        const reason = event instanceof ErrorEvent ? event.message : "its answer could not be read";
        reject(new NodeError("EXECUTION_FAILED", `${task.source.name} failed: ${reason}`));
      };
      worker.onerror = fail;
      worker.onmessageerror = fail;
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (!("started" in data)) resolve(data);
      };
      worker.postMessage({ task } satisfies ToWorker);
    });
  }

  /** Ends the worker at once, whatever it does. */
  end(): void {
    this.#worker.terminate();
  }
}

async function startWorker(): Promise<Worker | undefined> {
  if (typeof Worker !== "function") return undefined;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  try {
    const worker = new Worker(url);
    // A forbidden worker is made all the same, and fails without a word of why.
    const started = await new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve(false);
      };
    });
    return started ? worker : undefined;
  } catch {
    return undefined;
  } finally {
    URL.revokeObjectURL(url);
  }
}
