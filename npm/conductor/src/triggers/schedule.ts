/** Watches schedules. */
import { createHash, randomUUID } from "node:crypto";
import { type ScheduleTimes, scheduleTimes } from "@atomiton/nodes/executables";
import type { ScheduleParameters } from "@atomiton/nodes/schemas";
import { messageOf } from "@atomiton/values";
import { pastTimes, RecentTimes } from "./past-times.js";
import { type ArmedTrigger, nameOf, type TriggerTools, type Watched } from "./types.js";

/** A timer is not set for longer, so that a clock that is set anew is noticed; in ms. */
const LONGEST_TIMER_MS = 30_000;

/** A timer that ends later than this after its time found the machine asleep; in ms. */
const ASLEEP_MS = 60_000;

/** How soon something is tried again that failed, and executions of other processes are looked for; in ms. */
const AGAIN_MS = 5000;

/** How long another process may take between saying that it begins an execution and that being so; in ms. */
const CLAIM_MS = 30_000;

/** Times that are caught up, or wait for their turn. */
export const MOST_TIMES = 1000;

/** What is kept of a schedule. */
interface Kept {
  /** Of the parameters that the times follow from: others begin anew. */
  times?: string;
  /** Up to which time all is done. */
  doneTo?: number;
  /** A time of which some process begins the execution. */
  claim?: { time: number; at: number; by: string };
}

/** Watches a schedule from now on. */
export async function watchSchedule(trigger: ArmedTrigger, tools: TriggerTools): Promise<Watched> {
  const schedule = new Schedule(trigger, tools);
  await schedule.start();
  return schedule;
}

class Schedule implements Watched {
  private readonly parameters: ScheduleParameters;
  private readonly times: ScheduleTimes;
  private readonly recent: RecentTimes;
  private readonly timesHash: string;
  /** Since when nothing was missed. */
  private watchedSince = 0;
  private doneTo = 0;
  private endTimer: (() => void) | undefined;
  /** Names who claims times. */
  private readonly here = randomUUID();
  private isWorking = false;
  private isClosed = false;

  constructor(
    private readonly trigger: ArmedTrigger,
    private readonly tools: TriggerTools,
  ) {
    this.parameters = trigger.parameters as unknown as ScheduleParameters;
    this.times = scheduleTimes(this.parameters);
    this.recent = new RecentTimes(this.times);
    const { cron, every, timezone, from, until } = this.parameters;
    const text = JSON.stringify([cron, every, timezone, from, until]);
    this.timesHash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  }

  async start(): Promise<void> {
    const { clock, state } = this.tools;
    this.watchedSince = clock.now();
    const kept = (await state.change((found: Kept) => {
      if (found.times === this.timesHash && found.doneTo !== undefined) return undefined;
      return { ...found, times: this.timesHash, doneTo: clock.now() };
    })) as Kept;
    this.doneTo = kept.doneTo as number;
    this.wait(0);
  }

  next(): number | undefined {
    return nextOf(this.trigger, this.tools.clock.now(), this.doneTo);
  }

  close(): void {
    this.isClosed = true;
    this.endTimer?.();
  }

  /** Looks again after so many ms at most. */
  private wait(ms: number): void {
    if (this.isClosed) return;
    const { clock } = this.tools;
    const delay = Math.max(0, Math.min(ms, LONGEST_TIMER_MS));
    const until = clock.now() + delay;
    this.endTimer?.();
    this.endTimer = clock.after(delay, () => {
      const now = clock.now();
      if (now - until > ASLEEP_MS) this.watchedSince = now;
      void this.work();
    });
  }

  private async work(): Promise<void> {
    if (this.isWorking || this.isClosed) return;
    this.isWorking = true;
    let again = LONGEST_TIMER_MS;
    try {
      again = await this.carryOut();
    } catch (error) {
      this.tools.log(`${messageOf(error)}; it is tried again`);
      again = AGAIN_MS;
    } finally {
      this.isWorking = false;
    }
    this.wait(again);
  }

  /** Carries out what is due; in how many ms there is something to do again. */
  private async carryOut(): Promise<number> {
    const { clock } = this.tools;
    const now = clock.now();
    // What may be put off still is no time that was missed, however much there is of it.
    const late = Math.max(this.doneTo, now - mostJitterOf(this.trigger) - 1);
    const { times: missed, isAll } = pastTimes(this.times, this.doneTo, late, MOST_TIMES);
    const times = [...missed, ...this.recent.between(late, now)];
    // One that is put off holds up those after it, else it would count as done with them; none is late by more than the jitter for that.
    const waiting = times.findIndex((time) => time + this.jitterOf(time) > now);
    const due = waiting < 0 ? times : times.slice(0, waiting);
    for (const { time, missed } of await this.wanted(due, isAll)) {
      const again = this.isClosed ? AGAIN_MS : await this.begin(time, missed);
      if (again !== undefined) return again;
    }
    const next = times.find((time) => time > this.doneTo) ?? this.times.after(Math.max(this.doneTo, now));
    return next === undefined ? LONGEST_TIMER_MS : next + this.jitterOf(next) - clock.now();
  }

