import { otherWork } from "../../sandbox/other-work.js";
import { runTask } from "./run-task.js";
import type { Task } from "./task.js";

/** Runs a task on this thread, where no worker can be had. Between batches other work and the signal get their turn. */
export function runInPlace(module: WebAssembly.Module, task: Task, signal: AbortSignal | undefined): Promise<string[]> {
  return runTask(module, task, { isCancelled: () => signal?.aborted ?? false, pause: otherWork });
}
