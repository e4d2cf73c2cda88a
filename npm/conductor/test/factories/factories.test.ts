import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createAtomicNodeGraph,
  createComplexParallelGraph,
  createMockGraphState,
  createMockNode,
  createSimpleTwoNodeGraph,
  createTestGroupNode,
  createTestNodeDefinition,
} from "../../src/test-utils/factories.js";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const statesOf = (graph: ReturnType<typeof createMockGraphState>) =>
  [...graph.nodes].map(([key, { id, state, progress }]) => [key, id, state, progress]);

describe("createMockNode", () => {
  it("makes a pending node", () => {
    expect(createMockNode()).toEqual({
      id: "mock-node",
      name: "Mock Node",
      type: "test",
      weight: 100,
      dependencies: [],
      dependents: [],
      level: 0,
      state: "pending",
      progress: 0,
    });
  });

  it.each([
    ["pending", 0],
    ["executing", 0],
    ["error", 0],
    ["completed", 100],
    ["skipped", 100],
  ] as const)("that is %s is %i %% done", (state, progress) => {
    expect(createMockNode({ state }).progress).toBe(progress);
  });

  it("lets what is given win", () => {
    const given = { id: "a", name: "A", weight: 7, state: "completed", progress: 30, error: "x" } as const;
    expect(createMockNode(given)).toMatchObject(given);
  });
});

describe("createMockGraphState", () => {
  it("makes an empty graph that began now", () => {
    expect(createMockGraphState()).toEqual({
      nodes: new Map(),
      edges: [],
      executionOrder: [],
      criticalPath: [],
      totalWeight: 0,
      maxParallelism: 1,
      isExecuting: false,
      startTime: 1_700_000_000_000,
      endTime: null,
      cachedProgress: 0,
    });
  });

  it("counts progress by weight: over in full, executing by its part, failed not at all", () => {
    const nodes = [
      createMockNode({ id: "a", weight: 500, state: "completed" }),
      createMockNode({ id: "b", weight: 300, state: "executing", progress: 50 }),
      createMockNode({ id: "c", weight: 100, state: "error", progress: 90 }),
      createMockNode({ id: "d", weight: 50, state: "skipped", progress: 0 }),
      createMockNode({ id: "e", weight: 50, state: "pending", progress: 60 }),
    ];
    const graph = createMockGraphState({ nodes: new Map(nodes.map((node) => [node.id, node])), totalWeight: 1000 });
    expect(graph.cachedProgress).toBe(70);
  });

  it("lets what is given win", () => {
    expect(createMockGraphState({ cachedProgress: 12, startTime: null, isExecuting: true })).toMatchObject({
      cachedProgress: 12,
      startTime: null,
      isExecuting: true,
    });
  });
});

describe("graphs", () => {
  it("of two nodes: the first completed, the second executing", () => {
    const graph = createSimpleTwoNodeGraph();
    expect(statesOf(graph)).toEqual([
      ["node-1", "node-1", "completed", 100],
      ["node-2", "node-2", "executing", 0],
    ]);
    expect(graph).toMatchObject({
      edges: [{ from: "node-1", to: "node-2" }],
      executionOrder: [["node-1"], ["node-2"]],
      criticalPath: ["node-1", "node-2"],
      totalWeight: 200,
      maxParallelism: 1,
      cachedProgress: 50,
    });
  });

  it("of two branches: half way, in the second branch", () => {
    const graph = createComplexParallelGraph();
    expect(statesOf(graph)).toEqual([
      ["n1", "n1", "completed", 100],
      ["n2", "n2", "completed", 100],
      ["n3", "n3", "executing", 0],
      ["n4", "n4", "pending", 0],
    ]);
    expect(graph).toMatchObject({
      executionOrder: [["n1"], ["n2", "n3"], ["n4"]],
      criticalPath: ["n1", "n2", "n4"],
      totalWeight: 400,
      maxParallelism: 2,
      cachedProgress: 50,
    });
  });

  it("of two branches: levels, edges and both ends of each agree", () => {
    const { nodes, executionOrder, edges } = createComplexParallelGraph();
    for (const [level, ids] of executionOrder.entries()) {
      for (const id of ids) expect(nodes.get(id)?.level).toBe(level);
    }
    for (const { id, dependencies, dependents } of nodes.values()) {
      expect(edges.filter(({ to }) => to === id).map(({ from }) => from)).toEqual(dependencies);
      expect(edges.filter(({ from }) => from === id).map(({ to }) => to)).toEqual(dependents);
    }
    expect(edges).toHaveLength(4);
  });

  it("of one node, that is executing", () => {
    const graph = createAtomicNodeGraph();
    expect(graph.nodes.get("atomic-1")).toMatchObject({ name: "Atomic Operation", state: "executing" });
    expect(graph).toMatchObject({ totalWeight: 100, cachedProgress: 0, executionOrder: [["atomic-1"]], edges: [] });
  });

  it.each([createSimpleTwoNodeGraph, createComplexParallelGraph, createAtomicNodeGraph, createMockGraphState])(
    "of %O share nothing with each other",
    (create) => {
      const first = create();
      first.edges.push({ from: "x", to: "y" });
      first.criticalPath.push("x");
      for (const node of first.nodes.values()) node.dependents.push("x");
      first.nodes.set("x", createMockNode());
      expect(create()).not.toMatchObject({ criticalPath: first.criticalPath });
      expect(create().nodes.has("x")).toBe(false);
      expect(create().edges).not.toContainEqual({ from: "x", to: "y" });
      expect([...create().nodes.values()].flatMap(({ dependents }) => dependents)).not.toContain("x");
    },
  );
});

describe("definitions", () => {
  it("of a node", () => {
    expect(createTestNodeDefinition()).toEqual({ id: "test-node", type: "test" });
    expect(createTestNodeDefinition({ type: "delay", parameters: { ms: 1 } })).toEqual({
      id: "test-node",
      type: "delay",
      parameters: { ms: 1 },
    });
  });

  it("of a group, with two children or as many as asked for", () => {
    const idsOf = (count?: number) => createTestGroupNode(count).nodes?.map(({ id }) => id);
    expect(createTestGroupNode()).toMatchObject({ id: "group-node", type: "group", edges: [] });
    expect(idsOf()).toEqual(["child-1", "child-2"]);
    expect(idsOf(4)).toEqual(["child-1", "child-2", "child-3", "child-4"]);
    expect(idsOf(0)).toEqual([]);
  });
});

it("nothing of the engine is loaded with them", () => {
  const source = readFileSync(new URL("../../src/test-utils/factories.ts", import.meta.url), "utf8");
  const imports = source.match(/^import .*/gm) ?? [];
  expect(imports).not.toHaveLength(0);
  for (const line of imports) expect(line).toMatch(/^import type /);
});
