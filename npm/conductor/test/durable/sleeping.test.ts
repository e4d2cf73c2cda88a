/** Executions that wait for time leave memory, and go on when it comes, in whichever process. */
import type { ExecutionStore, StoredExecution } from "@atomiton/storage";
import { describe, expect, it } from "vitest";

import { type Definition, leaf } from "../contract/flows.js";
import { crashingProcesses, isStatus, line } from "./stopped-processes.js";
import { pass } from "./stopped-time.js";
import { memory, World } from "./world.js";

const DAY = 86_400_000;
const delay = (duration: number | string, policy?: object) =>
  leaf("rest", { type: "delay", parameters: { duration }, ...(policy && { policy }) });
const pay = (id: string) => leaf(id, { type: "pay" });
const days = (policy?: object) => line("days", pay("before"), delay("3d", policy), pay("after"));

const start = crashingProcesses(line("warm", { ...delay(1), id: "rest" }));

describe("an execution that waits for time", () => {
  it("sleeps after a second, and its caller has the result when it is over", async () => {
    const world = new World();
    const store = memory();
    const { conductor } = start(world, store);
    const begun = Date.now();
    const result = conductor.node.run(days(), { executionId: "one" });
    await pass(900);
    expect(await store.get("one")).toMatchObject({ status: "running" });
    await pass(500);
    const row = await store.get("one");
    expect(row).toMatchObject({ status: "sleeping", wakeAt: expect.any(Number) });
    expect(Math.abs((row?.wakeAt as number) - (begun + 3 * DAY))).toBeLessThan(1_000);
    // No store object owns it any more.
    expect(await memory(store).claimable(begun + 4 * DAY, 10)).toEqual(["one"]);
    expect((await conductor.node.active()).map(({ executionId }) => executionId)).toEqual(["one"]);
    await pass(2.9 * DAY);
    expect(await store.get("one")).toMatchObject({ status: "sleeping" });
    await pass(0.2 * DAY);
    await isStatus(store, "one", "completed");
    const { success, trace } = await result;
    expect(success).toBe(true);
    expect(trace?.nodes.find(({ nodeId }) => nodeId === "rest")?.duration).toBeGreaterThan(2.9 * DAY);
    expect(await conductor.node.active()).toEqual([]);
    expect(world.deeds.map(({ key }) => key)).toEqual(["one/before", "one/after"]);
  });

  it("is woken by another process, on time and not before, when its own is gone", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    void one.conductor.node.run(days(), { executionId: "one" });
    await isStatus(store, "one", "sleeping");
    one.crash();
    await pass(DAY);
    const two = start(world, memory(store));
    expect(await two.conductor.recover()).toEqual({
      resumed: [],
      blocked: [],
      elsewhere: [],
      paused: [],
      sleeping: 1,
      waiting: 0,
    });
    await pass(1.9 * DAY);
    expect(world.deeds).toHaveLength(1);
    await pass(0.2 * DAY);
    await isStatus(store, "one", "completed");
    expect(world.deeds.map(({ key }) => key)).toEqual(["one/before", "one/after"]);
    expect((await two.conductor.executions.get("one")).endedAt).toBeLessThan(Date.now());
  });

  it("does not begin its delay again where its process ended in the first second", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    void one.conductor.node.run(line("days", pay("before"), delay("10s"), pay("after")), { executionId: "one" });
    await pass(800);
    one.crash();
    await pass(8_000);
    const two = start(world, memory(store));
    const { resumed } = await two.conductor.recover();
    expect(resumed).toHaveLength(1);
    await pass(1_000);
    expect(world.deeds).toHaveLength(1);
    await pass(400);
    expect((await resumed[0]?.result)?.data).toEqual({ paid: "one/after" });
  });

  it("goes on from every write, crashed before it and after it", async () => {
    const flow = line(
      "days",
      pay("before"),
      delay("1m"),
      pay("between"),
      { ...delay("2m"), id: "rest2" },
      pay("after"),
    );
    for (const before of [true, false]) {
      for (let point = 0; ; point++) {
        expect(point, "no point is beyond the end").toBeLessThan(40);
        const world = new World();
        const store = memory();
        const one = start(world, store, {}, point, before);
        const begun = Date.now();
        let isOver = false;
        void one.conductor.node.run(flow, { executionId: "one" }).then(() => {
          isOver = true;
        });
        await pass(70_000);
        await pass(140_000);
        if (isOver) {
          expect(one.writes).toBeGreaterThan(6);
          break;
        }
        const two = start(world, memory(store));
        const { resumed, blocked } = await two.conductor.recover();
        expect(blocked).toEqual([]);
        const known = (await store.get("one")) !== undefined;
        if (!known) void two.conductor.node.run(flow, { executionId: "one" });
        await pass(70_000);
        await pass(140_000);
        await isStatus(store, "one", "completed");
        expect(resumed.length).toBeLessThanOrEqual(1);
        expect([...world.steps()].sort(), `crashed at write ${point}`).toEqual([
          "one/after",
          "one/before",
          "one/between",
        ]);
        expect(world.keysWithTwoInputs()).toEqual([]);
        // No delay was shortened.
        expect((await store.get("one"))?.endedAt).toBeGreaterThanOrEqual(begun + 3 * 60_000);
        await two.conductor.shutdown();
      }
    }
  });

  it("sleeps between the tries of a node, between rounds, and where a rate limit holds it", async () => {
    const flow = line(
      "waits",
      leaf("retried", { type: "flaky", parameters: { times: 1 }, policy: { retries: 1, retryDelay: 60_000 } }),
      {
        id: "rounds",
        type: "until",
        parameters: { condition: "iteration === 1", interval: "1h" },
        nodes: [pay("look")],
      } as Definition,
      {
        id: "limited",
        type: "loop",
        parameters: { loopType: "times", count: 2 },
        nodes: [leaf("slow", { type: "pay", policy: { rateLimit: "1/h" } })],
      } as Definition,
    );
    const world = new World();
    const store = memory();
    const one = start(world, store);
    void one.conductor.node.run(flow, { executionId: "one" });
    for (const wait of [60_000, 3_600_000, 3_600_000]) {
      await isStatus(store, "one", "sleeping");
      const { wakeAt = 0, updatedAt } = (await store.get("one")) as StoredExecution;
      // From when it was put to sleep: a condition is answered by a thread, for which time does not stand still.
      expect(wakeAt - updatedAt).toBeGreaterThan(wait - 3_000);
      expect(wakeAt - updatedAt).toBeLessThanOrEqual(wait);
      await pass(wait);
    }
    await isStatus(store, "one", "completed");
    expect(world.deeds.map(({ key }) => key)).toEqual([
      "one/retried",
      "one/retried",
      "one/rounds[0]/look",
      "one/rounds[1]/look",
      "one/limited[0]/slow",
      "one/limited[1]/slow",
    ]);
  });

  it("keeps to its deadlines while it sleeps", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store, { timeout: "2d" });
    const result = one.conductor.node.run(days(), { executionId: "run" });
    await isStatus(store, "run", "sleeping");
    expect((await store.get("run"))?.wakeAt).toBeLessThan(Date.now() + 2 * DAY);
    await pass(2.1 * DAY);
    await isStatus(store, "run", "failed");
    expect((await result).error).toMatchObject({ code: "TIMEOUT" });

    const two = start(world, memory(store));
    const node = two.conductor.node.run(days({ timeout: DAY }), { executionId: "node" });
    await isStatus(store, "node", "sleeping");
    await pass(1.1 * DAY);
    await isStatus(store, "node", "failed");
    expect((await node).error).toMatchObject({ code: "TIMEOUT", nodeId: "rest" });
  });

  it("is over in the order in which things were due, when no process was there at their time", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    void one.conductor.node.run(days({ timeout: 4 * DAY }), { executionId: "one" });
    await isStatus(store, "one", "sleeping");
    one.crash();
    await pass(10 * DAY);
    const two = start(world, memory(store));
    const { resumed } = await two.conductor.recover();
    await pass(200);
    // The delay was over a day before its deadline.
    expect((await resumed[0]?.result)?.error).toBeUndefined();
    expect(world.deeds).toHaveLength(2);
  });

  it("is cancelled in its sleep, here and by another process", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    const here = one.conductor.node.run(days(), { executionId: "here" });
    const there = one.conductor.node.run(days(), { executionId: "there" });
    await isStatus(store, "here", "sleeping");
    await isStatus(store, "there", "sleeping");
    await one.conductor.node.cancel("here");
    expect((await here).error).toMatchObject({ code: "CANCELLED" });
    expect(await store.get("here")).toMatchObject({ status: "cancelled" });
    const two = start(world, memory(store));
    await two.conductor.node.cancel("there");
    expect(await store.get("there")).toMatchObject({ status: "cancelled" });
    await pass(10_000);
    expect((await there).success).toBe(false);
    expect(world.deeds.map(({ key }) => key)).toEqual(["here/before", "there/before"]);
    // What is over is left alone.
    await two.conductor.node.cancel("there");
  });

  it("is attached to and gone on with while it sleeps", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    const result = one.conductor.node.run(days(), { executionId: "one" });
    await isStatus(store, "one", "sleeping");
    const attached = one.conductor.node.attach("one");
    const resumed = one.conductor.executions.resume("one");
    const begunAgain = one.conductor.node.run(days(), { executionId: "one" });
    await pass(3.1 * DAY);
    await isStatus(store, "one", "completed");
    const results = await Promise.all([result, attached, resumed, begunAgain]);
    expect(results.map(({ success }) => success)).toEqual([true, true, true, true]);
    expect(world.deeds).toHaveLength(2);
  });

  it("gives its caller the result also where another process woke it", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store, { wakes: "own" });
    const result = one.conductor.node.run(days(), { executionId: "one" });
    await isStatus(store, "one", "sleeping");
    const two = start(world, memory(store));
    const elsewhere = two.conductor.executions.resume("one");
    await pass(3.1 * DAY);
    await isStatus(store, "one", "completed");
    await pass(10_000);
    expect((await result).data).toEqual((await elsewhere).data);
    expect(world.deeds).toHaveLength(2);
  });

  for (const wakes of ["own", "all"]) {
    it(`is claimed together with others that are due, where its conductor wakes "${wakes}"`, async () => {
      const world = new World();
      const store = memory();
      const ids = Array.from({ length: 20 }, (_, number) => `${number}`);
      // No claim is answered before there are as many as executions.
      const claims: (() => void)[] = [];
      const claim: ExecutionStore["claim"] = async (id) => {
        await new Promise<void>((resolve) => {
          claims.push(resolve);
          if (claims.length === ids.length) for (const answer of claims) answer();
        });
        return store.claim(id);
      };
      const { conductor } = start(world, Object.create(store, { claim: { value: claim } }), { wakes });
      const results = ids.map((executionId) => conductor.node.run(days(), { executionId }));
      for (const id of ids) await isStatus(store, id, "sleeping");
      await pass(3.1 * DAY);
      expect((await Promise.all(results)).every(({ success }) => success)).toBe(true);
      expect(world.keysWithTwoInputs()).toEqual([]);
      expect(world.deeds).toHaveLength(2 * ids.length);
      expect(claims).toHaveLength(ids.length);
    });
  }

  it("sleeps on where its conductor is shut down", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    const result = one.conductor.node.run(line("short", pay("before"), delay("1m")), { executionId: "one" });
    await pass(500);
    await one.conductor.shutdown();
    expect((await result).error?.code).toBe("CANCELLED");
    expect(await store.get("one")).toMatchObject({ status: "sleeping" });
  });
});
