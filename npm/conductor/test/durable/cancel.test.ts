/** Executions that are ended without being gone on with, and room that is given back. */
import type { StoredExecution } from "@atomiton/storage";
import { describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { memory, Process, World } from "./world.js";

const shop = () => group("shop", [leaf("see", { type: "read" }), leaf("buy", { type: "pay" })], [edge("see", "buy")]);

describe("cancelling an execution of the store", () => {
  it("ends one that no process has, and does nothing more for it", async () => {
    const world = new World();
    const store = memory();
    const one = new Process(world, store, { crashAt: 1 });
    void one.conductor.node.run(shop() as never, { executionId: "one" });
    await one.death;
    const before = world.deeds.length;
    const two = new Process(world, memory(store));
    await two.conductor.executions.cancel("one");
    const row = await two.conductor.executions.get("one");
    expect(row).toMatchObject({ status: "cancelled", endedAt: expect.any(Number) });
    expect(JSON.parse(row.error ?? "")).toMatchObject({ code: "CANCELLED" });
    expect(await two.conductor.recover()).toMatchObject({ resumed: [], blocked: [], paused: [] });
    // Begun again under its id, it is answered with how it ended.
    const again = await two.conductor.node.run(shop() as never, { executionId: "one" });
    expect(again).toMatchObject({ success: false, error: { code: "CANCELLED" } });
    expect(world.deeds).toHaveLength(before);
    const replay = await two.conductor.executions.replay("one");
    expect(replay.at(replay.length).kind).toBe("cancelled");
    await expect(two.conductor.executions.cancel("one")).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("is over: cancelled"),
    });
  });

  /** A store with an execution `two` of which nothing is recorded but that it began. */
  async function begun() {
    const world = new World();
    const store = memory();
    const one = new Process(world, store);
    await one.conductor.node.run(shop() as never, { executionId: "one" });
    const { flowId, name, documentHash, trigger, tags, startedAt } = (await store.get("one")) as StoredExecution;
    const made = (await store.begun("one")) as { document: string; head: Uint8Array };
    const execution = { ...made, id: "two", flowId, name, documentHash, trigger, tags, startedAt };
    await store.write([{ type: "begin", execution }]);
    one.crash();
    return { world, store, startedAt };
  }

  it("looks at one that has only begun without carrying it out", async () => {
    const { world, store, startedAt } = await begun();
    const before = world.deeds.length;
    const { conductor } = new Process(world, memory(store));
    const { nodes, ...trace } = await conductor.executions.trace("two");
    expect([trace.startTime, nodes.map(({ state }) => state)]).toEqual([startedAt, ["pending", "pending"]]);
    expect(await conductor.executions.value("two", "see")).toBeUndefined();
    const replay = await conductor.executions.replay("two");
    expect([replay.length, replay.status]).toEqual([0, "running"]);
    expect(world.deeds).toHaveLength(before);
  });

  it("remembers how one ended that was cancelled as soon as it was run", async () => {
    const world = new World();
    const { conductor, store } = new Process(world, memory());
    for (let turns = 0; turns < 12; turns++) {
      const executionId = `early-${turns}`;
      const result = conductor.node.run(shop() as never, { executionId });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await conductor.node.cancel(executionId as never);
      expect((await result).error).toMatchObject({ code: "CANCELLED" });
      expect((await store.get(executionId))?.status).toBe("cancelled");
      const deeds = world.deeds.length;
      const again = await conductor.node.run(shop() as never, { executionId });
      expect(again.error).toMatchObject({ code: "CANCELLED" });
      expect(world.deeds).toHaveLength(deeds);
    }
  });

  it.each(["node", "executions"] as const)("ends one that has only begun, by %s.cancel", async (by) => {
    const { world, store } = await begun();
    const before = world.deeds.length;
    const two = new Process(world, memory(store));
    await two.conductor[by].cancel("two" as never);
    expect((await store.get("two"))?.status).toBe("cancelled");
    const again = await two.conductor.node.run(shop() as never, { executionId: "two" });
    expect(again.error).toMatchObject({ code: "CANCELLED" });
    expect(world.deeds).toHaveLength(before);
  });

  it("ends the executions that are parts of it", async () => {
    const world = new World();
    const store = memory();
    const one = new Process(world, store);
    const flow = group("outer", [leaf("sub", { type: "sub" })]);
    await one.conductor.storage.saveFlow(group("inner", [leaf("wait", { type: "never" })]) as never);
    void one.conductor.node.run(flow as never, { executionId: "outer" });
    while ((await store.list()).executions.length < 2) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    one.crash();
    const two = new Process(world, memory(store));
    await two.conductor.executions.cancel("outer");
    const { executions } = await two.conductor.executions.list();
    expect(executions.map(({ status }) => status)).toEqual(["cancelled", "cancelled"]);
  });

  it("says that another process has it", async () => {
    const store = memory();
    const one = new Process(new World(), store);
    void one.conductor.node.run(group("open", [leaf("wait", { type: "never" })]) as never, { executionId: "open" });
    while ((await store.get("open")) === undefined) await new Promise((resolve) => setImmediate(resolve));
    const two = new Process(new World(), memory(store));
    await expect(two.conductor.executions.cancel("open")).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("under way in another process: cancel it there"),
    });
    await one.conductor.executions.cancel("open");
    while ((await store.get("open"))?.status === "running") await new Promise((resolve) => setImmediate(resolve));
    expect((await store.get("open"))?.status).toBe("cancelled");
    await expect(two.conductor.executions.cancel("none")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
  });
});

describe("vacuum", () => {
  it("deletes what the rules name, and nothing without rules", async () => {
    const { conductor, store } = new Process(new World(), memory());
    for (const id of ["one", "two", "three"]) await conductor.node.run(shop() as never, { executionId: id });
    expect(await conductor.executions.vacuum()).toMatchObject({ deleted: 0 });
    const done = await conductor.executions.vacuum({ keepPerFlow: 1 });
    expect(done.deleted).toBe(2);
    expect(done.bytesAfter).toBeLessThan(done.bytesBefore);
    expect((await store.list()).executions.map(({ id }) => id)).toEqual(["three"]);
  });
});
