/** What nodes warn of, in the result of their run. */

import { routed } from "@atomiton/nodes";
import { describe, expect, it } from "vitest";
import { conductorWith, edge, group, leaf, type Params } from "./flows";

interface Warning {
  rule: string;
  message: string;
  nodeId: string;
  count?: number;
}

async function warned(definition: ReturnType<typeof leaf>, body: (params: Params) => unknown) {
  const result = await conductorWith(body).node.run(definition);
  return result as { success: boolean; warnings?: Warning[]; data?: unknown };
}

describe("a warning of a node", () => {
  it("is in the result, with the node that it is about", async () => {
    const result = await warned(group("root", [leaf("a"), leaf("b")], [edge("a", "b")]), ({ nodeId, warn }) => {
      if (nodeId === "b") warn("empty-name", "`total` was empty");
      return nodeId;
    });
    expect(result).toMatchObject({ success: true, data: "b" });
    expect(result.warnings).toEqual([{ rule: "empty-name", message: "`total` was empty", nodeId: "b" }]);
  });

  it("is counted when the node says it again, and kept apart from another node's", async () => {
    const { warnings } = await warned(group("root", [leaf("a"), leaf("b")], [edge("a", "b")]), ({ warn }) => {
      for (let time = 0; time < 3; time++) warn("empty-name", "same");
      warn("other", "same");
    });
    expect(warnings).toEqual([
      { rule: "empty-name", message: "same", nodeId: "a", count: 3 },
      { rule: "other", message: "same", nodeId: "a" },
      { rule: "empty-name", message: "same", nodeId: "b", count: 3 },
      { rule: "other", message: "same", nodeId: "b" },
    ]);
  });

  it("is in the result of a failed run as well", async () => {
    const result = await warned(leaf("a"), ({ warn }) => {
      warn("odd", "something is odd");
      throw new Error("broken");
    });
    expect(result.success).toBe(false);
    expect(result.warnings).toEqual([{ rule: "odd", message: "something is odd", nodeId: "a" }]);
  });

  it("is missing where there is none", async () => {
    const result = await warned(leaf("a"), () => 1);
    expect(result.warnings).toBeUndefined();
    expect(Object.keys(result)).not.toContain("warnings");
  });

  it("is kept a hundred times at most, and cut where it is long; the last says how many more there were", async () => {
    const { warnings = [] } = await warned(group("root", [leaf("a")]), ({ warn }) => {
      for (let time = 0; time < 250; time++) warn("many", `${time} ${"x".repeat(5000)}`);
    });
    expect(warnings).toHaveLength(101);
    expect(warnings.at(-1)).toMatchObject({ rule: "more-warnings", nodeId: "root", count: 150 });
    expect(warnings.at(-1)?.message).toContain("150 more warnings");
    expect(Math.max(...warnings.map(({ message }) => message.length))).toBe(1000);
  });

  it("comes too late once the attempt is over", async () => {
    let late = () => {};
    const result = await warned(leaf("a"), ({ warn }) => {
      late = () => warn("late", "too late");
    });
    late();
    expect(result.warnings).toBeUndefined();
  });

  it("leaves a parameter of the name `warn` alone", async () => {
    const seen: unknown[] = [];
    await warned(leaf("a", { parameters: { warn: "mine" } }), (params) => void seen.push(params.warn));
    expect(seen).toEqual(["mine"]);
  });
});

describe("what a flow asks for in vain", () => {
  it("comes before what its nodes warn of", async () => {
    const flow = group("root", [leaf("a", { policy: { concurrency: 3 } })]);
    const { warnings } = await warned(flow, ({ warn }) => warn("own", "said"));
    expect(warnings).toMatchObject([
      { rule: "ignored-policy", nodeId: "a", path: "/nodes/0/policy/concurrency" },
      { rule: "own", nodeId: "a" },
    ]);
  });
});

