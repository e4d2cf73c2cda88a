/** Groups whose nodes are branches: what they wait for, what they give, and what becomes of the rest. */
import { describe, expect, it } from "vitest";
import { validateFlow } from "../../src/exports/node";
import { byId, conductorWith, type Definition, edge, group, leaf, nodeIn, type Params } from "./flows";

/** A flow with the group `both` and a node after it, which gives what came in. */
const flow = (parameters: Record<string, unknown>, nodes: Definition[], edges: Definition["edges"] = []) =>
  group("root", [{ id: "both", type: "parallel", parameters, nodes, edges }, leaf("after")], [edge("both", "after")]);

const boom = (): never => {
  throw new Error("boom");
};

/** Runs until it is stopped, and says so. */
const endless = (stopped: string[]) => (params: Params) =>
  new Promise((_, reject) => {
    params.signal.addEventListener("abort", () => {
      stopped.push(params.nodeId);
      reject(params.signal.reason);
    });
  });

describe("a parallel with `mode: all`", () => {
  it("gives what each branch gave, by the id of its last node and in order", async () => {
    const conductor = conductorWith(
      byId({ a: () => 1, a2: ({ input }) => input.default + 1, b: () => 3, after: ({ input }) => input }),
    );
    const nodes = [leaf("a"), leaf("b"), leaf("a2"), leaf("off", { parameters: { enabled: false } })];
    const result = await conductor.node.run(flow({ mode: "all" }, nodes, [edge("a", "a2")]));
    expect(result.error).toBeUndefined();
    expect(result.outputs?.both).toEqual({ result: { a2: 2, b: 3 }, results: [3, 2] });
    expect(result.outputs?.after).toEqual({ default: result.outputs?.both });
    expect(result.warnings ?? []).toEqual([]);
  });

  it("fails with the first that fails, and cancels the rest", async () => {
    const stopped: string[] = [];
    const conductor = conductorWith(byId({ a: boom, b: endless(stopped) }));
    const result = await conductor.node.run(flow({ mode: "all" }, [leaf("b"), leaf("a"), leaf("c")]));
    expect(result).toMatchObject({ success: false, error: { code: "EXECUTION_FAILED", message: "boom", nodeId: "a" } });
    expect(stopped).toEqual(["b"]);
    const state = conductor.node.store.getState();
    expect(nodeIn(state, "both").state).toBe("error");
    const inside = nodeIn(state, "both").nodes as Record<string, unknown>[];
    expect(inside.find(({ id }) => id === "b")).toMatchObject({ state: "skipped", cancelled: true });
    expect(inside.find(({ id }) => id === "a")).toMatchObject({ state: "error", error: "boom" });
    expect(result.outputs).not.toHaveProperty("b");
  });

  it("is a group as ever without a mode, whatever its `strategy`", async () => {
    const conductor = conductorWith(byId({ a: () => 1, b: () => 2 }));
    const result = await conductor.node.run(flow({ strategy: "race" }, [leaf("a"), leaf("b")]));
    expect(result.outputs?.both).toBe(2);
  });
});

