/** The script of a worker that runs user code, one task after the other. */
import { codeOf, messageOf } from "../../contract/error.js";
import type { FromWorker, TaskOutcome, ToWorker } from "./messages.js";
import { runTask } from "./run-task.js";
import type { Surroundings, Task } from "./task.js";

let module: WebAssembly.Module | undefined;

// Who wants this thread to stop ends it, and nobody else works on it.
const alone: Surroundings = { isCancelled: () => false, pause: async () => {} };

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ("module" in data) module = data.module;
  else tell(await outcomeOf(data.task));
};

tell({ started: true });

async function outcomeOf(task: Task): Promise<TaskOutcome> {
  try {
    return { answers: await runTask(module as WebAssembly.Module, task, alone) };
  } catch (error) {
    return { code: codeOf(error), message: messageOf(error) };
  }
}

function tell(message: FromWorker): void {
  self.postMessage(message);
}
