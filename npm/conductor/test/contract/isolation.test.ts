import { afterEach, describe, expect, it, vi } from "vitest";
import {
  byId,
  chain,
  conductorWith,
  type GraphState,
  group,
  HeldNodes,
  leaf,
  pass,
  type RunResult,
  stopClock,
  turns,
  watch,
} from "./flows";

afterEach(() => vi.useRealTimers());

describe("two runs at the same time on one conductor", () => {
  const both = async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const progress: GraphState[] = [];
    conductor.events.onProgress((state) => progress.push(state));
    const one = conductor.node.run(group("one", [leaf("a1"), leaf("a2")]), {
      executionId: "exec_1",
    });
    const two = conductor.node.run(group("two", [leaf("b1"), leaf("b2")]), {
      executionId: "exec_2",
    });
    await turns();
    for (const id of ["a1", "b1", "b2", "a2"]) await held.finish(id);
    return { conductor, progress, results: await Promise.all([one, two]) };
  };

  it("announce their progress apart", async () => {
    const { progress } = await both();
    const of = (id: string) => progress.filter(({ executionId }) => executionId === id);
    expect(of("exec_1").length + of("exec_2").length).toBe(progress.length);
    for (const [id, nodes] of [
      ["exec_1", ["a1", "a2"]],
      ["exec_2", ["b1", "b2"]],
    ] as const) {
      expect(of(id)[0]?.cachedProgress).toBe(0);
      expect(of(id).at(-1)?.cachedProgress).toBe(100);
      for (const state of of(id)) expect([...state.nodes.keys()]).toEqual(nodes);
    }
  });

  it("have traces of their own", async () => {
    const { results } = await both();
    expect(results.map(({ trace }) => trace?.executionId)).toEqual(["exec_1", "exec_2"]);
    expect(results.map(({ trace }) => trace?.nodes.map(({ nodeId }) => nodeId))).toEqual([
      ["a1", "a2"],
      ["b1", "b2"],
    ]);
    for (const [index, ids] of [
      ["a1", "a2"],
      ["b1", "b2"],
    ].entries()) {
      for (const { data } of (results[index] as RunResult).trace?.events ?? []) {
        if (data.nodeId !== undefined) expect(ids).toContain(data.nodeId);
      }
    }
  });

  it("share the store, which shows the one that started last", async () => {
    const { conductor } = await both();
    const state = conductor.node.store.getState();
    expect([...state.nodes.keys()]).toEqual(["b1", "b2"]);
    expect(state).toMatchObject({ cachedProgress: 100, isExecuting: false });
  });

  it("may run the same definition", async () => {
    const held = vi.fn(async ({ executionId }: { executionId: string }) => executionId);
    const conductor = conductorWith(held);
    const definition = chain(3);
    const results = await Promise.all([conductor.node.run(definition), conductor.node.run(definition)]);
    expect(results.map(({ success }) => success)).toEqual([true, true]);
    expect(new Set(held.mock.calls.map(([{ executionId }]) => executionId)).size).toBe(6);
  });

  it("may bear the same execution id without mixing their results", async () => {
    const conductor = conductorWith(({ input }) => input.x);
    const [one, two] = await Promise.all([
      conductor.node.run(leaf("a"), { executionId: "same", input: { x: 1 } }),
      conductor.node.run(leaf("a"), { executionId: "same", input: { x: 2 } }),
    ]);
    expect([one.data, two.data]).toEqual([1, 2]);
  });

  it("fail apart", async () => {
    const conductor = conductorWith(
      byId({
        bad: () => {
          throw new Error("boom");
        },
      }),
    );
    const [one, two] = await Promise.all([
      conductor.node.run(group("one", [leaf("bad"), leaf("never")])),
      conductor.node.run(chain(5)),
    ]);
    expect([one.success, two.success]).toEqual([false, true]);
  });
});

describe("settings of one run", () => {
  it("do not slow down the next", async () => {
    stopClock();
    const conductor = conductorWith();
    const slow = watch(conductor.node.run(leaf("a"), { slowMo: 100 }));
    await pass(250);
    expect(slow.settled).toBe(true);
    const quick = watch(conductor.node.run(leaf("a")));
    await turns();
    expect(quick.settled).toBe(true);
    const zero = watch(conductor.node.run(leaf("a"), { slowMo: 0 }));
    await turns();
    expect(zero.settled).toBe(true);
  });

  it("do not slow down another that runs at the same time", async () => {
    stopClock();
    const conductor = conductorWith();
    const slow = watch(conductor.node.run(leaf("a"), { slowMo: 100 }));
    const quick = watch(conductor.node.run(chain(5)));
    await turns();
    expect([slow.settled, quick.settled]).toEqual([false, true]);
    await pass(250);
    expect(slow.settled).toBe(true);
  });

  it("do not let a simulated error reach the next", async () => {
    const conductor = conductorWith();
    const debug = { simulateError: { nodeId: "a", errorType: "generic" } };
    expect((await conductor.node.run(leaf("a"), { debug })).success).toBe(false);
    expect((await conductor.node.run(leaf("a"))).success).toBe(true);
    const [bad, good] = await Promise.all([conductor.node.run(leaf("a"), { debug }), conductor.node.run(leaf("a"))]);
    expect([bad.success, good.success]).toEqual([false, true]);
  });

  it("do not reach another conductor", async () => {
    const [one, two] = [conductorWith(), conductorWith()];
    const heard = vi.fn();
    two.events.onStarted(heard);
    two.events.onProgress(heard);
    await one.node.run(leaf("a"));
    expect(heard).not.toHaveBeenCalled();
    expect(two.node.store.getState().nodes.size).toBe(0);
  });
});

describe("a hundred runs of ten nodes at the same time", () => {
  it("each have their own result, events and trace", async () => {
    const conductor = conductorWith(async ({ nodeId, variables }) => {
      await Promise.resolve();
      return `${variables.run}:${nodeId}`;
    });
    const events = new Map<string, string[]>();
    const note = (executionId: string | undefined, event: string) =>
      events.set(`${executionId}`, [...(events.get(`${executionId}`) ?? []), event]);
    conductor.events.onStarted(({ executionId }) => note(executionId, "started"));
    conductor.events.onProgress((state) => note(state.executionId, "progress"));
    conductor.events.onCompleted(({ executionId }) => note(executionId, "completed"));
    conductor.events.onError(({ executionId }) => note(executionId, "error"));

    const ids = Array.from({ length: 100 }, (_, index) => `exec_${index}`);
    const results = await Promise.all(
      ids.map((executionId, run) => conductor.node.run(chain(10), { executionId, variables: { run } })),
    );

    const nodes = Array.from({ length: 10 }, (_, index) => `n${index + 1}`);
    for (const [run, result] of results.entries()) {
      const executionId = ids[run];
      expect(result).toMatchObject({
        success: true,
        data: `${run}:n10`,
        executedNodes: ["root", ...nodes],
        context: { executionId },
      });
      expect(result.trace?.executionId).toBe(executionId);
      expect(result.trace?.nodes.map(({ nodeId }) => nodeId)).toEqual(nodes);
      expect(result.trace?.events.filter(({ type }) => type === "started").length).toBe(1);
      const heard = events.get(`${executionId}`) ?? [];
      expect(heard[0]).toBe("started");
      expect(heard.at(-1)).toBe("completed");
      expect(heard.slice(1, -1).length).toBeGreaterThanOrEqual(2);
      expect(new Set(heard.slice(1, -1))).toEqual(new Set(["progress"]));
    }
    expect(events.size).toBe(100);
  });
});
