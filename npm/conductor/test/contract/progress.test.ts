import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Conductor,
  chain,
  conductorWith,
  type GraphState,
  group,
  HeldNodes,
  independent,
  leaf,
  nested,
  nodeIn,
  stopClock,
  turns,
} from "./flows";

// What runs has progress by the clock as well.
beforeEach(stopClock);
afterEach(() => {
  vi.useRealTimers();
});

const weigh = async (type: string) => {
  const conductor = conductorWith();
  await conductor.node.run(leaf("a", { type }));
  const state = conductor.node.store.getState();
  return [state.nodes.get("a")?.weight, state.totalWeight];
};

describe("the weight of a node", () => {
  it.each([
    ["httpRequest", 500],
    ["email", 800],
    ["fileRead", 100],
    ["fileWrite", 200],
    ["database", 300],
    ["edit-fields", 80],
    ["transform", 50],
    ["file-system", 200],
    ["condition", 10],
    ["loop", 20],
    ["delay", 1000],
    ["http-request", 500],
    ["image", 300],
    ["shell-command", 300],
    ["spreadsheet", 200],
    ["parallel", 100],
  ])("of type %s is %d", async (type, weight) => {
    expect(await weigh(type)).toEqual([weight, weight]);
  });

  it.each(["anything", "constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"])(
    "of the unknown type %s is 100",
    async (type) => {
      expect(await weigh(type)).toEqual([100, 100]);
    },
  );

  it("of a nested group is the sum of its children", async () => {
    const conductor = conductorWith();
    await conductor.node.run(
      group("root", [
        leaf("a", { type: "transform" }),
        group("inner", [
          leaf("b", { type: "http-request" }),
          group("innermost", [leaf("c", { type: "email" }), leaf("d")]),
        ]),
      ]),
    );
    const state = conductor.node.store.getState();
    expect(state.nodes.get("inner")?.weight).toBe(500 + 800 + 100);
    expect(state.totalWeight).toBe(50 + 500 + 800 + 100);
  });
});

describe("overall progress", () => {
  const overall = (conductor: Conductor) => conductor.node.store.getState().cachedProgress;

  it("counts finished nodes by weight, rounded", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(independent("a", "b", "c"));
    await turns();
    expect(overall(conductor)).toBe(0);
    await held.finish("a");
    expect(overall(conductor)).toBe(33);
    await held.finish("b");
    expect(overall(conductor)).toBe(67);
    await held.finish("c");
    await run;
    expect(overall(conductor)).toBe(100);
  });

  it("counts heavy nodes more", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(
      group("root", [leaf("a", { type: "http-request" }), leaf("b"), leaf("c", { type: "loop" })]),
    );
    await turns();
    await held.finish("a");
    expect(overall(conductor)).toBe(81);
    await held.finish("b");
    expect(overall(conductor)).toBe(97);
    await held.finish("c");
    await run;
  });

  it("counts a running node by what it reports", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(chain(4));
    await turns();
    await held.finish("n1");
    held.params.get("n2")?.progress(50, "half way");
    expect(overall(conductor)).toBe(38);
    expect(conductor.node.store.getState().nodes.get("n2")).toMatchObject({
      state: "executing",
      progress: 50,
      message: "half way",
    });
    for (const id of ["n2", "n3", "n4"]) await held.finish(id);
    await run;
  });

  it.each([
    [-10, 0],
    [130, 100],
    [12.5, 12.5],
  ])("takes a report of %d as %d", async (given, kept) => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(leaf("a"));
    await turns();
    held.params.get("a")?.progress(given);
    expect(conductor.node.store.getState().nodes.get("a")?.progress).toBe(kept);
    await held.finish("a");
    await run;
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, "70", null, undefined])(
    "stays a number from 0 to 100 when a node reports %s",
    async (given) => {
      const held = new HeldNodes();
      const conductor = conductorWith(held.body);
      const run = conductor.node.run(leaf("a"));
      await turns();
      try {
        held.params.get("a")?.progress(given as number);
      } catch {
        // A refusal is as good as ignoring it.
      }
      expect(overall(conductor)).toBeGreaterThanOrEqual(0);
      expect(overall(conductor)).toBeLessThanOrEqual(100);
      await held.finish("a");
      expect(await run).toMatchObject({ success: true });
    },
  );

  it("ignores reports of a node that has finished", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(chain(2));
    await turns();
    const first = held.params.get("n1");
    await held.finish("n1");
    first?.progress(10, "too late");
    expect(conductor.node.store.getState().nodes.get("n1")).toMatchObject({
      state: "completed",
      progress: 100,
    });
    expect(overall(conductor)).toBe(50);
    await held.finish("n2");
    await run;
    first?.progress(20, "far too late");
    expect(overall(conductor)).toBe(100);
  });

  it("ends with the message Complete on each node", async () => {
    const conductor = conductorWith();
    await conductor.node.run(chain(2));
    expect([...conductor.node.store.getState().nodes.values()].map(({ message }) => message)).toEqual([
      "Complete",
      "Complete",
    ]);
  });
});

