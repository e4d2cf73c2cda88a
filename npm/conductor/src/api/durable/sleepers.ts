/** Executions that left memory until they go on: waking them, and their callers that wait for results. */
import type { ExecutionStore } from "@atomiton/storage";
import { messageOf } from "@atomiton/values";

import { failure } from "../../engine/failure.js";
import type { Log } from "../../engine/log.js";
import { setTimer } from "../../engine/turn.js";
import { isFinished } from "../../executions/status.js";
import type { ActiveExecution } from "../../services/node.js";
import type { ExecutionResult } from "../../types/execution.js";
import type { Durability } from "./durability.js";
import type { KeptRun } from "./kept-run.js";

/** Executions that are claimed at once. */
const BATCH = 100;
/** The store is looked at so often, for what other processes put to sleep, or ended; in ms. */
const LOOK_MS = 5_000;
/** Executions whose rows are looked at each time, of those that another process may have ended. */
const MOST_FOLLOWED = 500;

/** An execution whose callers are in this process. */
interface Held {
  place: ActiveExecution;
  wakeAt: number | undefined;
  result: Promise<ExecutionResult>;
  resolve(result: ExecutionResult): void;
}

/** What the runs of a conductor do for its sleepers. */
export interface Waking {
  /** Goes on with an execution, until it is over or leaves memory once more; settles once it does. Rejects where it cannot. */
  goOn(kept: KeptRun): Promise<void>;
  /** The result of an execution that another process ended. */
  resultOf(id: string): Promise<ExecutionResult>;
  /** Whether it is in memory. */
  isActive(id: string): boolean;
}

/** The executions of one conductor that left memory. */
export class Sleepers {
  /** Set by the runs of the conductor. */
  waking: Waking | undefined;
  /** Those whose callers wait here, by id; also while they are in memory once more. */
  private readonly held = new Map<string, Held>();
  /** Writes by which executions left memory, until they are done. */
  private readonly leaving = new Map<string, Promise<void>>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private timerAt = Number.POSITIVE_INFINITY;
  private isLooking = false;
  private isWatching = false;

  /** @param wakes whether those are woken as well that were not put to sleep here */
  constructor(
    private readonly durability: Durability,
    private readonly wakes: "all" | "own",
    private readonly log: Log,
  ) {}

  /** From now on wakes what is due. */
  watch(): void {
    if (this.isWatching) return;
    this.isWatching = true;
    if (this.wakes === "all") this.arm(Date.now());
  }

  /** Wakes nothing more, until it is watched again. */
  close(): void {
    this.isWatching = false;
    this.disarm();
    for (const [id, { place }] of this.held) {
      const error = failure("CANCELLED", "Execution cancelled", place);
      const duration = Date.now() - place.startTime;
      this.ended(id, { success: false, error, duration, executedNodes: [] });
    }
  }

  /** An execution leaves memory; `written` settles when that is on disk. */
  leaves(id: string, written: Promise<void>): void {
    const done = written.then(() => {
      if (this.leaving.get(id) === done) this.leaving.delete(id);
    });
    this.leaving.set(id, done);
  }

  /** An execution left memory, and goes on at `wakeAt` in ms since the epoch, if it does so by itself. */
  left(place: ActiveExecution, wakeAt: number | undefined): void {
    const held = this.held.get(place.executionId);
    if (held !== undefined) Object.assign(held, { place, wakeAt });
    this.armFor(wakeAt);
  }

  /** Settles when an execution can be claimed that left memory here. */
  async settled(id: string): Promise<void> {
    await this.leaving.get(id);
  }

  /** The result of an execution that left memory, once it is over. */
  hold(place: ActiveExecution, wakeAt: number | undefined): Promise<ExecutionResult> {
    const { executionId } = place;
    const known = this.held.get(executionId);
    if (known !== undefined) return known.result;
    let resolve!: Held["resolve"];
    const result = new Promise<ExecutionResult>((settle) => {
      resolve = settle;
    });
    this.held.set(executionId, { place, wakeAt, result, resolve });
    this.armFor(wakeAt);
    return result;
  }

