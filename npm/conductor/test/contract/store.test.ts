import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { conductorWith, listenToConsole, type Store, stopClock } from "./flows";

/** An analysed graph of `x → y`, with x three times as heavy. */
const graphOfTwo = () => ({
  nodes: new Map([
    ["x", { id: "x", name: "X", type: "test", weight: 300, dependencies: [], dependents: ["y"], level: 0 }],
    ["y", { id: "y", name: "Y", type: "test", weight: 100, dependencies: ["x"], dependents: [], level: 1 }],
  ]),
  totalWeight: 400,
  criticalPath: ["x", "y"],
  criticalPathWeight: 400,
  maxParallelism: 1,
  executionOrder: [["x"], ["y"]],
});

let store: Store;
const x = () => store.getState().nodes.get("x");

beforeEach(() => {
  stopClock();
  vi.setSystemTime(1_700_000_000_000);
  store = conductorWith().node.store;
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("the store before any run", () => {
  it("is empty", () => {
    const state = store.getState();
    expect(state).toMatchObject({
      edges: [],
      executionOrder: [],
      criticalPath: [],
      totalWeight: 0,
      maxParallelism: 1,
      isExecuting: false,
      startTime: null,
      endTime: null,
      cachedProgress: 0,
    });
    expect(state.nodes).toEqual(new Map());
  });

  it("offers its functions, a hook among them", () => {
    for (const name of [
      "getState",
      "setState",
      "subscribe",
      "useStore",
      "initializeGraph",
      "setNodeState",
      "setNodeProgress",
      "completeExecution",
      "reset",
      "getTrace",
    ] as const) {
      expect(typeof store[name], name).toBe("function");
    }
  });
});

describe("initialising a graph", () => {
  it("lists every node as pending", () => {
    store.initializeGraph(graphOfTwo());
    expect([...store.getState().nodes.entries()]).toEqual([
      ["x", { ...graphOfTwo().nodes.get("x"), state: "pending", progress: 0 }],
      ["y", { ...graphOfTwo().nodes.get("y"), state: "pending", progress: 0 }],
    ]);
  });

  it("starts the clock and takes over the figures", () => {
    store.initializeGraph(graphOfTwo());
    expect(store.getState()).toMatchObject({
      edges: [{ from: "x", to: "y" }],
      executionOrder: [["x"], ["y"]],
      criticalPath: ["x", "y"],
      totalWeight: 400,
      maxParallelism: 1,
      isExecuting: true,
      startTime: 1_700_000_000_000,
      endTime: null,
      cachedProgress: 0,
    });
  });

  it("keeps an edge for each time that a dependency is listed", () => {
    const graph = graphOfTwo();
    Object.assign(graph.nodes.get("y") ?? {}, { dependencies: ["x", "x", "x"] });
    store.initializeGraph(graph);
    expect(store.getState().edges).toEqual(Array(3).fill({ from: "x", to: "y" }));
  });

  it("replaces an earlier graph", () => {
    store.initializeGraph(graphOfTwo());
    store.setNodeState("x", "completed");
    store.initializeGraph(graphOfTwo());
    expect(x()).toMatchObject({ state: "pending", progress: 0 });
    expect(store.getState().cachedProgress).toBe(0);
  });
});

describe("the state of a node", () => {
  beforeEach(() => store.initializeGraph(graphOfTwo()));

  it("executing starts its time and puts its progress to 0", () => {
    store.setNodeProgress("x", 40);
    vi.setSystemTime(1_700_000_000_500);
    store.setNodeState("x", "executing");
    expect(x()).toMatchObject({ state: "executing", progress: 0, startTime: 1_700_000_000_500 });
  });

  it.each(["completed", "skipped"] as const)("%s ends its time and counts it in full", (state) => {
    store.setNodeState("x", "executing");
    vi.setSystemTime(1_700_000_000_900);
    store.setNodeState("x", state);
    expect(x()).toMatchObject({
      state,
      progress: 100,
      startTime: 1_700_000_000_000,
      endTime: 1_700_000_000_900,
    });
    expect(store.getState().cachedProgress).toBe(75);
  });

  it("error ends its time, keeps its progress and its text", () => {
    store.setNodeState("x", "executing");
    store.setNodeProgress("x", 40);
    vi.setSystemTime(1_700_000_000_900);
    store.setNodeState("x", "error", "boom");
    expect(x()).toMatchObject({
      state: "error",
      progress: 40,
      error: "boom",
      endTime: 1_700_000_000_900,
    });
  });

  it.each([undefined, ""])("error without a text (%j) has none", (text) => {
    store.setNodeState("x", "error", text);
    expect(x()?.error).toBeUndefined();
  });

  it("pending changes nothing else", () => {
    store.setNodeState("x", "executing");
    store.setNodeProgress("x", 40, "half way");
    store.setNodeState("x", "pending");
    expect(x()).toMatchObject({
      state: "pending",
      progress: 40,
      message: "half way",
      startTime: 1_700_000_000_000,
    });
  });
});

describe("the progress of a node", () => {
  beforeEach(() => store.initializeGraph(graphOfTwo()));

  it.each([
    [-5, 0],
    [0, 0],
    [33, 33],
    [100, 100],
    [250, 100],
  ])("%d is kept as %d", (given, kept) => {
    store.setNodeProgress("x", given);
    expect(x()?.progress).toBe(kept);
  });

  it("does not change its state", () => {
    store.setNodeProgress("x", 100);
    expect(x()?.state).toBe("pending");
  });

  it("keeps the last message until there is a new one", () => {
    store.setNodeProgress("x", 10, "one");
    store.setNodeProgress("x", 20);
    expect(x()?.message).toBe("one");
    store.setNodeProgress("x", 30, "two");
    expect(x()?.message).toBe("two");
  });

  it("moves the overall figure by the node's weight", () => {
    store.setNodeState("x", "executing");
    store.setNodeProgress("x", 50);
    expect(store.getState().cachedProgress).toBe(38);
  });
});

describe("a node that the store does not know", () => {
  it.each([
    ["state", (id: string) => store.setNodeState(id, "completed")],
    ["progress", (id: string) => store.setNodeProgress(id, 50)],
  ])("gets no %s but a warning", (what, update) => {
    store.initializeGraph(graphOfTwo());
    const printed = listenToConsole();
    const before = store.getState();
    update("nobody");
    expect(store.getState()).toBe(before);
    expect(printed.of("warn").length).toBe(1);
    expect(printed.of("warn")[0]).toContain(`[EXECUTION_GRAPH] Attempted to update ${what} for non-existent node`);
    printed.restore();
  });

  it.each(["__proto__", "constructor", "toString"])("may be called %s", (id) => {
    store.initializeGraph(graphOfTwo());
    const printed = listenToConsole();
    store.setNodeState(id, "completed");
    expect(printed.of("warn").length).toBe(1);
    printed.restore();
  });
});

describe("the end of an execution", () => {
  it("stops the clock and leaves the nodes alone", () => {
    store.initializeGraph(graphOfTwo());
    store.setNodeState("x", "executing");
    vi.setSystemTime(1_700_000_002_000);
    store.completeExecution();
    expect(store.getState()).toMatchObject({ isExecuting: false, endTime: 1_700_000_002_000 });
    expect(x()?.state).toBe("executing");
  });

  it("can be wiped away", () => {
    store.initializeGraph(graphOfTwo());
    store.completeExecution();
    store.reset();
    const state = store.getState();
    expect(state.nodes.size).toBe(0);
    expect(state).toMatchObject({
      edges: [],
      executionOrder: [],
      criticalPath: [],
      totalWeight: 0,
      maxParallelism: 1,
      isExecuting: false,
      startTime: null,
      endTime: null,
      cachedProgress: 0,
    });
  });
});

describe("subscribers", () => {
  beforeEach(() => store.initializeGraph(graphOfTwo()));

  it("hear of a change during the call, with the state before and after", () => {
    const listener = vi.fn();
    const before = store.getState();
    store.subscribe(listener);
    store.setNodeState("x", "executing");
    expect(listener).toHaveBeenCalledTimes(1);
    expect(listener.mock.calls[0]?.[0]).toBe(store.getState());
    expect(listener.mock.calls[0]?.[1]).toBe(before);
    expect(before.nodes.get("x")?.state).toBe("pending");
  });

  it("hear nothing when nothing changed", () => {
    store.setNodeState("x", "executing");
    store.setNodeProgress("x", 50, "half");
    const listener = vi.fn();
    store.subscribe(listener);
    const before = store.getState();
    store.setNodeProgress("x", 50, "half");
    store.setNodeState("y", "pending");
    store.setState((state) => state);
    store.setState((state) => ({ ...state, totalWeight: state.totalWeight }));
    expect(listener).not.toHaveBeenCalled();
    expect(store.getState()).toBe(before);
  });

  it("can leave", () => {
    const listener = vi.fn();
    store.subscribe(listener)();
    store.setNodeState("x", "executing");
    expect(listener).not.toHaveBeenCalled();
  });

  it("hear of a state that was set from outside", () => {
    const listener = vi.fn();
    store.subscribe(listener);
    store.setState((state) => ({ ...state, cachedProgress: 42 }));
    expect(store.getState().cachedProgress).toBe(42);
    expect(store.getState().nodes.size).toBe(2);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it("get a new object for what changed and the old one for what did not", () => {
    const before = store.getState();
    store.setNodeState("x", "executing");
    const after = store.getState();
    expect(after).not.toBe(before);
    expect(after.nodes.get("x")).not.toBe(before.nodes.get("x"));
    expect(after.nodes.get("y")).toBe(before.nodes.get("y"));
    expect(after.executionOrder).toBe(before.executionOrder);
  });

  it("cannot change what they are shown", () => {
    const state = store.getState();
    expect(Object.isFrozen(state)).toBe(true);
    expect(Object.isFrozen(state.nodes.get("x"))).toBe(true);
    expect(Object.isFrozen(state.nodes.get("y")?.dependencies)).toBe(true);
    expect(() => state.nodes.set("z", {} as never)).toThrow();
    expect(() => state.nodes.delete("x")).toThrow();
  });
});
