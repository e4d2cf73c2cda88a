import { Semaphore } from "@atomiton/values";
import { throwIfAborted, unlessAborted } from "../../contract/abort.js";
import type { ScriptSource } from "../sandbox.js";
import { acquirePermit } from "./acquire-permit.js";
import type { Session } from "./session.js";
import { WorkerSession } from "./worker-session.js";
import type { WorkerThread } from "./worker-thread.js";

/** ms that a worker waits for further tasks: starting one takes longer than most tasks. */
const LONGEST_IDLE = 10_000;

/** Workers that run user code: a bounded number, started when they are needed, ended when they are late or idle. */
export class WorkerPool {
  readonly #semaphore: Semaphore;
  readonly #start: () => Promise<WorkerThread | undefined>;
  readonly #idle: { worker: WorkerThread; timer: ReturnType<typeof setTimeout> }[] = [];

  /**
   * @param workers how many there are at most
   * @param start starts a worker; `undefined` where there can be none
   */
  constructor(workers: number, start: () => Promise<WorkerThread | undefined>) {
    this.#semaphore = new Semaphore(workers);
    this.#start = start;
  }

  /**
   * A worker for one task, when one is free; `undefined` where there can be none. A worker whose task is late or
   * cancelled is ended.
   *
   * @throws NodeError CANCELLED, or TIMEOUT when none became free in time
   */
  async open(source: ScriptSource, signal: AbortSignal | undefined): Promise<Session | undefined> {
    const release = await acquirePermit(this.#semaphore, source, signal);
    const worker = this.#takeIdle() ?? (await this.#started(signal, release));
    if (worker === undefined) {
      release();
      return undefined;
    }
    if (signal?.aborted) {
      this.#keep(worker);
      release();
      throwIfAborted(signal);
    }
    return new WorkerSession(worker, source, signal, (isUsable) => {
      if (isUsable) this.#keep(worker);
      else worker.end();
      release();
    });
  }

  /** A new worker. If it cannot be waited for, `release` is called when it is there for other tasks, or has failed. */
  async #started(signal: AbortSignal | undefined, release: () => void): Promise<WorkerThread | undefined> {
    const starting = this.#start();
    try {
      return await unlessAborted(starting, signal);
    } catch (error) {
      starting
        .then((worker) => worker && this.#keep(worker))
        .catch(() => {})
        .finally(release);
      throw error;
    }
  }

  #takeIdle(): WorkerThread | undefined {
    const taken = this.#idle.pop();
    clearTimeout(taken?.timer);
    taken?.worker.hold(true);
    return taken?.worker;
  }

  #keep(worker: WorkerThread): void {
    worker.hold(false);
    const drop = (): void => {
      const at = this.#idle.findIndex((one) => one.worker === worker);
      if (at < 0) return;
      clearTimeout(this.#idle.splice(at, 1)[0]?.timer);
      worker.end();
    };
    const timer = setTimeout(drop, LONGEST_IDLE);
    if (typeof timer === "object") timer.unref();
    worker.listen(() => {}, drop);
    this.#idle.push({ worker, timer });
  }
}
