/** Executions that outlast the process that began them. */
import { createConductor } from "@atomiton/conductor/desktop";
import { describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { memory, Process, World } from "./world.js";

const shop = () =>
  group(
    "shop",
    [leaf("see", { type: "read" }), leaf("buy", { type: "pay" }), leaf("tell", { type: "pure" })],
    [edge("see", "buy"), edge("buy", "tell")],
  );

describe("an execution that is kept", () => {
  it("says what an execution is named by, whichever call is given something else", async () => {
    const { conductor } = new Process(new World(), memory());
    const { executions } = conductor;
    const calls = ["get", "trace", "value", "logs", "export", "resume", "cancel", "fork", "diff", "result"] as const;
    for (const call of calls) {
      for (const id of [undefined, null, 3, "", {}]) {
        const asked = (executions[call] as (id: unknown) => Promise<unknown>)(id);
        await expect(asked, `${call}(${String(id)})`).rejects.toMatchObject({
          code: "INVALID_PARAMETERS",
          message: expect.stringContaining("named by its id"),
        });
      }
    }
  });

  it("warns of a flow that runs but is not kept, with the problem that it has", async () => {
    const { conductor, store } = new Process(new World(), memory());
    const flow = group("odd", [leaf("a", { type: "read" }), leaf("b", { type: "read" })], [edge("a", "b")]);
    (flow.edges as { id: unknown }[]).forEach((each, index) => {
      each.id = index;
    });
    const { success, warnings } = await conductor.node.run(flow as never, { executionId: "odd" });
    expect(success).toBe(true);
    expect(await store.get("odd")).toBeUndefined();
    expect(warnings).toMatchObject([
      { rule: "not-kept", message: expect.stringContaining("Expected a string, found a number") },
    ]);
  });

  it("keeps a flow whose name is no text, and all others beside it", async () => {
    const { conductor, store } = new Process(new World(), memory());
    const named = { ...group("named", [leaf("a", { type: "read" })]), name: 3 };
    await Promise.all([
      conductor.node.run(named as never, { executionId: "one" }),
      conductor.node.run(group("other", [leaf("a", { type: "read" })]) as never, { executionId: "two" }),
    ]);
    expect(await store.get("one")).toMatchObject({ status: "completed", name: "3" });
    expect(await store.get("two")).toMatchObject({ status: "completed" });
  });

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

  it("says that another flow or input counts than the one given with its id", async () => {
    const store = memory();
    const { conductor } = new Process(new World(), store);
    const first = await conductor.node.run(shop() as never, { executionId: "one", input: { day: 1 } });
    expect(first.warnings).toBeUndefined();
    const same = await conductor.node.run(shop() as never, { executionId: "one", input: { day: 1 } });
    expect(same.warnings).toBeUndefined();
    const other = { ...shop(), name: "Another" };
    const second = await conductor.node.run(other as never, { executionId: "one", input: { day: 2 } });
    expect(second.data).toEqual(first.data);
    expect(second.warnings).toEqual([
      { rule: "began-otherwise", nodeId: "shop", message: expect.stringContaining("with another flow and input") },
    ]);
  });

  it("is on disk before a node that writes to the world starts", async () => {
    const world = new World();
    const store = memory();
    const one = new Process(world, store, { crashAt: 0 });
    void one.conductor.node.run(shop() as never, { executionId: "one" });
    await one.death;
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.deeds).toEqual([]);
  });
});

