/** Node types of `defineNode` in a conductor, and flows written in code. */
import { describe, expect, test } from "vitest";
import { z } from "zod";

import { createConductor, defineNode, flow, readFlow, validateFlow } from "../src/exports/node.js";

const double = defineNode({
  type: "double",
  parameters: z.object({ by: z.number().default(2) }),
  inputs: { n: z.number() },
  execute: ({ parameters, inputs }) => inputs.n * parameters.by,
});
const size = defineNode({
  type: "size",
  inputs: { n: z.number() },
  outputs: ["large", "small"],
  execute: ({ inputs, progress, warn, attempt }) => {
    progress(50, "half");
    warn("size-seen", `${inputs.n} at try ${attempt}`);
    return inputs.n;
  },
});

describe("a conductor with node types of its own", () => {
  test("runs them beside the library's", async () => {
    const conductor = createConductor({ nodes: [double, size] });
    const doubled = flow("doubled")
      .node("start", "edit-fields", { values: { n: 4 } })
      .node("twice", double, { by: 3 })
      .node("size", size)
      .edge(["start", "data"], ["size", "n"])
      .edge("twice", "size");
    expect(doubled.build().edges).toHaveLength(2);
    const result = await conductor.flow.run(flow("d").node("a", double).node("b", size).edge("a", "b").build(), {
      input: { n: 21 },
    });
    expect(result).toMatchObject({ success: true, data: 42 });
    expect(result.warnings).toMatchObject([{ rule: "size-seen", message: "42 at try 1", nodeId: "b" }]);
    expect((await conductor.node.run({ id: "c", type: "condition", parameters: { expression: "true" } })).success).toBe(
      true,
    );
  });

  test("fails a node whose parameters do not fit before it is called, in sentences", async () => {
    const conductor = createConductor({ nodes: [double] });
    const { error } = await conductor.node.run({ id: "a", type: "double", parameters: { by: "two" } });
    expect(error).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: 'Invalid double parameters: `by` must be a number, found "two"',
    });
  });

  test("knows them to validation, and no other types", async () => {
    const conductor = createConductor({ nodes: [double] });
    const bad = { id: "a", type: "double", parameters: { by: "two" } };
    expect(await conductor.node.validate(bad)).toMatchObject({ valid: false, errors: [expect.stringContaining("by")] });
    expect(await conductor.node.validate({ ...bad, parameters: { by: 2 } })).toMatchObject({ valid: true });
    expect(await conductor.node.validate({ id: "a", type: "treble" })).toMatchObject({ valid: false });
    const of = (parameters: object) => ({ id: "f", type: "group", nodes: [{ id: "a", type: "double", parameters }] });
    const types = { nodes: [double], closed: true } as const;
    expect(validateFlow(of({ by: "two" }) as never, types)).toMatchObject([{ path: "/nodes/0/parameters/by" }]);
    expect(validateFlow(of({ by: 2 }) as never, types)).toEqual([]);
  });

  test("takes no name twice, nor one of the library's, nor what is no node type", () => {
    expect(() => createConductor({ nodes: [double, double] })).toThrow("`double` is not free: two of `nodes` have it");
    const condition = defineNode({ type: "condition", execute: () => 1 });
    expect(() => createConductor({ nodes: [condition] })).toThrow("the library has it already");
    expect(() => createConductor({ nodes: [{ type: "x" } as never] })).toThrow("`nodes[0]` must be a node type");
  });

  test("asks a factory of the caller's for other types", async () => {
    const nodeExecutorFactory = { getNodeExecutable: () => ({ execute: () => "factory" }) };
    const conductor = createConductor({ nodes: [double], nodeExecutorFactory });
    expect((await conductor.node.run({ id: "a", type: "any" })).data).toBe("factory");
    expect((await conductor.node.run({ id: "a", type: "double" }, { input: { n: 1 } })).data).toBe(2);
  });
});

