/** The critical path that is to be expected of a run, from what earlier executions of its flow took. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConductor } from "@atomiton/conductor/desktop";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { progressEventOf } from "../../src/events/progress-event.js";
import type { ExecutionGraphState } from "../../src/types/graph.js";
import { type Definition, edge, group, leaf, type Params } from "../contract/flows.js";
import { pass, settled, stopTime } from "../durable/stopped-time.js";
import { close, line, Office } from "./office.js";

// What is loaded at its first use takes real time.
beforeAll(async () => {
  await import("../../src/api/eta/etas.js");
  const office = new Office();
  const { executionId } = (await office.conductor.node.run(line("a") as never)).context as never;
  await office.conductor.executions.fork(executionId);
  await office.conductor.shutdown();
});
beforeEach(stopTime);
afterEach(async () => {
  await close();
  vi.useRealTimers();
});

/** Two chains side by side, of which the one with more weight is not the one that takes longer. */
const race = () =>
  group(
    "race",
    ["slow", "quick", "next"].map((id) => leaf(id)),
    [edge("quick", "next")],
  );
const times = { slow: 5_000, quick: 1_000, next: 1_000 };

const pathOf = (state: ExecutionGraphState | undefined) => [state?.criticalPathKind, state?.criticalPath];
const now = (office: Office) => pathOf(office.conductor.node.store.getState());

