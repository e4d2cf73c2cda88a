/** Outputs that were taken again in executions that outlast their process. */
import { describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { memory, Process, World } from "../durable/world.js";

const cache = { ttl: "1h" };
const flow = () =>
  group(
    "f",
    [leaf("see", { type: "read", policy: { cache } }), leaf("buy", { type: "pay" }), leaf("tell", { type: "pure" })],
    [edge("see", "buy"), edge("buy", "tell")],
  );

describe("a durable run that took an output again", () => {
  it("records it like any other, and says so when it is looked at later", async () => {
    const world = new World();
    const store = memory();
    const { conductor } = new Process(world, store);
    const first = await conductor.node.run(flow() as never, { executionId: "one" });
    const second = await conductor.node.run(flow() as never, { executionId: "two" });
    expect(second.outputs?.see).toBe(first.outputs?.see);
    expect(second.trace?.nodes.map(({ cached }) => cached)).toEqual([1, undefined, undefined]);
    const looked = await conductor.executions.trace("two");
    expect(looked.nodes.map(({ cached }) => cached)).toEqual([1, undefined, undefined]);
    // The record holds it: the cache is not asked again.
    await store.cache.clear();
    expect(await conductor.executions.value("two", "see")).toBe(first.outputs?.see);
  });

  it("is killed after a hit, and goes on with what it took", async () => {
    for (let point = 0; ; point++) {
      const world = new World();
      const store = memory();
      await new Process(world, store).conductor.node.run(flow() as never, { executionId: "before" });
      const seen = world.read();
      const one = new Process(world, memory(store), { crashAt: point });
      const run = one.conductor.node.run(flow() as never, { executionId: "one" });
      const ended = await Promise.race([run, one.death.then(() => undefined)]);
      if (ended !== undefined) {
        expect(point).toBeGreaterThan(1);
        break;
      }
      // What it took is what it goes on with, whatever became of the cache.
      await store.cache.clear();
      const two = new Process(world, memory(store));
      const { resumed } = await two.conductor.recover();
      const result = await resumed[0]?.result;
      if (result === undefined) continue;
      expect(result.error, `crashed at write ${point}`).toBeUndefined();
      const isRecorded = world.deeds.some(({ key }) => key === "one/buy") || result.outputs?.see === seen - 1;
      if (isRecorded) expect(result.outputs?.see, `crashed at write ${point}`).toBe(seen - 1);
      expect(world.keysWithTwoInputs(), `crashed at write ${point}`).toEqual([]);
      expect(world.deeds.filter(({ key }) => key === "one/buy").length).toBeLessThanOrEqual(2);
    }
  });

  it("does not do again what a key says was done", async () => {
    const world = new World();
    const { conductor } = new Process(world, memory());
    const pay = () => group("g", [leaf("buy", { type: "pay", policy: { cache: { key: "order ${{ input.id }}" } } })]);
    for (const id of [1, 1, 2, 1]) await conductor.node.run(pay() as never, { input: { id } });
    expect(world.deeds).toHaveLength(2);
  });
});
