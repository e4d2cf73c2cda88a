/** A flow that is changed between two runs, in place. What was worked out for the first must not serve the second. */
import { createConductor } from "@atomiton/conductor/desktop";
import { describe, expect, it } from "vitest";
import { backend } from "../src/engine/backend";
import type { NodeDefinition } from "../src/types/definition";

const conductor = createConductor({
  nodeExecutorFactory: {
    getNodeExecutable: (type) => ({
      execute: ({ nodeId, input }) => (type === "fail" ? Promise.reject(new Error("no")) : [type, nodeId, input]),
    }),
  },
});

const flow = (): NodeDefinition & { nodes: NodeDefinition[]; edges: NonNullable<NodeDefinition["edges"]> } => ({
  id: "root",
  type: "group",
  nodes: [
    { id: "a", type: "x", parameters: {} },
    { id: "b", type: "x", parameters: {} },
    { id: "g", type: "group", nodes: [{ id: "c", type: "x" }], edges: [] },
  ],
  edges: [
    { id: "1", source: "a", target: "b", targetHandle: "in" },
    { id: "2", source: "b", target: "g" },
  ],
});

/** Runs once so that the flow is known, changes it, and runs it and a fresh copy of it. */
async function afterwards(change: (flow: ReturnType<typeof flow>) => void) {
  const changed = flow();
  await conductor.node.run(changed);
  await conductor.node.run(changed);
  change(changed);
  const again = await conductor.node.run(changed, { executionId: "e" });
  const fresh = await conductor.node.run(structuredClone(changed), { executionId: "e" });
  const look = ({ success, data, error, executedNodes }: typeof again) => {
    return { success, data, code: error?.code, message: error?.message, executedNodes };
  };
  expect(look(again)).toEqual(look(fresh));
  expect(backend().openRuns()).toBe(0);
  return again;
}

describe("a flow that was run before and then changed", () => {
  it("is the same flow when nothing was changed", async () => {
    expect((await afterwards(() => {})).executedNodes).toEqual(["root", "a", "b", "g", "c"]);
  });

  it.each<[string, (flow: ReturnType<typeof flow>) => void]>([
    ["an id", (f) => Object.assign(f.nodes[2]?.nodes?.[0] as object, { id: "z" })],
    ["an id that an edge names", (f) => Object.assign(f.nodes[0] as object, { id: "z" })],
    ["a type", (f) => Object.assign(f.nodes[1] as object, { type: "y" })],
    ["a missing type", (f) => Object.assign(f.nodes[1] as object, { type: "" })],
    ["a switch", (f) => Object.assign(f.nodes[1]?.parameters as object, { enabled: false })],
    ["all parameters", (f) => Object.assign(f.nodes[1] as object, { parameters: { enabled: false } })],
    ["the end of an edge", (f) => Object.assign(f.edges[1] as object, { target: "b", source: "g" })],
    ["an edge to nowhere", (f) => Object.assign(f.edges[1] as object, { target: "nowhere" })],
    ["a handle", (f) => Object.assign(f.edges[0] as object, { targetHandle: "other" })],
    ["a handle taken away", (f) => Object.assign(f.edges[0] as object, { targetHandle: null })],
    ["an edge more", (f) => f.edges.push({ id: "3", source: "a", target: "g", targetHandle: "more" })],
    ["an edge less", (f) => f.edges.pop()],
    ["a node more", (f) => f.nodes.push({ id: "d", type: "x" })],
    ["a node less", (f) => f.nodes[2]?.nodes?.pop()],
    ["another node of the same kind", (f) => f.nodes.splice(0, 1, { id: "a", type: "fail" })],
    ["a cycle", (f) => f.edges.push({ id: "3", source: "g", target: "a" })],
    ["the order", (f) => f.nodes.reverse()],
  ])("is run as it is now: %s", async (_, change) => {
    await afterwards(change);
  });

  it("is not mixed up with others that are run in between", async () => {
    const flows = Array.from({ length: 30 }, (_, i) => ({ ...flow(), id: `root${i}` }));
    for (let round = 0; round < 3; round++) {
      for (const each of flows) expect((await conductor.node.run(each)).executedNodes?.[0]).toBe(each.id);
    }
  });
});

describe("a run that is over", () => {
  it("keeps its own journal, however many run after it", async () => {
    const first = await conductor.node.run(flow());
    for (let i = 0; i < 500; i++) await conductor.node.run(flow());
    const states = first.trace?.events.filter(({ type }) => type === "state-change");
    expect(states?.at(-1)?.data).toMatchObject({ nodeId: "g", state: "completed" });
    expect(first.trace?.nodes.map(({ nodeId, state }) => [nodeId, state])).toEqual([
      ["a", "completed"],
      ["b", "completed"],
      ["g", "completed"],
    ]);
  });
});
