/** Edges to one handle of a node. */

import { validateFlow } from "@atomiton/conductor/node";
import { describe, expect, it } from "vitest";
import type { NodeDefinition } from "../src/types/definition";

const declared = { work: {}, take: { inputs: ["default"] }, choose: { routed: true } };
const node = (id: string, type = "work", more: object = {}) => ({ id, type, ...more });
const to = (source: string, target: string, targetHandle?: string, sourceHandle?: string) => ({
  source,
  target,
  ...(targetHandle !== undefined && { targetHandle }),
  ...(sourceHandle !== undefined && { sourceHandle }),
});

function found(nodes: object[], edges: object[]) {
  const flow = { id: "f", type: "group", nodes, edges } as unknown as NodeDefinition;
  return validateFlow(flow, { declared })
    .filter(({ rule }) => rule === "same-handle")
    .map(({ path, severity, message }) => [path, severity, message]);
}

describe("edges to one handle", () => {
  const three = [node("a"), node("b"), node("c")];

  it("are warned of where both always bring something", () => {
    const warning = [
      "/edges/1/targetHandle",
      "warning",
      "Edges from `a` and from `b` lead to the handle `x` of `c`, which gets the value of the later one alone; give each a `targetHandle` of its own",
    ];
    expect(found(three, [to("a", "c", "x"), to("b", "c", "x")])).toEqual([warning]);
    const chained = [to("a", "b"), to("a", "c", "x"), to("b", "c", "x")];
    expect(found(three, chained).map(([path]) => path)).toEqual(["/edges/2/targetHandle"]);
    const inGroup = found(
      [{ id: "g", type: "group", nodes: three, edges: [to("a", "c", "x"), to("b", "c", "x")] }],
      [],
    );
    expect(inGroup.map(([path]) => path)).toEqual(["/nodes/0/edges/1/targetHandle"]);
  });

  it("are warned of where they name none, and the node works on what comes by `default`", () => {
    const edges = [to("a", "c"), to("b", "c")];
    const taking = (parameters: object) => [node("a"), node("b"), node("c", "take", { parameters })];
    expect(found(taking({}), edges)).toEqual([
      [
        "/edges/1",
        "warning",
        "Edges from `a` and from `b` lead to the handle `default` of `c`, which gets the value of the later one alone; give each a `targetHandle` of its own",
      ],
    ]);
    expect(found(taking({ text: "${{ nodes.a.result }}" }), edges)).toEqual([]);
    // The node that the edges lead to is not there.
    expect(found([node("a"), node("b")], edges)).toEqual([]);
  });

  it.each([
    ["other handles", three, [to("a", "c", "x"), to("b", "c", "y")]],
    ["edges that name no handle", three, [to("a", "c"), to("b", "c")]],
    ["an edge that is there twice", three, [to("a", "c", "x"), to("a", "c", "x", "result")]],
    [
      "branches",
      [node("s", "choose"), ...three],
      [to("s", "a", "x", "1"), to("s", "b", "x", "2"), to("a", "c", "x"), to("b", "c", "x")],
    ],
    [
      "a branch and the rest",
      [node("s", "choose"), ...three],
      [to("s", "a", "x", "1"), to("a", "c", "x"), to("b", "c", "x")],
    ],
    ["an error", three, [to("a", "c", "x"), to("b", "c", "x", "error")]],
    [
      "a node whose error is caught",
      [...three, node("d")],
      [to("a", "c", "x"), to("b", "c", "x"), to("a", "d", "y", "error")],
    ],
    ["types that are not known", [node("a", "own"), node("b"), node("c")], [to("a", "c", "x"), to("b", "c", "x")]],
    [
      "disabled nodes",
      [node("a", "work", { parameters: { enabled: false } }), node("b"), node("c")],
      [to("a", "c", "x"), to("b", "c", "x")],
    ],
    [
      "failures that are gone on after",
      [node("a", "work", { policy: { continueOnError: true } }), node("b"), node("c")],
      [to("a", "c", "x"), to("b", "c", "x")],
    ],
  ])("are not for %s", (_, nodes, edges) => {
    expect(found(nodes, edges)).toEqual([]);
  });
});
