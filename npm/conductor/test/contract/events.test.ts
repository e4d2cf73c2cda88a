import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  byId,
  chain,
  conductorWith,
  diamond,
  edge,
  type GraphState,
  group,
  HeldNodes,
  leaf,
  pass,
  stopClock,
  turns,
} from "./flows";

const stateKeys = [
  "nodes",
  "edges",
  "executionOrder",
  "criticalPath",
  "totalWeight",
  "maxParallelism",
  "isExecuting",
  "startTime",
  "endTime",
  "cachedProgress",
];

const failing = () =>
  byId({
    n2: () => {
      throw new Error("boom");
    },
  });

describe("the events of a run", () => {
  it("begin with started and end with completed, progress in between", async () => {
    const conductor = conductorWith();
    const seen: string[] = [];
    conductor.events.onStarted(() => seen.push("started"));
    conductor.events.onProgress((state) => seen.push(`progress ${state.cachedProgress}`));
    conductor.events.onCompleted(() => seen.push("completed"));
    conductor.events.onError(() => seen.push("error"));
    await conductor.node.run(chain(3));
    expect(seen[0]).toBe("started");
    expect(seen[1]).toBe("progress 0");
    expect(seen.at(-2)).toBe("progress 100");
    expect(seen.at(-1)).toBe("completed");
    expect(seen.filter((event) => !event.startsWith("progress"))).toEqual(["started", "completed"]);
  });

  it("end with error when a node fails", async () => {
    const conductor = conductorWith(failing());
    const seen: string[] = [];
    conductor.events.onStarted(() => seen.push("started"));
    conductor.events.onProgress((state) => seen.push(`progress ${state.nodes.get("n2")?.state}`));
    conductor.events.onCompleted(() => seen.push("completed"));
    conductor.events.onError(() => seen.push("error"));
    await conductor.node.run(chain(3));
    expect(seen[0]).toBe("started");
    expect(seen.at(-2)).toBe("progress error");
    expect(seen.at(-1)).toBe("error");
    expect(seen).not.toContain("completed");
  });

  it("announce the start during the call, before the flow is looked at", () => {
    const conductor = conductorWith();
    const started = vi.fn();
    conductor.events.onStarted(started);
    const cyclic = group("root", [leaf("a"), leaf("b")], [edge("a", "b"), edge("b", "a")]);
    const run = conductor.node.run(cyclic, { executionId: "exec_1" });
    expect(started).toHaveBeenCalledExactlyOnceWith({ executionId: "exec_1", nodeId: "root" });
    return run;
  });

  it("announce the first progress during the call", () => {
    const conductor = conductorWith();
    const progress = vi.fn();
    conductor.events.onProgress(progress);
    const run = conductor.node.run(chain(2));
    expect(progress).toHaveBeenCalled();
    return run;
  });

  it("carry the run and its result at completion", async () => {
    const conductor = conductorWith();
    const completed = vi.fn();
    conductor.events.onCompleted(completed);
    const result = await conductor.node.run(chain(2), { executionId: "exec_1" });
    expect(completed.mock.calls).toEqual([[{ executionId: "exec_1", result }]]);
    expect(completed.mock.calls[0]?.[0].result).toBe(result);
  });

  it("carry the run and an error object at failure", async () => {
    const conductor = conductorWith(failing());
    const failed = vi.fn();
    conductor.events.onError(failed);
    await conductor.node.run(chain(3), { executionId: "exec_1" });
    expect(failed).toHaveBeenCalledOnce();
    const event = failed.mock.calls[0]?.[0];
    expect(event.executionId).toBe("exec_1");
    expect(event.error).toBeInstanceOf(Error);
    expect(event.error.message).toBe("boom");
    expect(event).toMatchObject({ nodeId: event.result.error.nodeId, code: "EXECUTION_FAILED" });
    expect(event.nodeId).toMatch(/./);
  });
});

describe("a progress event", () => {
  it("is the state of the graph, with the run that it belongs to", async () => {
    const conductor = conductorWith();
    const same: boolean[] = [];
    const events: GraphState[] = [];
    conductor.events.onProgress((state) => {
      events.push(state);
      same.push(state === conductor.node.store.getState());
    });
    await conductor.node.run(diamond(), { executionId: "exec_1" });
    expect(same).not.toContain(false);
    for (const event of events) {
      expect(Object.keys(event)).toEqual(expect.arrayContaining(stateKeys));
      expect(event.executionId).toBe("exec_1");
      expect(event.nodes).toBeInstanceOf(Map);
      expect([...event.nodes.keys()]).toEqual(["a", "b", "c", "d"]);
    }
  });

  it("shows all nodes pending at first and all completed at last", async () => {
    const conductor = conductorWith();
    const events: GraphState[] = [];
    conductor.events.onProgress((state) => events.push(state));
    await conductor.node.run(diamond());
    const first = events[0] as GraphState;
    const last = events.at(-1) as GraphState;
    expect([...first.nodes.values()].map(({ state, progress }) => [state, progress])).toEqual(
      Array(4).fill(["pending", 0]),
    );
    expect(first).toMatchObject({ isExecuting: true, endTime: null, cachedProgress: 0 });
    expect([...last.nodes.values()].map(({ state, progress }) => [state, progress])).toEqual(
      Array(4).fill(["completed", 100]),
    );
    expect(last.cachedProgress).toBe(100);
  });

  it("never changes after it was sent", async () => {
    const conductor = conductorWith();
    const events: GraphState[] = [];
    conductor.events.onProgress((state) => events.push(state));
    await conductor.node.run(chain(2));
    const first = events[0] as GraphState;
    expect(Object.isFrozen(first)).toBe(true);
    expect(Object.isFrozen(first.edges)).toBe(true);
    expect(Object.isFrozen(first.nodes.get("n1"))).toBe(true);
    expect(Object.isFrozen(first.nodes.get("n1")?.dependents)).toBe(true);
    expect(() => first.nodes.clear()).toThrow();
    expect(first.nodes.get("n1")?.state).toBe("pending");
  });

  it("describes a node completely", async () => {
    const conductor = conductorWith();
    await conductor.node.run(diamond());
    expect(conductor.node.store.getState().nodes.get("b")).toMatchObject({
      id: "b",
      name: "test",
      type: "test",
      weight: 100,
      dependencies: ["a"],
      dependents: ["d"],
      level: 1,
      state: "completed",
      progress: 100,
      startTime: expect.any(Number),
      endTime: expect.any(Number),
    });
  });
});

