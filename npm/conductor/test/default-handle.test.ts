/** The handle `default`: edges that name none, and what fits no case. */

import { createMemoryExecutions } from "@atomiton/storage";
import { describe, expect, it } from "vitest";
import { marksText } from "../src/api/durable/marks.js";
import { markedAgain } from "../src/engine/executables.js";
import { createConductor } from "../src/exports/desktop.js";
import type { NodeDefinition } from "../src/types/definition.js";

/** A switch and what its edges lead to: `large`, and `rest` where one of `edges` does. */
const flow = (edges: { source: string; target: string; sourceHandle?: string }[]) =>
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
    ].filter(({ id }) => id !== "rest" || edges.length > 0),
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

describe("what fits no case", () => {
  const told = async (definition: NodeDefinition, data: unknown) => {
    const { warnings = [], outputs, error } = await createConductor().flow.run(definition, { input: { data } });
    expect(error).toBeUndefined();
    return { outputs, messages: warnings.filter(({ rule }) => rule === "unconnected-default").map((it) => it.message) };
  };
  const data = [{ n: 1 }, { n: 20 }, { n: 2 }];
  const withSwitch = (change: object, edges: Parameters<typeof flow>[0] = []) => {
    const definition = flow(edges) as unknown as { nodes: { parameters: object }[] };
    Object.assign((definition.nodes[0] as { parameters: object }).parameters, change);
    return definition as unknown as NodeDefinition;
  };

  it("is warned of where no edge takes it", async () => {
    const { messages, outputs } = await told(flow([]), data);
    expect(messages).toEqual([
      '2 items fit no case, and no edge leaves by `default`, so that nothing comes of it. Let an edge lead to what is to happen then, or set `fallback` to "fail", or to "ignore" where it may be left out',
    ]);
    expect(outputs?.["large"]).toMatchObject({ result: [{ n: 20 }] });
    const one = await told(flow([]), data.slice(0, 2));
    expect(one.messages).toEqual([expect.stringMatching(/^1 item fits no case, and no edge/)]);
    const whole = await told(withSwitch({ perItem: false }), { n: 1 });
    expect(whole.messages).toEqual([expect.stringMatching(/^What came in fits no case, and no edge/)]);
  });

  it("is told with the rounds of a loop in which it came", async () => {
    const inner = withSwitch({ perItem: false }) as unknown as { nodes: object[]; edges: object[] };
    const loop = {
      id: "l",
      type: "loop",
      parameters: { array: [{ n: 1 }, { n: 2 }] },
      nodes: inner.nodes,
      edges: inner.edges,
    };
    const { warnings = [] } = await createConductor().flow.run({ id: "f", type: "group", nodes: [loop] } as never);
    expect(warnings.filter(({ rule }) => rule === "unconnected-default")).toEqual([
      expect.objectContaining({ nodeId: "s", count: 2 }),
    ]);
    const lists = { ...loop, parameters: { array: [[{ n: 1 }], [{ n: 1 }, { n: 2 }]] }, nodes: flow([]).nodes };
    const split = await createConductor().flow.run({ id: "f", type: "group", nodes: [lists] } as never);
    expect(split.warnings?.filter(({ rule }) => rule === "unconnected-default")).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^Items fit no case/), count: 2 }),
    ]);
  });

  it("is told as well where the output is taken again, but not of where it goes in another flow", async () => {
    const conductor = createConductor({ store: createMemoryExecutions() });
    const run = async (...edges: Parameters<typeof flow>[0]) => {
      const whole = flow(edges);
      Object.assign(whole.nodes?.[0] as object, { policy: { cache: true } });
      const { warnings = [], error, trace } = await conductor.flow.run(whole, { input: { data } });
      expect(error).toBeUndefined();
      const cached = trace?.nodes.find(({ nodeId }) => nodeId === "s")?.cached;
      return [cached, warnings.map(({ rule }) => rule)];
    };
    expect(await run()).toEqual([undefined, ["unconnected-default"]]);
    expect(await run()).toEqual([1, ["unconnected-default"]]);
    expect(await run({ source: "s", target: "rest" })).toEqual([1, []]);
    await conductor.shutdown();
  });

  it.each([Number.POSITIVE_INFINITY, Number.NaN, -1, 1.5, "2", null])("is not %s things", (leftOver) => {
    const marked = markedAgain({}, { handles: ["default"], leftOver: leftOver as number });
    expect(marksText(marked, () => "")).toBe(',{"handles":["default"]}');
  });

  it("is not where all fits, an edge takes it, or it may be left out", async () => {
    expect((await told(flow([]), [{ n: 20 }])).messages).toEqual([]);
    expect((await told(flow([{ source: "s", target: "rest" }]), data)).messages).toEqual([]);
    const named = { source: "s", target: "rest", sourceHandle: "default" };
    expect((await told(flow([named]), data)).messages).toEqual([]);
    const ignored = await told(withSwitch({ fallback: "ignore" }), data);
    expect(ignored.messages).toEqual([]);
    expect(ignored.outputs?.["s"]).toMatchObject({ handles: ["large"], value: { large: [{ n: 20 }], default: [] } });
    const none = await told(withSwitch({ fallback: "ignore", perItem: false }, [named]), { n: 1 });
    expect(none.outputs).toMatchObject({ s: { handles: [] } });
    expect(none.outputs).not.toHaveProperty("rest");
  });

  it("is not where no edge leaves at all, or an expression reads it", async () => {
    const alone = { id: "f", type: "group", nodes: [(flow([]) as unknown as { nodes: object[] }).nodes[0]] };
    expect((await told(alone as never, data)).messages).toEqual([]);
    const definition = withSwitch({}, [{ source: "large", target: "rest" }]) as unknown as {
      nodes: { parameters: object }[];
    };
    const reads = { operation: "reverse", data: "${{ nodes.s.value.default }}" };
    Object.assign((definition.nodes[2] as { parameters: object }).parameters, reads);
    const { messages, outputs } = await told(definition as never, data);
    expect(messages).toEqual([]);
    expect(outputs?.["rest"]).toMatchObject({ result: [{ n: 2 }, { n: 1 }] });
  });
});
