/**
 * Executions of the store that go on by themselves: those that left memory, once their time comes, with their callers that wait for
 * results; and those that another process left, once that is gone.
 */
import type { ExecutionStore } from "@atomiton/storage";
import { messageOf } from "@atomiton/values";

import { failure } from "../../engine/failure.js";
import type { Log } from "../../engine/log.js";
import { setTimer } from "../../engine/turn.js";
import { isFinished, isPart } from "../../executions/status.js";
import type { ActiveExecution } from "../../services/node.js";
import type { ExecutionResult } from "../../types/execution.js";
import type { Durability } from "./durability.js";
import type { KeptRun } from "./kept-run.js";

/** Executions that are claimed at once. */
const BATCH = 100;
/** The store is looked at so often, for what other processes put to sleep, left, or ended; in ms. */
export const LOOK_MS = 5_000;
/** The same while executions are due that are left to other processes, which hide when the next one comes that callers here do not wait for; in ms. */
const LEFT_LOOK_MS = 1_000;
/** Ids that a message names. */
const MOST_NAMED = 5;
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

/** The executions of one conductor's store that are not in memory, and go on by themselves. */
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
  /** Something is to be looked for that came while it was looked. */
  private isBehind = false;
  /** How often it was closed. */
  closings = 0;
  private isWatching = false;
  private takesOver = false;
  private isDraining = false;
  /** Parts of other executions, which go on with these; of those that were there at the last look. */
  private parts = new Set<string>();
  /** Those that are left to other processes for good; of those that were due or left at the last look. */
  private elsewhere = new Set<string>();
  /** Ends that the store tells of what others let go of. */
  private endTelling: (() => void) | undefined;

  /** @param wakes whether those are woken as well that were not put to sleep here, and those taken over that others left */
  constructor(
    private readonly durability: Durability,
    private readonly wakes: "all" | "own",
    private readonly log: Log,
  ) {}

  /**
   * From now on wakes what is due.
   *
   * @param takesOver whether also what other processes left goes on, within {@link LOOK_MS} of their end, or at once where the store tells
   */
  watch(takesOver = false): void {
    const isMore = !this.isWatching || (takesOver && !this.takesOver);
    this.isWatching = true;
    this.takesOver ||= takesOver && this.wakes === "all";
    if (isMore && this.wakes === "all") this.arm(Date.now());
  }

  /** Goes on only with what callers here wait for, until it is closed. */
  drain(): void {
    this.isDraining = true;
  }

  /** Wakes nothing more, until it is watched again. */
  close(): void {
    this.closings++;
    this.isWatching = false;
    this.isDraining = false;
    this.takesOver = false;
    this.endTelling?.();
    this.endTelling = undefined;
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

  /** The result of an execution whose callers wait here; `undefined` for any other. */
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

  /** Whether it goes on with what nothing here waits for. */
  private get wakesAll(): boolean {
    return this.wakes === "all" && !this.isDraining;
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

  /** Goes on with what is to go on, and sets the timer for what comes next. */
  private async look(): Promise<void> {
    this.disarm();
    this.isBehind = this.isLooking;
    if (this.isLooking) return;
    this.isLooking = true;
    let next = Date.now() + LOOK_MS;
    try {
      const store = await this.durability.store;
      if (this.wakesAll) await this.goOn(store);
      await this.followHeld(store);
      if (this.isWatching && this.wakesAll) next = Math.min(await this.nextOf(store), next);
    } catch (error) {
      if (this.isWatching)
        this.log.error(`[CONDUCTOR] Executions that are to go on cannot be looked for: ${messageOf(error)}`);
    }
    this.isLooking = false;
    if (this.isBehind) next = Date.now();
    this.isBehind = false;
    for (const [id, { wakeAt = next }] of this.wakesAll ? [] : this.held) {
      // One that is in memory sets the timer itself when it leaves.
      if (this.waking?.isActive(id) !== true) next = Math.min(next, wakeAt);
    }
    if (this.wakesAll || this.held.size > 0) this.arm(Math.max(next, Date.now() + 1));
  }

  /** When it is to be looked for executions again, in ms since the epoch. */
  private async nextOf(store: ExecutionStore): Promise<number> {
    const next = (await store.nextWake()) ?? Number.POSITIVE_INFINITY;
    const now = Date.now();
    if (this.elsewhere.size === 0 || next > now) return next;
    // Many take long to be passed over.
    let soonest = now + (this.elsewhere.size > BATCH ? LOOK_MS : LEFT_LOOK_MS);
    for (const { wakeAt = soonest } of this.held.values()) if (wakeAt > now) soonest = Math.min(soonest, wakeAt);
    return soonest;
  }

  /** Goes on with executions of the store that no process has: those that are due, and those that were left. */
  private async goOn(store: ExecutionStore): Promise<void> {
    const takesOver = this.takesOver && store.isShared !== false;
    if (takesOver) this.endTelling ??= store.onReleased?.(() => this.arm(Date.now()));
    const before = this.parts;
    this.parts = new Set();
    const passedOver = this.elsewhere;
    this.elsewhere = new Set();
    const seen = new Set<string>();
    const left: string[] = [];
    while (this.isWatching && this.wakesAll) {
      const limit = BATCH + seen.size;
      const ids = await store.claimable(Date.now(), limit, takesOver ? undefined : "due");
      const found = ids.filter((id) => !seen.has(id));
      for (const id of found) seen.add(id);
      for (const id of found) if (before.has(id)) this.parts.add(id);
      const goingOn = await Promise.all(
        found.map(
          async (id) => !this.parts.has(id) && (await this.goOnWith(store, id, takesOver).catch(this.tellOf(id))),
        ),
      );
      left.push(...found.filter((_, index) => goingOn[index] === "left"));
      // Those that cannot be claimed, or are blocked, are looked for later.
      if (found.length === 0 || ids.length < limit) break;
    }
    const others = [...this.elsewhere].filter((id) => !passedOver.has(id));
    if (others.length > 0) {
      const [reason] = await Promise.all(others.slice(0, 1).map((id) => this.durability.elsewhere.reason(id)));
      const more = others.length > 1 ? `. So ${others.length === 2 ? "is" : "are"} ${namesOf(others.slice(1))}` : "";
      this.log.warn(`[CONDUCTOR] ${reason}${more}`);
    }
    if (left.length === 0) return;
    const named = namesOf(left);
    const count = left.length === 1 ? "1 execution goes on" : `${left.length} executions go on`;
    this.log.warn(`[CONDUCTOR] ${count} here that another process left: ${named}`);
  }

  /** Goes on with an execution; whether it does, and whether it was `left` by another process. */
  private async goOnWith(store: ExecutionStore, id: string, takesOver: boolean): Promise<"left" | boolean> {
    const row = takesOver ? await store.get(id) : undefined;
    if (row !== undefined && isPart(row)) {
      this.parts.add(id);
      return false;
    }
    if ((await this.durability.elsewhere.reason(id)) !== undefined) {
      this.elsewhere.add(id);
      return false;
    }
    const isWoken = await this.wake(id);
    return isWoken && (row?.status === "running" || row?.status === "queued") ? "left" : isWoken;
  }

  /** Looks after those whose callers wait here and that another process may have. */
  private async followHeld(store: ExecutionStore): Promise<void> {
    const ids = [...this.held.keys()].slice(0, MOST_FOLLOWED);
    for (let from = 0; from < ids.length && this.isWatching; from += BATCH) {
      await Promise.all(ids.slice(from, from + BATCH).map((id) => this.follow(store, id).catch(this.tellOf(id))));
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
    if (!this.isWatching) return false;
    try {
      const kept = await this.durability.claim(id);
      if (kept === undefined) return false;
      if (!this.isWatching) {
        // The conductor was shut down meanwhile: others go on with it.
        kept.recorder?.leave();
        await kept.recorder?.persist();
        return false;
      }
      await this.waking?.goOn(kept);
      return true;
    } catch (error) {
      return this.tellOf(id)(error);
    }
  }

  /** Tells of an execution that cannot go on, which holds up no others. */
  private tellOf(id: string): (error: unknown) => false {
    return (error) => {
      this.log.error(`[CONDUCTOR] The execution ${id} cannot go on: ${messageOf(error)}`);
      return false;
    };
  }
}

function namesOf(ids: readonly string[]): string {
  return `${ids.slice(0, MOST_NAMED).join(", ")}${ids.length > MOST_NAMED ? ", …" : ""}`;
}
