/** Watches the ends of executions. */

import type { FlowEndParameters } from "@atomiton/nodes/schemas";
import type { ExecutionStatus, ExecutionStore, StoredExecution } from "@atomiton/storage";
import { messageOf } from "@atomiton/values";
import { EXECUTION_STATUSES, isFinished, isPart } from "../executions/status.js";
import type { ArmedTrigger, TriggerTools, Watched } from "./types.js";

/** Between two looks at the store, in ms. */
const PAUSE_MS = 2000;

/** Rows that are read at once. */
const PAGE = 200;

/** Rows of one look, about. */
const MOST_ROWS = 100_000;

/** By how much the clocks of processes may differ, in ms. */
const MARGIN_MS = 60_000;

/** Executions under way that are kept in mind over a restart. */
const MOST_OPEN = 1000;

/** How long what is done with is not written anew, where nothing ended; in ms. */
const WRITTEN_MS = 60_000;

const UNFINISHED = EXECUTION_STATUSES.filter((status) => !isFinished(status));
const FINISHED = EXECUTION_STATUSES.filter(isFinished);

/** How many executions may cause each other so. */
const MOST_IN_A_ROW = 10;

/** What is kept of such a trigger. */
interface Kept {
  /** When it was armed first, in ms since the epoch. */
  since?: number;
  /** Executions that began before then are done with, but for the open ones; in ms since the epoch. */
  doneTo?: number;
  /** Executions that were not over then. */
  open?: readonly string[];
  /** Of flows that are late: of which last success that was told, in ms since the epoch. */
  late?: Record<string, number>;
}

/** Watches the ends of executions of other flows, and those that do not come. */
export async function watchFlowEnds(
  trigger: ArmedTrigger,
  tools: TriggerTools,
  store: ExecutionStore,
): Promise<Watched> {
  const watched = new WatchedEnds(trigger, tools, store);
  await watched.start();
  return watched;
}

class WatchedEnds implements Watched {
  private readonly parameters: FlowEndParameters;
  private doneTo = 0;
  private writtenTo = 0;
  private open: ReadonlySet<string> = new Set();
  /** Executions that are done with, of those that began within the margin. */
  private told = new Set<string>();
  private since = 0;
  private endTimer: (() => void) | undefined;
  private isClosed = false;
  private problem: string | undefined;

  constructor(
    private readonly trigger: ArmedTrigger,
    private readonly tools: TriggerTools,
    private readonly store: ExecutionStore,
  ) {
    this.parameters = trigger.parameters as unknown as FlowEndParameters;
  }

  async start(): Promise<void> {
    const now = this.tools.clock.now();
    const kept = (await this.tools.state.change((found: Kept) =>
      found.doneTo === undefined ? { ...found, since: now, doneTo: now } : undefined,
    )) as Kept;
    this.doneTo = this.writtenTo = kept.doneTo ?? now;
    this.open = new Set(kept.open);
    this.since = kept.since ?? now;
    this.wait();
  }

  close(): void {
    this.isClosed = true;
    this.endTimer?.();
  }

  private wait(): void {
    if (!this.isClosed) this.endTimer = this.tools.clock.after(PAUSE_MS, () => void this.look());
  }

