/** Backoffs that are spread, of nodes that ask for it: how long they are, and what is told of them. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { RetryRecord } from "../../src/types/graph.js";
import { byId, conductorWith, edge, group, leaf, pass, stopClock, watch } from "./flows";

beforeEach(stopClock);
afterEach(() => {
  vi.useRealTimers();
});

/** `spread` and `plain` fail twice, each of three rounds of `each` once. */
const flow = () =>
  group("root", [
    leaf("spread", { policy: { retries: 2, retryDelay: 1000, retryJitter: true } }),
    leaf("plain", { policy: { retries: 2, retryDelay: 1000, retryJitter: false } }),
    {
      ...group("each", [leaf("round", { policy: { retries: 1, retryDelay: "1s", retryJitter: true } })]),
      type: "loop",
      parameters: { loopType: "times", count: 3, concurrency: 3 },
    },
  ]);

/** Waits by the call that waited: as they were told when the try failed, and as they were. */
async function waits(random: number) {
  const failed = new Map<string, number>();
  const waited: Record<string, number[]> = {};
  const body =
    (times: number) =>
    ({ executionId, attempt }: { executionId: string; attempt: number }) => {
      const id = executionId.slice(executionId.indexOf("/") + 1);
      const at = failed.get(id);
      if (at !== undefined) waited[id] = [...(waited[id] ?? []), Date.now() - at];
      failed.set(id, Date.now());
      if (attempt <= times) throw new Error("busy");
    };
  const bodies = { spread: body(2), plain: body(2), round: body(1) } as never;
  const conductor = conductorWith(byId(bodies), { concurrency: 8, random: () => random });
  const run = watch(conductor.node.run(flow()));
  for (let step = 0; step < 5000 && !run.settled; step++) await pass(1);
  const { trace, success } = run.value as unknown as { trace: { retries: RetryRecord[] }; success: boolean };
  expect(success).toBe(true);
  const told: Record<string, number[]> = {};
  for (const { executionId, timestamp, retryAt } of trace.retries) {
    const id = executionId.slice(executionId.indexOf("/") + 1);
    told[id] = [...(told[id] ?? []), retryAt - timestamp];
  }
  return { waited, told };
}

describe("a node with `retryJitter`", () => {
  it("waits between half of its backoff and all of it, beside one that waits all of it, and tells how long", async () => {
    const { waited, told } = await waits(0.3);
    expect(waited.plain).toEqual([1000, 2000]);
    expect(told.plain).toEqual([1000, 2000]);
    const [first = 0, second = 0] = waited.spread ?? [];
    expect(first).toBeGreaterThanOrEqual(500);
    expect(first).toBeLessThan(1000);
    expect(second).toBeGreaterThanOrEqual(1000);
    expect(second).toBeLessThan(2000);
    expect(Object.keys(told).sort()).toEqual(Object.keys(waited).sort());
    expect(Object.keys(told)).toHaveLength(5);
    for (const [id, times] of Object.entries(told)) {
      // Timers are in whole ms.
      for (const [index, time] of times.entries())
        expect(Math.abs(time - (waited[id]?.[index] ?? 0)), id).toBeLessThanOrEqual(2);
    }
    // Rounds that failed at once do not come back at once.
    const rounds = Object.entries(waited).flatMap(([id, times]) => (id.endsWith("/round") ? times : []));
    expect(new Set(rounds).size).toBe(3);
  });

  it("waits the same with the same seed, and otherwise with another", async () => {
    const { told } = await waits(0.3);
    expect((await waits(0.3)).told).toEqual(told);
    expect((await waits(0.6)).told.spread).not.toEqual(told.spread);
  });

  it("waits as long as a failure asks for, where that is longer", async () => {
    const calls: number[] = [];
    const begun = Date.now();
    const conductor = conductorWith(() => {
      calls.push(Date.now() - begun);
      throw Object.assign(new Error("busy"), { [Symbol.for("@atomiton/error-retry")]: 5000 });
    });
    const policy = { retries: 1, retryDelay: 100, retryJitter: true };
    const run = watch(conductor.node.run(group("root", [leaf("a", { policy })])));
    for (let step = 0; step < 600 && !run.settled; step++) await pass(10);
    expect(calls).toHaveLength(2);
    expect(calls[1]).toBeGreaterThanOrEqual(5000);
  });

  it.each([["yes"], [1], [{}]])("is refused with %j", async (retryJitter) => {
    const conductor = conductorWith(() => {});
    const { success, error } = await conductor.node.run(
      group("root", [leaf("a"), leaf("b", { policy: { retryJitter } as never })], [edge("a", "b")]),
    );
    expect(success).toBe(false);
    expect(error).toMatchObject({ code: "TYPE_MISMATCH", context: { path: "/nodes/1/policy/retryJitter" } });
  });
});

it("draws a seed for flows that need one", async () => {
  vi.useRealTimers();
  const drawn: number[] = [];
  const random = () => {
    drawn.push(1);
    return 0.5;
  };
  const conductor = conductorWith(() => {}, { random });
  await conductor.node.run(leaf("a", { policy: { retries: 1, retryJitter: false } }));
  expect(drawn).toEqual([]);
  await conductor.node.run(leaf("a", { policy: { retries: 1, retryJitter: true } }));
  expect(drawn).toEqual([1]);
});
