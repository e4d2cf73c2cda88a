import { expect, it } from "vitest";
import { createConductor } from "../src/exports/desktop.js";
import type { NodeDefinition } from "../src/types/definition.js";

const flow = (edges: object[]) =>
  ({
    id: "f",
    type: "group",
    nodes: [
      {
        id: "s",
        type: "switch",
        parameters: { field: "n", perItem: true, cases: [{ handle: "large", gte: 10 }] },
      },
      { id: "large", type: "transform", parameters: { operation: "reverse" } },
      { id: "rest", type: "transform", parameters: { operation: "reverse" } },
    ],
    edges: [{ source: "s", target: "large", sourceHandle: "large" }, ...edges],
  }) as unknown as NodeDefinition;

it.each([
  ["that names no handle", { source: "s", target: "rest" }],
  ["of the handle default", { source: "s", target: "rest", sourceHandle: "default" }],
])("an edge %s brings what fits no case", async (_, edge) => {
  const { outputs, error } = await createConductor().flow.run(flow([edge]), { input: { data: [{ n: 1 }, { n: 20 }] } });
  expect(error).toBeUndefined();
  expect(outputs?.["large"]).toMatchObject({ result: [{ n: 20 }] });
  expect(outputs?.["rest"]).toMatchObject({ result: [{ n: 1 }] });
});

it("a group that ends in ways of their own gives them as a whole", async () => {
  const inner = flow([]) as unknown as { nodes: object[] };
  const group = { id: "g", type: "group", nodes: [inner.nodes[0]] };
  const whole = {
    id: "f",
    type: "group",
    nodes: [group, { id: "after", type: "edit-fields", parameters: { values: { n: 1 } } }],
    edges: [{ source: "g", target: "after" }],
  } as unknown as NodeDefinition;
  for (const data of [[{ n: 1 }, { n: 20 }], [{ n: 20 }], [{ n: 1 }]]) {
    const { outputs, error } = await createConductor().flow.run(whole, { input: { data } });
    expect(error).toBeUndefined();
    expect(outputs?.["after"]).toEqual({ result: expect.objectContaining({ n: 1 }) });
  }
});