describe("validation with node types of its own", () => {
  const found = (nodes: object[], edges: object[], ...types: Parameters<typeof defineNode>[0][]) =>
    validateFlow({ id: "f", type: "group", nodes, edges } as never, {
      nodes: [double, size, ...types.map((type) => defineNode(type))],
    }).map(({ rule, nodeId, message, severity }) => [rule, nodeId, severity, message]);

  test("tells parameters and handles that they do not have", () => {
    const problems = found(
      [
        { id: "a", type: "double", parameters: { bye: 3, rateLimit: "1/s", label: "A" } },
        { id: "b", type: "size" },
        { id: "c", type: "double" },
      ],
      [
        { source: "a", target: "b", targetHandle: "m" },
        { source: "b", target: "c", sourceHandle: "lagre" },
      ],
    );
    expect(problems).toEqual([
      ["unknown-parameter", "a", "warning", expect.stringContaining("Did you mean `by`?")],
      ["unknown-parameter", "a", "warning", "`double` has no parameter `rateLimit`: it belongs under `policy`"],
      ["unknown-handle", "f", "warning", expect.stringContaining("Allowed: `n`, `default`")],
      ["unknown-handle", "f", "warning", expect.stringContaining("Did you mean `large`?")],
    ]);
  });

  test("leaves alone what a type may take or give", () => {
    const execute = () => 1;
    const problems = found(
      [
        { id: "a", type: "loose", parameters: { any: 1 } },
        { id: "b", type: "schemaless", parameters: { any: 1 } },
        { id: "c", type: "forms", parameters: { any: 1, x: 2 } },
        { id: "d", type: "additional", parameters: { any: 1 } },
        { id: "e", type: "size" },
      ],
      [
        { source: "a", target: "b", sourceHandle: "whatever", targetHandle: "whatever" },
        { source: "b", target: "c" },
        { source: "c", target: "d" },
        { source: "d", target: "e" },
      ],
      { type: "loose", parameters: z.looseObject({ x: z.number().optional() }), execute },
      { type: "schemaless", execute },
      { type: "forms", parameters: z.union([z.object({ x: z.number() }), z.object({ y: z.number() })]), execute },
      { type: "additional", parameters: { type: "object", additionalProperties: { type: "number" } }, execute },
    );
    expect(problems).toEqual([]);
  });
});

describe("a flow written in code", () => {
  test("equals what its file gives", () => {
    const written = flow("orders", { name: "Orders" })
      .node("read", "spreadsheet", { path: "orders.csv" })
      .node("check", "condition", { expression: "item.length > 1" }, { policy: { retries: 2, retryDelay: "1s" } })
      .group("ship", (group) => group.node("twice", double, { by: 5 }))
      .loop("each", { array: [1, 2], concurrency: 2 }, (loop) =>
        loop.node("a", "transform", { operation: "reverse" }).node("b", double).edge("a", ["b", "n"]),
      )
      .edge("read", "check")
      .edge(["check", "true"], "ship")
      .edge(["check", "false"], "each")
      .build();
    const text = `
id: orders
name: Orders
nodes:
  - { id: read, type: spreadsheet, parameters: { path: orders.csv } }
  - { id: check, type: condition, parameters: { expression: item.length > 1 }, policy: { retries: 2, retryDelay: 1s } }
  - { id: ship, nodes: [{ id: twice, type: double, parameters: { by: 5 } }] }
  - id: each
    type: loop
    parameters: { array: [1, 2], concurrency: 2 }
    nodes: [{ id: a, type: transform, parameters: { operation: reverse } }, { id: b, type: double }]
    edges: [{ source: a, target: b, targetHandle: n }]
edges:
  - { source: read, target: check }
  - { source: check, target: ship, sourceHandle: "true" }
  - { source: check, target: each, sourceHandle: "false" }
`;
    expect(written).toEqual(readFlow(text));
  });

  test("may begin as another does", () => {
    const begun = flow("f").node("a", double);
    expect(begun.node("b", double).build().nodes).toHaveLength(2);
    expect(begun.build().nodes).toHaveLength(1);
  });

  test("runs, loops included", async () => {
    const conductor = createConductor({ nodes: [double] });
    const item = defineNode({ type: "item", execute: ({ inputs }) => Number(inputs.item) + 1 });
    const own = createConductor({ nodes: [item] });
    const { data } = await own.flow.run(
      flow("f")
        .loop("each", { array: [1, 2, 3] }, (loop) => loop.node("next", item))
        .build(),
    );
    expect(data?.results).toEqual([2, 3, 4]);
    expect(data?.iterationCount).toBe(3);
    await conductor.shutdown();
  });
});
