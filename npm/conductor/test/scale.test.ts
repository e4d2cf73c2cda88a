import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backend } from "../src/engine/backend";
import { validateFlow } from "../src/engine/flows";
import { chain, conductorOver, conductorWith, edge, group, independent, leaf, type Params } from "./contract/flows";

let before = 0;
beforeEach(() => {
  before = backend().openRuns();
});
afterEach(() => {
  expect(backend().openRuns() - before, "runs left open in the engine").toBe(0);
});

const conductorOf = (execute: (params: Params) => unknown, config = {}) =>
  conductorOver({ getNodeExecutable: () => ({ execute }) }, config);

const ids = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

describe("a large flow", () => {
  it.each([1, 7, 1000, Number.POSITIVE_INFINITY])(
    "of 100,000 children runs each once, %s at a time",
    async (concurrency) => {
      for (const execute of [() => 1, async () => 1]) {
        let calls = 0;
        const conductor = conductorOf(
          () => {
            calls++;
            return execute();
          },
          { concurrency },
        );
        const result = await conductor.node.run(independent(...ids(100_000)));
        expect(result.success).toBe(true);
        expect(calls).toBe(100_000);
        expect(result.executedNodes.length).toBe(100_001);
      }
    },
  );

  it("fans out to many and in again with every value in its place", async () => {
    const many = ids(5000);
    const flow = group(
      "root",
      [leaf("source"), ...many.map((id) => leaf(id)), leaf("sink")],
      [...many.map((id) => edge("source", id)), ...many.map((id) => edge(id, "sink", { targetHandle: id }))],
    );
    for (const concurrency of [1, 64]) {
      const conductor = conductorOf(async ({ nodeId, input }) => (nodeId === "sink" ? input : nodeId), { concurrency });
      const { data } = await conductor.node.run(flow);
      expect(Object.keys(data).length).toBe(5000);
      expect(many.every((id) => data[id] === id)).toBe(true);
    }
  });

  it("stops at the first failure, however many are in flight", async () => {
    let aborted = 0;
    const conductor = conductorOf(
      ({ nodeId, signal }) => {
        signal.addEventListener("abort", () => aborted++);
        return nodeId === "n2999" ? Promise.reject(new Error("last")) : new Promise(() => {});
      },
      { concurrency: 5000 },
    );
    const result = await conductor.node.run(independent(...ids(3000)));
    expect(result.error).toMatchObject({ message: "last", nodeId: "n2999" });
    expect(aborted).toBe(2999);
  });
});

describe("many runs at a time", () => {
  it("keep their values, ids and endings apart", async () => {
    const conductor = conductorOf(
      async ({ nodeId, input, variables, executionId }) => {
        await undefined;
        if (variables.fails && nodeId === "n2") throw new Error(executionId);
        return nodeId === "n1" ? input.run : input.default;
      },
      { concurrency: 2 },
    );
    const flow = chain(3);
    const seen = new Map<string, number>();
    const count = ({ executionId }: { executionId: string }) => seen.set(executionId, (seen.get(executionId) ?? 0) + 1);
    conductor.events.onCompleted(count);
    conductor.events.onError(count);
    const runs = ids(2000).map((id, run) =>
      conductor.node.run(flow, { executionId: id, input: { run }, variables: { fails: run % 3 === 0 } }),
    );
    for (const [run, result] of (await Promise.all(runs)).entries()) {
      if (run % 3 === 0) expect(result.error?.message).toBe(`n${run}/n2`);
      else expect(result.data).toBe(run);
    }
    expect(seen.size).toBe(2000);
    expect(new Set(seen.values())).toEqual(new Set([1]));
  });

  it("of one id are cancelled together", async () => {
    const conductor = conductorOf(() => new Promise(() => {}));
    const runs = ids(50).map(() => conductor.node.run(chain(2), { executionId: "run" }));
    await conductor.node.cancel("run");
    expect(new Set((await Promise.all(runs)).map(({ error }) => error?.code))).toEqual(new Set(["CANCELLED"]));
  });
});

describe("a flow with a million edges to nowhere", () => {
  const flow = () => ({
    ...group("root", [leaf("a"), group("inner", [leaf("b")])]),
    edges: Array.from({ length: 1_000_000 }, () => ({ source: "a", target: "b" })),
  });

  it("has as many problems as are listed, and one that counts the others", () => {
    const problems = validateFlow(flow());
    expect(problems.length).toBe(1001);
    expect(problems[999]).toMatchObject({ code: "NODE_NOT_FOUND", path: "/edges/999/target" });
    expect(problems[1000]).toMatchObject({ path: "", message: "There are 999000 more problems, which are not listed" });
  });

  it("is something else as a parameter", () => {
    const { nodes, edges } = flow();
    const holder = { ...leaf("a"), parameters: { nodes, edges: edges.slice(0, 2000) } };
    expect(validateFlow(group("root", [holder]))).toEqual([]);
  });

  it("is refused for the first of them", async () => {
    const { error } = await conductorWith().node.run(flow());
    expect(error).toMatchObject({ code: "NODE_NOT_FOUND", context: { path: "/edges/0/target" } });
  });
});
