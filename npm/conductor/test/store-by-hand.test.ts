/** A store whose methods are called while a run is shown. */
import { createConductor } from "@atomiton/conductor/desktop";
import { describe, expect, it } from "vitest";
import { chain, HeldNodes } from "./contract/flows";

function running() {
  const held = new HeldNodes();
  const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute: held.body }) } });
  const run = conductor.node.run(chain(2));
  return { held, store: conductor.node.store, run };
}

describe("a change by hand during a run", () => {
  it("is seen until the run goes on", async () => {
    const { held, store, run } = running();
    store.setNodeProgress("n1", 42, "by hand");
    expect(store.getState().nodes.get("n1")).toMatchObject({ progress: 42, message: "by hand" });
    await held.finish("n1");
    expect(store.getState().nodes.get("n1")).toMatchObject({ state: "completed", progress: 100 });
    expect(store.getState().isExecuting).toBe(true);
    await held.finish("n2");
    await run;
    expect(store.getState()).toMatchObject({ isExecuting: false, cachedProgress: 100 });
  });

  it("does not end what subscribers hear of the run", async () => {
    const { held, store, run } = running();
    const heard: number[] = [];
    store.subscribe(({ cachedProgress }) => heard.push(cachedProgress));
    store.setNodeProgress("n1", 42);
    await held.finish("n1");
    await held.finish("n2");
    await run;
    expect(heard.at(-1)).toBe(100);
  });

  it("by reset lets go of the run", async () => {
    const { held, store, run } = running();
    store.reset();
    await held.finish("n1");
    await held.finish("n2");
    await run;
    expect(store.getState().nodes.size).toBe(0);
  });
});

describe("a factory that is given as undefined", () => {
  it("leaves the node library in place", async () => {
    const conductor = createConductor({ nodeExecutorFactory: undefined });
    const result = await conductor.node.run({ id: "a", type: "edit-fields", parameters: { values: { x: 1 } } });
    expect(result.data).toMatchObject({ result: { x: 1 } });
  });
});
