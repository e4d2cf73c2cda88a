/** Forks from a step of the replay, and from a round of a loop. */
import { createConductor, type NodeDefinition } from "@atomiton/conductor/desktop";
import { describe, expect, it } from "vitest";

import { type Definition, edge, group, leaf, type Params } from "../contract/flows.js";
import { memory } from "./world.js";

/** A conductor over a store that counts what its executables are called with. */
function office(bodies: Record<string, (params: Params) => unknown> = {}) {
  const calls: string[] = [];
  const execute = (params: Params) => {
    calls.push(params.executionId.slice(params.executionId.indexOf("/") + 1));
    return bodies[params.nodeId]?.(params) ?? { from: params.nodeId, call: calls.length };
  };
  const conductor = createConductor({
    transport: "local",
    store: memory(),
    nodeExecutorFactory: { getNodeExecutable: () => ({ effects: "reads", execute }) },
    retryDelay: 1,
  } as never);
  const { executions } = conductor;
  return {
    executions,
    run: (flow: Definition) => conductor.node.run(flow as NodeDefinition, { executionId: "old" }),
    fork: async (changes: object, id = "old") => {
      calls.length = 0;
      const { executionId } = await executions.fork(id, changes);
      const result = await executions.result(executionId);
      return { executionId, result, calls: [...calls] };
    },
  };
}

const line = group("flow", [leaf("a"), leaf("b"), leaf("c")], [edge("a", "b"), edge("b", "c")]);
const loop = (parameters: object, nodes = [leaf("step")]) =>
  ({ id: "loop", type: "loop", parameters, nodes, edges: [] }) as Definition;

describe("a fork from a step", () => {
  it("takes over what the replay shows there as completed, and runs the rest", async () => {
    const { run, fork, executions } = office();
    const { outputs } = await run(line);
    const replay = await executions.replay("old");
    for (let step = 0; step <= replay.length; step++) {
      const done = replay.at(step).nodes.filter(({ state }) => state === "completed");
      const { calls, result } = await fork({ fromStep: step });
      expect(calls, `step ${step}`).toEqual(["a", "b", "c"].slice(done.length));
      for (const { id } of done) expect(result.outputs?.[id]).toEqual(outputs?.[id]);
    }
    expect(replay.at(replay.length).nodes.every(({ state }) => state === "completed")).toBe(true);
  });

  it("of one that failed goes on from before the failure, also with other changes", async () => {
    let isBroken = true;
    const { run, fork } = office({
      c: () => {
        if (isBroken) throw new Error("broken");
        return "whole";
      },
    });
    expect((await run(line)).success).toBe(false);
    isBroken = false;
    const { calls, result } = await fork({ fromStep: 2 });
    expect([calls, result.success, result.data]).toEqual([["b", "c"], true, "whole"]);
    expect((await fork({ fromStep: 2, parameters: { a: { other: 1 } } })).calls).toEqual(["a", "b", "c"]);
  });

  it("has the variables of that step", async () => {
    const count = ({ variables }: Params) => {
      (variables as Record<string, number>).n = ((variables as Record<string, number>).n ?? 0) + 1;
      return (variables as Record<string, number>).n;
    };
    const { run, fork } = office({ a: count, b: count, c: count });
    await run(line);
    const { calls, result } = await fork({ fromStep: 2 });
    expect([calls, result.outputs]).toEqual([["b", "c"], { a: 1, b: 2, c: 3 }]);
  });

  it("takes over the rounds of a loop that were over, and can be forked again", async () => {
    const { run, fork, executions } = office({ step: ({ input }) => (input as { item: number }).item * 10 });
    await run(group("flow", [loop({ array: [1, 2, 3, 4] })]));
    const replay = await executions.replay("old");
    let step = 0;
    while (replay.at(step).changed.filter((path) => path === "loop/step").length === 0 || replay.moment.progress < 50)
      step++;
    const one = await fork({ fromStep: step });
    expect(one.calls.length).toBeGreaterThan(0);
    expect(one.calls).toEqual(["loop[2]/step", "loop[3]/step"]);
    expect(one.result.data).toMatchObject({ results: [10, 20, 30, 40] });
    expect((await fork({ fromStep: 0 }, one.executionId)).calls).toHaveLength(4);
    expect((await fork({}, one.executionId)).calls).toEqual([]);
  });

  it("is refused for steps that there are not, with those that there are", async () => {
    const { run, executions } = office();
    await run(line);
    const { length } = await executions.replay("old");
    for (const step of [-1, 1.5, length + 1, Number.NaN]) {
      await expect(executions.fork("old", { fromStep: step })).rejects.toMatchObject({
        code: "INVALID_PARAMETERS",
        message: expect.stringContaining(`give a whole number from 0 to ${length}`),
      });
    }
    await expect(executions.fork("old", { fromStep: "2" } as never)).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
    });
    expect((await executions.list()).executions).toHaveLength(1);
  });
});

describe("a fork from a round", () => {
  const bodies = { step: ({ input }: Params) => (input as { item: number }).item * 10 };

  it("runs that round and those after it, and what depends on the loop", async () => {
    const { run, fork } = office(bodies);
    await run(group("flow", [leaf("a"), loop({ array: [1, 2, 3] }), leaf("z")], [edge("loop", "z")]));
    const { calls, result } = await fork({ fromRound: { loop: 1 } });
    expect(calls).toEqual(["loop[1]/step", "loop[2]/step", "z"]);
    expect(result.outputs?.loop).toMatchObject({ results: [10, 20, 30] });
  });

  it("of a loop inside another one does so in each round of that", async () => {
    const { run, fork } = office(bodies);
    const inner = { ...loop({ array: [1, 2] }), id: "inner" };
    await run(group("flow", [loop({ array: [1, 2] }, [inner])]));
    expect((await fork({ fromRound: { inner: 1 } })).calls).toEqual(["loop[0]/inner[1]/step", "loop[1]/inner[1]/step"]);
    expect((await fork({ fromRound: { loop: 1 } })).calls).toEqual(["loop[1]/inner[0]/step", "loop[1]/inner[1]/step"]);
  });

  it("is refused for what is no loop, and for rounds that gave nothing", async () => {
    const { run, executions } = office(bodies);
    await run(group("flow", [leaf("a"), loop({ array: [1, 2, 3] })]));
    const refusal = (fromRound: unknown) => expect(executions.fork("old", { fromRound } as object)).rejects;
    await refusal({ a: 0 }).toMatchObject({ message: "`a` in `fromRound` is no loop that has rounds" });
    await refusal({ x: 0 }).toMatchObject({ message: expect.stringContaining("names no node of the flow") });
    await refusal(2).toMatchObject({ code: "INVALID_PARAMETERS" });
    for (const round of [-1, 3, 0.5, "1"]) {
      await refusal({ loop: round }).toMatchObject({
        code: "INVALID_PARAMETERS",
        message: expect.stringContaining("give a whole number from 0 to 2"),
      });
    }
  });
});
