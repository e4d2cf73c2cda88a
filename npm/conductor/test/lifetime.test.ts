import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backend } from "../src/engine/backend";
import { byId, chain, conductorWith, edge, group, leaf, type Params, pass, stopClock, turns } from "./contract/flows";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Whether what a reference points to is gone, after garbage was collected a few times. */
async function isGone(reference: WeakRef<object> | undefined): Promise<boolean> {
  for (let round = 0; round < 10; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    if (reference?.deref() === undefined) return true;
  }
  return false;
}

let before = 0;
beforeEach(() => {
  before = backend().openRuns();
});
afterEach(() => {
  vi.useRealTimers();
  expect(backend().openRuns() - before, "runs left open in the engine").toBe(0);
});

describe("a value that an executable returned", () => {
  /** Runs `a → b → c`; `a` returns something large, and `c` tells whether it is still there. */
  async function watched(config: Record<string, unknown>) {
    let made: WeakRef<object> | undefined;
    let gone: boolean | undefined;
    const conductor = conductorWith(
      byId({
        n1: () => {
          const value = { large: new Array(1000).fill(0) };
          made = new WeakRef(value);
          return value;
        },
        n2: ({ input }) => input.default.large.length,
        n3: async () => {
          gone = await isGone(made);
          return "end";
        },
      }),
      config,
    );
    return { result: await conductor.node.run(chain(3)), gone };
  }

  it("is let go when its last reader is done, if only the last output is kept", async () => {
    const { result, gone } = await watched({ keepOutputs: "last" });
    expect(result.data).toBe("end");
    expect(gone).toBe(true);
    expect(result.outputs).toEqual({ n3: "end" });
  });

  it("is kept for the result otherwise", async () => {
    const { result, gone } = await watched({});
    expect(gone).toBe(false);
    expect(result.outputs).toMatchObject({ n1: { large: expect.any(Array) }, n2: 1000, n3: "end" });
  });

  it("is let go at the end of its item inside a loop", async () => {
    const made: WeakRef<object>[] = [];
    let gone: boolean | undefined;
    const conductor = conductorWith(
      byId({
        a: async ({ input }) => {
          if (input.index === 2) gone = await isGone(made[0]);
          const value = { large: new Array(1000).fill(0) };
          made.push(new WeakRef(value));
          return value;
        },
        b: ({ input }) => Object.keys(input.default).length,
      }),
    );
    const parameters = { loopType: "times", count: 3 };
    const flow = { ...group("l", [leaf("a"), leaf("b")], [edge("a", "b")]), type: "loop", parameters };
    const result = await conductor.node.run(flow);
    expect(result.data.results).toEqual([1, 1, 1]);
    expect(gone).toBe(true);
  });
});

describe("a run that is over", () => {
  it("is let go with its result, while its conductor and what it called live on", async () => {
    let late: Params | undefined;
    const conductor = conductorWith((params) => {
      late = params;
      return { of: params.nodeId };
    });
    const run = async () => new WeakRef((await conductor.node.run(chain(2))).outputs?.n1 as object);
    const value = await run();
    await conductor.node.run(leaf("other"));
    expect(await isGone(value)).toBe(true);
    expect(late?.nodeId).toBe("other");
  });

  it("answers late progress, logs and signals of its executables with nothing", async () => {
    const kept: Params[] = [];
    const conductor = conductorWith((params) => {
      kept.push(params);
      return 1;
    });
    await conductor.node.run(chain(2));
    const state = conductor.node.store.getState();
    for (const { progress, log, signal } of kept) {
      progress(50, "late");
      log("late");
      expect(signal.aborted).toBe(false);
    }
    expect(conductor.node.store.getState()).toBe(state);
  });

  it.each(["resolves", "rejects"])("takes no notice when a cancelled executable %s", async (how) => {
    let settle: () => void = () => {};
    const conductor = conductorWith(
      () =>
        new Promise((resolve, reject) => {
          settle = () => (how === "resolves" ? resolve("late") : reject(new Error("late")));
        }),
    );
    const run = conductor.node.run(chain(2), { executionId: "run" });
    await conductor.node.cancel("run");
    const result = await run;
    settle();
    await new Promise((resolve) => setImmediate(resolve));
    expect(result.error?.code).toBe("CANCELLED");
    expect(result.outputs).toEqual({});
  });
});

