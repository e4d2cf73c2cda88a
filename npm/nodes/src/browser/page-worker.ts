import { NodeError } from "../contract/error.js";
import type { FromWorker } from "../sandbox/quickjs/messages.js";
import script from "../sandbox/quickjs/worker-script.ts?script";
import type { WorkerThread } from "../sandbox/quickjs/worker-thread.js";
import { startWorker } from "./start-worker.js";

/**
 * Starts a worker of a page while its module is compiled. `undefined` where workers cannot be used: the browser has none, or the
 * page's CSP has no `worker-src blob:`. Rejects with what the module rejects with.
 */
export async function startPageWorker(load: () => Promise<WebAssembly.Module>): Promise<WorkerThread | undefined> {
  if (typeof Worker !== "function") return undefined;
  const module = load();
  // A worker has to start before it is heard of.
  module.catch(() => {});
  const worker = await startWorker(script);
  if (worker === undefined) return undefined;
  try {
    await engineStarted(worker, await module);
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return {
    post: (message) => worker.postMessage(message),
    listen(reply, fail) {
      const broken = (event: Event): void => {
        event.preventDefault();
        const reason = event instanceof ErrorEvent ? event.message : "its answer could not be read";
        fail(new NodeError("EXECUTION_FAILED", reason));
      };
      worker.onerror = broken;
      worker.onmessageerror = broken;
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if ("answers" in data || "code" in data) reply(data);
      };
    },
    hold() {},
    end: () => worker.terminate(),
  };
}

/** Waits until the engine has started in a worker: no limit of user code counts until then. */
function engineStarted(worker: Worker, module: WebAssembly.Module): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(new NodeError("INTERNAL_ERROR", `User code cannot run here: ${reason}`));
    worker.onerror = (event) => {
      event.preventDefault();
      fail(event.message);
    };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("unready" in data) fail(data.unready);
      if ("ready" in data) resolve();
    };
    worker.postMessage({ module });
  });
}