describe("values that come by one handle of a node", () => {
  const flow = (...edges: ReturnType<typeof edge>[]) => group("root", [leaf("a"), leaf("b"), leaf("c")], edges);
  const lost = (message: string, more = {}) => ({ rule: "lost-input", message, nodeId: "c", ...more });
  const advice = "give each edge a `targetHandle` of its own";

  it("are warned of where one is lost, by the nodes that gave them", async () => {
    const toX = { targetHandle: "x" };
    const result = await warned(flow(edge("a", "c", toX), edge("b", "c", toX)), ({ nodeId, input }) => [nodeId, input]);
    expect(result.data).toEqual(["c", { x: ["b", {}] }]);
    expect(result.warnings).toEqual([
      lost(`2 values came by the handle \`x\`: the node gets that of \`b\`, and not that of \`a\`; ${advice}`),
    ]);
    const unnamed = await warned(flow(edge("a", "c"), edge("b", "c", { targetHandle: null })), ({ nodeId }) => nodeId);
    expect(unnamed.warnings?.[0]?.message).toContain("by the handle `default`: the node gets that of `b`");
  });

  it("are not warned of where none is lost", async () => {
    const quiet = async (definition: ReturnType<typeof leaf>, body: (params: Params) => unknown) =>
      expect((await warned(definition, body)).warnings).toBeUndefined();
    const both = flow(edge("a", "c"), edge("b", "c"));
    await quiet(both, () => "same");
    await quiet(both, ({ nodeId }) => (nodeId === "a" ? undefined : nodeId));
    await quiet(flow(edge("a", "c", { targetHandle: "x" }), edge("b", "c")), ({ nodeId }) => nodeId);
    await quiet(flow(edge("a", "c"), edge("b", "c", { sourceHandle: "error" })), ({ nodeId }) => nodeId);
    const branches = [edge("a", "b", { sourceHandle: "left" }), edge("a", "c", { sourceHandle: "right" })];
    const chosen = [...branches, edge("b", "d"), edge("c", "d")];
    await quiet(
      group(
        "root",
        ["a", "b", "c", "d"].map((id) => leaf(id)),
        chosen,
      ),
      ({ nodeId }) => (nodeId === "a" ? routed({ nodeId }, ["left"]) : nodeId),
    );
  });

  it("are not warned of where an expression reads the other one by the name of its node", async () => {
    const reads = { ...leaf("c"), parameters: { text: "${{ nodes.a }}" } };
    const named = group("root", [leaf("a"), leaf("b"), reads], [edge("a", "c"), edge("b", "c")]);
    expect((await warned(named, ({ nodeId }) => nodeId)).warnings).toBeUndefined();
    const inside = group("c", [{ ...leaf("d"), parameters: { text: "${{ nodes.a }}" } }]);
    const around = group("root", [leaf("a"), leaf("b"), inside], [edge("a", "c"), edge("b", "c")]);
    expect((await warned(around, ({ nodeId }) => nodeId)).warnings).toBeUndefined();
  });

  it("are warned of once, also where there are many, and in every round of a loop", async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `n${i}`);
    const many = group(
      "root",
      [...ids, "c"].map((id) => leaf(id)),
      ids.map((id) => edge(id, "c")),
    );
    expect((await warned(many, ({ nodeId }) => nodeId)).warnings).toEqual([
      lost(
        "20 values came by the handle `default`: the node gets that of `n19`, and not those of `n0`, `n1`, `n2`, `n3`, " +
          `\`n4\`, 14 more; ${advice}`,
      ),
    ]);
    const inner = {
      ...flow(edge("a", "c"), edge("b", "c")),
      id: "loop",
      type: "loop",
      parameters: { array: [1, 2, 3] },
    };
    const { warnings } = await warned(group("root", [inner]), ({ nodeId }) => nodeId);
    expect(warnings).toEqual([
      lost(expect.stringContaining("2 values came by the handle `default`") as string, { count: 3 }),
    ]);
  });
});

describe("a context with keys that mean nothing", () => {
  it("is warned of in the result, with the key that was meant, and changes nothing else", async () => {
    const context = { inputs: { a: 1 }, vars: {}, executionID: "x", timeout: 60, other: 1, variables: { a: 1 } };
    const { success, data, warnings } = await conductorWith(() => "done").flow.run(
      group("root", [leaf("a")]),
      context as object,
    );
    expect([success, data]).toEqual([true, "done"]);
    const begin = (key: string) => `The context of a run has no key \`${key}\`, which means nothing.`;
    const known = "nodeId, executionId, variables, input, parentContext, slowMo, debug";
    expect(warnings).toEqual(
      [
        `${begin("inputs")} Did you mean \`input\`?`,
        `${begin("vars")} Did you mean \`variables\`?`,
        `${begin("executionID")} Did you mean \`executionId\`?`,
        `${begin("timeout")} A limit of time is the \`timeout\` of createConductor, or of a node's \`policy\``,
        `${begin("other")} Known: ${known}`,
      ].map((message) => ({ rule: "unknown-context-key", message, nodeId: "root" })),
    );
  });

  it("is one with other keys than the seven, whatever their values", async () => {
    const context = { nodeId: "a", executionId: "e", variables: {}, input: {}, parentContext: undefined, slowMo: 0 };
    const { warnings } = await conductorWith(() => "done").node.run(leaf("a"), { ...context, debug: true } as object);
    expect(warnings).toBeUndefined();
  });
});
