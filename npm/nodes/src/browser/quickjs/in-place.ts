import { otherWork } from "../../sandbox/other-work.js";
import { quickJsModule } from "./module.js";
import { runTask } from "./run-task.js";
import type { Task } from "./task.js";

/** Runs a task on this thread, where no worker can be had. Between batches other work and the signal get their turn. */
export async function runInPlace(task: Task, signal: AbortSignal | undefined): Promise<string[]> {
  return runTask(await quickJsModule(), task, { isCancelled: () => signal?.aborted ?? false, pause: otherWork });
}