  private async look(): Promise<void> {
    try {
      await this.tellEnds();
      if (this.parameters.outcomes.includes("late")) await this.tellLate();
      this.problem = undefined;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.problem) this.tools.log(`${problem}; it is tried again`);
      this.problem = problem;
    }
    this.wait();
  }

  /** Fires for executions that ended since the last look. */
  private async tellEnds(): Promise<void> {
    const now = this.tools.clock.now();
    const open = new Set((await this.rows(UNFINISHED, undefined)).map(({ id }) => id));
    const ended = await this.rows(FINISHED, this.doneTo - MARGIN_MS);
    const known = new Set(ended.map(({ id }) => id));
    for (const id of this.open) {
      if (open.has(id) || known.has(id)) continue;
      const row = await this.store.get(id);
      if (row !== undefined && isFinished(row.status)) ended.push(row);
    }
    const told = new Set<string>();
    ended.sort((one, other) => (one.endedAt ?? 0) - (other.endedAt ?? 0));
    for (const row of ended) {
      if (this.isClosed) return;
      if (!this.told.has(row.id)) await this.tell(row);
      told.add(row.id);
    }
    const isOther = open.size !== this.open.size || [...open].some((id) => !this.open.has(id));
    this.told = told;
    this.open = open;
    this.doneTo = now;
    if (!isOther && now - this.writtenTo < WRITTEN_MS) return;
    if (open.size > MOST_OPEN)
      this.tools.log(`More than ${MOST_OPEN} executions are under way: ends of some may be missed after a restart`);
    await this.tools.state.change((kept) => ({ ...kept, doneTo: now, open: [...open].slice(0, MOST_OPEN) }));
    this.writtenTo = now;
  }

  private async tell(row: StoredExecution): Promise<void> {
    const { id, flowId, name, status, startedAt, endedAt = 0, error } = row;
    const { outcomes, flows } = this.parameters;
    if (endedAt < this.since || !(outcomes as readonly string[]).includes(status)) return;
    if (flows === undefined && flowId === this.trigger.flowId) return;
    const chain = 1 + (row.trigger === this.trigger.type ? await this.chainOf(id) : 0);
    if (chain > MOST_IN_A_ROW) {
      this.tools.log(
        `The end of ${id} begins nothing: ${MOST_IN_A_ROW} executions in a row were begun by ends of others`,
      );
      return;
    }
    const { code, message, nodeId } = error === undefined ? {} : JSON.parse(error);
    await this.fire(id, chain, {
      flowId,
      name,
      executionId: id,
      outcome: status,
      error: error === undefined ? null : { code, message, ...(nodeId !== undefined && { nodeId }) },
      startedAt: isoOf(startedAt),
      endedAt: isoOf(endedAt),
    });
  }

  /** Fires for flows that have not succeeded for too long. */
  private async tellLate(): Promise<void> {
    const { flows = [], lateAfter = 0 } = this.parameters;
    const now = this.tools.clock.now();
    for (const flowId of flows) {
      const { executions } = await this.store.list({ flowId, status: "completed" }, { limit: 1 });
      const [row] = executions;
      const last = Math.max(this.since, row?.endedAt ?? 0);
      const { late = {} } = (await this.tools.state.get()) as Kept;
      if (now - last <= lateAfter || late[flowId] === last) continue;
      const name = row?.name ?? flowId;
      const facts = { error: null, startedAt: "", endedAt: isoOf(now) };
      await this.fire(`late ${flowId} ${last}`, 1, { flowId, name, executionId: "", outcome: "late", ...facts });
      await this.tools.state.change((kept: Kept) => ({ ...kept, late: { ...kept.late, [flowId]: last } }));
    }
  }

  private async fire(key: string, chain: number, data: Record<string, unknown>): Promise<void> {
    const { executionId, isNew, result } = await this.tools.fire({ key, data, facts: { chain } });
    if (!isNew) return;
    void result.then(({ success, error }) => {
      if (!success) this.tools.log(`The execution ${executionId} failed: ${error?.message ?? ""}`);
    });
  }

  /** How many executions in a row were begun by the ends of others, up to this one. */
  private async chainOf(executionId: string): Promise<number> {
    const { chain } = await this.tools.metadataOf(executionId);
    return typeof chain === "number" ? chain : MOST_IN_A_ROW;
  }

  /** Executions of the flows, in any order, but for parts of others. */
  private async rows(status: readonly ExecutionStatus[], from: number | undefined): Promise<StoredExecution[]> {
    const { flows = [undefined] } = this.parameters;
    const found: StoredExecution[] = [];
    for (const flowId of flows) {
      let cursor: string | undefined;
      do {
        const filter = { status, ...(flowId !== undefined && { flowId }), ...(from !== undefined && { from }) };
        const page = await this.store.list(filter, { limit: PAGE, ...(cursor !== undefined && { cursor }) });
        found.push(...page.executions.filter((row) => !isPart(row)));
        cursor = page.next;
      } while (cursor !== undefined && found.length < MOST_ROWS);
    }
    return found;
  }
}

function isoOf(time: number): string {
  return new Date(time).toISOString();
}
