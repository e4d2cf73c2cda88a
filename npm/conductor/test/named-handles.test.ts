/** Edges by handles that the parameters of a node would have to name. */

import { validateFlow } from "@atomiton/conductor/node";
import { expect, it } from "vitest";
import type { NodeDefinition } from "../src/types/definition";

const handles = (type: string, { ways }: Record<string, unknown>) =>
  type === "switch" && Array.isArray(ways) ? (ways as string[]) : undefined;

const flow = (edges: object[], more: object = {}) =>
  ({
    id: "f",
    type: "group",
    nodes: [
      { id: "choose", type: "switch", parameters: { ways: ["large", "small"], ...more } },
      { id: "next", type: "any" },
    ],
    edges,
  }) as unknown as NodeDefinition;

const found = (definition: NodeDefinition) =>
  validateFlow(definition, { handles })
    .filter(({ rule }) => rule === "unknown-handle")
    .map(({ path, severity, message }) => [path, severity, message]);

it("are warned of, with those that there are", () => {
  const edges = [
    { source: "choose", target: "next", sourceHandle: "large" },
    { source: "choose", target: "next", sourceHandle: "lrage", targetHandle: "a" },
    { source: "choose", target: "next", targetHandle: "b" },
    { source: "choose", target: "next", sourceHandle: "error", targetHandle: "c" },
  ];
  expect(found(flow(edges))).toEqual([
    [
      "/edges/1/sourceHandle",
      "warning",
      "The edge from `choose` to `next` leaves by the handle `lrage`, which the parameters of `choose` do not name, so that it never carries anything; there are `large`, `small`",
    ],
    ["/edges/2", "warning", expect.stringContaining("leaves by no handle")],
  ]);
});

it("are warned of where all of them are left out, and only what no case takes goes on", () => {
  const named = (sourceHandle?: string) => ({
    source: "choose",
    target: "next",
    ...(sourceHandle && { sourceHandle }),
  });
  const warned = (edges: object[], ways = ["large", "small", "default"]) =>
    validateFlow(flow(edges, { ways }), { handles })
      .filter(({ rule }) => rule === "unnamed-handle")
      .map(({ path, message }) => [path, message]);
  expect(warned([named()])).toEqual([
    [
      "/edges/0",
      "The edge from `choose` to `next` leaves by no handle, which is `default`: it brings what is left for none of the others, and `next` is skipped where there is nothing of it. No edge leaves by `large`, `small`. Give it a `sourceHandle`; `default`, where that is meant",
    ],
  ]);
  expect(warned([named(), named("large")])).toEqual([]);
  expect(warned([named("default")])).toEqual([]);
  expect(warned([named()], ["default"])).toEqual([]);
});

it("are not where nothing is known of them", () => {
  const edges = [{ source: "choose", target: "next", sourceHandle: "other" }];
  expect(found(flow(edges, { ways: "${{ data }}" }))).toEqual([]);
  expect(found(flow(edges, { enabled: false }))).toEqual([]);
});

it("are found in groups, too", () => {
  const inner = { ...flow([{ source: "choose", target: "next", sourceHandle: "other" }]), id: "inner" };
  const outer = { id: "f", type: "group", nodes: [inner], edges: [] } as unknown as NodeDefinition;
  expect(found(outer).map(([path]) => path)).toEqual(["/nodes/0/edges/0/sourceHandle"]);
});

it("that are a part of what a node gives are warned of, as an edge brings all of it", () => {
  const ports = (...ids: string[]) => ids.map((id) => ({ id }));
  const dedupe = {
    type: "dedupe",
    parameterSchema: {},
    outputPorts: ports("result", "duplicates"),
    otherOutputs: ports("n"),
  };
  const warned = (sourceHandle: string, parameters = {}, of: object = {}) => {
    const nodes = [
      { id: "only-one", type: "dedupe", ...of },
      { id: "next", type: "any", parameters },
    ];
    const edges = [{ source: "only-one", target: "next", sourceHandle }];
    return validateFlow({ id: "f", type: "group", nodes, edges } as never, { nodes: [dedupe], handles })
      .filter(({ rule }) => rule === "ignored-handle")
      .map(({ path, severity, message }) => [path, severity, message]);
  };
  expect(warned("duplicates")).toEqual([
    [
      "/edges/0/sourceHandle",
      "warning",
      'The edge from `only-one` to `next` leaves by `duplicates`, a part of what `only-one` gives; an edge brings all of it, and `next` not that part alone. Read it in a parameter of `next`: `${{ nodes["only-one"].duplicates }}`',
    ],
  ]);
  for (const handle of ["result", "output", "error", "port-1", "n"]) expect(warned(handle), handle).toEqual([]);
  expect(warned("duplicates", { data: '${{ nodes["only-one"].duplicates }}' })).toEqual([]);
  expect(warned("duplicates", {}, { parameters: { enabled: false } })).toEqual([]);
  for (const text of ["data.duplicates.length", "{{#duplicates}}", "({ duplicates }) => 1", "duplicates"])
    expect(warned("duplicates", { text }), text).toEqual([]);
  // That a file is called like it says nothing.
  for (const path of ["duplicates.csv", "out/duplicates.csv", "duplicates2"])
    expect(warned("duplicates", { path }), path).toHaveLength(1);
});