describe("the critical path of a run that is under way", () => {
  it("is the one that took longest before, from a single execution on", async () => {
    const office = new Office({ concurrency: 3 });
    office.watch();
    const first = office.begin(race(), times);
    await pass(100);
    expect(now(office)).toEqual(["estimated", ["quick", "next"]]);
    await office.ended(first);
    expect(now(office)).toEqual(["measured", ["slow"]]);
    const kinds: unknown[] = [];
    office.conductor.node.store.subscribe((state) => void kinds.push(state.criticalPathKind));
    const second = office.begin(race(), times);
    await pass(100);
    expect(now(office)).toEqual(["expected", ["slow"]]);
    expect(office.eta).toBeUndefined();
    await office.ended(second);
    expect(now(office)).toEqual(["measured", ["slow"]]);
    // No state of the run says anything but one of them, in this order.
    const order = ["estimated", "expected", "measured"];
    expect(kinds).toEqual([...kinds].sort((one, other) => order.indexOf(String(one)) - order.indexOf(String(other))));
    expect(new Set(kinds)).toEqual(new Set(order));
  });

  it("is told before the first node begins", async () => {
    const office = new Office({ concurrency: 3 });
    await office.run(race(), times);
    const { store } = office.conductor.node;
    let heard: ExecutionGraphState | undefined;
    store.subscribe((state) => {
      heard = state;
    });
    const result = office.conductor.node.run(race() as never, { executionId: "held" });
    await office.conductor.node.pause("held");
    await pass(100);
    const states = [...store.getState().nodes.values()].map(({ state }) => state);
    expect([states, pathOf(heard)]).toEqual([
      ["pending", "pending", "pending"],
      ["expected", ["slow"]],
    ]);
    await office.conductor.node.resume("held");
    await office.ended(result);
  });

  it("is told in progress events, also as they are written, with what it is", async () => {
    const office = new Office({ concurrency: 3 });
    await office.run(race(), times);
    const kinds: unknown[] = [];
    office.conductor.node.onProgress(({ graph }) => void kinds.push([graph.criticalPathKind, graph.criticalPath]));
    const result = office.begin(race(), times);
    await pass(100);
    const event = progressEventOf(office.conductor.node.store.getState());
    for (const copy of [event, structuredClone(event), JSON.parse(JSON.stringify(event))]) {
      expect(copy.graph).toMatchObject({ criticalPath: ["slow"], criticalPathKind: "expected" });
    }
    await office.ended(result);
    expect(kinds[0]).toEqual([undefined, ["quick", "next"]]);
    expect(kinds).toContainEqual(["expected", ["slow"]]);
    expect(kinds.at(-1)).toEqual([undefined, ["slow"]]);
  });

  it("stays the estimated one without a store", async () => {
    const office = new Office({ store: null, concurrency: 3 });
    office.watch();
    await office.run(race(), times);
    const result = office.begin(race(), times);
    await pass(100);
    expect(now(office)).toEqual(["estimated", ["quick", "next"]]);
    await office.ended(result);
  });

  it("reads the history together with the time that remains, once", async () => {
    const before = new Office({ concurrency: 3 });
    for (const id of ["one", "two"]) await before.run(race(), times, { executionId: id });
    expect(before.read).toEqual([]);
    const office = new Office({ store: before.store, concurrency: 3 });
    office.watch();
    const result = office.begin(race(), times);
    await pass(100);
    expect([now(office), office.eta?.ms]).toEqual([["expected", ["slow"]], 4_900]);
    expect(office.read.sort()).toEqual(["one", "two"]);
    await office.ended(result);
  });

  it("keeps its list while the same nodes are on it", async () => {
    const office = new Office();
    await office.run(line("a", "b"), { a: 1_000, b: 1_000 });
    const seen = new Map<string[], unknown>();
    office.conductor.node.store.subscribe((state) => {
      if (state.criticalPathKind === "expected") seen.set(state.criticalPath, state.criticalPath);
    });
    await office.run(line("a", "b"), { a: 1_000, b: 1_000 });
    expect([...seen.keys()]).toEqual([["a", "b"]]);
    expect(Object.isFrozen([...seen.keys()][0])).toBe(true);
  });

  it("counts what nodes took already, so that it is the measured one in the end", async () => {
    const office = new Office({ concurrency: 3 });
    await office.run(race(), times);
    office.watch();
    const result = office.begin(race(), { slow: 500, quick: 2_000, next: 7_000 });
    await pass(400);
    expect(now(office)).toEqual(["expected", ["slow"]]);
    await pass(200);
    // `slow` took half a second.
    expect(now(office)).toEqual(["expected", ["quick", "next"]]);
    await office.ended(result);
    expect(now(office)).toEqual(["measured", ["quick", "next"]]);
  });

  it("goes over to a node that takes longer than ever", async () => {
    const office = new Office({ concurrency: 3 });
    await office.run(race(), { slow: 3_000, quick: 2_000, next: 2_000 });
    office.watch();
    const result = office.begin(race(), { slow: 9_000, quick: 2_000, next: 2_000 });
    await pass(3_900);
    expect(now(office)).toEqual(["expected", ["quick", "next"]]);
    // Both are over after 4 s, and `slow` goes on.
    await pass(200);
    expect(now(office)).toEqual(["expected", ["slow"]]);
    await office.ended(result);
  });

  it("has a branch as likely as it ran, and none that is known not to run", async () => {
    const office = new Office({ concurrency: 5 });
    const flow = group(
      "flow",
      ["start", "common", "rare", "more", "join", "aside"].map((id) => leaf(id)),
      [
        edge("start", "common", { sourceHandle: "yes" }),
        edge("start", "rare", { sourceHandle: "no" }),
        edge("common", "join"),
        edge("rare", "more"),
        edge("more", "join"),
      ],
    );
    const took = { start: 1_000, common: 4_000, rare: 1_000, more: 9_000, join: 1_000, aside: 5_500 };
    for (const handle of ["yes", "yes", "yes", "no"]) {
      office.routes = { start: handle };
      await office.run(flow, took);
    }
    office.watch();
    // 0.75 × 4 s against 0.25 × (1 s + 9 s); and with the others less than `aside`.
    const rare = office.begin(flow, took);
    await pass(500);
    expect(now(office)).toEqual(["expected", ["aside"]]);
    await pass(700);
    expect(office.conductor.node.store.getState().nodes.get("common")?.state).toBe("skipped");
    // What comes after the branch that runs is certain.
    expect(now(office)).toEqual(["expected", ["start", "rare", "more", "join"]]);
    await office.ended(rare);
    office.routes = { start: "yes" };
    const common = office.begin(flow, { ...took, aside: 100 });
    await pass(500);
    expect(now(office)).toEqual(["expected", ["start", "rare", "more", "join"]]);
    await pass(700);
    expect(now(office)).toEqual(["expected", ["start", "common", "join"]]);
    await office.ended(common);
  });

  it("leads through a disabled node, which is not on it", async () => {
    const office = new Office({ concurrency: 3 });
    const flow = (enabled: boolean) => ({
      ...group(
        "flow",
        [leaf("a"), leaf("off", { parameters: { enabled } }), leaf("z"), leaf("aside")],
        [edge("a", "off"), edge("off", "z")],
      ),
    });
    const took = { a: 1_000, off: 2_000, z: 1_000, aside: 1_500 };
    await office.run(flow(false), took);
    expect(now(office)).toEqual(["measured", ["a", "z"]]);
    office.watch();
    const off = office.begin(flow(false), took);
    await pass(100);
    expect(now(office)).toEqual(["expected", ["a", "z"]]);
    await office.ended(off);
    // That it did not run says nothing of where it is enabled: it is a node of which nothing is known.
    const on = office.begin(flow(true), took);
    await pass(100);
    expect([now(office), office.eta?.unknown]).toEqual([["expected", ["a", "off", "z"]], 1]);
    await office.ended(on);
    for (let run = 0; run < 4; run++) await office.run(flow(true), { ...took, aside: 3_000 });
    // And that it ran, nothing of where it is disabled.
    const again = office.begin(flow(false), took);
    await pass(100);
    expect([now(office), office.eta?.ms]).toEqual([["expected", ["aside"]], 2_900]);
    await office.ended(again);
  });

  it("takes loops, groups and retried nodes as a whole, and a loop by its rounds once they are known", async () => {
    const office = new Office({ concurrency: 3 });
    const flow = (count: number) => ({
      ...group("flow", [
        { id: "loop", type: "loop", parameters: { loopType: "times", count }, nodes: [leaf("round")] } as Definition,
        group("inner", [leaf("b"), leaf("c")], [edge("b", "c")]),
        leaf("again", { policy: { retries: 2, retryDelay: 1_000 } }),
      ]),
    });
    const took = { round: 1_000, b: 1_500, c: 1_000, again: [-1, 400] };
    await office.run(flow(4), took);
    expect(now(office)).toEqual(["measured", ["loop"]]);
    office.watch();
    const few = office.begin(flow(2), took);
    await pass(100);
    // Two rounds are 2 s, less than what the group took.
    expect(now(office)).toEqual(["expected", ["inner"]]);
    await office.ended(few);
    const none = office.begin(flow(1), { ...took, b: 100, c: 100 });
    await pass(100);
    expect(now(office)).toEqual(["expected", ["inner"]]);
    await pass(600);
    // The group is over already; `again` waited and took longer than a round.
    expect(now(office)).toEqual(["expected", ["again"]]);
    await office.ended(none);
  });

  it("of an edited flow knows the nodes that are the same, and takes others by their weight", async () => {
    const office = new Office({ concurrency: 4 });
    const before = group("flow", [leaf("a"), leaf("b"), leaf("gone")], [edge("a", "gone")]);
    await office.run(before, { a: 1_000, b: 3_500, gone: 9_000 });
    office.watch();
    // `new` weighs as much as each of the others, which took 2.25 s on average.
    const after = group("flow", [leaf("a"), leaf("b"), leaf("new")], [edge("a", "new")]);
    const two = office.begin(after, { a: 1_000, b: 3_500, new: 1_000 });
    await pass(100);
    expect(now(office)).toEqual(["expected", ["b"]]);
    await office.ended(two);
    const three = group("flow", [leaf("a"), leaf("b"), leaf("x"), leaf("y")], [edge("a", "x"), edge("x", "y")]);
    const other = office.begin(three, { a: 1_000, b: 3_500, x: 100, y: 100 });
    await pass(100);
    expect(now(office)).toEqual(["expected", ["a", "x", "y"]]);
    await office.ended(other);
  });

  it("stays the estimated one where no node of the flow is known", async () => {
    const office = new Office({ concurrency: 3 });
    await office.run({ ...line("a", "b"), id: "race" }, { a: 1_000, b: 1_000 });
    office.watch();
    const result = office.begin(race(), times);
    await pass(100);
    expect(now(office)).toEqual(["estimated", ["quick", "next"]]);
    await office.ended(result);
  });

  it("counts outputs from the cache as what they took, and knows no times from them", async () => {
    const office = new Office({ concurrency: 3, cache: { nodes: "pure" } });
    await office.run(race(), times, { executionId: "old" });
    office.watch();
    await office.run(race(), times);
    expect(office.conductor.node.store.getState().nodes.get("slow")).toMatchObject({ cached: 1 });
    // Another input, so that nothing comes from the cache: what it took is that of the first run.
    const result = office.begin(race(), times, { input: { other: 1 } });
    await pass(100);
    expect(now(office)).toEqual(["expected", ["slow"]]);
    await office.ended(result);
    // A fork in which only `next` runs.
    office.take(times);
    const changes = { from: ["next"], parameters: { next: { other: 1 } } };
    const { executionId } = await office.conductor.executions.fork("old", changes);
    await pass(100);
    const state = office.conductor.node.store.getState();
    expect([state.executionId, state.nodes.get("slow")?.reused]).toEqual([executionId, true]);
    expect(pathOf(state)).toEqual(["expected", ["quick", "next"]]);
    await office.ended(office.conductor.executions.result(executionId));
  });

  it("goes on after a crash", async () => {
    const first = new Office({ concurrency: 3 });
    await first.run(race(), times);
    void first.begin(race(), times, { executionId: "crashed" });
    await pass(1_500);
    first.crash();
    await pass(60_000);
    const second = new Office({ store: first.store, concurrency: 3 });
    second.watch();
    second.take(times);
    const { resumed } = await second.conductor.recover();
    await pass(100);
    expect(second.state?.nodes.get("quick")?.state).toBe("completed");
    expect(pathOf(second.state)).toEqual(["expected", ["slow"]]);
    await second.ended((resumed[0] as { result: Promise<unknown> }).result);
    expect(now(second)).toEqual(["measured", ["slow"]]);
  });

  it("of a node that is run by itself is that node", async () => {
    const office = new Office();
    await office.run(leaf("alone"), { alone: 1_000 });
    office.watch();
    const result = office.begin(leaf("alone"), { alone: 1_000 });
    await pass(100);
    expect(now(office)).toEqual(["expected", ["alone"]]);
    await office.ended(result);
  });
});

