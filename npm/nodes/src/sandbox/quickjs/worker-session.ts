import { LONGEST_TIMER_MS } from "@atomiton/values";
import { NodeError } from "../../contract/error.js";
import { otherWork } from "../other-work.js";
import type { ScriptSource } from "../sandbox.js";
import { stoppedBy } from "./failures.js";
import type { Reply, Request } from "./messages.js";
import type { Session } from "./session.js";
import type { WorkerThread } from "./worker-thread.js";

/** ms after its deadline at which a worker is ended: the engine may stop by itself until then, which keeps the worker. */
const GRACE = 50;

interface Pending {
  resolve(reply: Reply): void;
  reject(error: NodeError): void;
}

/** One task on a worker, which is ended when the task is late, cancelled, or left before all its replies have come. */
export class WorkerSession implements Session {
  readonly #worker: WorkerThread;
  readonly #source: ScriptSource;
  readonly #signal: AbortSignal | undefined;
  readonly #leave: (isUsable: boolean) => void;
  readonly #pending: Pending[] = [];
  #left: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #replies = 0;
  /** Whether the task has failed, so that the steps after it come to nothing, soon. */
  #hasFailed = false;
  /** Why the worker is of no use any more. */
  #lost: NodeError | undefined;
  #isOpen = true;

  /** @param leave is told once whether the worker can be used for other tasks */
  constructor(
    worker: WorkerThread,
    source: ScriptSource,
    signal: AbortSignal | undefined,
    leave: (isUsable: boolean) => void,
  ) {
    this.#worker = worker;
    this.#source = source;
    this.#signal = signal;
    this.#leave = leave;
    this.#left = source.timeoutMs;
    worker.listen(
      (reply) => this.#take(reply),
      (error) => this.#lose(new NodeError(error.code, `${source.name} failed: ${error.message}`, { cause: error })),
    );
    signal?.addEventListener("abort", this.#cancel);
  }

  tell(request: Request): Promise<Reply> {
    if (this.#lost) return Promise.reject(this.#lost);
    const reply = new Promise<Reply>((resolve, reject) => this.#pending.push({ resolve, reject }));
    this.#worker.post(request);
    if (this.#timer === undefined) this.#watch();
    return reply;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#signal?.removeEventListener("abort", this.#cancel);
    if (!this.#hasFailed || this.#pending.length === 0) this.#end();
  }

  #end(): void {
    this.#rest();
    this.#leave(this.#lost === undefined && this.#pending.length === 0);
  }

  #take(reply: Reply): void {
    this.#replies++;
    if ("left" in reply) this.#left = reply.left;
    else this.#hasFailed = true;
    this.#rest();
    this.#pending.shift()?.resolve(reply);
    if (this.#pending.length > 0) this.#watch();
    else if (!this.#isOpen) this.#end();
  }

  /** Ends the worker if it does not reply in time. */
  #watch(): void {
    const patience = Math.min(Math.max(this.#left, 0) + GRACE, LONGEST_TIMER_MS);
    const seen = this.#replies;
    this.#timer = setTimeout(async () => {
      // A reply that is there already may only have waited for this thread.
      await otherWork();
      if (this.#replies === seen && this.#timer !== undefined) this.#lose(stoppedBy("deadline", this.#source));
    }, patience);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #cancel = (): void => {
    this.#lose(new NodeError("CANCELLED", `${this.#source.name} was cancelled`, { cause: this.#signal?.reason }));
  };

  #lose(error: NodeError): void {
    if (this.#lost) return;
    this.#lost = error;
    const pending = this.#pending.splice(0);
    this.#isOpen = false;
    this.#signal?.removeEventListener("abort", this.#cancel);
    this.#end();
    for (const { reject } of pending) reject(error);
  }
}
