/** What `@atomiton/nodes/graph` promises. `tests/nodes/graph.test.mjs` compares it with the engine. */
import { describe, expect, it } from "vitest";

import { errorCode } from "../../src/contract/error.js";
import {
  analyzeExecutionGraph,
  DEFAULT_NODE_WEIGHT,
  findCriticalPath,
  type GraphEdge,
  getNodeWeight,
  NODE_WEIGHTS,
  topologicalSort,
} from "../../src/graph.js";

const node = (id: string, type = "transform") => ({ id, type });
/** Edges as `a>b`. */
const edges = (...written: string[]): GraphEdge[] =>
  written.map((text) => {
    const [source = "", target = ""] = text.split(">");
    return { source, target };
  });
const group = (nodes: object[], ...written: string[]) =>
  ({ id: "flow", type: "group", nodes, edges: edges(...written) }) as Parameters<typeof analyzeExecutionGraph>[0];

/** Code and message of what a call throws. */
function failure(call: () => unknown): [code: unknown, message: string] {
  try {
    call();
  } catch (error) {
    return [(error as { [errorCode]?: unknown })[errorCode], (error as Error).message];
  }
  throw new Error("it did not fail");
}

describe("analyzeExecutionGraph", () => {
  it("gives nodes with neighbours, level and weight, and what they add up to", () => {
    const graph = analyzeExecutionGraph(
      group([{ ...node("a"), name: "First" }, node("b", "http-request"), node("c")], "a>b", "b>c", "a>c"),
    );
    expect(graph).toEqual({
      nodes: new Map([
        [
          "a",
          { id: "a", name: "First", type: "transform", weight: 50, dependencies: [], dependents: ["b", "c"], level: 0 },
        ],
        [
          "b",
          {
            id: "b",
            name: "http-request",
            type: "http-request",
            weight: 500,
            dependencies: ["a"],
            dependents: ["c"],
            level: 1,
          },
        ],
        [
          "c",
          {
            id: "c",
            name: "transform",
            type: "transform",
            weight: 50,
            dependencies: ["b", "a"],
            dependents: [],
            level: 2,
          },
        ],
      ]),
      totalWeight: 600,
      criticalPath: ["a", "b", "c"],
      criticalPathWeight: 600,
      maxParallelism: 1,
      executionOrder: [["a"], ["b"], ["c"]],
    });
  });

  it("is a graph of one for a node without nodes, and for an empty group", () => {
    for (const one of [node("a", "email"), { ...node("a", "email"), nodes: [], edges: edges("a>a") }]) {
      const graph = analyzeExecutionGraph(one);
      expect([...graph.nodes.keys()]).toEqual(["a"]);
      expect(graph).toMatchObject({
        totalWeight: 800,
        criticalPath: ["a"],
        criticalPathWeight: 800,
        maxParallelism: 1,
        executionOrder: [["a"]],
      });
    }
  });

  it("keeps an edge that is there several times", () => {
    const { nodes } = analyzeExecutionGraph(group([node("a"), node("b")], "a>b", "a>b", "a>b"));
    expect(nodes.get("b")?.dependencies).toEqual(["a", "a", "a"]);
    expect(nodes.get("a")?.dependents).toEqual(["b", "b", "b"]);
  });

  it("keeps the order of declaration within a level", () => {
    const { executionOrder, maxParallelism } = analyzeExecutionGraph(
      group([node("d"), node("c"), node("b"), node("a")], "d>a", "d>b"),
    );
    expect(executionOrder).toEqual([
      ["d", "c"],
      ["b", "a"],
    ]);
    expect(maxParallelism).toBe(2);
  });

  it("takes the earliest of equally heavy paths", () => {
    const graph = analyzeExecutionGraph(
      group(
        ["a", "b", "c", "d"].map((id) => node(id)),
        "a>c",
        "b>c",
        "a>d",
        "b>d",
      ),
    );
    expect(graph.criticalPath).toEqual(["a", "c"]);
  });

  it("counts a group by what it contains, whatever its type", () => {
    const inner = { ...node("g", "loop"), nodes: [node("x", "delay"), { ...node("y", "group"), nodes: [node("z")] }] };
    const graph = analyzeExecutionGraph(group([inner, node("e", "group")]));
    expect(graph.nodes.get("g")?.weight).toBe(1050);
    expect(graph.nodes.get("e")?.weight).toBe(DEFAULT_NODE_WEIGHT);
    expect([...graph.nodes.keys()]).toEqual(["g", "e"]);
  });

  it("names what is wrong", () => {
    expect(failure(() => analyzeExecutionGraph(group([node("a"), node("b"), node("c")], "a>b", "b>c", "c>b")))).toEqual(
      ["CIRCULAR_DEPENDENCY", "Cycle detected in node graph: b → c → b"],
    );
    expect(failure(() => analyzeExecutionGraph(group([node("a")], "a>a")))).toEqual([
      "CIRCULAR_DEPENDENCY",
      "Cycle detected in node graph: a → a",
    ]);
    expect(failure(() => analyzeExecutionGraph(group([node("a"), node("a")])))).toEqual([
      "INVALID_NODE",
      expect.stringContaining("The id `a` is used twice"),
    ]);
    expect(failure(() => analyzeExecutionGraph(group([{ type: "b" }])))[0]).toBe("INVALID_NODE");
    expect(failure(() => analyzeExecutionGraph(group([node("a")], "a>b")))).toEqual([
      "NODE_NOT_FOUND",
      "The edge at place 0 has the target `b`, which is no node of its group",
    ]);
    expect(failure(() => topologicalSort([node("a")], [{ id: "e", source: "toString", target: "a" }]))).toEqual([
      "NODE_NOT_FOUND",
      "The edge `e` has the source `toString`, which is no node of its group",
    ]);
  });

  it("refuses groups in one another beyond the limit of the engine, and one that contains itself", () => {
    let deep: object = node("leaf");
    for (let level = 0; level < 63; level++) deep = { id: "g", type: "group", nodes: [deep] };
    expect(analyzeExecutionGraph(group([deep])).totalWeight).toBe(50);
    expect(failure(() => analyzeExecutionGraph(group([{ id: "h", type: "group", nodes: [deep] }])))[0]).toBe(
      "VALIDATION_FAILED",
    );
    const own = { id: "own", type: "group", nodes: [] as object[] };
    own.nodes.push(own);
    expect(failure(() => analyzeExecutionGraph(group([own])))[0]).toBe("VALIDATION_FAILED");
  });

  it("takes a chain, and a level, of a hundred thousand nodes", () => {
    const many = Array.from({ length: 100_000 }, (_, at) => node(`n${at}`));
    const chain = many.slice(1).map(({ id }, at) => ({ source: `n${at}`, target: id }));
    const graph = analyzeExecutionGraph({ id: "flow", type: "group", nodes: many, edges: chain });
    expect([graph.executionOrder.length, graph.criticalPath.length, graph.criticalPathWeight]).toEqual([
      100_000, 100_000, 5_000_000,
    ]);
    expect(analyzeExecutionGraph({ id: "flow", type: "group", nodes: many }).maxParallelism).toBe(100_000);
  });
});

