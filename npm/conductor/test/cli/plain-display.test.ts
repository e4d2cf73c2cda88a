import { describe, expect, it } from "vitest";
import { plainDisplay } from "../../src/cli/plain-display.js";
import { createMockGraphState, createMockNode } from "../../src/test-utils/factories.js";
import type { Eta, ExecutionGraphNode } from "../../src/types/graph.js";

const eta = (ms: number): Eta => ({ ms, low: ms, high: ms + 3_000, basis: 2 });

describe("a run as plain lines", () => {
  const written = (verbose: boolean) => {
    const lines: string[] = [];
    const display = plainDisplay({ write: (text: string) => lines.push(text.trimEnd()) }, verbose);
    const show = (node: Partial<ExecutionGraphNode>, left?: Eta) => {
      const a = createMockNode({ id: "a", ...node });
      const nodes = new Map([["a", a]]);
      const executionOrder = [["a"]];
      display.show(createMockGraphState({ nodes, executionOrder, isExecuting: true, ...(left && { eta: left }) }));
    };
    show({ state: "executing", startTime: 1 });
    show({ state: "executing", startTime: 1 }, eta(9_000));
    show({ state: "executing", startTime: 1 }, eta(8_000));
    show({ state: "completed", startTime: 1, endTime: 3_001, duration: 3_000 }, eta(6_000));
    return lines;
  };

  it("tells with --verbose how long it still takes: once that is known, and when something happened", () => {
    expect(written(true)).toEqual([
      "started    a",
      "about 9 s left (9-12 s)",
      expect.stringMatching(/^completed {2}a in 3\.0 s/),
      "about 6 s left (6-9 s)",
    ]);
    expect(written(false)).toEqual(["started    a", expect.stringMatching(/^completed {2}a in 3\.0 s/)]);
  });
});
