/** That a store, a trace and the times of a result tell what happened, also where nodes run ahead of the engine. */
import { createConductor } from "@atomiton/conductor/desktop";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backend } from "../src/engine/backend";
import { byId, chain, conductorOver, conductorWith, group, leaf, type Params } from "./contract/flows";

let before = 0;
beforeEach(() => {
  before = backend().openRuns();
});
afterEach(() => {
  expect(backend().openRuns() - before, "runs left open in the engine").toBe(0);
});

const conductorOf = (execute: (params: Params) => unknown, config = {}) =>
  conductorOver({ getNodeExecutable: () => ({ execute }) }, config);

describe("how long a node took", () => {
  let now = 0;
  const compute = (ms: number) => {
    now += ms;
  };

  beforeEach(() => {
    now = 1000;
    vi.spyOn(performance, "now").mockImplementation(() => now);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ["answers at once", () => compute(20)],
    ["answers with a promise", async () => compute(20)],
    [
      "answers later",
      async () => {
        await undefined;
        compute(20);
      },
    ],
  ])("is told for each one that %s", async (_, execute) => {
    const { trace, duration } = await conductorOf(execute).node.run(chain(4));
    expect(trace?.nodes.map(({ duration }) => duration)).toEqual([20, 20, 20, 20]);
    expect(duration).toBe(80);
  });
});

describe("the end of a run", () => {
  it.each([
    ["succeeds", {}, undefined],
    [
      "fails in the middle",
      {
        n3: () => {
          throw new Error("three");
        },
      },
      "three",
    ],
    [
      "fails late in the middle",
      {
        n3: async () => {
          await undefined;
          throw new Error("three");
        },
      },
      "three",
    ],
  ])("that %s looks the same in store, trace, events and result, watched or not", async (_, bodies, message) => {
    const looks: unknown[] = [];
    for (const watched of [false, true]) {
      const conductor = conductorWith(byId(bodies as never), {});
      if (watched) conductor.node.store.subscribe(() => {});
      const result = await conductor.node.run(chain(5));
      expect(result.error?.message).toBe(message);
      const state = conductor.node.store.getState();
      expect(state.isExecuting).toBe(false);
      expect(state.endTime).not.toBeNull();
      const nodes = [...state.nodes.values()];
      expect(result.trace?.nodes.map(({ state }) => state)).toEqual(nodes.map(({ state }) => state));
      // How far a node was shown to be when it failed depends on how long it took, and on who looked.
      const isFailed = (state: string) => state === "error";
      if (message === undefined) expect(state.cachedProgress).toBe(100);
      looks.push([
        result.executedNodes,
        nodes.map(({ id, state, progress, error }) => [id, state, isFailed(state) ? "failed" : progress, error]),
      ]);
    }
    expect(looks[0]).toEqual(looks[1]);
  });

  it("shows a group whose error was caught inside the flow as failed, with the error", async () => {
    const flow = group(
      "root",
      [group("g", [leaf("bad"), leaf("never")], [{ id: "e", source: "bad", target: "never" }]), leaf("z")],
      [{ id: "e", source: "g", target: "z", sourceHandle: "error" }],
    );
    const conductor = conductorWith(
      byId({
        bad: () => {
          throw new Error("no");
        },
      }),
    );
    const result = await conductor.node.run(flow);
    expect(result.success).toBe(true);
    expect(conductor.node.store.getState().nodes.get("g")).toMatchObject({ state: "error", error: "no" });
    expect(Object.keys(result.outputs ?? {})).toEqual(["z"]);
  });
});

describe("progress that an executable reports while nodes run ahead", () => {
  it("belongs to its node", async () => {
    const seen: unknown[] = [];
    const conductor = conductorWith(async ({ nodeId, progress }) => {
      await undefined;
      progress(40, `at ${nodeId}`);
      const node = conductor.node.store.getState().nodes.get(nodeId);
      seen.push([node?.state, node?.progress, node?.message]);
      return nodeId;
    });
    await conductor.node.run(chain(3));
    expect(seen).toEqual(["n1", "n2", "n3"].map((id) => ["executing", 40, `at ${id}`]));
  });

  it("is refused in words that are none, without hurting the run", async () => {
    const conductor = conductorWith(({ progress }) => {
      for (const odd of [Number.NaN, -5, 500, "40", null, undefined]) progress(odd as number, odd as string);
      return 1;
    });
    expect(await conductor.node.run(chain(2))).toMatchObject({ success: true });
  });
});

describe("a retry", () => {
  it("while others run ahead around it gets the same input and the next attempt", async () => {
    const attempts: unknown[] = [];
    const conductor = conductorWith(
      async ({ nodeId, attempt, input, idempotencyKey }) => {
        if (nodeId !== "n3") return nodeId;
        attempts.push([attempt, input, idempotencyKey]);
        if (attempt < 3) throw new Error("again");
        return "third";
      },
      { maxRetries: 2, retryDelay: 1 },
    );
    const result = await conductor.node.run(chain(5), { executionId: "run" });
    expect(result).toMatchObject({ success: true, outputs: { n3: "third", n5: "n5" } });
    expect(attempts).toEqual([1, 2, 3].map((attempt) => [attempt, { default: "n2" }, "run/n3"]));
  });
});

describe("all nodes as a progress event tells them", () => {
  it("shows nodes that are over as over", async () => {
    const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute: () => 1 }) } });
    const nodes = ["a", "b"].map((id) => ({ id, type: "x" }));
    const { trace } = await conductor.node.run({
      id: "g",
      type: "group",
      nodes,
      edges: [{ source: "a", target: "b" }],
    });
    const last = trace?.events.findLast(({ type }) => type === "progress")?.data as { allNodes: { state: string }[] };
    expect(last.allNodes).toMatchObject([
      { id: "a", state: "completed", progress: 100 },
      { id: "b", state: "executing", progress: 100 },
    ]);
  });
});

describe("the first state of a run", () => {
  it("says when the run began", async () => {
    const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute: () => 1 }) } });
    const times: unknown[] = [];
    conductor.events.onProgress(({ startTime }) => times.push(startTime));
    await conductor.node.run({ id: "a", type: "x" });
    expect(times.length).toBeGreaterThan(1);
    for (const time of times) expect(Number.isInteger(time)).toBe(true);
  });
});