describe("its parts", () => {
  it("sort nodes into levels", () => {
    expect(topologicalSort([node("a"), node("b")], edges("b>a"))).toEqual([["b"], ["a"]]);
    expect(topologicalSort([])).toEqual([]);
  });

  it("find the heaviest path by weights of one's own", () => {
    const nodes = [
      { id: "a", cost: 1 },
      { id: "b", cost: 5 },
      { id: "c", cost: 2 },
    ];
    expect(findCriticalPath(nodes, edges("a>c", "b>c"), ({ cost }) => cost)).toEqual({ path: ["b", "c"], weight: 7 });
    expect(findCriticalPath([], [], () => 1)).toEqual({ path: [], weight: 0 });
  });

  it("weigh the types of the contract", () => {
    expect(
      ["httpRequest", "http-request", "database", "condition", "email", "edit-fields", "loop", "fileRead"].map(
        getNodeWeight,
      ),
    ).toEqual([500, 500, 300, 10, 800, 80, 20, 100]);
    expect(
      ["transform", "delay", "fileWrite", "file-system", "image", "shell-command", "spreadsheet", "parallel"].map(
        getNodeWeight,
      ),
    ).toEqual([50, 1000, 200, 200, 300, 300, 200, 100]);
    for (const type of ["anything", "constructor", "__proto__", ""]) expect(getNodeWeight(type)).toBe(100);
    expect(NODE_WEIGHTS["transform"]).toBe(50);
  });
});
