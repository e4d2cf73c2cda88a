/** What the last completed executions of one flow took. */
import type { FollowedRun } from "../../engine/followed-run.js";
import type { Log } from "../../engine/log.js";
import { type RunTimes, timesOf } from "../../engine/node-times.js";
import { giveWay } from "../../engine/turn.js";
import type { Durability } from "../durable/durability.js";
import { readBack } from "../durable/read-back.js";

/** Executions that estimates are made from, those that began last. */
const MOST_EXECUTIONS = 20;
/** Records of one execution, and of all that are read at once, in bytes: a longer execution is left out. */
const MOST_BYTES = 2 * 1024 * 1024;
const MOST_BYTES_AT_ONCE = 16 * 1024 * 1024;
/** Ids of executions that are remembered as read. */
const MOST_SEEN = 1_000;

/** The times of a flow's executions, read from the store once and then taken from the runs themselves. */
export class FlowHistory {
  /** Those that began first first. */
  private times: RunTimes[] = [];
  /** Executions that were read from the store, or tried to be. */
  private seen = new Set<string>();
  /** The store may have executions that were not read. */
  private isBehind = true;
  private reading: Promise<void> | undefined;
  /** Watched runs that are not over. */
  private watched = 0;

  constructor(
    private readonly flowId: string,
    private readonly durability: Durability,
    private readonly log: Log,
  ) {}

  /** Takes the times of a watched run when it is over. */
  async follow(run: FollowedRun): Promise<void> {
    this.watched++;
    const { left } = await run.done;
    this.watched--;
    try {
      if (left === undefined) this.take(timesOf(run));
    } catch (error) {
      this.leaveOut(run.context.executionId, error);
    }
  }

  /** An execution ended of which no times were taken. */
  missed(): void {
    this.isBehind = true;
  }

  /** The times of the last executions, as far as they were read before the last watched run is over. */
  async all(): Promise<readonly RunTimes[]> {
    if (this.isBehind) {
      this.reading ??= this.read().finally(() => {
        this.reading = undefined;
      });
      await this.reading;
    }
    return this.times;
  }

  private async read(): Promise<void> {
    this.isBehind = false;
    let bytes = 0;
    try {
      const store = await this.durability.store;
      const filter = { flowId: this.flowId, status: "completed" } as const;
      const { executions } = await store.list(filter, { limit: MOST_EXECUTIONS });
      for (const row of executions) {
        if (this.seen.has(row.id) || row.bytes > MOST_BYTES) continue;
        bytes += row.bytes;
        if (bytes > MOST_BYTES_AT_ONCE) break;
        // Reading must not hold up the run that is watched, nor go on for one that is over.
        await new Promise<void>(giveWay);
        if (this.watched === 0) {
          this.isBehind = true;
          break;
        }
        await this.readOne(row.id);
      }
    } catch (error) {
      this.isBehind = true;
      // A conductor that was shut down meanwhile has no store any more.
      if (this.watched > 0) throw error;
    }
  }

  private async readOne(executionId: string): Promise<void> {
    try {
      const recorded = await this.durability.recorded(executionId);
      this.seen.add(executionId);
      if (recorded !== undefined) this.take(timesOf(readBack(recorded, this.log).run));
    } catch (error) {
      if (this.watched === 0) return;
      this.leaveOut(executionId, error);
    }
  }

  private leaveOut(executionId: string, error: unknown): void {
    this.seen.add(executionId);
    const message = `[CONDUCTOR] How long nodes of the flow ${this.flowId} take is told without the execution ${executionId}: its records cannot be read`;
    this.log.warn(message, error);
  }

  private take(times: RunTimes | undefined): void {
    if (times === undefined || this.times.some(({ executionId }) => executionId === times.executionId)) return;
    this.seen.add(times.executionId);
    const last = this.times.at(-1)?.paths;
    // One list of paths is enough for executions of the same flow.
    this.times.push(last?.isSame(times.paths) ? { ...times, paths: last } : times);
    this.times.sort((one, other) => one.startedAt - other.startedAt);
    if (this.times.length > MOST_EXECUTIONS) this.times = this.times.slice(-MOST_EXECUTIONS);
    if (this.seen.size > MOST_SEEN) this.seen = new Set(this.times.map(({ executionId }) => executionId));
  }
}
