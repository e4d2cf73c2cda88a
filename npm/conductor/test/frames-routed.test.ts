/** Routes inside a loop: tasks of one item are used again for the next, its blocked inputs are not. */
import { createConductor } from "@atomiton/conductor/desktop";
import { routed } from "@atomiton/nodes";
import { expect, it } from "vitest";

it.each([1, 3])("what one item routed past a node does not hold for the next (%d at once)", async (concurrency) => {
  type Input = { item: number; odd?: unknown; even?: unknown; both?: unknown };
  const types: Record<string, (input: Input) => unknown> = {
    gate: ({ item }) => routed({ item }, [item % 2 ? "odd" : "even"]),
    seen: (input) => Object.keys(input).sort().join(),
  };
  const conductor = createConductor({
    concurrency,
    nodeExecutorFactory: {
      getNodeExecutable: (type) => ({ execute: ({ input }: { input: Input }) => types[type]?.(input) }),
    },
  });
  const result = await conductor.flow.run({
    id: "each",
    type: "loop",
    parameters: { array: [1, 2, 3, 4, 5, 6], concurrency },
    nodes: [
      { id: "gate", type: "gate" },
      { id: "seen", type: "seen" },
    ],
    edges: [
      { source: "gate", target: "seen", sourceHandle: "odd", targetHandle: "odd" },
      { source: "gate", target: "seen", sourceHandle: "even", targetHandle: "even" },
    ],
  });
  expect(result.data).toMatchObject({ results: ["odd", "even", "odd", "even", "odd", "even"] });
});
