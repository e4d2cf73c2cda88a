import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { frame } from "../../src/cli/frame.js";
import type { ExecutionGraphNode, ExecutionGraphState } from "../../src/types/graph.js";

const node = (id: string, more: Partial<ExecutionGraphNode> = {}): ExecutionGraphNode => ({
  id,
  name: id,
  type: "transform",
  weight: 50,
  dependencies: [],
  dependents: [],
  level: 0,
  state: "pending",
  progress: 0,
  ...more,
});

const state = (nodes: ExecutionGraphNode[], more: Partial<ExecutionGraphState> = {}): ExecutionGraphState => ({
  nodes: new Map(nodes.map((each) => [each.id, each])),
  edges: [],
  executionOrder: [],
  criticalPath: nodes.map(({ id }) => id),
  totalWeight: 100,
  maxParallelism: 1,
  isExecuting: true,
  startTime: 1000,
  endTime: null,
  cachedProgress: 40,
  ...more,
});

const lines = (of: ExecutionGraphState, columns = 80, rows = 24) =>
  stripVTControlCharacters(frame(of, { title: "A flow", columns, rows, now: 3500 })).split("\n");

describe("a picture of a run", () => {
  it("shows progress, the critical path, and of what runs its message, progress and time", () => {
    const running = node("b", { state: "executing", progress: 30, message: "Reading", startTime: 3000 });
    const shown = lines(
      state([node("a", { state: "completed", startTime: 1000, endTime: 2500, duration: 1500 }), running, node("c")]),
    );
    expect(shown[0]).toBe("A flow");
    expect(shown[1]).toMatch(/^━+─+ {2}40 % {3}1 of 3 nodes {3}2\.5 s$/);
    expect(shown[2]).toBe("critical path  ✓ a → ● b → ○ c");
    expect(shown[4]).toMatch(/^✓ a +1\.5 s$/);
    expect(shown[5]).toMatch(/^● b +Reading +30 % {2}500 ms$/);
    expect(shown[6]?.trim()).toBe("○ c");
  });

  it("tells how long the run still takes, where there is room", () => {
    const eta = { ms: 12_300, low: 9_600, high: 15_400, basis: 4 };
    const progress = (more: object, columns?: number) =>
      lines(state([node("a")], { eta: { ...eta, ...more } }), columns)[1];
    expect(progress({})).toMatch(/^━+─+ {2}40 % {3}0 of 1 node {3}2\.5 s {3}about 12 s left \(10-15 s\)$/);
    expect(progress({ low: 12_000, high: 12_400 })).toMatch(/about 12 s left$/);
    expect(progress({ high: 200_000, unknown: 2 }, 100)).toMatch(
      /about 12 s left \(10 s-3 min\), without 2 new nodes$/,
    );
    expect(progress({ ms: 120_000, low: 119_000, high: 9_000_000 })).toMatch(/about 2 min left \(2 min-3 h\)$/);
    expect(progress({}, 60)).toMatch(/2\.5 s$/);
  });

  it("indents what is in groups, and counts nodes without them", () => {
    const shown = lines(state([node("g", { nodes: [node("x", { nodes: [node("y")] }), node("z")] })]));
    expect(shown[1]).toContain("0 of 2 nodes");
    expect(shown.slice(4).map((line) => line.trimEnd())).toEqual(["○ g", "  ○ x", "    ○ y", "  ○ z"]);
  });

  it("leaves out what waits or is done where not all fit, and says so", () => {
    const nodes = Array.from({ length: 40 }, (_, index) =>
      node(`n${index}`, { state: index < 10 ? "completed" : index < 13 ? "executing" : "pending" }),
    );
    const shown = lines(state(nodes), 80, 12);
    expect(shown.length).toBeLessThan(12);
    expect(shown.slice(4, 7).map((line) => line.trim())).toEqual(["● n10", "● n11", "● n12"]);
    expect(shown[7]).toBe("… 37 more nodes: 10 done, 27 waiting");
    const busy = nodes.map((each) => ({ ...each, state: "executing" as const }));
    expect(lines(state(busy), 80, 12).at(-1)).toBe("… 34 more nodes: 0 done, 34 running, 0 waiting");
  });

  it.each([1, 12, 30, 40, 80, 200])("is never wider than %i columns", (columns) => {
    const long = "a node with quite a long name that goes on and on ".repeat(5);
    const nodes = Array.from({ length: 8 }, (_, index) =>
      node(`${index} ${long}`, { state: "executing", message: long, startTime: 0 }),
    );
    for (const line of lines(state(nodes), columns)) expect([...line].length).toBeLessThanOrEqual(columns);
  });

  it("lets nothing that a flow says steer the terminal", () => {
    const evil = "\u001b[2J\u0007evil\n\u009b31m";
    const raw = frame(state([node(evil, { state: "error", error: evil, name: evil })]), {
      title: "t",
      columns: 80,
      rows: 24,
      now: 0,
    });
    expect(raw).not.toContain("\u001b[2J");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect(stripVTControlCharacters(raw).replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});
