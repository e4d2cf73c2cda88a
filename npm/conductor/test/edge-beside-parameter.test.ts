import { expect, it } from "vitest";
import { createConductor } from "../src/exports/desktop.js";
import type { NodeDefinition } from "../src/types/definition.js";

const flow = (data: unknown) =>
  ({
    id: "f",
    type: "group",
    nodes: [
      { id: "a", type: "transform", parameters: { operation: "reverse", data: [1, 2, 3] } },
      { id: "b", type: "transform", parameters: { operation: "reverse", data } },
    ],
    edges: [{ source: "a", target: "b" }],
  }) as unknown as NodeDefinition;

it.each([
  ["takes the parameter, and is warned of what the edge brings", [8, 9], [9, 8], ["data-ignored"]],
  ["is warned of nothing where an expression reads what the edge brings", "${{ data.slice(0, 2) }}", [2, 3], []],
  ["is warned of nothing where an expression reads the node before", "${{ nodes.a.result.slice(0, 2) }}", [2, 3], []],
  ["takes an empty list that an expression gives", "${{ data.filter((x) => x > 3) }}", [], []],
  ["takes the edge where the parameter is an empty list as editors write it", [], [1, 2, 3], []],
  ["is warned where an expression reads something else", "${{ variables.mine }}", [5, 4], ["data-ignored"]],
])("a transform with both an edge and a parameter %s", async (_, data, result, rules) => {
  const {
    outputs,
    error,
    warnings = [],
  } = await createConductor().flow.run(flow(data), { variables: { mine: [4, 5] } });
  expect(error).toBeUndefined();
  expect(outputs?.["b"]).toMatchObject({ result });
  expect(warnings.map(({ rule }) => rule)).toEqual(rules);
});
