/** Writes what the runs of a process have to keep: one batch after the other, each with all that came in meanwhile. */
import type { ExecutionChange, ExecutionStore, Refusal, RefusalReason } from "@atomiton/storage";
import { messageOf } from "@atomiton/values";

import type { Log } from "../../engine/log.js";

/** Between two attempts to write what a store did not take, in ms. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 30_000;

/** So late at most is written what nothing waits for, in ms. */
const LATEST_MS = 50;

/** What has something to write now and then. */
export interface Source {
  /** Adds to the writer what is pending. */
  collect(): void;
  /** A change of its execution was refused. */
  refused(reason: RefusalReason): void;
  /** No store can keep what it has to write. */
  unwritable(message: string): void;
  /** What it had to write is given up, as the conductor ends. */
  unwritten(message: string): void;
  /** Leaves its execution to others. */
  leave(): void;
  /** A part of its execution cannot go on: neither can it. */
  blockedBy(part: string, error: Error): void;
  /** Whether it goes on with whatever versions of node types there are. */
  readonly anyVersion: boolean;
  /** Whether its execution is a part of another one. */
  readonly isPart: boolean;
  /** Its execution, or one that it is a part of, was taken over, and no answer since is on disk. */
  readonly isUnproven: boolean;
  /** Its execution goes on: a part of it gave an answer, or it is left. */
  proven(): void;
}

/** The one writer of a store in this process. All that is pending is written together, so that what waits for the disk finds all there that came before it. */
export class Writer {
  /** Those that have something pending. */
  private pending = new Set<Source>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private queue: ExecutionChange[] = [];
  private waiting: (() => void)[] = [];
  private writing = false;
  private delay = FIRST_DELAY_MS;
  /** Nothing is tried again: the conductor ends. */
  private isLeaving = false;
  /** Ends the pause before the next attempt. */
  private wake: (() => void) | undefined;
  private readonly sources = new Map<string, Source>();
  /** Why nothing can be written at the moment; `undefined` where that is not so. */
  problem: string | undefined;

  constructor(
    readonly store: ExecutionStore,
    private readonly log: Log,
    /** Told of the changes that are on disk. */
    private readonly written: (changes: readonly ExecutionChange[]) => void = () => {},
  ) {}

  /** Writes a change with the next batch. */
  add(change: ExecutionChange): void {
    this.queue.push(change);
  }

