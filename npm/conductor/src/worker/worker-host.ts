/** In the page: runs are carried out in a worker, which is started when it is first needed. */

import { Run } from "../engine/driver.js";
import type { NodeExecutorFactory } from "../engine/executables.js";
import type { Outline } from "../engine/outline.js";
import type { RunRequest } from "../engine/run-request.js";
import type { WorkerHost } from "../engine/worker-host.js";
import type { WorkerSource } from "../types/worker.js";
import { pageModules } from "./page-modules.js";
import { startWorker } from "./start.js";
import { WorkerConnection } from "./worker-connection.js";
import { WorkerRun } from "./worker-run.js";

const NOT_IN_WORKER =
  "Ran on the page's own thread, and not in the worker, because it is kept in the `store`; executables that only the worker has are not found";

/** What runs in workers need of their page. */
export interface WorkerHostParts {
  source: Exclude<WorkerSource, false>;
  /** Executables of the page, which stay there. */
  executables: NodeExecutorFactory | undefined;
  /** JSON schemas of the parameters of the page's own node types. */
  schemas?: Record<string, unknown> | undefined;
  /** Gives the text of the library's own worker. */
  script(): Promise<string>;
}

/**
 * Runs in a worker, one at a time. What ends it unexpectedly fails the runs that it has with `TRANSPORT_ERROR`, what
 * keeps it from starting with `NO_TRANSPORT`; the next run starts another. A worker that has not ended a cancelled run
 * after 2 s is ended itself, as soon as it has no other run.
 */
export function createWorkerHost({ source, executables, schemas = {}, script }: WorkerHostParts): WorkerHost {
  /** Those that are not over; the last one, if it is `current`, takes further runs. */
  const connections = new Set<WorkerConnection>();
  let current: WorkerConnection | undefined;
  let isGiven = false;

  const start = () => {
    // A worker that was given cannot be started again.
    const isWorker = typeof source === "object" && !(source instanceof URL);
    if (isWorker && isGiven) return Promise.reject(new Error("it has ended; give `worker` what makes one"));
    isGiven = true;
    return startWorker(source, script);
  };
  const connection = () => {
    if (current === undefined) {
      current = new WorkerConnection(start, pageModules, (retired, isOver) => {
        if (current === retired) current = undefined;
        if (isOver) connections.delete(retired);
      });
      connections.add(current);
    }
    return current;
  };

  return {
    open(outline, request) {
      if (request.recorder !== undefined || request.history !== undefined) return openKept(outline, request);
      // Secrets and the environment are the page's, and outputs of nodes on both sides would have to be at hand, as for what of them
      // is not shown.
      return outline.expressions !== undefined || outline.redacts === true
        ? Run.open(outline, request)
        : connection().begin((number, connection) => new WorkerRun(number, outline, request, connection, executables));
    },
    async problems(node, closed) {
      try {
        return await connection().problems(node, closed, schemas);
      } catch (error) {
        if ((error as { name?: unknown } | null)?.name === "DataCloneError") return undefined;
        throw error;
      }
    },
    shutdown() {
      for (const connection of [...connections]) connection.shutdown();
    },
  };
}

/** Opens a run that is recorded, or was: what does that is the page's. */
function openKept(outline: Outline, request: RunRequest): Run | undefined {
  const run = Run.open(outline, request);
  if (request.recorder !== undefined) run?.warn("not-in-worker", NOT_IN_WORKER);
  return run;
}
