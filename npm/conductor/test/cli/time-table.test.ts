import { describe, expect, it } from "vitest";
import { outputText } from "../../src/cli/node-output.js";
import { timeShares, timeTable } from "../../src/cli/time-table.js";
import type { TreeNode } from "../../src/cli/tree.js";
import type { ExecutionGraphNode } from "../../src/types/graph.js";

const leaf = (id: string, startTime: number, endTime: number, more: Partial<ExecutionGraphNode> = {}): TreeNode => ({
  node: { id, state: "completed", type: "t", startTime, endTime, ...more } as ExecutionGraphNode,
  depth: 0,
  path: id,
  isGroup: false,
});

const sum = ({ shares, engine }: ReturnType<typeof timeShares>) =>
  shares.reduce((total, { own, waiting }) => total + own + waiting, engine);

describe("where the time went", () => {
  it("adds up to the run, also where nodes ran side by side", () => {
    const found = timeShares([leaf("a", 0, 100), leaf("b", 50, 150), leaf("c", 160, 200)], [], "run", 210);
    expect(found.shares).toEqual([
      { label: "a", own: 75, waiting: 0 },
      { label: "b", own: 75, waiting: 0 },
      { label: "c", own: 40, waiting: 0 },
    ]);
    expect(found).toMatchObject({ engine: 20, together: 240 });
    expect(sum(found)).toBeCloseTo(210);
  });

  it("tells waiting for another try from work", () => {
    const retry = { nodeId: "a", executionId: "run/a", number: 1, of: 3, error: "", timestamp: 10, retryAt: 60 };
    const found = timeShares([leaf("a", 0, 100)], [retry as never], "run", 100);
    expect(found.shares).toEqual([{ label: "a", own: 50, waiting: 50 }]);
    expect(timeTable(found, 100, 80).join("\n")).toMatch(/own +waiting/);
  });

  it("has percents that are 100 together, and lines as wide as the terminal at most", () => {
    const leaves = Array.from({ length: 30 }, (_, index) => leaf(`node-${index}-${"x".repeat(50)}`, index, index + 1));
    const found = timeShares(leaves, [], "run", 30);
    for (const columns of [40, 80, 120]) {
      const lines = timeTable(found, 30, columns);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
      const percents = lines.slice(1, -1).map((line) => Number(/(\d+) %/.exec(line)?.[1]));
      expect(percents.reduce((total, percent) => total + percent, 0)).toBe(100);
      expect(lines.join("\n")).toContain("22 more nodes");
    }
    expect(timeTable(found, 30, 80, true)).toHaveLength(33);
  });

  it("never says more than the run took", () => {
    expect(sum(timeShares([leaf("a", 0, 12)], [], "run", 10))).toBeCloseTo(10);
    expect(sum(timeShares([], [], "run", 10))).toBe(10);
  });
});

describe("the output of a node", () => {
  const rows = {
    result: [
      { a: 1, b: 'x "y", z' },
      { a: null, c: { d: 1 } },
    ],
  };
  it("is written as JSON, CSV or a table", () => {
    expect(JSON.parse(outputText(rows, "json"))).toEqual(rows);
    expect(outputText(rows, "csv")).toBe('a,b,c\n1,"x ""y"", z",\n,,"{""d"":1}"\n');
    expect(outputText({ records: [{ name: "é", n: 12 }] }, "table")).toBe("name  n\n────  ──\né     12\n");
    expect(outputText([1, "two"], "csv")).toBe("value\n1\ntwo\n");
    expect(outputText(undefined, "json")).toBe("null\n");
    expect(outputText([{ a: "\u001b[31m" }], "table")).not.toContain("\u001b");
  });
});
