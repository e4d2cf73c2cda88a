/** How late schedules begin that are to be put off, in virtual time. */
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { watchSchedule } from "../../src/triggers/schedule.js";
import { seededRandom } from "../seeded-random.js";
import { executionsOf, folder, process, TestClock, until } from "./harness.js";

const START = Date.parse("2026-03-02T08:00:30Z");
const MINUTE = 60_000;

function flowOf(id: string, parameters: object) {
  const nodes = [
    { id: "times", type: "schedule", parameters: { ...parameters, overlap: "allow" } },
    { id: "note", type: "edit-fields", parameters: { values: { noted: true } } },
  ];
  return { id, nodes, edges: [{ source: "times", target: "note" }] } as never;
}

/** Saves flows with one schedule each, lets time go by, and gives when each execution began, by the time that it is for. */
async function latenesses(flowIds: readonly string[], parameters: { every: string; jitter?: string }, ms: number) {
  const clock = new TestClock(START);
  const own = await process(join(folder(), "a.db"), clock);
  for (const id of flowIds) {
    await own.conductor.storage.saveFlow(flowOf(id, parameters));
  }
  const late = new Map<string, number[]>(flowIds.map((id) => [id, []]));
  const seen = new Set<string>();
  await own.triggers.start();
  const foretold = own.triggers.list().map(({ next }) => next as number);
  const look = async () => {
    for (const id of flowIds) {
      for (const { id: executionId } of await executionsOf(own.store, id)) {
        if (seen.has(executionId)) continue;
        const { time } = (await own.conductor.executions.value(executionId, "times")) as { time: string };
        seen.add(executionId);
        late.get(id)?.push(clock.now() - Date.parse(time));
      }
    }
  };
  const end = START + ms;
  while (clock.now() < end) {
    const dues = own.triggers.list().flatMap(({ next }) => next ?? []);
    const before = seen.size;
    const step = Math.min(end, ...dues);
    await clock.go(step);
    const due = dues.filter((at) => at <= step).length;
    await until(async () => {
      await look();
      expect(seen.size).toBeGreaterThanOrEqual(before + due);
    });
  }
  return { late, foretold };
}

const idsOf = (seed: number, count: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => `flow-${Math.floor(random() * 2 ** 32).toString(36)}`);
};

it("begins later by a part of the jitter that is its own for each schedule and time, and never by more", async () => {
  const flowIds = idsOf(7, 8);
  const { late, foretold } = await latenesses(flowIds, { every: "30m", jitter: "10m" }, 110 * MINUTE);
  const all = [...late.values()].flat();
  for (const [id, of] of late) expect([id, of.length]).toEqual([id, 3]);
  for (const ms of all) {
    expect(ms).toBeGreaterThanOrEqual(0);
    expect(ms).toBeLessThanOrEqual(10 * MINUTE);
  }
  // Both halves of the time are used: 24 of them in one would come about once in eight million.
  expect(all.some((ms) => ms < 5 * MINUTE)).toBe(true);
  expect(all.some((ms) => ms > 5 * MINUTE)).toBe(true);
  expect(new Set(all).size).toBeGreaterThan(all.length / 2);
  // The times that are told are those at which they begin.
  const first = Date.parse("2026-03-02T08:30:00Z");
  expect(foretold.map((next) => next - first).sort()).toEqual([...late.values()].map(([ms]) => ms).sort());
});

it("begins at the time itself without one", async () => {
  const { late } = await latenesses(idsOf(7, 2), { every: "30m" }, 65 * MINUTE);
  expect([...late.values()]).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

it("is the same in another process", async () => {
  const flowIds = idsOf(11, 3);
  const schedule = { every: "30m", jitter: "10m" };
  const [one, other] = [
    await latenesses(flowIds, schedule, 45 * MINUTE),
    await latenesses(flowIds, schedule, 45 * MINUTE),
  ];
  expect(one.late).toEqual(other.late);
});

it("leaves no time out where it is longer than what is between them", async () => {
  const clock = new TestClock(START);
  const own = await process(join(folder(), "a.db"), clock);
  const [id = ""] = idsOf(3, 1);
  await own.conductor.storage.saveFlow(flowOf(id, { every: "1m", until: "2026-03-02T08:15:30Z", jitter: "5m" }));
  await own.triggers.start();
  // The last of the 15 times is 08:15.
  await clock.go(Date.parse("2026-03-02T08:20:00Z"));
  await until(async () => expect(await executionsOf(own.store, id)).toHaveLength(15));
  const rows = await executionsOf(own.store, id);
  const outputs = rows.map(
    ({ id }) => own.conductor.executions.value(id, "times") as Promise<{ time: string; missed: boolean }>,
  );
  const minutes = Array.from({ length: 15 }, (_, at) => `2026-03-02T08:${String(at + 1).padStart(2, "0")}:00.000Z`);
  const told = await Promise.all(outputs);
  expect(told.map(({ time }) => time).sort()).toEqual(minutes);
  expect(told.filter(({ missed }) => missed)).toEqual([]);
  expect(own.log.filter((line) => line.includes("left out"))).toEqual([]);
  expect(own.triggers.list()).toEqual([expect.not.objectContaining({ next: expect.anything() })]);
});

it("leaves no time out where it is longer than a thousand of them", async () => {
  const clock = new TestClock(START);
  const fired: string[] = [];
  const log: string[] = [];
  let kept: Readonly<Record<string, unknown>> = {};
  const until = new Date(START + 20 * MINUTE + 500).toISOString();
  const parameters = { every: 1000, until, jitter: 3_600_000, overlap: "allow", missed: "once" };
  const trigger = { flowId: "f", nodeId: "times", type: "schedule", parameters } as never;
  const schedule = await watchSchedule(trigger, {
    clock,
    fire: async ({ key }: { key: string }) => {
      fired.push(key);
      return { isNew: false, executionId: key, result: new Promise(() => {}) };
    },
    active: async () => [],
    cancel: async () => {},
    metadataOf: async () => ({}),
    state: {
      get: async () => kept,
      change: async (change: (found: typeof kept) => typeof kept | undefined) => {
        kept = change(kept) ?? kept;
        return kept;
      },
    },
    log: (message: string) => void log.push(message),
  } as never);
  // The first times that are put off hold up those after them, of which there are 1,200.
  await clock.go(START + 20 * MINUTE);
  await clock.go(START + 81 * MINUTE);
  await vi.waitFor(() => expect(fired).toHaveLength(1200), { timeout: 60_000 });
  expect(new Set(fired).size).toBe(1200);
  expect(log).toEqual([]);
  schedule.close();
});
