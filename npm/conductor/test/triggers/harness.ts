/** What the tests of triggers share: a clock that stands still until it is told, and flows on a database of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionStore, StoredExecution } from "@atomiton/storage";
import { openSqliteStore } from "@atomiton/storage";
import { afterEach, expect, vi } from "vitest";
import { createConductor } from "../../src/exports/node.js";
import { createTriggers, type TriggersOptions } from "../../src/triggers/triggers.js";
import type { Clock } from "../../src/triggers/types.js";

/** A clock of its own. */
export class TestClock implements Clock {
  private timers = new Set<{ at: number; callback: () => void }>();

  constructor(private time: number) {}

  now = (): number => this.time;

  after = (ms: number, callback: () => void): (() => void) => {
    const timer = { at: this.time + ms, callback };
    this.timers.add(timer);
    if (ms <= 0) setImmediate(() => this.fire());
    return () => this.timers.delete(timer);
  };

  /** Sets the time, at once: timers that are due end late, as on a machine that was asleep. */
  jump(to: number): void {
    this.time = to;
    this.fire();
  }

  /** Goes on to a time in small steps. */
  async go(to: number): Promise<void> {
    while (this.time < to) {
      const next = Math.min(
        to,
        ...Array.from(this.timers, ({ at }) => Math.max(at, this.time + 1)),
        this.time + 10_000,
      );
      this.jump(next);
      await settled();
    }
  }

  /** Goes on by so many ms, and waits until all that waited for that waits again. */
  async round(ms: number): Promise<void> {
    const before = this.timers.size;
    this.jump(this.time + ms);
    await until(() => expect(this.timers.size).toBe(before));
  }

  private fire(): void {
    const due = [...this.timers].filter(({ at }) => at <= this.time).sort((one, other) => one.at - other.at);
    for (const timer of due) {
      this.timers.delete(timer);
      timer.callback();
    }
  }
}

/** Lets what is under way on the database come to its end, as far as it does at once. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A folder that is deleted after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "conductor-triggers-"));
  open.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A process with triggers, on a database. */
export async function process(
  database: string,
  clock: Clock,
  options: Partial<TriggersOptions> = {},
): Promise<ReturnType<typeof parts> & { store: ExecutionStore }> {
  const store = await openSqliteStore(database);
  const own = parts(store, clock, options);
  open.push(own.end);
  return { ...own, store };
}

function parts(store: ExecutionStore, clock: Clock, options: Partial<TriggersOptions>) {
  const conductor = createConductor({ store, transport: "local" });
  const log: string[] = [];
  const triggers = createTriggers({ conductor, store, clock, log: (line) => log.push(line), ...options });
  let isEnded = false;
  return {
    conductor,
    triggers,
    log,
    /** Ends as a process does that is killed: what goes on is not told. */
    end: async () => {
      if (isEnded) return;
      isEnded = true;
      triggers.close();
      await conductor.shutdown();
      await store.close();
    },
  };
}

/** The executions of a flow, those that began first first. */
export async function executionsOf(store: ExecutionStore, flowId: string): Promise<StoredExecution[]> {
  const { executions } = await store.list({ flowId }, { limit: 1000 });
  return executions.reverse();
}

/** Waits until a condition holds. */
export const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { interval: 5 });