  /** Asks a source soon for what it has pending. */
  touch(source: Source): void {
    this.pending.add(source);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, LATEST_MS);
  }

  /** Notes the source of an execution's changes, until it is forgotten. */
  watch(id: string, source: Source): void {
    this.sources.set(id, source);
  }

  forget(id: string): void {
    this.sources.delete(id);
  }

  /** The sources of executions that one is a part of, by their ids, the nearest first. */
  private around(id: string): [id: string, source: Source][] {
    const found: [string, Source][] = [];
    for (let end = id.lastIndexOf("/"); end > 0; end = id.lastIndexOf("/", end - 1)) {
      const source = this.sources.get(id.slice(0, end));
      if (source === undefined) continue;
      found.push([id.slice(0, end), source]);
      // Callers may give ids that look as if they were inside of others.
      if (!source.isPart) break;
    }
    return found;
  }

  /** Whether an execution is a part of one that goes on with whatever versions of node types there are. */
  takesAnyVersion(id: string): boolean {
    return this.around(id).some(([, { anyVersion }]) => anyVersion);
  }

  /** Whether an execution is a part of one that was taken over, and has not shown since that it goes on. */
  isUnprovenAround(id: string): boolean {
    return this.around(id).some(([, { isUnproven }]) => isUnproven);
  }

  /** An answer of a part is on disk: what it is a part of goes on. */
  provenAround(id: string): void {
    for (const [, source] of this.around(id)) source.proven();
  }

  /** Blocks what an execution is a part of that cannot go on. Other parts of that are left as they are: they are not cancelled. */
  blockAround(id: string, error: Error): void {
    const around = new Map(this.around(id));
    const outermost = [...around.keys()].at(-1);
    if (outermost === undefined) return;
    for (const [other, source] of this.sources) {
      if (!source.isPart || around.has(other)) continue;
      if (this.around(other).at(-1)?.[0] === outermost) source.leave();
    }
    for (const source of around.values()) source.blockedBy(id, error);
  }

  /** Writes what is pending, once where it fails, and leaves all executions to others. */
  async leave(): Promise<void> {
    for (const source of this.sources.values()) source.leave();
    this.isLeaving = true;
    this.wake?.();
    await this.flush();
  }

  /** Settles when all that was added is on disk. Never rejects: what cannot be written is tried again. */
  flush(): Promise<void> {
    if (this.queue.length === 0 && this.pending.size === 0 && !this.writing) return Promise.resolve();
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
      this.collect();
      const changes = this.queue;
      const waiting = this.waiting;
      this.queue = [];
      this.waiting = [];
      if (changes.length > 0) await this.writeAll(changes);
      for (const resolve of waiting) resolve();
    }
    this.writing = false;
  }

  /** Writes a batch, as often as it takes. */
  private async writeAll(batch: readonly ExecutionChange[]): Promise<void> {
    let changes = batch;
    for (let isRepeated = false; changes.length > 0; ) {
      try {
        const refusals = await this.store.write(changes);
        for (const refusal of refusals) {
          // The answer to the attempt before may have been all that was lost.
          if (isRepeated && (await this.isWritten(refusal, changes))) continue;
          this.sources.get(refusal.id)?.refused(refusal.reason);
        }
        this.written(changes);
        this.delay = FIRST_DELAY_MS;
        if (this.problem !== undefined) this.log.warn(`[CONDUCTOR] ${this.store.name} is written to again`);
        this.problem = undefined;
        return;
      } catch (error) {
        const id = unwritableOf(error);
        if (id !== undefined && changes.some((change) => idOf(change) === id)) {
          this.sources.get(id)?.unwritable(messageOf(error));
          changes = changes.filter((change) => idOf(change) !== id);
          continue;
        }
        if (this.isLeaving) return this.giveUp(changes, messageOf(error));
        isRepeated = true;
        await this.pause(messageOf(error));
      }
    }
  }

  /** As at a crash: the process that goes on with the executions has what was written before. */
  private giveUp(changes: readonly ExecutionChange[], message: string): void {
    const ids = new Set(changes.map(idOf));
    for (const id of ids) this.sources.get(id)?.unwritten(message);
    this.log.error(
      `[CONDUCTOR] The last of ${ids.size} executions was not written to ${this.store.name}, and is run again by the conductor that goes on with them: ${message}`,
    );
  }

  /** Whether the store has what it refuses now: a batch is written as a whole, so that its last change tells of all. */
  private async isWritten({ id, reason }: Refusal, changes: readonly ExecutionChange[]): Promise<boolean> {
    if (reason === "stale" || reason === "unknown") return false;
    const row = await this.store.get(id);
    const own = changes.filter((change) => change.type !== "begin" && change.id === id);
    const written = own.map((change) => {
      if (change.type === "append") return row?.sequence === change.sequence || (row?.sequence ?? 0) > change.sequence;
      return change.type === "update" && (row?.updatedAt ?? 0) >= change.updatedAt;
    });
    return row !== undefined && written.every(Boolean);
  }

  private collect(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    const { pending } = this;
    this.pending = new Set();
    for (const source of pending) source.collect();
  }

  private async pause(message: string): Promise<void> {
    if (message !== this.problem) {
      this.log.error(`[CONDUCTOR] Executions wait: nothing can be written to ${this.store.name}: ${message}`);
    }
    this.problem = message;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.delay);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY_MS);
  }
}

function idOf(change: ExecutionChange): string {
  return change.type === "begin" ? change.execution.id : change.id;
}

/** The execution of which a change is such that no store can keep it. */
function unwritableOf(error: unknown): string | undefined {
  const { code, context } = error as { code?: unknown; context?: { key?: string } };
  return code === "SERIALIZATION_ERROR" ? context?.key : undefined;
}
