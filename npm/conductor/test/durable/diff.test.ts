/** What two executions differ in. */
import { createConductor, type NodeDefinition } from "@atomiton/conductor/desktop";
import { expect, it } from "vitest";

import { type Definition, edge, group, leaf, type Params } from "../contract/flows.js";
import { memory } from "./world.js";

type Body = (params: Params) => unknown;

function office(bodies: Record<string, Body>) {
  const execute = (params: Params) => (bodies[params.nodeId] ?? (() => params.nodeId))(params);
  const conductor = createConductor({
    transport: "local",
    store: memory(),
    nodeExecutorFactory: { getNodeExecutable: () => ({ effects: "none", execute }) },
    maxRetries: 1,
    retryDelay: 1,
  } as never);
  return {
    ...conductor.executions,
    run: (flow: Definition, executionId: string, given: object = {}) =>
      conductor.node.run(flow as NodeDefinition, { executionId, ...given }),
  };
}

it("tells of each node how it stood, and the places at which outputs differ", async () => {
  let round = 0;
  const values = [
    {
      same: [1, 2, 3],
      list: [1, { a: 1 }],
      at: new Date(1),
      map: new Map([["k", 1]]),
      "a/b~c": 1,
      gone: 1,
      nan: Number.NaN,
    },
    { same: [1, 2, 3], list: [1, { a: 2 }, 3], at: new Date(2), map: new Map([["k", 2]]), "a/b~c": 2, nan: Number.NaN },
  ];
  const { run, diff } = office({ a: () => values[round], c: () => Promise.reject(new Error(`not ${round}`)) });
  const flow = group(
    "flow",
    [leaf("a"), group("in", [leaf("b")]), leaf("c"), leaf("d")],
    [edge("a", "in"), edge("c", "d")],
  );
  await run(flow, "one", { input: { id: 1, of: 1 }, variables: { region: "eu" } });
  round = 1;
  await run(group("flow", [leaf("a"), group("in", [leaf("b"), leaf("e")]), leaf("c")], [edge("a", "in")]), "two", {
    input: { id: 2, of: 1 },
    variables: { region: "us", more: true },
  });
  const found = await diff("one", "two");
  expect(found.a).toMatchObject({ executionId: "one", flowId: "flow", status: "failed" });
  expect(found.input).toEqual({ differences: [{ path: "/id", a: "1", b: "2" }] });
  expect(found.variables).toEqual({
    differences: [
      { path: "/region", a: '"eu"', b: '"us"' },
      { path: "/more", b: "true" },
    ],
  });
  expect(found.nodes.map(({ path }) => path)).toEqual(["a", "in", "in/b", "c", "d", "in/e"]);
  const [a, , b, c, d, e] = found.nodes;
  expect(a?.differences).toEqual([
    { path: "/list/1/a", a: "1", b: "2" },
    { path: "/list/2", b: "3" },
    { path: "/at", a: 'Date "1970-01-01T00:00:00.001Z"', b: 'Date "1970-01-01T00:00:00.002Z"' },
    { path: "/map/k", a: "1", b: "2" },
    { path: "/a~1b~0c", a: "1", b: "2" },
    { path: "/gone", a: "1" },
  ]);
  expect(b?.differences).toEqual([]);
  expect(c).toMatchObject({ a: { state: "error", attempts: 2, error: "not 0" }, b: { error: "not 1" } });
  expect(d?.b).toBeUndefined();
  expect(e?.a).toBeUndefined();
  expect(await diff("one", "two")).toEqual(found);
});

it("tells so many differences and so much of a value at most, and that there are more", async () => {
  let round = 0;
  const { run, diff } = office({ a: () => Array.from({ length: 50 }, (_, at) => `${round}${"x".repeat(at * 100)}`) });
  await run(group("flow", [leaf("a")]), "one");
  round = 1;
  await run(group("flow", [leaf("a")]), "two");
  const [a] = (await diff("one", "two")).nodes;
  expect(a?.differences).toHaveLength(20);
  expect(a?.more).toBe(30);
  expect(a?.differences[19]?.a).toBe(`"0${"x".repeat(118)}… (1903 characters)`);
});

it("tells which rounds of a loop differ, and which nodes of a fork were taken over", async () => {
  let times = 1;
  const { run, diff, fork, result } = office({ step: ({ input }) => (input.item === 2 ? times : 0) });
  const loop = { id: "loop", type: "loop", parameters: { array: [1, 2, 3] }, nodes: [leaf("step")] } as Definition;
  await run(group("flow", [leaf("a"), loop]), "one");
  times = 2;
  await fork("one", { from: "step", executionId: "two" });
  await result("two");
  const found = await diff("one", "two");
  expect(found.b).toMatchObject({ executionId: "two", parentId: "one" });
  expect(found.nodes.find(({ path }) => path === "loop/step")?.differences).toEqual([
    { path: "", round: "1", a: "1", b: "2" },
  ]);
  expect(found.nodes[0]).toMatchObject({ path: "a", b: { reused: true } });
  expect(found.nodes[0]?.a).not.toHaveProperty("reused");
});

it("is refused for an execution that is not there", async () => {
  const { run, diff } = office({});
  await run(group("flow", [leaf("a")]), "one");
  await expect(diff("one", "none")).rejects.toMatchObject({
    code: "NODE_NOT_FOUND",
    message: "There is no execution none",
  });
});
