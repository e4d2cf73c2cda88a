/** What nodes warn of, in the result of their run. */
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
    const flow = group("root", [leaf("a", { policy: { cache: true } })]);
    const { warnings } = await warned(flow, ({ warn }) => warn("own", "said"));
    expect(warnings).toMatchObject([
      { rule: "ignored-policy", nodeId: "a", path: "/nodes/0/policy/cache" },
      { rule: "own", nodeId: "a" },
    ]);
  });
});
