/** Executions that ask for a label: processes that do not offer it leave them to those that do. */
import { createMemoryEngine, type MemoryExecutions } from "@atomiton/storage";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { LOOK_MS } from "../../src/api/durable/sleepers.js";
import { leaf } from "../contract/flows.js";
import { isStatus, keysOf, line, stoppedProcesses } from "./stopped-processes.js";
import { holds, pass } from "./stopped-time.js";
import { memory, Process, type ProcessOptions, World } from "./world.js";

const started = stoppedProcesses();

function start(world: World, store: MemoryExecutions, labels?: string[], options: ProcessOptions = {}): Process {
  return started(world, store, { ...options, config: { ...options.config, ...(labels && { labels }) } });
}

const train = { policy: { runsOn: "gpu" } };
/** Pays, stays in the middle, and pays again on a machine with the label. */
const shop = line(
  "shop",
  leaf("before", { type: "pay" }),
  leaf("middle", { type: "stay" }),
  leaf("after", { type: "pay", ...train }),
);
/** What starts once what came before is on record, and stays there. */
const stays = (world: World) => ({
  effects: "writes",
  execute: () => {
    stayed.set(world, (stayed.get(world) ?? 0) + 1);
    return new Promise(() => {});
  },
});
const stayed = new WeakMap<World, number>();
/** Does not stay in the middle. */
const open = { types: { stay: { effects: "reads", execute: () => "open" } } };

/** What a process that offered the label left in the middle. */
async function left(world: World, store: MemoryExecutions, flow = shop, config = {}): Promise<void> {
  const one = start(world, store, ["gpu"], { types: { stay: stays(world) }, config });
  void one.conductor.node.run(flow, { executionId: "one" });
  await holds(() => stayed.get(world) === 1);
  one.crash();
}

let warn: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());
const told = () => warn.mock.calls.map((said: unknown[]) => said.join(" "));

describe("an execution that asks for a label", () => {
  it("is not begun in the store where the label is not offered", async () => {
    const store = memory();
    const world = new World();
    const { error } = await start(world, store).conductor.node.run(shop, { executionId: "one" });
    expect(error).toMatchObject({ code: "IMPLEMENTATION_NOT_FOUND", nodeId: "after" });
    expect(await store.get("one")).toBeUndefined();
    expect(world.deeds).toEqual([]);
  });

  it("is left as it is by all ways to go on with it, and goes on where the label is offered", async () => {
    const world = new World();
    const store = memory();
    await left(world, store);
    const before = await store.get("one");

    const { conductor } = start(world, memory(store), ["cpu"], open);
    const { resumed, blocked, elsewhere } = await conductor.recover();
    expect({ resumed, blocked }).toEqual({ resumed: [], blocked: [] });
    expect(elsewhere).toEqual([{ executionId: "one", flowId: "shop", reason: expect.stringContaining("`gpu`") }]);
    expect(elsewhere[0]?.reason).toContain("this one offers the label `cpu` alone: it is left to one that offers it");
    for (const wanted of [
      conductor.executions.resume("one"),
      conductor.executions.resume("one", { anyVersion: true }),
      conductor.node.run(shop, { executionId: "one" }).then(({ error }) => Promise.reject(error)),
    ]) {
      await expect(wanted).rejects.toMatchObject({ code: "IMPLEMENTATION_NOT_FOUND" });
    }
    expect(await store.get("one")).toEqual(before);

    const two = start(world, memory(store), ["gpu"], open);
    const recovered = await two.conductor.recover();
    expect(recovered.elsewhere).toEqual([]);
    expect((await recovered.resumed[0]?.result)?.success).toBe(true);
    expect(keysOf(world)).toEqual(["one/before", "one/after"]);
    expect(await store.get("one")).toMatchObject({ status: "completed", epoch: 2 });
    // One that is over is told of anywhere.
    expect((await conductor.node.run(shop, { executionId: "one" })).success).toBe(true);
  });

  it("is passed over by a process that looks for what others leave, which says so once, and taken by another", async () => {
    const world = new World();
    const store = memory();
    const watching = start(world, memory(store), undefined, open);
    await watching.conductor.recover();
    await left(world, store);
    for (let look = 0; look < 4; look++) await pass(LOOK_MS);
    expect(await store.get("one")).toMatchObject({ status: "running", epoch: 1 });
    expect(told().filter((text) => text.includes("is left to one that offers it"))).toHaveLength(1);
    const able = start(world, memory(store), ["gpu"], open);
    await able.conductor.recover();
    await isStatus(store, "one", "completed");
    expect(keysOf(world)).toEqual(["one/before", "one/after"]);
  });

  it("can be cancelled, paused and looked at anywhere", async () => {
    const world = new World();
    const store = memory();
    await left(world, store);
    const { conductor } = start(world, memory(store), undefined, open);
    expect((await conductor.executions.trace("one")).nodes.length).toBeGreaterThan(0);
    await conductor.node.pause("one");
    expect(await store.get("one")).toMatchObject({ status: "paused" });
    await conductor.executions.cancel("one");
    expect(await store.get("one")).toMatchObject({ status: "cancelled" });
    expect(keysOf(world)).toEqual(["one/before"]);
  });

  it("rejects for those who let it go on after a pause where the label is not offered", async () => {
    const world = new World();
    const store = memory();
    await left(world, store);
    const { conductor } = start(world, memory(store), undefined, open);
    await conductor.node.pause("one");
    await expect(conductor.node.resume("one")).rejects.toMatchObject({
      code: "IMPLEMENTATION_NOT_FOUND",
      message: expect.stringContaining("`gpu`"),
    });
    expect(await store.get("one")).toMatchObject({ status: "paused" });
    // It does not wait for the end.
    const able = start(world, memory(store), ["gpu"], { types: { stay: stays(world) } });
    await able.conductor.node.resume("one");
    expect(await store.get("one")).toMatchObject({ status: "running" });
  });

  it("sleeps on past its time where the label is not offered, and holds up those that callers wait for not at all", async () => {
    const rest = (duration: string) => leaf("rest", { type: "delay", parameters: { duration } });
    const nights = line(
      "nights",
      leaf("before", { type: "pay" }),
      rest("1h"),
      leaf("after", { type: "pay", ...train }),
    );
    const days = line("days", rest("2h"), leaf("after", { type: "pay" }));
    const world = new World();
    const store = memory();
    const one = start(world, store, ["gpu"]);
    void one.conductor.node.run(nights, { executionId: "one" });
    await isStatus(store, "one", "sleeping");
    await one.conductor.shutdown();

    const shared = memory(store);
    let looks = 0;
    const { claimable } = shared;
    shared.claimable = (...args) => {
      looks++;
      return claimable(...args);
    };
    const { conductor } = start(world, shared);
    void conductor.node.run(days, { executionId: "other" });
    await isStatus(store, "other", "sleeping");
    await pass(3_600_000 + 10_000);
    expect(await store.get("one")).toMatchObject({ status: "sleeping", epoch: 1 });
    looks = 0;
    await pass(60_000);
    // It does not look all the time for what it leaves to others.
    expect(looks).toBeLessThanOrEqual(61 * 2);
    const { wakeAt = 0 } = (await store.get("other")) as { wakeAt?: number };
    await pass(wakeAt - Date.now() + 2_000);
    await isStatus(store, "other", "completed", 1);
    // Its caller is here, so that its time is known.
    expect((await store.get("other"))?.endedAt).toBeLessThanOrEqual(wakeAt + 250);
    expect((await store.get("one"))?.status).toBe("sleeping");
    start(world, memory(store), ["gpu"])
      .conductor.recover()
      .catch(() => {});
    await isStatus(store, "one", "completed");
  });
});