describe("the history in SQLite", () => {
  it("is what the critical path is expected from", async () => {
    vi.useRealTimers();
    // Only clocks are stopped: the database goes on.
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    const folder = await mkdtemp(join(tmpdir(), "critical-path-"));
    let held: Promise<void> | undefined;
    const execute = async ({ nodeId }: Params) => {
      vi.advanceTimersByTime(times[nodeId as keyof typeof times]);
      if (nodeId === "quick") await held;
    };
    const process = () =>
      createConductor({
        transport: "local",
        store: `sqlite:${join(folder, "conductor.db")}`,
        nodeExecutorFactory: { getNodeExecutable: () => ({ effects: "none", execute }) },
      } as never);
    const flow = race() as never;
    const first = process();
    expect((await first.node.run(flow)).success).toBe(true);
    await first.shutdown();
    const second = process();
    let release = () => {};
    held = new Promise((resolve) => {
      release = resolve;
    });
    const seen = new Promise<ExecutionGraphState>((resolve) => {
      second.node.store.subscribe((state) => {
        if (state.isExecuting && state.criticalPathKind === "expected") resolve(state);
      });
    });
    const result = second.node.run(flow);
    expect((await seen).criticalPath).toEqual(["slow"]);
    release();
    expect((await result).success).toBe(true);
    expect(pathOf(second.node.store.getState())).toEqual(["measured", ["slow"]]);
    await second.shutdown();
    await rm(folder, { recursive: true, force: true });
    await settled();
  });
});
