/** Routed outputs whose handles carry values of their own: each edge brings that of the handle it leaves by. */
import { createConductor } from "@atomiton/conductor/desktop";
import { expect, it } from "vitest";

type Input = Record<string, unknown>;

/** What a node of the library gives where it splits its data. */
function apart(value: object, carried: Record<string, unknown>): object {
  Object.defineProperty(value, Symbol.for("@atomiton/routed"), { value: Object.keys(carried) });
  return Object.defineProperty(value, Symbol.for("@atomiton/carried"), { value: new Map(Object.entries(carried)) });
}

function conductorOf(types: Record<string, (input: Input) => unknown>) {
  return createConductor({
    nodeExecutorFactory: {
      getNodeExecutable: (type) => ({ execute: ({ input }: { input: Input }) => types[type]?.(input) }),
    },
  });
}

const split = (numbers: unknown) => {
  const list = numbers as number[];
  const odd = list.filter((each) => each % 2 === 1);
  const even = list.filter((each) => each % 2 === 0);
  return apart({ count: list.length }, { ...(odd.length > 0 && { odd }), ...(even.length > 0 && { even }) });
};

it("come apart at the edges, and are whole for everybody else", async () => {
  const seen: Record<string, unknown> = {};
  const see = (name: string) => (input: Input) => {
    seen[name] = input;
    return name;
  };
  const conductor = conductorOf({
    before: () => 1,
    split: () => split([1, 2, 3]),
    one: see("one"),
    both: see("both"),
    none: see("none"),
  });
  const { outputs } = await conductor.flow.run({
    id: "f",
    type: "group",
    nodes: ["before", "split", "one", "both", "none"].map((id) => ({ id, type: id })),
    edges: [
      { source: "before", target: "both", targetHandle: "first" },
      { source: "split", target: "one", sourceHandle: "odd" },
      { source: "split", target: "both", sourceHandle: "even", targetHandle: "left" },
      { source: "split", target: "both", sourceHandle: "odd", targetHandle: "right" },
      { source: "split", target: "none" },
    ],
  });
  expect(seen).toEqual({ one: { default: [1, 3] }, both: { first: 1, left: [2], right: [1, 3] } });
  expect(outputs?.["split"]).toEqual({ count: 3 });
});

it("come apart in every round of a loop", async () => {
  const conductor = conductorOf({
    split: ({ item }) => split(item),
    sum: ({ odd = [], even = [] }) => [odd, even],
  });
  const { data } = await conductor.flow.run({
    id: "each",
    type: "loop",
    parameters: { array: [[1, 2], [4], [5, 7]], concurrency: 1 },
    nodes: [
      { id: "split", type: "split" },
      { id: "sum", type: "sum" },
    ],
    edges: [
      { source: "split", target: "sum", sourceHandle: "even", targetHandle: "even" },
      { source: "split", target: "sum", sourceHandle: "odd", targetHandle: "odd" },
    ],
  });
  expect(data).toMatchObject({
    results: [
      [[1], [2]],
      [[], [4]],
      [[5, 7], []],
    ],
  });
});

it("stay together where a disabled node passes on what a group gave", async () => {
  const conductor = conductorOf({ split: () => split([1, 2, 3]), see: (input) => input });
  const { outputs } = await conductor.flow.run({
    id: "f",
    type: "group",
    nodes: [
      { id: "inner", type: "group", nodes: [{ id: "split", type: "split" }], edges: [] },
      { id: "off", type: "see", parameters: { enabled: false } },
      { id: "odd", type: "see" },
    ],
    edges: [
      { source: "inner", target: "off" },
      { source: "off", target: "odd", sourceHandle: "odd" },
    ],
  });
  expect(outputs?.["odd"]).toEqual({ default: { count: 3 } });
});
