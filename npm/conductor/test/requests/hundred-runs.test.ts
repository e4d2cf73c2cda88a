/** Many executions at once on one conductor. */
import type { NodeCompleteEvent, NodeProgressEvent } from "@atomiton/conductor/node";
import { describe, expect, it } from "vitest";
import { chain, edge, group, leaf } from "../contract/flows.js";
import { asNode, conductorOf } from "./stored.js";

const NODES = Array.from({ length: 10 }, (_, index) => `n${index + 1}`);
const RUNS = Array.from({ length: 100 }, (_, index) => ({ run: index, executionId: `exec_${index}` as never }));

describe("a hundred runs of a flow of ten nodes at the same time", () => {
  it.each([1, 4])("keep their outputs, events and traces to themselves (concurrency %i)", async (concurrency) => {
    const conductor = await conductorOf({
      concurrency,
      body: async ({ nodeId, input, variables, executionId, progress }) => {
        progress(50, `run ${variables.run}`);
        await new Promise<void>((resolve) => setImmediate(resolve));
        const path = (input.default as string[] | undefined) ?? [`${input.start}`];
        return [...path, `${variables.run}:${nodeId}:${executionId.length > 0}`];
      },
    });
    const heard = new Map<string, string[]>();
    const note = (executionId: string | undefined, what: string) => {
      heard.set(`${executionId}`, [...(heard.get(`${executionId}`) ?? []), what]);
    };
    const progress: NodeProgressEvent[] = [];
    const completed: NodeCompleteEvent[] = [];
    const leave = [
      conductor.events.onStarted(({ executionId }) => note(executionId, "started")),
      conductor.events.onProgress(({ executionId }) => note(executionId, "progress")),
      conductor.events.onCompleted(({ executionId }) => note(executionId, "completed")),
      conductor.events.onError(({ executionId }) => note(executionId, "error")),
      conductor.node.onProgress((event) => progress.push(event)),
      conductor.node.onComplete((event) => completed.push(event)),
    ];

    const results = await Promise.all(
      RUNS.map(({ run, executionId }) =>
        conductor.node.run(asNode({ ...chain(10), id: `flow-${run}` }), {
          executionId,
          variables: { run },
          input: { start: run },
        }),
      ),
    );

    for (const [run, result] of results.entries()) {
      const executionId = `exec_${run}`;
      const path = [`${run}`, ...NODES.map((id) => `${run}:${id}:true`)];
      expect(result).toMatchObject({ success: true, data: path, executedNodes: [`flow-${run}`, ...NODES] });
      expect(result.outputs?.n3).toEqual(path.slice(0, 4));
      expect(result.trace).toMatchObject({ executionId, rootNodeId: "n1" });
      expect(result.trace?.nodes.map(({ nodeId }) => nodeId)).toEqual(NODES);
      expect(result.trace?.events.filter(({ type }) => type === "started").length).toBe(1);
      const events = heard.get(executionId) ?? [];
      expect([events[0], events.at(-1)]).toEqual(["started", "completed"]);
      expect(new Set(events.slice(1, -1))).toEqual(new Set(["progress"]));
      const own = progress.filter((event) => event.executionId === executionId);
      expect([own[0]?.progress, own.at(-1)?.progress]).toEqual([0, 100]);
      for (const node of own.flatMap(({ nodes }) => nodes))
        expect(node.message ?? "").not.toMatch(new RegExp(`^run (?!${run}$)`));
      expect(completed.filter((event) => event.executionId === executionId).map(({ output }) => output)).toEqual([
        path,
      ]);
    }
    expect(heard.size).toBe(100);

    const view = conductor.node.store.getState();
    expect(view).toMatchObject({ executionId: "exec_99", nodeId: "flow-99", cachedProgress: 100, isExecuting: false });
    expect([...view.nodes.keys()]).toEqual(NODES);

    for (const each of leave) each();
    expect(await conductor.node.active()).toEqual([]);
    for (const event of ["started", "progress", "completed", "error"]) {
      expect(conductor.events.listenerCount(event as never), event).toBe(0);
    }
  });

  it("add no listener of their own, during or after", async () => {
    const conductor = await conductorOf();
    const count = () =>
      ["started", "progress", "completed", "error"].map((event) => conductor.events.listenerCount(event as never));
    const before = count();
    await Promise.all(RUNS.map(({ executionId }) => conductor.node.run(asNode(chain(10)), { executionId })));
    expect(count()).toEqual(before);
  });

  it("of a stored flow, as requests, have results of their own, failures and cancellations among them", async () => {
    const conductor = await conductorOf({
      flows: [chain(10, "f")],
      body: async ({ nodeId, variables }) => {
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (variables.kind === 1 && nodeId === "n5") throw new Error(`run ${variables.run} failed`);
        if (variables.kind === 2 && nodeId === "n5") return new Promise(() => undefined);
        return `${variables.run}:${nodeId}`;
      },
    });
    const asked = RUNS.map(({ run, executionId }) =>
      conductor.execute({ flowId: "f", context: { executionId, variables: { run, kind: run % 3 } } }),
    );
    const finished = Promise.all(asked.filter((_, run) => run % 3 !== 2));
    await finished;
    for (const { run, executionId } of RUNS) if (run % 3 === 2) await conductor.node.cancel(executionId);
    for (const [run, result] of (await Promise.all(asked)).entries()) {
      expect(result.metadata).toMatchObject({ executionId: `exec_${run}`, flowId: "f" });
      if (run % 3 === 0) {
        expect(result).toMatchObject({ success: true, data: `${run}:n10` });
        expect(result.outputs).toEqual(Object.fromEntries(NODES.map((id) => [id, `${run}:${id}`])));
      } else if (run % 3 === 1) {
        expect(result).toMatchObject({
          success: false,
          error: `run ${run} failed`,
          metadata: { error: { nodeId: "n5" } },
        });
      } else {
        expect(result).toMatchObject({
          success: false,
          metadata: { error: { code: "CANCELLED", executionId: `exec_${run}` } },
        });
      }
    }
    expect(await conductor.node.active()).toEqual([]);
  });

  it("with nested groups keep their inner nodes apart", async () => {
    const conductor = await conductorOf({ body: ({ nodeId, variables }) => `${variables.run}:${nodeId}` });
    const flow = group(
      "f",
      [leaf("a"), group("inner", [leaf("c1"), leaf("c2")], [edge("c1", "c2")]), leaf("z")],
      [edge("a", "inner"), edge("inner", "z")],
    );
    const results = await Promise.all(
      RUNS.map(({ run, executionId }) => conductor.node.run(asNode(flow), { executionId, variables: { run } })),
    );
    for (const [run, { outputs }] of results.entries()) {
      expect(outputs).toMatchObject({
        a: `${run}:a`,
        c1: `${run}:c1`,
        c2: `${run}:c2`,
        inner: `${run}:c2`,
        z: `${run}:z`,
      });
    }
  });
});
