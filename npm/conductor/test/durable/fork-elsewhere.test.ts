/** Forks beside what else is done with recorded executions: replays, files, the cache. */
import { createConductor, openReplay } from "@atomiton/conductor/desktop";
import { createMemoryExecutions } from "@atomiton/storage";
import { afterEach, expect, it } from "vitest";

import { edge, group, leaf, type Params } from "../contract/flows.js";

const ended: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(ended.splice(0).map((end) => end())));

function office(config: object = {}) {
  const calls: string[] = [];
  const conductor = createConductor({
    transport: "local",
    store: createMemoryExecutions(),
    nodeExecutorFactory: {
      getNodeExecutable: (type: string) => ({
        effects: type === "pure" ? "none" : "reads",
        execute: ({ nodeId, input }: Params) => {
          calls.push(nodeId);
          return { when: new Date(0), of: input ?? null, from: nodeId };
        },
      }),
    },
    ...config,
  } as never);
  ended.push(() => conductor.shutdown());
  const forkOf = async (id: string, changes?: object) => {
    calls.length = 0;
    const { executionId } = await conductor.executions.fork(id, changes);
    const result = await conductor.executions.result(executionId);
    return { executionId, result, calls: [...calls] };
  };
  return { calls, conductor, forkOf };
}

const flow = (type = "code") =>
  group(
    "flow",
    [leaf("a", { type }), leaf("b", { type }), leaf("c", { type })],
    [edge("a", "b"), edge("b", "c")],
  ) as never;

it("are replayed step by step, with the values that they took over, from the store and from a file", async () => {
  const { conductor, forkOf } = office();
  await conductor.node.run(flow(), { executionId: "old" });
  const { executionId, result, calls } = await forkOf("old", { from: "c" });
  expect(calls).toEqual(["c"]);
  const file = await conductor.executions.export(executionId);
  for (const replay of [await conductor.executions.replay(executionId), await openReplay(file)]) {
    replay.at(0);
    expect(replay.value("a")).toBeUndefined();
    replay.at(replay.length);
    expect(replay.moment.nodes.map(({ state }) => state)).toEqual(["completed", "completed", "completed"]);
    for (const id of ["a", "b", "c"]) expect(replay.value(id)).toEqual(result.outputs?.[id]);
  }
});

it("are forked again, also where a file brought them to another store", async () => {
  const { conductor, forkOf } = office();
  await conductor.node.run(flow(), { executionId: "old" });
  const first = await forkOf("old", { from: "c" });
  await conductor.executions.delete(["old"]);
  const second = await forkOf(first.executionId, { from: "b" });
  expect(second.calls).toEqual(["b", "c"]);
  expect(second.result.outputs?.a).toEqual(first.result.outputs?.a);
  expect(second.result.outputs?.a).toMatchObject({ when: new Date(0) });
  const other = office();
  await other.conductor.executions.import(await conductor.executions.export(second.executionId), { id: "came" });
  const third = await other.forkOf("came");
  expect(third.calls).toEqual([]);
  expect(third.result).toMatchObject({ success: true, reused: ["a", "b", "c"] });
  expect(third.result.outputs).toEqual(second.result.outputs);
});

it("do not count what they took over as taken from the cache, nor call what the cache has", async () => {
  const { conductor, forkOf } = office({ cache: { nodes: "pure" } });
  await conductor.node.run(flow("pure"), { executionId: "first" });
  await conductor.node.run(flow("pure"), { executionId: "old" });
  const { result, calls } = await forkOf("old", { from: "c" });
  expect(calls).toEqual([]);
  expect(result.reused).toEqual(["a", "b"]);
  expect(result.trace?.nodes.map(({ nodeId, cached, reused }) => [nodeId, cached, reused])).toEqual([
    ["a", undefined, true],
    ["b", undefined, true],
    ["c", 1, undefined],
  ]);
});