describe("an execution whose nodes run flows that ask for a label", () => {
  const inner = line(
    "inner",
    leaf("stays", { type: "pay" }),
    leaf("middle", { type: "stay" }),
    leaf("train", { type: "pay", ...train }),
  );
  /** Processes with one store, and one storage of flows. */
  async function world() {
    const made = { world: new World(), store: memory(), config: { storage: createMemoryEngine() } };
    const { conductor } = new Process(made.world, memory(), { config: made.config });
    await conductor.storage.saveFlow(inner);
    return made;
  }

  it("is left to others where the name of the flow is written out", async () => {
    const { world: of, store, config } = await world();
    const outer = line("outer", leaf("runs", { type: "sub-flow", parameters: { flow: "inner" } }));
    const refused = await start(of, store, undefined, { config }).conductor.node.run(outer, { executionId: "no" });
    expect(refused.error).toMatchObject({ code: "IMPLEMENTATION_NOT_FOUND", nodeId: "runs" });
    await left(of, store, outer, config);
    const { conductor } = start(of, memory(store), undefined, { ...open, config });
    expect(await conductor.recover()).toMatchObject({ resumed: [], blocked: [], elsewhere: [{ executionId: "one" }] });
    const able = start(of, memory(store), ["gpu"], { ...open, config });
    const { resumed } = await able.conductor.recover();
    expect((await resumed[0]?.result)?.error).toBeUndefined();
    expect(keysOf(of)).toHaveLength(2);
  });

  it("is blocked, and does not fail, where another process finds out only then that a flow of it does", async () => {
    const { world: of, store, config } = await world();
    // The type of this node runs the flow in its code.
    const outer = line("outer", leaf("runs", { type: "sub" }));
    await left(of, store, outer, config);
    const { conductor } = start(of, memory(store), undefined, { ...open, config });
    await conductor.recover();
    await isStatus(store, "one", "blocked");
    expect((await store.get("one"))?.reason).toMatch(/a part of it, cannot go on: .*label `gpu`/);
    const able = start(of, memory(store), ["gpu"], { ...open, config });
    const { resumed } = await able.conductor.recover();
    expect((await resumed[0]?.result)?.error).toBeUndefined();
    expect(keysOf(of)).toHaveLength(2);
  });
});
