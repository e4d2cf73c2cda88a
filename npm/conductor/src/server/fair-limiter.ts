/**
 * Limits executions that run at once, for each caller and in all. It is more than a semaphore: callers wait in queues of their own of
 * bounded length, and permits go to the callers in turns.
 */

/** Numbers of executions; `Infinity` for no limit. */
export interface ConcurrencyLimit {
  /** At once. */
  concurrent: number;
  /** That wait for a permit. */
  queued: number;
}

/** A permit to run an execution, or the wait for one. */
export interface Permit {
  /** Settles with true once the execution may begin, with false where it left before. */
  readonly granted: Promise<boolean>;
  readonly isWaiting: boolean;
  /** Gives the permit, or the wait, up; a second time nothing happens. */
  release(): void;
}

interface CallerQueue {
  limit: ConcurrencyLimit;
  running: number;
  waiting: Set<QueuedPermit>;
}

/** Hands out permits: of callers who wait, the one with the fewest executions is next, and of several such the one whose turn is longest ago. */
export class FairLimiter {
  /** In the order of their turns. */
  readonly #queues = new Map<string, CallerQueue>();
  #running = 0;
  #waiting = 0;

  /** @param all of all callers together */
  constructor(private readonly all: ConcurrencyLimit) {}

  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a permit for a caller, or waits for one. Where there is no room to wait it returns whose queue is full: the caller's, or that of all. */
  acquire(caller: string, limit: ConcurrencyLimit): Permit | "caller" | "all" {
    const queue = this.#queues.get(caller) ?? { limit, running: 0, waiting: new Set() };
    queue.limit = limit;
    const mayBegin = queue.waiting.size === 0 && this.#hasPermit(queue);
    if (!mayBegin && queue.waiting.size >= limit.queued) return "caller";
    if (!mayBegin && this.#waiting >= this.all.queued) return "all";
    this.#queues.set(caller, queue);
    const permit: QueuedPermit = new QueuedPermit(() => this.#release(caller, queue, permit));
    if (mayBegin) this.#grant(queue, permit);
    else {
      queue.waiting.add(permit);
      this.#waiting++;
    }
    return permit;
  }

  #hasPermit({ running, limit }: CallerQueue): boolean {
    return this.#running < this.all.concurrent && running < limit.concurrent;
  }

  #grant(queue: CallerQueue, permit: QueuedPermit): void {
    queue.running++;
    this.#running++;
    permit.settle(true);
  }

  #release(caller: string, queue: CallerQueue, permit: QueuedPermit): void {
    if (queue.waiting.delete(permit)) {
      this.#waiting--;
      permit.settle(false);
    } else {
      queue.running--;
      this.#running--;
    }
    if (queue.running === 0 && queue.waiting.size === 0) this.#queues.delete(caller);
    this.#admit();
  }

  #admit(): void {
    for (;;) {
      let next: [string, CallerQueue] | undefined;
      for (const found of this.#queues) {
        const [, queue] = found;
        if (queue.waiting.size === 0 || !this.#hasPermit(queue)) continue;
        if (next === undefined || queue.running < next[1].running) next = found;
      }
      if (next === undefined) return;
      const [caller, queue] = next;
      const [permit] = queue.waiting;
      if (permit === undefined) return;
      queue.waiting.delete(permit);
      this.#waiting--;
      this.#queues.delete(caller);
      this.#queues.set(caller, queue);
      this.#grant(queue, permit);
    }
  }
}

class QueuedPermit implements Permit {
  readonly granted: Promise<boolean>;
  isWaiting = true;
  #isOver = false;
  #settle: (isIn: boolean) => void = () => {};

  constructor(private readonly end: () => void) {
    this.granted = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  settle(isIn: boolean): void {
    this.isWaiting = false;
    this.#settle(isIn);
  }

  release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.end();
  }
}
