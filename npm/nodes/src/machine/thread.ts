/** Work in a thread of its own, which ends with it. */

import { type Transferable, Worker } from "node:worker_threads";
import { LONGEST_TIMER_MS } from "@atomiton/values";

import { throwIfAborted } from "../contract/abort.js";
import { NodeError } from "../contract/error.js";

/** What a thread does, and how its messages and its end are read. */
export interface ThreadWork<M, T> {
  /** A name for debuggers. */
  name: string;
  /** The script, a classic one. */
  script: string;
  /** Its `workerData`. */
  data: unknown;
  transfer?: Transferable[];
  /** MiB of its heap. */
  heapMib: number;
  /** ms; none unless given. */
  timeLimit?: number;
  signal: AbortSignal | undefined;
  /** Takes a message; gives the result once it is there. What it throws ends the work. */
  take(message: M): { result: T } | undefined;
  /** The error of a thread that ended by itself, by its code, in the words of the work. */
  failure(code: ThreadEnd, reason: string, cause?: unknown): NodeError;
}

/** Why a thread ended without a result: it had no memory left, it failed or went away, it took too long. */
export type ThreadEnd = "MEMORY_LIMIT_EXCEEDED" | "EXECUTION_FAILED" | "TIMEOUT";

/**
 * The result of the work; the thread is gone by then.
 *
 * @throws NodeError CANCELLED, what `take` throws and what `failure` makes
 */
export async function inThread<M, T>(work: ThreadWork<M, T>): Promise<T> {
  const { name, script, data, transfer = [], heapMib, timeLimit, signal } = work;
  throwIfAborted(signal);
  const worker = new Worker(script, {
    eval: true,
    name,
    // Nothing of this process is to be seen there, nor are its loaders to be run.
    env: {},
    argv: [],
    execArgv: ["--no-warnings"],
    resourceLimits: { maxOldGenerationSizeMb: heapMib },
    workerData: data,
    transferList: transfer,
  });
  let timer: NodeJS.Timeout | undefined;
  let cancel = (): void => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      const fail = (code: ThreadEnd, reason: string, cause?: unknown) => reject(work.failure(code, reason, cause));
      worker.on("message", (message: M) => {
        try {
          const answer = work.take(message);
          if (answer !== undefined) resolve(answer.result);
        } catch (error) {
          reject(error);
        }
      });
      worker.on("error", (error: NodeJS.ErrnoException) => {
        const isMemory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
        fail(isMemory ? "MEMORY_LIMIT_EXCEEDED" : "EXECUTION_FAILED", error.message, error);
      });
      worker.on("exit", (code) => fail("EXECUTION_FAILED", `its thread ended (exit code ${code})`));
      const late = async () => {
        // It may have answered while this thread was held up, and only the news of that is late.
        for (let turn = 0; turn < 3; turn++) await new Promise((next) => setImmediate(next));
        fail("TIMEOUT", `was ended after ${timeLimit} ms`);
      };
      if (timeLimit !== undefined)
        timer = setTimeout(() => void late(), Math.min(Math.ceil(timeLimit), LONGEST_TIMER_MS));
      cancel = () => reject(new NodeError("CANCELLED", "The operation was cancelled", { cause: signal?.reason }));
      signal?.addEventListener("abort", cancel, { once: true });
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
    await worker.terminate();
  }
}