describe("a parallel with `mode: race`", () => {
  it("ends with the first branch, whose value it gives; the others are cancelled, and not failed", async () => {
    const stopped: string[] = [];
    const conductor = conductorWith(byId({ slow: endless(stopped), quick: async () => "q" }));
    const nodes = [leaf("slow"), group("g", [leaf("slow")], []), leaf("quick"), leaf("next")];
    const definition = flow({ mode: "race" }, nodes, [edge("slow", "next")]);
    const result = await conductor.node.run(definition);
    expect(result.success).toBe(true);
    expect(result.outputs?.both).toEqual({ result: "q", winner: "quick" });
    expect(stopped).toEqual(["slow", "slow"]);
    expect(result.executedNodes).not.toContain("next");
    expect(conductor.node.store.getState().cachedProgress).toBe(100);
    const inside = nodeIn(conductor.node.store.getState(), "both")?.nodes as Record<string, unknown>[];
    expect(inside.map(({ id, state, cancelled }) => [id, state, cancelled])).toEqual([
      ["slow", "skipped", true],
      ["g", "skipped", undefined],
      ["quick", "completed", undefined],
      ["next", "skipped", undefined],
    ]);
    const alone = await conductor.node.run((definition.nodes as Definition[])[0]);
    expect(alone.data).toEqual({ result: "q", winner: "quick" });
    expect(alone.trace?.nodes.map(({ nodeId, state }) => `${nodeId} ${state}`)).toEqual([
      "slow skipped",
      "g skipped",
      "quick completed",
      "next skipped",
    ]);
    expect(alone.trace?.events.at(-1)?.data).toMatchObject({ nodesErrored: 0 });
  });

  it("fails where the first branch does, and an `error` edge takes that", async () => {
    const stopped: string[] = [];
    const conductor = conductorWith(byId({ slow: endless(stopped), quick: boom, after: ({ input }) => input.error }));
    const definition = flow({ mode: "race" }, [leaf("slow"), leaf("quick")]);
    definition.edges = [edge("both", "after", { sourceHandle: "error", targetHandle: "error" })];
    const result = await conductor.node.run(definition);
    expect(result.success).toBe(true);
    expect(result.outputs?.after).toMatchObject({ message: "boom", nodeId: "quick" });
    expect(stopped).toEqual(["slow"]);
  });
});

describe("a parallel with `mode: allSettled`", () => {
  it("tells of each branch how it went, never fails, and warns of failures", async () => {
    const conductor = conductorWith(byId({ a: () => 1, b: boom }));
    const nodes = [leaf("b"), leaf("a"), leaf("b2")];
    const result = await conductor.node.run(flow({ mode: "allSettled" }, nodes, [edge("b", "b2")]));
    const reason = { nodeId: "b", code: "EXECUTION_FAILED", message: "boom" };
    expect(result.success).toBe(true);
    expect(result.outputs?.both).toEqual({
      result: { a: { status: "fulfilled", value: 1 }, b2: { status: "rejected", reason } },
      results: [
        { branch: "a", status: "fulfilled", value: 1 },
        { branch: "b2", status: "rejected", reason },
      ],
      completed: 1,
      failed: 1,
      success: false,
    });
    expect(result.warnings).toEqual([
      { rule: "continued-after-error", nodeId: "both", message: "`b` failed, and the other branches went on: boom" },
    ]);
    const inside = nodeIn(conductor.node.store.getState(), "both").nodes as Record<string, unknown>[];
    expect(inside.map(({ state, handled }) => [state, handled])).toEqual([
      ["error", true],
      ["completed", undefined],
      ["skipped", undefined],
    ]);
  });

  it("keeps ids apart from what objects inherit", async () => {
    const conductor = conductorWith(byId({}));
    const result = await conductor.node.run(flow({ mode: "allSettled" }, [leaf("__proto__"), leaf("toString")]));
    expect(Object.keys(result.outputs?.both.result)).toEqual(["__proto__", "toString"]);
  });

  it("ends when the run is cancelled", async () => {
    const stopped: string[] = [];
    const conductor = conductorWith(byId({ a: endless(stopped), b: () => 1 }));
    const running = conductor.node.run(flow({ mode: "allSettled" }, [leaf("a"), leaf("b")]), { executionId: "x" });
    await conductor.node.cancel("x");
    expect(await running).toMatchObject({ success: false, error: { code: "CANCELLED" } });
    expect(stopped).toEqual(["a"]);
  });
});

