/**
 * Nodes, graphs and definitions for tests of whatever shows executions. Each call makes new objects; what is given wins
 * over what is made. Nothing of the engine is loaded.
 */
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";

/** What a node of a graph is to have instead of what {@link createMockNode} gives it. */
export type MockNodeOptions = Partial<ExecutionGraphNode>;

/** What the state of a graph is to have instead of what {@link createMockGraphState} gives it. */
export type MockGraphStateOptions = Partial<ExecutionGraphState>;

/** A node of a graph: `mock-node`, pending, without dependencies. Over means 100 %, else it is 0 % done. */
export function createMockNode(overrides: MockNodeOptions = {}): ExecutionGraphNode {
  const state = overrides.state ?? "pending";
  return {
    id: "mock-node",
    name: "Mock Node",
    type: "test",
    weight: 100,
    dependencies: [],
    dependents: [],
    level: 0,
    state,
    progress: isOver(state) ? 100 : 0,
    ...overrides,
  };
}

/** The state of a graph: empty, begun now, not executing. Its overall progress is that of its nodes by weight. */
export function createMockGraphState(overrides: MockGraphStateOptions = {}): ExecutionGraphState {
  const nodes = overrides.nodes ?? new Map<string, ExecutionGraphNode>();
  const totalWeight = overrides.totalWeight ?? 0;
  return {
    nodes,
    edges: [],
    executionOrder: [],
    criticalPath: [],
    totalWeight,
    maxParallelism: 1,
    isExecuting: false,
    startTime: Date.now(),
    endTime: null,
    cachedProgress: progressOf(nodes.values(), totalWeight),
    ...overrides,
  };
}

/** `node-1` → `node-2`: the first completed, the second executing; 50 % done. */
export function createSimpleTwoNodeGraph(): ExecutionGraphState {
  return graphOf({
    nodes: [
      createMockNode({ id: "node-1", name: "Node 1", state: "completed", dependents: ["node-2"] }),
      createMockNode({ id: "node-2", name: "Node 2", state: "executing", dependencies: ["node-1"], level: 1 }),
    ],
    executionOrder: [["node-1"], ["node-2"]],
    criticalPath: ["node-1", "node-2"],
    maxParallelism: 1,
  });
}

/** `n1` → `n2` and `n3` → `n4`: the first two completed, `n3` executing, `n4` pending; 50 % done. */
export function createComplexParallelGraph(): ExecutionGraphState {
  return graphOf({
    nodes: [
      createMockNode({ id: "n1", name: "Node 1", state: "completed", dependents: ["n2", "n3"] }),
      createMockNode({
        id: "n2",
        name: "Node 2",
        state: "completed",
        dependencies: ["n1"],
        dependents: ["n4"],
        level: 1,
      }),
      createMockNode({
        id: "n3",
        name: "Node 3",
        state: "executing",
        dependencies: ["n1"],
        dependents: ["n4"],
        level: 1,
      }),
      createMockNode({ id: "n4", name: "Node 4", dependencies: ["n2", "n3"], level: 2 }),
    ],
    executionOrder: [["n1"], ["n2", "n3"], ["n4"]],
    criticalPath: ["n1", "n2", "n4"],
    maxParallelism: 2,
  });
}

/** One node without edges, `atomic-1`, executing; 0 % done. */
export function createAtomicNodeGraph(): ExecutionGraphState {
  return graphOf({
    nodes: [createMockNode({ id: "atomic-1", name: "Atomic Operation", state: "executing" })],
    executionOrder: [["atomic-1"]],
    criticalPath: ["atomic-1"],
    maxParallelism: 1,
  });
}

/** A node to run: `test-node` of type `test`. */
export function createTestNodeDefinition(overrides: Partial<NodeDefinition> = {}): NodeDefinition {
  return { id: "test-node", type: "test", ...overrides };
}

/** A group to run: `group-node` with children `child-1` to `child-n` and no edges. */
export function createTestGroupNode(childCount = 2): NodeDefinition {
  const nodes = Array.from({ length: childCount }, (_, index) =>
    createTestNodeDefinition({ id: `child-${index + 1}` }),
  );
  return createTestNodeDefinition({ id: "group-node", type: "group", nodes, edges: [] });
}

interface Shape extends Pick<ExecutionGraphState, "executionOrder" | "criticalPath" | "maxParallelism"> {
  nodes: ExecutionGraphNode[];
}

/** A graph that is being run, with an edge for every dependency. */
function graphOf({ nodes, ...shape }: Shape): ExecutionGraphState {
  return createMockGraphState({
    ...shape,
    nodes: new Map(nodes.map((node) => [node.id, node])),
    edges: nodes.flatMap(({ id, dependencies }) => dependencies.map((from) => ({ from, to: id }))),
    totalWeight: nodes.reduce((sum, { weight }) => sum + weight, 0),
    isExecuting: true,
  });
}

/** The overall progress as the engine counts it, 0–100: what is over in full, what executes by its part. */
function progressOf(nodes: Iterable<ExecutionGraphNode>, totalWeight: number): number {
  if (totalWeight <= 0) return 0;
  let done = 0;
  for (const { state, progress, weight } of nodes) {
    if (isOver(state)) done += weight;
    else if (state === "executing") done += (weight * progress) / 100;
  }
  return Math.round((done / totalWeight) * 100);
}

function isOver(state: ExecutionGraphNode["state"]): boolean {
  return state === "completed" || state === "skipped";
}
