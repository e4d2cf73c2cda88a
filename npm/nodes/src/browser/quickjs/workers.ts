import { NodeError } from "../../contract/error.js";
import { takePermit } from "./permits.js";
import type { Task } from "./task.js";
import { WorkerThread } from "./worker-thread.js";

/** ms that a worker waits for further tasks: starting one takes longer than most tasks. */
const LONGEST_IDLE = 10_000;
/** ms after which a worker is given up at the earliest. */
const LEAST_PATIENCE = 1000;
/** ms that a timer can count. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

const idle: { worker: WorkerThread; timer: ReturnType<typeof setTimeout> }[] = [];

/**
 * Runs a task in a worker, when one of a bounded number is free; `undefined` where no worker can be started. A worker
 * that has not answered after twice the task's time, or whose task is cancelled, is ended.
 */
export async function runInWorker(
  module: Promise<WebAssembly.Module>,
  task: Task,
  signal: AbortSignal | undefined,
): Promise<string[] | undefined> {
  const giveBack = await takePermit(signal);
  try {
    const worker = takeIdle() ?? (await WorkerThread.start(module));
    return worker && (await runOn(worker, task, signal));
  } finally {
    giveBack();
  }
}

function runOn(worker: WorkerThread, task: Task, signal: AbortSignal | undefined): Promise<string[]> {
  const { name, timeoutMs } = task.source;
  const patience = Math.min(Math.max(2 * timeoutMs, LEAST_PATIENCE), LONGEST_TIMEOUT);
  return new Promise((resolve, reject) => {
    const end = (error: NodeError): void => {
      settle();
      worker.end();
      reject(error);
    };
    const cancel = (): void => {
      end(new NodeError("CANCELLED", `${name} was cancelled`, { cause: signal?.reason }));
    };
    const giveUp = (): void => end(new NodeError("TIMEOUT", `${name} was given up after ${patience} ms`));
    const timer = setTimeout(giveUp, patience);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    };
    if (signal?.aborted) return cancel();
    signal?.addEventListener("abort", cancel);
    worker.run(task).then(
      (outcome) => {
        settle();
        keep(worker);
        if ("answers" in outcome) resolve(outcome.answers);
        else reject(new NodeError(outcome.code, outcome.message));
      },
      (error: NodeError) => end(error),
    );
  });
}

function takeIdle(): WorkerThread | undefined {
  const taken = idle.pop();
  clearTimeout(taken?.timer);
  return taken?.worker;
}

function keep(worker: WorkerThread): void {
  const timer = setTimeout(() => {
    idle.splice(
      idle.findIndex((one) => one.worker === worker),
      1,
    );
    worker.end();
  }, LONGEST_IDLE);
  idle.push({ worker, timer });
}