describe("a parallel with `mode: first`", () => {
  const nodes = [leaf("a"), leaf("b"), leaf("c"), leaf("d")];

  it("ends with so many successes, in the order in which they came", async () => {
    const stopped: string[] = [];
    const later = () => new Promise((resolve) => setTimeout(() => resolve("late"), 5));
    const conductor = conductorWith(byId({ a: endless(stopped), b: boom, c: later, d: () => "at once" }));
    const result = await conductor.node.run(flow({ mode: "first", count: 2 }, nodes));
    expect(result.outputs?.both).toEqual({
      result: { d: "at once", c: "late" },
      results: ["at once", "late"],
      winners: ["d", "c"],
    });
    expect(stopped).toEqual(["a"]);
  });

  it("fails once they cannot be reached any more, with the failure that was too many", async () => {
    const stopped: string[] = [];
    const conductor = conductorWith(byId({ a: boom, b: endless(stopped), c: boom, d: boom }));
    const result = await conductor.node.run(flow({ mode: "first", count: 2 }, nodes));
    expect(result).toMatchObject({ success: false, error: { message: "boom", nodeId: "d" } });
    expect(stopped).toEqual(["b"]);
  });

  it("begins again where its policy says so", async () => {
    let tries = 0;
    const conductor = conductorWith(
      byId({
        a: () => {
          tries++;
          return tries === 1 ? boom() : "second";
        },
      }),
    );
    const definition = flow({ mode: "first" }, [leaf("a")]);
    (definition.nodes as Definition[])[0].policy = { retries: 1, retryDelay: 1 };
    const result = await conductor.node.run(definition);
    expect(result.outputs?.both).toEqual({ result: { a: "second" }, results: ["second"], winners: ["a"] });
  });
});

describe("branches in rounds of a loop", () => {
  it("are those of the round", async () => {
    const conductor = conductorWith(byId({ a: ({ input }) => input.item * 2, b: ({ input }) => input.item * 3 }));
    const inside: Definition = {
      id: "p",
      type: "parallel",
      parameters: { mode: "all" },
      nodes: [leaf("a"), leaf("b")],
    };
    const loop = { ...group("loop", [inside], []), type: "loop", parameters: { array: [1, 2], concurrency: 2 } };
    const { data } = await conductor.node.run(loop);
    expect(data.results).toEqual([
      { result: { a: 2, b: 3 }, results: [2, 3] },
      { result: { a: 4, b: 6 }, results: [4, 6] },
    ]);
  });
});

describe("a mode that makes no sense", () => {
  it("is a problem of the flow, with its place", () => {
    const found = validateFlow(flow({ mode: "race", parallel: false }, [leaf("a"), leaf("b")]) as never);
    expect(found.filter(({ rule }) => rule === "branches")).toEqual([
      expect.objectContaining({ severity: "error", path: "/nodes/0/parameters/parallel" }),
    ]);
  });

  const refused: [string, Record<string, unknown>, Definition[], string][] = [
    ["a misspelt one", { mode: "any" }, [leaf("a")], "`mode` is one of all, race, allSettled, first"],
    ["an expression", { mode: "${{ variables.mode }}" }, [leaf("a")], "takes no expression"],
    ["too large a count", { mode: "first", count: 2 }, [leaf("a")], "more than the 1 branch that runs"],
    ["a count that is not whole", { mode: "first", count: 0.5 }, [leaf("a")], "whole number"],
    ["a count that JSON has no word for", { mode: "first", count: Number.NaN }, [leaf("a")], "whole number"],
    ["no nodes inside", { mode: "race" }, [], "there are none"],
  ];
  it.each(refused)("is refused before anything runs: %s", async (_, parameters, nodes, message) => {
    const ran: string[] = [];
    const conductor = conductorWith(byId({ a: ({ nodeId }) => ran.push(nodeId) }));
    const result = await conductor.node.run(flow(parameters, nodes));
    expect(result).toMatchObject({ success: false, error: { message: expect.stringContaining(message) } });
    expect(ran).toEqual([]);
    expect(result.error).toMatchObject({ code: "INVALID_PARAMETERS" });
  });
});