describe("a group inside a flow", () => {
  const begin = async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(nested());
    await turns();
    return { held, run, state: () => conductor.node.store.getState() };
  };

  it("has a state of its own", async () => {
    const { held, run, state } = await begin();
    expect(state().nodes.get("inner")?.state).toBe("pending");
    await held.finish("a");
    expect(state().nodes.get("inner")?.state).toBe("executing");
    await held.finish("c1");
    expect(state().nodes.get("inner")?.state).toBe("executing");
    await held.finish("c2");
    expect(state().nodes.get("inner")).toMatchObject({ state: "completed", progress: 100 });
    await held.finish("z");
    await run;
  });

  it("has the progress of its children", async () => {
    const { held, run, state } = await begin();
    await held.finish("a");
    expect(state().nodes.get("inner")?.progress).toBe(0);
    await held.finish("c1");
    expect(state().nodes.get("inner")?.progress).toBe(50);
    expect(state().cachedProgress).toBe(50);
    held.params.get("c2")?.progress(50);
    expect(state().nodes.get("inner")?.progress).toBe(75);
    await held.finish("c2");
    await held.finish("z");
    await run;
    expect(state().cachedProgress).toBe(100);
  });

  it("comes before its children, which can be looked up", async () => {
    const { held, run, state } = await begin();
    expect([...state().nodes.keys()].slice(0, 3)).toEqual(["a", "inner", "z"]);
    await held.finish("a");
    expect(nodeIn(state(), "c1")).toMatchObject({ id: "c1", state: "executing" });
    expect(nodeIn(state(), "c2")).toMatchObject({ id: "c2", state: "pending" });
    for (const id of ["c1", "c2", "z"]) await held.finish(id);
    await run;
    expect(nodeIn(state(), "c2")).toMatchObject({ state: "completed", progress: 100 });
  });

  it("fails with its child", async () => {
    const { held, run, state } = await begin();
    await held.finish("a");
    await held.fail("c1", new Error("boom"));
    await run;
    expect(state().nodes.get("inner")?.state).toBe("error");
    expect(nodeIn(state(), "c1")?.state).toBe("error");
    expect(state().nodes.get("z")?.state).toBe("pending");
    expect(state().isExecuting).toBe(false);
  });

  it("is tracked five levels down", async () => {
    let flow = group("g5", [leaf("deep")]);
    for (let level = 4; level >= 1; level -= 1) flow = group(`g${level}`, [flow]);
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(flow);
    await turns();
    held.params.get("deep")?.progress(40);
    const state: GraphState = conductor.node.store.getState();
    for (const id of ["g2", "g3", "g4", "g5", "deep"]) {
      expect(nodeIn(state, id), id).toMatchObject({ state: "executing", progress: 40 });
    }
    expect(state.cachedProgress).toBe(40);
    await held.finish("deep");
    expect(await run).toMatchObject({ success: true, data: "out:deep" });
  });

  it("keeps the figures of the outer graph to the outer nodes", async () => {
    const conductor = conductorWith();
    await conductor.node.run(nested());
    const state = conductor.node.store.getState();
    expect(state.executionOrder).toEqual([["a"], ["inner"], ["z"]]);
    expect(state.edges).toEqual([
      { from: "a", to: "inner" },
      { from: "inner", to: "z" },
    ]);
    expect(state.criticalPath).toEqual(["a", "inner", "z"]);
  });
});
