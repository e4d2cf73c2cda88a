/** Starting a worker, from wherever the page has one. */
import type { WorkerLike, WorkerSource } from "../types/worker.js";

/** What is used of the platform; workers have it too, and may start workers. */
interface Platform {
  Worker?: new (address: string | URL, options?: { type: "module" }) => WorkerLike;
}

/** How to get around what a content security policy forbids. */
export const ADVICE =
  "A content security policy must have blob: in worker-src; or give `worker` the address of a script of this site that " +
  "imports \"@atomiton/conductor/worker\", for which 'self' in worker-src is enough.";

/**
 * Starts a worker. Rejects where there can be none; one that is forbidden may also be made all the same and fail later.
 *
 * @param script gives the text of the library's own worker
 */
export async function startWorker(
  source: Exclude<WorkerSource, false>,
  script: () => Promise<string>,
): Promise<WorkerLike> {
  if (typeof source === "function") return source();
  if (source === true) return startOwn(await script());
  if (typeof source === "string" || source instanceof URL) return new (workerClass())(source, { type: "module" });
  return source;
}

/** Where the text of the library's own worker is; there for as long as the page, as any worker may end. */
let ownAddress: string | undefined;

function startOwn(text: string): WorkerLike {
  ownAddress ??= URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return new (workerClass())(ownAddress);
}

function workerClass(): NonNullable<Platform["Worker"]> {
  const { Worker } = globalThis as Platform;
  if (Worker === undefined) throw new Error("This platform has no Worker");
  return Worker;
}