  /** The times of which executions begin; those that are left out as the schedule says are done with. */
  private async wanted(due: readonly number[], isAll: boolean): Promise<{ time: number; missed: boolean }[]> {
    const { missed: policy } = this.parameters;
    const watched = due.findIndex((time) => time + this.jitterOf(time) >= this.watchedSince);
    const missed = watched < 0 ? due : due.slice(0, watched);
    const caughtUp = policy === "all" ? missed.length : policy === "once" ? Math.min(missed.length, 1) : 0;
    const leftOut = missed.length - caughtUp;
    if (!isAll) this.tools.log(`More than ${MOST_TIMES} times are over; the earlier ones are left out`);
    if (leftOut > 0) {
      this.tools.log(`${leftOut} missed ${leftOut === 1 ? "time is" : "times are"} left out (missed: ${policy})`);
      await this.done(missed[leftOut - 1] as number);
    } else if (!isAll && due[0] !== undefined) await this.done(due[0] - 1);
    return due.slice(leftOut).map((time, index) => ({ time, missed: index < caughtUp }));
  }

  /** Begins the execution of a time, unless it is left out; in how many ms to look again where it has to wait. */
  private async begin(time: number, missed: boolean): Promise<number | undefined> {
    if (!(await this.claim(time))) return AGAIN_MS;
    if (time <= this.doneTo) return undefined;
    const { overlap } = this.parameters;
    if (overlap !== "allow") {
      const active = await this.tools.active();
      // Times that are caught up come one after the other.
      if (active.length > 0 && overlap === "skip" && !missed) {
        this.tools.log(`${isoOf(time)} is left out: the execution ${active[0]} is not over (overlap: skip)`);
        await this.done(time);
        return undefined;
      }
      if (active.length > 0 && overlap === "cancel") await this.tools.cancel(active);
      else if (active.length > 0) {
        await this.release(time);
        return Math.min(AGAIN_MS, QUEUE_MS);
      }
    }
    const iso = isoOf(time);
    const { isNew, executionId, result } = await this.tools.fire({
      key: iso,
      data: { time: iso, missed, backfill: false },
    });
    if (isNew) {
      void result.then(({ success, error }) => {
        if (!success) this.tools.log(`The execution ${executionId} failed: ${error?.message ?? ""}`);
        this.endTimer?.();
        void this.work();
      });
    }
    await this.done(time);
    return undefined;
  }

  /** Whether this process is the one to begin the execution of a time. */
  private async claim(time: number): Promise<boolean> {
    const { clock, state } = this.tools;
    const now = clock.now();
    const kept = (await state.change((found: Kept) => {
      const { doneTo = 0, claim } = found;
      const isTaken = claim !== undefined && claim.by !== this.here && Math.abs(now - claim.at) < CLAIM_MS;
      return doneTo >= time || isTaken ? undefined : { ...found, claim: { time, at: now, by: this.here } };
    })) as Kept;
    this.doneTo = Math.max(this.doneTo, kept.doneTo ?? 0);
    return time <= this.doneTo || kept.claim?.by === this.here;
  }

  private async release(time: number): Promise<void> {
    await this.tools.state.change((found: Kept) => {
      if (found.claim?.by !== this.here || found.claim.time !== time) return undefined;
      const { claim: _, ...rest } = found;
      return rest;
    });
  }

  private async done(time: number): Promise<void> {
    const kept = (await this.tools.state.change((found: Kept) => {
      const { claim: _, ...rest } = found;
      return (found.doneTo ?? 0) >= time ? undefined : { ...rest, doneTo: time };
    })) as Kept;
    this.doneTo = Math.max(this.doneTo, kept.doneTo ?? time);
  }

  private jitterOf(time: number): number {
    return jitterOf(this.trigger, time);
  }
}

function mostJitterOf({ parameters }: ArmedTrigger): number {
  return (parameters as { jitter?: number }).jitter ?? 0;
}

/** By how much a time is put off: always the same, so that all processes agree. */
function jitterOf(trigger: ArmedTrigger, time: number): number {
  const jitter = mostJitterOf(trigger);
  if (jitter === 0) return 0;
  const digest = createHash("sha256")
    .update(`${nameOf(trigger)} ${time}`)
    .digest();
  return Math.floor((digest.readUInt32BE(0) / 2 ** 32) * (jitter + 1));
}

/**
 * When a schedule begins its next execution, in ms since the epoch; `undefined` where it has no further time.
 *
 * @param doneTo up to which time all is done
 */
export function nextOf(trigger: ArmedTrigger, now: number, doneTo = Number.NEGATIVE_INFINITY): number | undefined {
  const jitter = mostJitterOf(trigger);
  const times = scheduleTimes(trigger.parameters as unknown as ScheduleParameters);
  // What was put off may still come.
  for (let from = Math.max(doneTo, now - jitter); ; ) {
    const time = times.after(from);
    if (time === undefined) return undefined;
    const at = time + jitterOf(trigger, time);
    if (at > now || time > now) return at;
    from = time;
  }
}

/** How soon it is looked whether an earlier execution is over, in ms. */
const QUEUE_MS = 1000;

function isoOf(time: number): string {
  return new Date(time).toISOString();
}
