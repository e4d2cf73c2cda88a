/** Executions that outlast the process that began them. */
import { describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { longFlow, memory, Process, World } from "./world.js";

const shop = () =>
  group(
    "shop",
    [leaf("see", { type: "read" }), leaf("buy", { type: "pay" }), leaf("tell", { type: "pure" })],
    [edge("see", "buy"), edge("buy", "tell")],
  );

describe("an execution that is kept", () => {
  it("has the result and the outputs of one that is not", async () => {
    const { conductor, store } = new Process(new World(), memory());
    const result = await conductor.node.run(shop() as never, { executionId: "one" });
    expect(result.error).toBeUndefined();
    expect(result.data).toEqual({ node: "tell", of: { default: { paid: "one/buy" } } });
    expect(await store.get("one")).toMatchObject({ status: "completed", flowId: "shop", sequence: expect.any(Number) });
  });

  it("is answered with what it gave when it is begun once more under its id, and nothing is done again", async () => {
    const world = new World();
    const { conductor } = new Process(world, memory());
    const first = await conductor.node.run(shop() as never, { executionId: "one" });
    const second = await conductor.node.run(shop() as never, { executionId: "one" });
    expect(second.data).toEqual(first.data);
    expect(second.outputs).toEqual(first.outputs);
    expect(second.trace?.events.length).toBe(first.trace?.events.length);
    expect(world.deeds).toHaveLength(1);
  });

  it("is on disk before a node that writes to the world starts", async () => {
    const world = new World();
    const store = memory();
    const one = new Process(world, store, 0, true);
    void one.conductor.node.run(shop() as never, { executionId: "one" });
    await one.death;
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.deeds).toEqual([]);
  });
});

describe("an execution whose process crashed", () => {
  const points = Array.from({ length: 60 }, (_, point) => point);
  it.each([
    ["before", true],
    ["after", false],
  ])("goes on from every point, crashed %s a write", async (_, before) => {
    let finished = 0;
    const undisturbed = new World();
    const whole = await new Process(undisturbed, memory()).conductor.node.run(longFlow() as never, {
      executionId: "long",
    });
    expect(whole.error).toBeUndefined();
    for (const point of points) {
      const world = new World();
      const store = memory();
      const one = new Process(world, store, point, before);
      const run = one.conductor.node.run(longFlow() as never, { executionId: "long" });
      const ended = await Promise.race([run, one.death.then(() => undefined)]);
      if (ended !== undefined) {
        finished++;
        break;
      }
      const two = new Process(world, memory(store));
      const { resumed, blocked } = await two.conductor.recover();
      expect(blocked).toEqual([]);
      // Before the first write nothing is known of it.
      const result =
        (await resumed[0]?.result) ?? (await two.conductor.node.run(longFlow() as never, { executionId: "long" }));
      expect(result.error, `crashed at write ${point}`).toBeUndefined();
      expect(world.keysWithTwoInputs(), `crashed at write ${point}`).toEqual([]);
      expect(world.steps()).toEqual(undisturbed.steps());
      expect((await two.store.get("long"))?.status).toBe("completed");
      const records = await two.store.records("long");
      expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_, index) => index + 1));
      // What was recorded leads to the same end once more.
      const again = await two.conductor.node.run(longFlow() as never, { executionId: "long" });
      expect(again.data).toEqual(result.data);
      expect(again.outputs).toEqual(result.outputs);
    }
    expect(finished, "the points reach beyond the end").toBe(1);
  });
});