describe("mistakes", () => {
  it("are told where an output of a node is asked for that the flow does not have", async () => {
    const { conductor } = new Process(new World(), memory());
    await conductor.node.run(shop() as never, { executionId: "one" });
    const { executions } = conductor;
    await expect(executions.value("one", "sea")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    await expect(executions.value("one", "sea")).rejects.toThrow("has no node `sea`");
    expect(await executions.value("one", "see")).toBe(1);
  });

  it("are told where executions are to be deleted by something else than a list of ids", async () => {
    const { conductor } = new Process(new World(), memory());
    await conductor.node.run(shop() as never, { executionId: "one" });
    await expect(conductor.executions.delete("one" as never)).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
    expect(await conductor.executions.delete(["one"])).toBe(1);
  });

  it("are told where an execution is to go on that is over", async () => {
    const { conductor } = new Process(new World(), memory());
    await conductor.node.run(shop() as never, { executionId: "one" });
    await expect(conductor.executions.resume("one")).rejects.toThrow(
      /^The execution one is over: it completed\. .*`conductor executions fork one`$/,
    );
    await expect(conductor.executions.resume("two")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
  });

  it.each(["foo:bar", "sqlite:", "indexeddb:pages", 5, {}])(
    "are told at once of a store %j that does not exist here",
    (store) => {
      const make = () => createConductor({ store: store as never });
      expect(make).toThrow(expect.objectContaining({ code: "INVALID_PARAMETERS" }));
    },
  );
});

describe("an execution that runs another flow", () => {
  const inner = group("inner", [leaf("see", { type: "read" }), leaf("buy", { type: "pay" })], [edge("see", "buy")]);
  const outer = group(
    "outer",
    [leaf("pay", { type: "pay" }), leaf("sub", { type: "sub" }), leaf("end", { type: "pay" })],
    [edge("pay", "sub"), edge("sub", "end")],
  );

  it("does not do again what the other flow did", async () => {
    for (let point = 0; point < 30; point++) {
      const world = new World();
      const store = memory();
      const start = async (shared: typeof store, crashAt?: number) => {
        const found = new Process(world, shared, crashAt === undefined ? {} : { crashAt });
        await found.conductor.storage.saveFlow(inner as never);
        return found;
      };
      const one = await start(store, point);
      const run = one.conductor.node.run(outer as never, { executionId: "outer" });
      if ((await Promise.race([run, one.death.then(() => undefined)])) !== undefined) {
        expect(point).toBeGreaterThan(3);
        return;
      }
      const two = await start(memory(store));
      const { resumed } = await two.conductor.recover();
      const result =
        (await resumed[0]?.result) ?? (await two.conductor.node.run(outer as never, { executionId: "outer" }));
      expect(result.error, `crashed at write ${point}`).toBeUndefined();
      expect(world.keysWithTwoInputs(), `crashed at write ${point}`).toEqual([]);
      // One step at the most was in flight.
      expect(world.deeds.length).toBeLessThanOrEqual(4);
      expect(world.steps().size).toBe(3);
    }
    expect.unreachable("no point is beyond the end");
  });
});

describe("a conductor with a store", () => {
  it("leaves unfinished executions to others when it is shut down", async () => {
    const world = new World();
    const store = memory();
    const one = new Process(world, store);
    const run = one.conductor.node.run(
      group("wait", [leaf("pay", { type: "pay" }), leaf("never", { type: "never" })], [edge("pay", "never")]) as never,
      { executionId: "wait" },
    );
    while (world.deeds.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await one.conductor.shutdown();
    expect((await run).error?.code).toBe("CANCELLED");
    expect(await store.get("wait")).toMatchObject({ status: "running" });
    const two = new Process(world, memory(store));
    const { resumed } = await two.conductor.recover();
    expect(resumed.map(({ executionId, flowId }) => ({ executionId, flowId }))).toEqual([
      { executionId: "wait", flowId: "wait" },
    ]);
    await two.conductor.node.cancel("wait");
    expect((await resumed[0]?.result)?.error?.code).toBe("CANCELLED");
    expect(await store.get("wait")).toMatchObject({ status: "cancelled" });
    expect(world.deeds).toHaveLength(1);
  });

  it("blocks an execution of which a node type is gone, and goes on when it is back", async () => {
    const world = new World();
    const store = memory();
    const one = new Process(world, store, { crashAt: 1 });
    void one.conductor.node.run(shop() as never, { executionId: "one" });
    await one.death;
    const without = new Process(world, memory(store), {
      config: { nodeExecutorFactory: { getNodeExecutable: () => undefined } },
    });
    const { resumed, blocked } = await without.conductor.recover();
    expect(resumed).toEqual([]);
    expect(blocked).toEqual([{ executionId: "one", reason: "No implementation found for node type: read" }]);
    expect(await store.get("one")).toMatchObject({ status: "blocked", reason: blocked[0]?.reason });
    const { conductor } = new Process(world, memory(store));
    const [again] = (await conductor.recover()).resumed;
    expect((await again?.result)?.error).toBeUndefined();
    expect(await store.get("one")).toMatchObject({ status: "completed" });
    expect(await store.get("one")).not.toHaveProperty("reason");
    expect(world.steps()).toEqual(new Set(["one/buy"]));
  });

  it("fails a node whose output cannot be kept, and says which part of it", async () => {
    const { conductor } = new Process(new World(), memory(), {
      config: {
        nodeExecutorFactory: { getNodeExecutable: () => ({ execute: () => ({ rows: [{ parse: () => {} }] }) }) },
      },
    });
    const { error } = await conductor.node.run(leaf("one") as never);
    expect(error).toMatchObject({ code: "SERIALIZATION_FAILED", nodeId: "one" });
    expect(error?.message).toContain('["rows"][0]["parse"] is a function');
  });

  it("looks back at an execution that is under way", async () => {
    const world = new World();
    const store = memory();
    const one = new Process(world, store, { crashAt: 1 });
    void one.conductor.node.run(shop() as never, { executionId: "one" });
    await one.death;
    const { conductor } = new Process(world, memory(store));
    expect(await conductor.executions.value("one", "see")).toBe(1);
    expect((await conductor.executions.trace("one")).nodes.map(({ nodeId }) => nodeId)).toContain("see");
    expect(await conductor.executions.list({ flowId: "shop" })).toMatchObject({ executions: [{ id: "one" }] });
    await expect(conductor.executions.get("two")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    expect(world.deeds.length).toBeLessThanOrEqual(1);
  });
});
