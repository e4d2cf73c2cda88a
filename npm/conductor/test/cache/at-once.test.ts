/** Outputs that several ask for while they are made. */
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { edge, group, leaf, stopClock } from "../contract/flows.js";
import { Counting, cachedLeaf, echo } from "./counting.js";

/** Promises that are settled by hand, one for each call. */
class Gates {
  readonly waiting: { open(value: unknown): void; fail(error: unknown): void; signal: AbortSignal }[] = [];
  private arrived: (() => void)[] = [];

  readonly execute = ({ signal }: { signal: AbortSignal }) =>
    new Promise((open, fail) => {
      this.waiting.push({ open, fail, signal });
      for (const tell of this.arrived.splice(0)) tell();
    });

  /** Resolves when so many calls have been made. */
  async calls(count: number): Promise<void> {
    while (this.waiting.length < count) await new Promise<void>((resolve) => this.arrived.push(resolve));
  }
}

/** Lets everything happen that waits for nothing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const gated = () => {
  const gates = new Gates();
  return { gates, bench: new Counting({ t: { ...echo, execute: gates.execute as never } }) };
};

describe("an output that is being made", () => {
  it("is made once for all who ask, in one run and across runs", async () => {
    const { gates, bench } = gated();
    const side = group("f", [cachedLeaf("a"), cachedLeaf("b"), cachedLeaf("c")], [], {
      settings: { runtime: { parallel: 3 } },
    });
    const runs = [bench.run(side), bench.run(side), bench.run(group("other", [cachedLeaf("alone")]))];
    await gates.calls(1);
    await settle();
    expect(gates.waiting).toHaveLength(1);
    gates.waiting[0]?.open({ made: 1 });
    const results = await Promise.all(runs);
    expect(results.map(({ success }) => success)).toEqual([true, true, true]);
    expect(results[0]?.outputs).toEqual({ a: { made: 1 }, b: { made: 1 }, c: { made: 1 } });
    expect(results[2]?.data).toEqual({ made: 1 });
    expect(bench.calls.t).toBe(1);
    const cached = results.flatMap(({ trace }) => trace?.nodes.map((node) => node.cached ?? 0) ?? []);
    expect(cached.filter((count) => count === 0)).toHaveLength(1);
    // Each has an object of its own.
    expect(results[0]?.outputs?.a).not.toBe(results[0]?.outputs?.b);
  });

  it("is made by each who waits for it when it fails, at once", async () => {
    const { gates, bench } = gated();
    const runs = [1, 2, 3].map(() => bench.run(cachedLeaf("a")));
    await gates.calls(1);
    await settle();
    gates.waiting[0]?.fail(new Error("not now"));
    await gates.calls(3);
    gates.waiting[1]?.open("second");
    gates.waiting[2]?.open("third");
    const results = await Promise.all(runs);
    expect(results.map(({ data, error }) => data ?? error?.message)).toEqual(["not now", "second", "third"]);
    expect((await bench.run(cachedLeaf("a"))).data).toBe("third");
    expect(bench.calls.t).toBe(3);
  });

  it("is made by one of those who wait when the first is cancelled, and the others go on waiting", async () => {
    const { gates, bench } = gated();
    const runs = ["one", "two", "three"].map((executionId) => bench.run(cachedLeaf("a"), { executionId }));
    await gates.calls(1);
    await settle();
    await bench.conductor.node.cancel("one");
    expect(gates.waiting[0]?.signal.aborted).toBe(true);
    await gates.calls(2);
    await settle();
    expect(gates.waiting).toHaveLength(2);
    gates.waiting[1]?.open("made");
    // What comes of the first is too late.
    gates.waiting[0]?.open("late");
    const results = await Promise.all(runs);
    expect(results.map(({ data, error }) => data ?? error?.code)).toEqual(["CANCELLED", "made", "made"]);
    expect((await bench.run(cachedLeaf("a"))).data).toBe("made");
  });

  it("does not keep one who waits from being cancelled, nor from its timeout", async () => {
    const { gates, bench } = gated();
    const first = bench.run(cachedLeaf("a"));
    await gates.calls(1);
    const cancelled = bench.run(cachedLeaf("a"), { executionId: "two" });
    const late = bench.run(cachedLeaf("a", { policy: { cache: true, timeout: 1 } }));
    await settle();
    await bench.conductor.node.cancel("two");
    expect((await cancelled).error?.code).toBe("CANCELLED");
    expect((await late).error?.code).toBe("TIMEOUT");
    gates.waiting[0]?.open("made");
    expect((await first).data).toBe("made");
    expect(bench.calls.t).toBe(1);
  });

  it("is not waited for by what is done for it", async () => {
    const bench = new Counting({
      t: {
        ...echo,
        execute: ({ runFlow, input }) =>
          input.depth > 0 ? runFlow("inner", { input: { depth: 0 }, variables: {} }) : "x",
      },
    });
    const same = () => cachedLeaf("a", { policy: { cache: { key: "same" } } });
    await bench.conductor.storage.saveFlow({ ...group("inner", [same()]), name: "inner" } as never);
    const result = await Promise.race([bench.run(same(), { input: { depth: 1 } }), settle().then(() => "stuck")]);
    expect(result).toMatchObject({ success: true, data: "x" });
    expect(bench.calls.t).toBe(2);
  });

  it("that was made while its run was over is not kept", async () => {
    const { gates, bench } = gated();
    const run = bench.run(cachedLeaf("a"), { executionId: "one" });
    await gates.calls(1);
    await bench.conductor.node.cancel("one");
    await run;
    gates.waiting[0]?.open("late");
    await settle();
    const again = bench.run(cachedLeaf("a"));
    await gates.calls(2);
    gates.waiting[1]?.open("made");
    expect((await again).data).toBe("made");
  });
});

describe("a flow in which nothing is to be reused", () => {
  it("runs in the same turn as ever", async () => {
    // A turn that takes long on a busy machine would be given up for the next.
    stopClock();
    onTestFinished(() => void vi.useRealTimers());
    const order: string[] = [];
    const bench = new Counting({ t: { ...echo, execute: ({ nodeId }) => void order.push(nodeId) } });
    const flow = group("f", [leaf("a", { type: "t" }), leaf("b", { type: "t" })], [edge("a", "b")]);
    const run = bench.run(flow);
    order.push("returned");
    await run;
    expect(order).toEqual(["a", "b", "returned"]);
  });
});