describe("how often progress is announced", () => {
  beforeEach(stopClock);
  afterEach(() => {
    vi.useRealTimers();
  });

  const begin = async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const seen: [ms: number, overall: number][] = [];
    const start = Date.now();
    conductor.events.onProgress((state) => seen.push([Date.now() - start, state.cachedProgress]));
    const run = conductor.node.run(leaf("a"));
    await turns();
    const report = held.params.get("a")?.progress.bind(held.params.get("a"));
    if (!report) throw new Error("node a was not started");
    return { held, conductor, seen, run, report };
  };

  it("is at most every 100 ms, the latest figures last", async () => {
    const { held, seen, run, report } = await begin();
    for (let step = 1; step <= 50; step += 1) {
      report(step);
      await pass(10);
    }
    await held.finish("a");
    await run;
    const gaps = seen.slice(1, -1).map(([ms], index) => ms - (seen[index]?.[0] ?? 0));
    expect(gaps.length).toBeGreaterThanOrEqual(4);
    expect(gaps.length).toBeLessThanOrEqual(6);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(100);
    expect(seen.map(([, overall]) => overall)).toEqual(
      seen.map(([, overall]) => overall).sort((one, other) => one - other),
    );
  });

  it("includes figures that nothing followed", async () => {
    const { held, seen, run, report } = await begin();
    report(30);
    await pass(100);
    expect(seen.at(-1)).toEqual([100, 30]);
    await held.finish("a");
    await run;
  });

  it("is at once when somebody flushes", async () => {
    const { held, conductor, seen, run, report } = await begin();
    report(30);
    expect(seen.at(-1)?.[1]).toBe(0);
    conductor.events.flushProgress();
    expect(seen.at(-1)).toEqual([0, 30]);
    const count = seen.length;
    conductor.events.flushProgress();
    expect(seen.length).toBe(count);
    await held.finish("a");
    await run;
  });

  it("does not delay the end of the run", async () => {
    const { held, seen, run, report } = await begin();
    report(30);
    await held.finish("a");
    await run;
    expect(seen.at(-1)).toEqual([0, 100]);
    const count = seen.length;
    await pass(1000);
    expect(seen.length).toBe(count);
  });

  it("forgets waiting figures when all listeners are removed", async () => {
    const { held, conductor, run, report } = await begin();
    report(30);
    conductor.events.removeAllListeners();
    const later = vi.fn();
    conductor.events.onProgress(later);
    await pass(500);
    expect(later).not.toHaveBeenCalled();
    await held.finish("a");
    await run;
  });
});

describe("listeners", () => {
  it("are called in the order they subscribed, during the emit", async () => {
    const conductor = conductorWith();
    const seen: number[] = [];
    conductor.events.onCompleted(() => seen.push(1));
    conductor.events.onCompleted(() => seen.push(2));
    conductor.events.onCompleted(() => seen.push(3));
    await conductor.node.run(leaf("a"));
    expect(seen).toEqual([1, 2, 3]);
  });

  it("may subscribe twice and are then called twice", async () => {
    const conductor = conductorWith();
    const listener = vi.fn();
    conductor.events.onCompleted(listener);
    conductor.events.onCompleted(listener);
    await conductor.node.run(leaf("a"));
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it.each(["onStarted", "onProgress", "onCompleted"] as const)(
    "of %s can leave with the function they got",
    async (subscribe) => {
      const conductor = conductorWith();
      const listener = vi.fn();
      const leave = conductor.events[subscribe](listener);
      await conductor.node.run(leaf("a"));
      const count = listener.mock.calls.length;
      expect(count).toBeGreaterThan(0);
      leave();
      await conductor.node.run(leaf("a"));
      expect(listener.mock.calls.length).toBe(count);
    },
  );

  it("need not exist for a failing run", async () => {
    await expect(conductorWith(failing()).node.run(chain(3))).resolves.toMatchObject({
      success: false,
    });
  });

  it("can use the plain emitter as well", async () => {
    const { events, node } = conductorWith();
    const always = vi.fn();
    const once = vi.fn();
    const never = vi.fn();
    events.on("completed", always);
    events.once("completed", once);
    events.on("completed", never);
    events.off("completed", never);
    expect(events.listenerCount("completed")).toBe(2);
    await node.run(leaf("a"));
    await node.run(leaf("a"));
    expect([always, once, never].map((listener) => listener.mock.calls.length)).toEqual([2, 1, 0]);
    expect(events.emit("error", { executionId: "x", error: new Error("unheard") })).toBe(false);
    events.removeAllListeners();
    expect(events.listenerCount("completed")).toBe(0);
  });
});
