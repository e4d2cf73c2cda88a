import { describe, expect, it } from "vitest";
import {
  chain,
  conductorWith,
  type Definition,
  diamond,
  type Edge,
  edge,
  group,
  HeldNodes,
  leaf,
  nested,
  turns,
} from "./flows";

const analysed = async (definition: Definition) => {
  let before: GraphState | undefined;
  const conductor = conductorWith(() => {
    before ??= conductor.node.store.getState();
  });
  const result = await conductor.node.run(definition);
  expect(result.error).toBeUndefined();
  // Afterwards the critical path is the measured one.
  return { ...before, criticalPath: before?.criticalPath, nodes: conductor.node.store.getState().nodes } as GraphState;
};

const flowOf = (nodes: (string | Definition)[], edges: Edge[]) =>
  group(
    "root",
    nodes.map((node) => (typeof node === "string" ? leaf(node) : node)),
    edges,
  );

describe("the levels of a flow", () => {
  it("hold what depends on nothing earlier, in declared order", async () => {
    expect((await analysed(diamond())).executionOrder).toEqual([["a"], ["b", "c"], ["d"]]);
  });

  it("do not depend on the order of the edges", async () => {
    const { nodes, edges } = diamond();
    const reversed = flowOf(nodes as Definition[], [...(edges as Edge[])].reverse());
    expect((await analysed(reversed)).executionOrder).toEqual([["a"], ["b", "c"], ["d"]]);
  });

  it("put a node as early as its dependencies allow", async () => {
    const state = await analysed(flowOf(["z", "c", "b", "a"], [edge("a", "b"), edge("b", "c"), edge("z", "c")]));
    expect(state.executionOrder).toEqual([["z", "a"], ["b"], ["c"]]);
    expect(["z", "a", "b", "c"].map((id) => state.nodes.get(id)?.level)).toEqual([0, 0, 1, 2]);
  });

  it("decide the order in which nodes run, one level after the other", async () => {
    const order: string[] = [];
    const conductor = conductorWith(async ({ nodeId }) => {
      order.push(nodeId);
    });
    await conductor.node.run(flowOf(["a", "c", "b"], [edge("a", "c")]));
    expect(order).toEqual(["a", "b", "c"]);
  });

  it("are one for a lone leaf", async () => {
    expect(await analysed(leaf("a"))).toMatchObject({
      executionOrder: [["a"]],
      criticalPath: ["a"],
      maxParallelism: 1,
      edges: [],
    });
  });

  it("treat a group without children as a leaf", async () => {
    const state = await analysed(group("a", []));
    expect(state).toMatchObject({ executionOrder: [["a"]], criticalPath: ["a"], maxParallelism: 1 });
  });

  it("tell the greatest number of nodes that could run together", async () => {
    expect((await analysed(diamond())).maxParallelism).toBe(2);
    expect((await analysed(chain(5))).maxParallelism).toBe(1);
    expect((await analysed(flowOf(["a", "b", "c"], []))).maxParallelism).toBe(3);
  });
});

describe("the critical path", () => {
  it("follows the weight, not the number of nodes", async () => {
    const state = await analysed(
      flowOf(["a", "b", "c", leaf("h", { type: "http-request" })], [edge("a", "b"), edge("b", "c"), edge("a", "h")]),
    );
    expect(state.criticalPath).toEqual(["a", "h"]);
  });

  it("takes the first of two equal predecessors", async () => {
    expect((await analysed(diamond())).criticalPath).toEqual(["a", "b", "d"]);
  });

  it("takes the first of two equal ends", async () => {
    const state = await analysed(flowOf(["a", "y", "x"], [edge("a", "x"), edge("a", "y")]));
    expect(state.criticalPath).toEqual(["a", "y"]);
    expect((await analysed(flowOf(["b", "a"], []))).criticalPath).toEqual(["b"]);
  });

  it("counts a nested group by its children", async () => {
    const state = await analysed(
      flowOf(
        ["a", group("inner", [leaf("c", { type: "email" })]), "x", "y"],
        [edge("a", "inner"), edge("a", "x"), edge("x", "y")],
      ),
    );
    expect(state.criticalPath).toEqual(["a", "inner"]);
  });
});

describe("the nodes of the graph", () => {
  it("know what they depend on and what depends on them", async () => {
    const { nodes } = await analysed(diamond());
    expect(nodes.get("a")).toMatchObject({ dependencies: [], dependents: ["b", "c"] });
    expect(nodes.get("d")).toMatchObject({ dependencies: ["b", "c"], dependents: [] });
  });

  it("keep each of several edges between the same two", async () => {
    const state = await analysed(
      flowOf(
        ["a", "b"],
        [1, 2, 3].map((index) => edge("a", "b", { id: `e${index}` })),
      ),
    );
    expect(state.nodes.get("a")?.dependents).toEqual(["b", "b", "b"]);
    expect(state.nodes.get("b")?.dependencies).toEqual(["a", "a", "a"]);
    expect(state.edges).toEqual(Array(3).fill({ from: "a", to: "b" }));
  });

  it("are called by their type when they have no name", async () => {
    const { nodes } = await analysed(flowOf([leaf("a", { type: "transform" }), leaf("b", { name: "Second" })], []));
    expect([nodes.get("a")?.name, nodes.get("b")?.name]).toEqual(["transform", "Second"]);
  });

  it("may have ids that look like numbers or like properties of objects", async () => {
    const ids = ["10", "2", "constructor", "toString", "ä b/c", "🚀"];
    const order: string[] = [];
    const conductor = conductorWith(async ({ nodeId }) => {
      order.push(nodeId);
      return nodeId;
    });
    const result = await conductor.node.run(flowOf(ids, []));
    expect(result).toMatchObject({ success: true, data: "🚀" });
    expect(order).toEqual(ids);
    expect([...conductor.node.store.getState().nodes.keys()]).toEqual(ids);
  });
});

describe("what makes a group", () => {
  it("is having children, whatever the type says", async () => {
    const ran: string[] = [];
    const conductor = conductorWith(async ({ nodeId }) => {
      ran.push(nodeId);
      return nodeId;
    });
    const result = await conductor.node.run({
      id: "root",
      type: "transform",
      nodes: [leaf("a"), { id: "inner", type: "loopish", nodes: [leaf("b")] }],
      edges: [],
    });
    expect(ran).toEqual(["a", "b"]);
    expect(result.data).toBe("b");
  });

  it("is not the type: a group without children is executed", async () => {
    const ran: string[] = [];
    const conductor = conductorWith(async ({ nodeId }) => {
      ran.push(nodeId);
      return nodeId;
    });
    expect((await conductor.node.run(flowOf([group("empty", [])], []))).data).toBe("empty");
    expect((await conductor.node.run({ id: "bare", type: "group" })).data).toBe("bare");
    expect(ran).toEqual(["empty", "bare"]);
  });
});

describe("one node at a time", () => {
  it("is the rule, also across nested groups, depth first", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(nested());
    await turns();
    for (const id of ["a", "c1", "c2", "z"]) await held.finish(id);
    await run;
    expect(held.started).toEqual(["a", "c1", "c2", "z"]);
    expect(held.most).toBe(1);
  });

  it("finishes a nested group before its neighbour starts", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(flowOf([group("inner", [leaf("c1"), leaf("c2")], [edge("c1", "c2")]), "b"], []));
    await turns();
    for (const id of ["c1", "c2", "b"]) await held.finish(id);
    await run;
    expect(held.started).toEqual(["c1", "c2", "b"]);
  });
});