describe("a definition that is changed", () => {
  it("during its run, does not change which nodes run, nor their ids", async () => {
    const flow = chain(3);
    const seen: unknown[] = [];
    const conductor = conductorWith(({ nodeId, executionId, parentContext }) => {
      seen.push([nodeId, executionId, parentContext.nodeId]);
      flow.id = "renamed";
      for (const node of flow.nodes ?? []) node.id = `${node.id}x`;
      flow.nodes?.splice(1);
      flow.edges?.splice(0);
      return nodeId;
    });
    const result = await conductor.node.run(flow, { executionId: "run" });
    expect(seen).toEqual(["n1", "n2", "n3"].map((id) => [id, `run/${id}`, "root"]));
    expect(result.executedNodes).toEqual(["root", "n1", "n2", "n3"]);
    expect(Object.keys(result.outputs ?? {})).toEqual(["n1", "n2", "n3"]);
    expect([...conductor.node.store.getState().nodes.keys()]).toEqual(["n1", "n2", "n3"]);
    expect(result.trace?.nodes.map(({ nodeId }) => nodeId)).toEqual(["n1", "n2", "n3"]);
    expect(result.trace?.rootNodeId).toBe("n1");
  });
});

describe("executed nodes", () => {
  const bodies = {
    c1: () => {
      throw new Error("c1");
    },
  };
  const failing = (edges = [edge("a", "g"), edge("g", "z")]) =>
    group(
      "root",
      [leaf("a"), group("g", [leaf("c0"), leaf("c1"), leaf("c2")], [edge("c0", "c1"), edge("c1", "c2")]), leaf("z")],
      edges,
    );

  it("are the leaves that began, after a failure", async () => {
    expect((await conductorWith(byId(bodies)).node.run(failing())).executedNodes).toEqual(["a", "c0", "c1"]);
  });

  it("are all that began, when the error is caught", async () => {
    const result = await conductorWith(byId(bodies)).node.run(
      failing([edge("a", "g"), edge("g", "z", { sourceHandle: "error" })]),
    );
    expect(result).toMatchObject({ success: true, data: "out:z" });
    expect(result.executedNodes).toEqual(["root", "a", "g", "c0", "c1", "z"]);
    expect(Object.keys(result.outputs ?? {})).toEqual(["a", "c0", "z"]);
  });

  it("are the leaves that began, after a timeout and after a cancellation", async () => {
    const hanging = byId({ c1: () => new Promise(() => {}) });
    stopClock();
    const late = conductorWith(hanging, { timeout: 10 }).node.run(failing());
    await pass(10);
    expect((await late).error).toMatchObject({
      code: "TIMEOUT",
      nodeId: "root",
      message: "Execution timed out after 10ms",
    });
    expect((await late).executedNodes).toEqual(["a", "c0", "c1"]);
    const conductor = conductorWith(hanging);
    const run = conductor.node.run(failing(), { executionId: "run" });
    await turns();
    await conductor.node.cancel("run");
    expect((await run).executedNodes).toEqual(["a", "c0", "c1"]);
  });

  it("are not those that were skipped or disabled", async () => {
    const flow = group(
      "root",
      [leaf("a"), leaf("off", { parameters: { enabled: false } }), leaf("caught"), leaf("after"), leaf("z")],
      [edge("a", "off"), edge("off", "z"), edge("a", "caught", { sourceHandle: "error" }), edge("caught", "after")],
    );
    const result = await conductorWith(byId({ z: ({ input }) => input.default })).node.run(flow);
    expect(result).toMatchObject({ success: true, data: "out:a" });
    expect(result.executedNodes).toEqual(["root", "a", "z"]);
  });
});
