/** How long runs still take, from what earlier executions of their flows took. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { progressEventOf } from "../../src/events/progress-event.js";
import type { ExecutionGraphState } from "../../src/types/graph.js";
import { type Definition, edge, group, leaf } from "../contract/flows.js";
import { pass, settled, stopTime } from "../durable/stopped-time.js";
import { close, line, lineOf, Office } from "./office.js";

const ask = leaf("ask", {
  type: "wait-for-input",
  parameters: { message: "Well?", form: { type: "object", properties: { ok: { type: "boolean" } } } },
});

// What is loaded at its first use takes real time.
beforeAll(async () => {
  await import("../../src/api/eta/etas.js");
  const office = new Office();
  const { executionId } = (await office.conductor.node.run(line("a") as never)).context as never;
  await office.conductor.executions.fork(executionId);
  office.conductor.executions.onQuestion(({ id }) => void office.conductor.executions.answer(id, { ok: true }));
  await office.conductor.node.run(lineOf(ask) as never);
  await office.conductor.shutdown();
});
beforeEach(stopTime);
afterEach(async () => {
  await close();
  vi.useRealTimers();
});

/** Lets the first estimate be told. */
const told = () => pass(100);

describe("how long a run still takes", () => {
  it("is what its nodes took before, less what they took already", async () => {
    const office = new Office();
    const flow = line("a", "b", "c");
    for (const c of [1_000, 3_000, 2_000]) await office.run(flow, { a: 4_000, b: 1_000, c });
    office.watch();
    const result = office.begin(flow, { a: 4_000, b: 1_000, c: 1_500 });
    await settled();
    await told();
    expect(office.eta).toEqual({ ms: 6_900, low: 6_400, high: 7_400, basis: 3 });
    await pass(3_900);
    expect(office.eta).toEqual({ ms: 3_000, low: 2_500, high: 3_500, basis: 3 });
    await pass(1_000);
    expect(office.eta).toEqual({ ms: 2_000, low: 1_500, high: 2_500, basis: 3 });
    await office.ended(result);
    expect(office.state).not.toHaveProperty("eta");
  });

  it("of a node that takes longer than ever is nothing, of a quick one no more than of others", async () => {
    const office = new Office();
    const flow = line("a", "b", "c");
    for (let run = 0; run < 2; run++) await office.run(flow, { a: 1_000, b: 1_000, c: 1_000 });
    office.watch();
    const result = office.begin(flow, { a: 100, b: 5_000, c: 2_000 });
    await pass(400);
    // `b` began at 100.
    expect(office.eta?.ms).toBe(1_700);
    await pass(3_000);
    const { state } = office.conductor.node.store.getState().nodes.get("b") ?? {};
    expect([state, office.conductor.node.store.getState().eta]).toEqual([
      "executing",
      { ms: 1_000, low: 1_000, high: 1_000, basis: 2 },
    ]);
    await office.ended(result);
  });

  it("is not told from fewer than two completed executions", async () => {
    const office = new Office();
    office.watch();
    await office.run(line("a", "b"), { a: 1_000, b: 1_000 });
    await office.run(line("a", "b"), { a: 1_000, b: -1 });
    const again = office.begin(line("a", "b"), { a: 1_000, b: 1_000 });
    await told();
    expect(office.state).not.toHaveProperty("eta");
    await office.ended(again);
    const third = office.begin(line("a", "b"), { a: 1_000, b: 1_000 });
    await told();
    expect(office.eta).toMatchObject({ ms: 1_900, basis: 2 });
    await office.ended(third);
  });

  it("costs nothing where there is no store, and nothing is read for runs that are not watched", async () => {
    const without = new Office({ store: null });
    without.watch();
    for (let run = 0; run < 3; run++) {
      await without.run(line("a"), { a: 1_000 });
      expect(without.state).not.toHaveProperty("eta");
      expect(progressEventOf(without.state as ExecutionGraphState)).not.toHaveProperty("eta");
    }
    const office = new Office();
    for (let run = 0; run < 4; run++) await office.run(line("a"), { a: 1_000 });
    expect(office.read).toEqual([]);
  });

  it("reads the store once, then only executions that were not watched", async () => {
    const before = new Office();
    for (let run = 0; run < 3; run++) await before.run(line("a"), { a: 1_000 }, { executionId: `before${run}` });
    const office = new Office({ store: before.store });
    const stop = office.watch();
    for (let run = 0; run < 3; run++) await office.run(line("a"), { a: 1_000 }, { executionId: `watched${run}` });
    expect(office.read.splice(0).sort()).toEqual(["before0", "before1", "before2"]);
    stop();
    await office.run(line("a"), { a: 1_000 }, { executionId: "unwatched" });
    expect(office.read).toEqual([]);
    office.watch();
    const result = office.begin(line("a"), { a: 1_000 });
    await told();
    expect(office.read).toEqual(["unwatched"]);
    expect(office.eta).toMatchObject({ ms: 900, basis: 7 });
    await office.ended(result);
  });

  it("is made from the last 20 executions", async () => {
    const office = new Office();
    const flow = line("a");
    for (let run = 0; run < 10; run++) await office.run(flow, { a: 9_000 });
    for (let run = 0; run < 20; run++) await office.run(flow, { a: 1_000 });
    office.watch();
    const result = office.begin(flow, { a: 1_000 });
    await told();
    expect(office.eta).toEqual({ ms: 900, low: 900, high: 900, basis: 20 });
    await office.ended(result);
  });

  it("leaves out executions whose records are long", async () => {
    const office = new Office();
    const flow = line("a");
    const large = { input: { text: "x".repeat(2_200_000) } };
    for (let run = 0; run < 3; run++) await office.run(flow, { a: 9_000 }, large);
    office.watch();
    const result = office.begin(flow, { a: 1_000 });
    await told();
    expect(office.read).toEqual([]);
    expect(office.state).not.toHaveProperty("eta");
    await office.ended(result);
  });

  it("is the work over the nodes that run at once, where that is more than the longest path", async () => {
    const office = new Office({ concurrency: 2 });
    const flow = group(
      "flow",
      ["a", "b", "c", "d"].map((id) => leaf(id)),
      [],
    );
    const times = { a: 1_000, b: 1_000, c: 1_000, d: 2_000 };
    for (let run = 0; run < 2; run++) await office.run(flow, times);
    office.watch();
    const result = office.begin(flow, times);
    await told();
    // All at first: 5 s of work for two.
    expect(office.eta?.ms).toBe(2_400);
    await pass(1_000);
    expect(office.conductor.node.store.getState().eta?.ms).toBe(1_900);
    await office.ended(result);
  });

  it("counts work in a parallel group as five at once", async () => {
    const office = new Office();
    const ids = ["a", "b", "c", "d", "e"];
    const flow = lineOf(
      {
        ...group(
          "side",
          ids.map((id) => leaf(id)),
          [],
        ),
        parameters: { parallel: true },
      },
      leaf("z"),
    );
    const times = { ...Object.fromEntries(ids.map((id) => [id, 1_000])), z: 500 };
    for (let run = 0; run < 2; run++) await office.run(flow, times);
    office.watch();
    const result = office.begin(flow, times);
    await told();
    expect(office.eta?.ms).toBe(1_400);
    await office.ended(result);
  });

  it("counts a branch as often as it ran, until it is known which one runs", async () => {
    const office = new Office();
    const nodes = ["start", "left", "right", "more", "join"].map((id) => leaf(id));
    const flow = group("flow", nodes, [
      edge("start", "left", { sourceHandle: "yes" }),
      edge("start", "right", { sourceHandle: "no" }),
      edge("right", "more"),
      edge("left", "join"),
      edge("more", "join"),
    ]);
    const times = { start: 1_000, left: 8_000, right: 4_000, more: 2_000, join: 1_000 };
    for (const handle of ["yes", "yes", "yes", "no"]) {
      office.routes = { start: handle };
      await office.run(flow, times);
    }
    office.watch();
    const result = office.begin(flow, times);
    await told();
    // 0.75 × 8 s and 0.25 × (4 s + 2 s), one node at a time.
    expect(office.eta).toEqual({ ms: 9_400, low: 7_900, high: 11_400, basis: 4 });
    await pass(900);
    expect(office.state?.nodes.get("right")?.state).toBe("executing");
    // What comes after the branch that runs is certain, and what was skipped takes no time.
    await pass(300);
    expect(office.conductor.node.store.getState().eta).toMatchObject({ ms: 6_700 });
    await office.ended(result);
  });

  it("of a flow with a disabled node counts what comes after it", async () => {
    const office = new Office();
    const flow = lineOf(leaf("a"), leaf("off", { parameters: { enabled: false } }), leaf("b"));
    for (let run = 0; run < 2; run++) await office.run(flow, { a: 1_000, b: 2_000 });
    office.watch();
    const result = office.begin(flow, { a: 1_000, b: 2_000 });
    await told();
    expect(office.eta).toMatchObject({ ms: 2_900 });
    await pass(1_200);
    expect(office.conductor.node.store.getState().eta).toEqual({ ms: 1_700, low: 1_700, high: 1_700, basis: 2 });
    await office.ended(result);
  });

  it("knows nothing of a node from runs in which it was disabled, and does not count it where it is", async () => {
    const office = new Office();
    const flow = (enabled: boolean) => lineOf(leaf("a"), leaf("off", { parameters: { enabled } }), leaf("b"));
    const times = { a: 1_000, off: 5_000, b: 2_000 };
    for (let run = 0; run < 2; run++) await office.run(flow(false), times);
    office.watch();
    const on = office.begin(flow(true), times);
    await told();
    expect(office.eta).toEqual({ ms: 2_900, low: 2_900, high: 2_900, basis: 2, unknown: 1 });
    await office.ended(on);
    const off = office.begin(flow(false), times);
    await told();
    expect(office.eta).toEqual({ ms: 2_900, low: 2_900, high: 2_900, basis: 3 });
    await office.ended(off);
    const again = office.begin(flow(true), times);
    await told();
    expect(office.eta).toEqual({ ms: 7_900, low: 7_900, high: 7_900, basis: 4 });
    await office.ended(again);
  });

  it("of a loop is that of a round for each round", async () => {
    const office = new Office();
    const loop = (count: number) =>
      lineOf(
        { id: "loop", type: "loop", parameters: { loopType: "times", count }, nodes: [leaf("a")] } as Definition,
        leaf("z"),
      );
    for (let run = 0; run < 2; run++) await office.run(loop(4), { a: 500, z: 1_000 });
    office.watch();
    const result = office.begin(loop(10), { a: 500, z: 1_000 });
    await told();
    expect(office.eta).toMatchObject({ ms: 5_900 });
    await pass(1_500);
    expect(office.conductor.node.store.getState().eta).toMatchObject({ ms: 4_400 });
    await office.ended(result);
  });

  it("of a try is what all of it took", async () => {
    const office = new Office();
    const parameters = { catch: "rescue", finally: "last" };
    const nodes = [leaf("risk"), leaf("rescue"), leaf("last")];
    const flow = lineOf({ id: "try", type: "try", parameters, nodes } as Definition, leaf("z"));
    for (let run = 0; run < 2; run++) await office.run(flow, { risk: 1_000, rescue: 5_000, last: 500, z: 250 });
    office.watch();
    const result = office.begin(flow, { risk: 1_000, last: 500, z: 250 });
    await told();
    expect(office.eta).toMatchObject({ ms: 1_650 });
    await office.ended(result);
  });

  it("of an edited flow knows the nodes that are the same, and says how many are not", async () => {
    const office = new Office();
    const nested = (...ids: string[]) =>
      group(
        "inner",
        ids.map((id) => leaf(id)),
        [],
      );
    const before = lineOf(leaf("a"), nested("b", "gone"), leaf("z"));
    for (let run = 0; run < 2; run++) await office.run(before, { a: 1_000, b: 2_000, gone: 7_000, z: 500 });
    office.watch();
    // Another node of the name, elsewhere, is another node.
    const after = lineOf(leaf("a"), nested("new", "b"), leaf("gone"), leaf("z"));
    const result = office.begin(after, { a: 1_000, b: 2_000, new: 3_000, z: 500 });
    await told();
    expect(office.eta).toEqual({ ms: 3_400, low: 3_400, high: 3_400, basis: 2, unknown: 2 });
    await office.ended(result);
    // From then on they are known.
    const again = office.begin(after, { a: 1_000, b: 2_000, new: 3_000, z: 500 });
    await told();
    expect(office.eta).toEqual({ ms: 6_400, low: 6_400, high: 6_400, basis: 3 });
    await office.ended(again);
  });

  it("is not there while a run is paused", async () => {
    const office = new Office();
    for (let run = 0; run < 2; run++) await office.run(line("a", "b"), { a: 1_000, b: 1_000 });
    office.watch();
    const result = office.begin(line("a", "b"), { a: 1_000, b: 1_000 }, { executionId: "held" });
    await told();
    expect(office.eta?.ms).toBe(1_900);
    await office.conductor.node.pause("held");
    await pass(300);
    expect(office.state).toMatchObject({ isPaused: true });
    expect(office.state).not.toHaveProperty("eta");
    await office.conductor.node.resume("held");
    await pass(300);
    expect(office.eta?.ms).toBeLessThan(1_900);
    await office.ended(result);
  });

  it("is unknown while people have to answer, and before", async () => {
    const office = new Office();
    const flow = lineOf(leaf("a"), ask, leaf("b"));
    office.conductor.executions.onQuestion(
      ({ id }) => void setTimeout(() => office.conductor.executions.answer(id, { ok: true }), 300),
    );
    for (let run = 0; run < 2; run++) await office.run(flow, { a: 1_000, b: 1_000 });
    office.watch();
    const result = office.begin(flow, { a: 1_000, b: 1_000 });
    await told();
    expect([office.state?.isExecuting, office.eta]).toEqual([true, undefined]);
    await pass(1_100);
    expect([office.state?.nodes.get("ask")?.state, office.eta]).toEqual(["executing", undefined]);
    await pass(400);
    expect(office.conductor.node.store.getState().eta).toMatchObject({ low: expect.any(Number), basis: 2 });
    await office.ended(result);
  });

  it("is made from nodes that ran: not from those that a fork took over, nor from those of the cache", async () => {
    const office = new Office({ cache: { nodes: "pure" } });
    const flow = line("a", "b");
    await office.run(flow, { a: 1_000, b: 2_000 }, { executionId: "old" });
    await office.run(flow, { a: 1_000, b: 2_000 }, { input: { other: 1 } });
    office.watch();
    // All of it comes from the cache.
    for (let run = 0; run < 3; run++) await office.run(flow, { a: 1_000, b: 2_000 });
    office.take({ a: 1_000, b: 2_000 });
    const changes = { from: ["b"], parameters: { b: { other: 1 } }, executionId: "new" };
    const { executionId } = await office.conductor.executions.fork("old", changes);
    await office.ended(office.conductor.executions.result(executionId));
    const result = office.begin(flow, { a: 1_000, b: 2_000 }, { input: { other: 2 } });
    await told();
    expect(office.eta).toEqual({ ms: 2_900, low: 2_900, high: 2_900, basis: 6 });
    await office.ended(result);
    // Read from their records they are the same.
    const other = new Office({ store: office.store });
    other.watch();
    const again = other.begin(flow, { a: 1_000, b: 2_000 }, { input: { other: 3 } });
    await told();
    expect(other.eta).toEqual({ ms: 2_900, low: 2_900, high: 2_900, basis: 7 });
    await other.ended(again);
  });

  it("goes on after a crash, and counts no node that was under way in it", async () => {
    const first = new Office();
    const flow = line("a", "b", "c");
    const times = { a: 1_000, b: 2_000, c: 1_000 };
    for (let run = 0; run < 2; run++) await first.run(flow, times);
    void first.begin(flow, times, { executionId: "crashed" });
    await pass(1_500);
    first.crash();
    await pass(60_000);
    const second = new Office({ store: first.store });
    second.watch();
    second.take(times);
    const { resumed } = await second.conductor.recover();
    expect(resumed).toHaveLength(1);
    await told();
    // What `b` took before the crash is gone: it began again, and its first beginning counts as it was.
    expect(second.eta).toMatchObject({ basis: 2 });
    expect(second.eta?.ms).toBeLessThanOrEqual(3_000);
    await second.ended((resumed[0] as { result: Promise<unknown> }).result);
    const result = second.begin(flow, times);
    await told();
    expect(second.eta).toEqual({ ms: 3_900, low: 3_900, high: 3_900, basis: 3 });
    await second.ended(result);
  });

  it("is told to those who subscribe to the store, though nothing changes", async () => {
    const office = new Office();
    for (let run = 0; run < 2; run++) await office.run(line("a"), { a: 1_000 });
    const seen: (number | undefined)[] = [];
    office.conductor.node.store.subscribe(({ eta }) => void seen.push(eta?.ms));
    await office.ended(office.begin(line("a"), { a: 1_000 }));
    expect(seen[0]).toBeUndefined();
    // It was told before anything but the beginning of `a` had happened.
    expect(seen.filter((ms) => Number(ms) > 900)).not.toEqual([]);
    expect(seen.at(-1)).toBeUndefined();
  });

  it("survives being written, and differs from flow to flow", async () => {
    const office = new Office();
    for (let run = 0; run < 2; run++) await office.run(line("a"), { a: 1_000 });
    office.watch();
    const other = office.begin({ ...line("a"), id: "other" }, { a: 1_000 });
    await told();
    expect(office.state).not.toHaveProperty("eta");
    await office.ended(other);
    const result = office.begin(line("a"), { a: 1_000 });
    await told();
    const event = progressEventOf(office.state as ExecutionGraphState);
    const eta = { ms: 900, low: 900, high: 900, basis: 2 };
    expect(JSON.parse(JSON.stringify(event)).eta).toEqual(eta);
    expect(structuredClone(event).eta).toEqual(eta);
    await office.ended(result);
  });

  it("is left out where records cannot be read, with a warning", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const before = new Office();
    for (let run = 0; run < 3; run++) await before.run(line("a"), { a: 1_000 }, { executionId: `run${run}` });
    const records = before.store.records.bind(before.store);
    const office = new Office({ store: before.store });
    vi.spyOn(office.store, "records").mockImplementation(async (id, ...rest) => {
      const found = await records(id, ...rest);
      return id === "run1" ? found.map((record) => ({ ...record, values: new Uint8Array([1, 2, 3]) })) : found;
    });
    office.watch();
    const result = office.begin(line("a"), { a: 1_000 });
    await told();
    expect(office.eta).toMatchObject({ ms: 900, basis: 2 });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain("run1");
    warn.mockRestore();
    await office.ended(result);
  });
});
