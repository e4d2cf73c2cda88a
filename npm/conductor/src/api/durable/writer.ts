/** Writes what the runs of a process have to keep: one batch after the other, each with all that came in meanwhile. */
import type { ExecutionChange, ExecutionStore, RefusalReason } from "@atomiton/storage";

import type { Log } from "../../engine/log.js";

/** Between two attempts to write what a store did not take, in ms. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 30_000;

/** The one writer of a store in this process. */
export class Writer {
  private queue: ExecutionChange[] = [];
  private waiting: (() => void)[] = [];
  private writing = false;
  private delay = FIRST_DELAY_MS;
  private readonly refused = new Map<string, (reason: RefusalReason) => void>();
  /** Why nothing can be written at the moment; `undefined` where that is not so. */
  problem: string | undefined;

  constructor(
    private readonly store: ExecutionStore,
    private readonly log: Log,
  ) {}

  /** Writes a change with the next batch. */
  add(change: ExecutionChange): void {
    this.queue.push(change);
  }

  /** Calls back where a change of an execution is refused, until it is forgotten. */
  watch(id: string, refused: (reason: RefusalReason) => void): void {
    this.refused.set(id, refused);
  }

  forget(id: string): void {
    this.refused.delete(id);
  }

  /** Settles when all that was added is on disk. Never rejects: what cannot be written is tried again. */
  flush(): Promise<void> {
    if (this.queue.length === 0 && !this.writing) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (this.writing) return;
      this.writing = true;
      // Others may have something to write in this turn as well.
      queueMicrotask(() => void this.write());
    });
  }

  private async write(): Promise<void> {
    while (this.queue.length > 0 || this.waiting.length > 0) {
      const changes = this.queue;
      const waiting = this.waiting;
      this.queue = [];
      this.waiting = [];
      try {
        const refusals = changes.length === 0 ? [] : await this.store.write(changes);
        this.delay = FIRST_DELAY_MS;
        if (this.problem !== undefined) this.log.warn(`[CONDUCTOR] ${this.store.name} is written to again`);
        this.problem = undefined;
        for (const { id, reason } of refusals) this.refused.get(id)?.(reason);
      } catch (error) {
        this.queue = [...changes, ...this.queue];
        this.waiting = [...waiting, ...this.waiting];
        await this.pause(error);
        continue;
      }
      for (const resolve of waiting) resolve();
    }
    this.writing = false;
  }

  private async pause(error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== this.problem) {
      this.log.error(`[CONDUCTOR] Executions wait: nothing can be written to ${this.store.name}: ${message}`);
    }
    this.problem = message;
    await new Promise((resolve) => setTimeout(resolve, this.delay));
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY_MS);
  }
}
