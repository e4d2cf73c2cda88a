import { describe, expect, it } from "vitest";
import { byId, chain, conductorWith, diamond, HeldNodes, leaf, turns } from "./flows";

describe("the store during a run", () => {
  it("follows each node through its states", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const states = () => [...conductor.node.store.getState().nodes.values()].map(({ state }) => state);
    const run = conductor.node.run(chain(2));
    await turns();
    expect(states()).toEqual(["executing", "pending"]);
    await held.finish("n1");
    expect(states()).toEqual(["completed", "executing"]);
    await held.finish("n2");
    await run;
    expect(states()).toEqual(["completed", "completed"]);
  });

  it("is filled during the call", () => {
    const conductor = conductorWith();
    const run = conductor.node.run(diamond());
    expect([...conductor.node.store.getState().nodes.keys()]).toEqual(["a", "b", "c", "d"]);
    return run;
  });

  it("is executing until the run ends", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(chain(2));
    await turns();
    await held.finish("n1");
    expect(conductor.node.store.getState()).toMatchObject({ isExecuting: true, endTime: null });
    await held.finish("n2");
    await run;
    expect(conductor.node.store.getState()).toMatchObject({
      isExecuting: false,
      endTime: expect.any(Number),
    });
  });

  it("lists a leaf that is run by itself", async () => {
    const conductor = conductorWith();
    await conductor.node.run(leaf("a"));
    expect([...conductor.node.store.getState().nodes.keys()]).toEqual(["a"]);
  });

  it("lists the children of a group, not the group", async () => {
    const conductor = conductorWith();
    await conductor.node.run(chain(3));
    expect([...conductor.node.store.getState().nodes.keys()]).toEqual(["n1", "n2", "n3"]);
  });

  it("leaves nodes after a failure pending", async () => {
    const conductor = conductorWith(
      byId({
        n2: () => {
          throw new Error("boom");
        },
      }),
    );
    await conductor.node.run(chain(3));
    expect([...conductor.node.store.getState().nodes.values()].map(({ state }) => state)).toEqual([
      "completed",
      "error",
      "pending",
    ]);
  });

  it("shows the run that started last, and keeps its functions", async () => {
    const conductor = conductorWith();
    const { node } = conductor;
    const { setNodeProgress } = node.store;
    await node.run(leaf("first"));
    await node.run(leaf("second"));
    expect([...node.store.getState().nodes.keys()]).toEqual(["second"]);
    expect(node.store.setNodeProgress).toBe(setNodeProgress);
    setNodeProgress("second", 50);
    expect(node.store.getState().nodes.get("second")?.progress).toBe(50);
  });

  it("tells subscribers of all runs", async () => {
    const conductor = conductorWith();
    const seen = new Set<string>();
    conductor.node.store.subscribe((state) => {
      for (const id of state.nodes.keys()) seen.add(id);
    });
    await conductor.node.run(leaf("first"));
    await conductor.node.run(leaf("second"));
    expect(seen).toEqual(new Set(["first", "second"]));
  });

  it("offers the trace of the run", async () => {
    const conductor = conductorWith();
    const result = await conductor.node.run(leaf("a"), { executionId: "exec_1" });
    expect(conductor.node.store.getTrace()).toEqual(result.trace);
    conductor.node.store.reset();
    expect(conductor.node.store.getTrace()?.events ?? []).toEqual([]);
  });
});
