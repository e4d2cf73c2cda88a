import { throwIfAborted, unlessAborted } from "../../contract/abort.js";
import type { ScriptSource } from "../sandbox.js";
import { Places } from "./places.js";
import type { Session } from "./session.js";
import { WorkerSession } from "./worker-session.js";
import type { WorkerThread } from "./worker-thread.js";

/** ms that a worker waits for further tasks: starting one takes longer than most tasks. */
const LONGEST_IDLE = 10_000;

/** Workers that run user code: a bounded number, started when they are needed, ended when they are late or idle. */
export class WorkerPool {
  readonly #places: Places;
  readonly #start: () => Promise<WorkerThread | undefined>;
  readonly #idle: { worker: WorkerThread; timer: ReturnType<typeof setTimeout> }[] = [];

  /** @param start starts a worker; `undefined` where there can be none */
  constructor(places: number, start: () => Promise<WorkerThread | undefined>) {
    this.#places = new Places(places);
    this.#start = start;
  }

  /**
   * A worker for one task, when one is free; `undefined` where there can be none. A worker whose task is late or
   * cancelled is ended.
   *
   * @throws NodeError CANCELLED, or TIMEOUT when none became free in time
   */
  async open(source: ScriptSource, signal: AbortSignal | undefined): Promise<Session | undefined> {
    const giveBack = await this.#places.take(source, signal);
    const worker = this.#takeIdle() ?? (await this.#started(signal, giveBack));
    if (worker === undefined) {
      giveBack();
      return undefined;
    }
    if (signal?.aborted) {
      this.#keep(worker);
      giveBack();
      throwIfAborted(signal);
    }
    return new WorkerSession(worker, source, signal, (isUsable) => {
      if (isUsable) this.#keep(worker);
      else worker.end();
      giveBack();
    });
  }

  /** A new worker. If it cannot be waited for, `giveBack` is called when it is there for other tasks, or has failed. */
  async #started(signal: AbortSignal | undefined, giveBack: () => void): Promise<WorkerThread | undefined> {
    const starting = this.#start();
    try {
      return await unlessAborted(starting, signal);
    } catch (error) {
      starting
        .then((worker) => worker && this.#keep(worker))
        .catch(() => {})
        .finally(giveBack);
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