  /** The result of an execution whose callers wait here; `undefined` where there is none. */
  attach(id: string): Promise<ExecutionResult> | undefined {
    return this.held.get(id)?.result;
  }

  /** Gives those who wait the result of an execution that is over. */
  ended(id: string, result: ExecutionResult): void {
    this.held.get(id)?.resolve(result);
    this.held.delete(id);
  }

  /** Executions of this process that are not over and not in memory. */
  list(): ActiveExecution[] {
    const asleep = [...this.held.values()].filter(({ place }) => this.waking?.isActive(place.executionId) === false);
    return asleep.map(({ place }) => place);
  }

  private armFor(wakeAt: number | undefined): void {
    const soon = Date.now() + LOOK_MS;
    this.arm(Math.min(wakeAt ?? soon, soon));
  }

  private arm(at: number): void {
    if (!this.isWatching) return;
    if (this.timer === undefined || at < this.timerAt) {
      this.disarm();
      this.timerAt = at;
      this.timer = setTimer(() => void this.look(), at - Date.now());
    }
    // As long as callers wait the process goes on; pages have no such choice.
    const timer = this.timer as { ref?(): void; unref?(): void };
    if (this.held.size > 0) timer.ref?.();
    else timer.unref?.();
  }

  private disarm(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.timerAt = Number.POSITIVE_INFINITY;
  }

  /** Wakes what is due, and sets the timer for what comes next. */
  private async look(): Promise<void> {
    this.disarm();
    if (this.isLooking) return;
    this.isLooking = true;
    let next = Date.now() + LOOK_MS;
    try {
      if (this.wakes === "all") await this.wakeDue();
      await this.followHeld();
      if (this.isWatching && this.wakes === "all") {
        const store = await this.durability.store;
        next = Math.min((await store.nextWake()) ?? next, next);
      }
    } catch (error) {
      if (this.isWatching) this.log.error(`[CONDUCTOR] Sleeping executions cannot be looked for: ${messageOf(error)}`);
    }
    this.isLooking = false;
    for (const [id, { wakeAt = next }] of this.wakes === "own" ? this.held : []) {
      // One that is in memory sets the timer itself when it leaves.
      if (this.waking?.isActive(id) !== true) next = Math.min(next, wakeAt);
    }
    if (this.wakes === "all" || this.held.size > 0) this.arm(Math.max(next, Date.now() + 1));
  }

  private async wakeDue(): Promise<void> {
    const store = await this.durability.store;
    while (this.isWatching) {
      const ids = await store.claimable(Date.now(), BATCH, "due");
      const woken = await Promise.all(ids.map((id) => this.wake(id)));
      // Those that cannot be claimed, or are blocked, are looked for later.
      if (!woken.includes(true) || ids.length < BATCH) return;
    }
  }

  /** Looks after those whose callers wait here and that another process may have. */
  private async followHeld(): Promise<void> {
    const store = await this.durability.store;
    const ids = [...this.held.keys()].slice(0, MOST_FOLLOWED);
    for (let from = 0; from < ids.length && this.isWatching; from += BATCH) {
      await Promise.all(ids.slice(from, from + BATCH).map((id) => this.follow(store, id)));
    }
  }

  private async follow(store: ExecutionStore, id: string): Promise<void> {
    const held = this.held.get(id);
    if (held === undefined) return;
    // The next time others come first.
    this.held.delete(id);
    this.held.set(id, held);
    if (this.waking?.isActive(id) === true || this.leaving.has(id)) return;
    const row = await store.get(id);
    if (row === undefined || isFinished(row.status)) {
      this.ended(id, await (this.waking as Waking).resultOf(id));
    } else if (row.wakeAt !== undefined && row.wakeAt <= Date.now()) {
      await this.wake(id);
    } else {
      held.wakeAt = row.wakeAt;
    }
  }

  /** Whether an execution could be claimed. */
  private async wake(id: string): Promise<boolean> {
    try {
      const kept = await this.durability.claim(id);
      if (kept === undefined) return false;
      await this.waking?.goOn(kept);
      return true;
    } catch (error) {
      this.log.error(`[CONDUCTOR] The execution ${id} cannot go on: ${messageOf(error)}`);
      return false;
    }
  }
}
