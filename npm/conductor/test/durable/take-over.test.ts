/** A process that recovered goes on with what others leave: killed ones at the next look at the store, those that end at once. */
import type { ExecutionStore, MemoryExecutions } from "@atomiton/storage";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { RunRecorder } from "../../src/api/durable/run-recorder.js";
import { LOOK_MS } from "../../src/api/durable/sleepers.js";
import { drainExecutions } from "../../src/api/execution-persistence.js";
import { edge, group, leaf } from "../contract/flows.js";
import { keysOf, stoppedProcesses } from "./stopped-processes.js";
import { holds, pass, settled } from "./stopped-time.js";
import { memory, type Process, type ProcessOptions, World } from "./world.js";

const start = stoppedProcesses();

/** Pays, stays in the middle for as long as the world has it so, and pays again. */
const shop = group(
  "shop",
  [leaf("before", { type: "pay" }), leaf("middle", { type: "never" }), leaf("after", { type: "pay" })],
  [edge("before", "middle"), edge("middle", "after")],
) as never;
/** Does not stay in the middle. */
const open = { types: { never: { effects: "reads", execute: () => "open" } } };

/** A process that has begun and does not go on. */
async function begun(world: World, store: MemoryExecutions, ids = ["one"]): Promise<Process> {
  const process = start(world, store);
  for (const executionId of ids) void process.conductor.node.run(shop, { executionId });
  await holds(() => world.deeds.length === ids.length);
  return process;
}

/** Counts the calls of a method. */
function counted(store: MemoryExecutions, method: "claimable" | "get"): unknown[][] {
  const calls: unknown[][] = [];
  const original = store[method] as (...args: unknown[]) => unknown;
  Object.assign(store, {
    [method]: (...args: unknown[]) => {
      calls.push(args);
      return original(...args);
    },
  });
  return calls;
}

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

describe("what another process leaves", () => {
  it("goes on within one look at the store once that is killed, and not before", async () => {
    const world = new World();
    const store = memory();
    const one = await begun(world, store);
    const two = start(world, memory(store), open);
    expect((await two.conductor.recover()).resumed).toEqual([]);
    await pass(10 * LOOK_MS);
    expect(await store.get("one")).toMatchObject({ status: "running", epoch: 1 });
    one.crash();
    await pass(LOOK_MS);
    await holds(async () => (await store.get("one"))?.status === "completed");
    expect(await store.get("one")).toMatchObject({ epoch: 2 });
    expect(keysOf(world)).toEqual(["one/before", "one/after"]);
    expect(console.warn).toHaveBeenCalledWith("[CONDUCTOR] 1 execution goes on here that another process left: one");
  });

  it("goes on at once where the store tells that it was released", async () => {
    const world = new World();
    const listeners = new Set<() => void>();
    const telling = (store: MemoryExecutions): MemoryExecutions =>
      Object.assign(store, {
        onReleased: (tell: () => void) => {
          listeners.add(tell);
          return () => void listeners.delete(tell);
        },
      });
    const store = memory();
    const one = await begun(world, store);
    const two = start(world, telling(memory(store)), open);
    await two.conductor.recover();
    await pass(LOOK_MS + 100);
    expect(listeners.size).toBe(1);
    await one.conductor.shutdown();
    expect(await store.get("one")).toMatchObject({ status: "running" });
    for (const tell of listeners) tell();
    await pass(10);
    await holds(async () => (await store.get("one"))?.status === "completed");
    expect(keysOf(world)).toEqual(["one/before", "one/after"]);
    await two.conductor.shutdown();
    expect(listeners.size).toBe(0);
  });

  it("is blocked where its beginning cannot be read, as one of a newer version, and others go on", async () => {
    const world = new World();
    const store = memory();
    const own = memory(store);
    const { begun: read } = own;
    own.begun = async (id) => {
      const found = await read(id);
      return found && (id === "one" ? { ...found, head: Buffer.from('{"input":{"$type":"Newer","value":1}}') } : found);
    };
    const two = start(world, own, open);
    await two.conductor.recover();
    const one = await begun(world, store, ["one", "other"]);
    one.crash();
    await pass(LOOK_MS);
    await holds(async () => (await store.get("one"))?.status === "blocked");
    expect((await store.get("one"))?.reason).toMatch(/^Its records cannot be read: .*Newer/);
    await holds(async () => (await store.get("other"))?.status === "completed");
  });

  it("holds up none of those that wait for their time where the store fails for it", async () => {
    const world = new World();
    const store = memory();
    const own = memory(store);
    const { get } = own;
    own.get = async (id) => {
      if (id === "one") throw new Error("disk I/O error");
      return get(id);
    };
    const two = start(world, own, open);
    await two.conductor.recover();
    const one = await begun(world, store);
    one.crash();
    const night = group("night", [leaf("rest", { type: "delay", parameters: { duration: "8s" } })]) as never;
    void two.conductor.node.run(night, { executionId: "sleeps" });
    await holds(async () => {
      if ((await store.get("sleeps"))?.status === "sleeping") return true;
      await pass(100);
      return false;
    });
    const { wakeAt = 0 } = (await store.get("sleeps")) as { wakeAt?: number };
    // A look that fails for one of them lies before its time.
    await pass(wakeAt - Date.now() + 100);
    await holds(async () => (await store.get("sleeps"))?.status === "completed");
    expect((await store.get("sleeps"))?.endedAt).toBeLessThanOrEqual(wakeAt + 250);
    expect(console.error).toHaveBeenCalledWith("[CONDUCTOR] The execution one cannot go on: disk I/O error");
  });

  it("is looked for once more where the store tells in the middle of a look", async () => {
    const world = new World();
    let tell = () => {};
    let look: (() => void) | undefined;
    const store = memory();
    const own = memory(store);
    const { claimable } = own;
    const slow = Object.assign(own, {
      onReleased: (listener: () => void) => {
        tell = listener;
        return () => {};
      },
      claimable: async (...args: Parameters<ExecutionStore["claimable"]>) => {
        const found = await claimable(...args);
        await new Promise<void>((resolve) => {
          look = resolve;
        });
        return found;
      },
    });
    const one = await begun(world, store);
    const two = start(world, slow, open);
    const recovered = two.conductor.recover();
    await holds(() => look !== undefined);
    look?.();
    look = undefined;
    await recovered;
    await pass(1);
    await holds(() => look !== undefined);
    await one.conductor.shutdown();
    tell();
    await pass(1);
    look?.();
    look = undefined;
    await settled();
    await pass(5);
    await holds(() => look !== undefined);
    Object.assign(slow, { claimable });
    look?.();
    await holds(async () => (await store.get("one"))?.status === "completed");
  });

  it("goes on all together where it is more than is claimed at once, and parts of it with it", async () => {
    const world = new World();
    const store = memory();
    const ids = Array.from({ length: 250 }, (_, index) => `e${index}`);
    const one = await begun(world, store, ids);
    const two = start(world, memory(store), open);
    await two.conductor.recover();
    await pass(100);
    one.crash();
    await pass(LOOK_MS);
    await holds(async () => (await store.list({ status: "completed" }, { limit: 1_000 })).executions.length === 250);
    expect(world.deeds).toHaveLength(500);
    expect(new Set(keysOf(world)).size).toBe(500);
  });

  it("is had by one alone of several that look for it", async () => {
    const world = new World();
    const store = memory();
    const ids = Array.from({ length: 120 }, (_, index) => `e${index}`);
    const one = await begun(world, store, ids);
    for (let other = 0; other < 3; other++) await start(world, memory(store), open).conductor.recover();
    await pass(100);
    one.crash();
    await pass(LOOK_MS);
    await holds(async () => (await store.list({ status: "completed" }, { limit: 1_000 })).executions.length === 120);
    expect(world.deeds).toHaveLength(240);
    for (const { epoch } of (await store.list({}, { limit: 1_000 })).executions) expect(epoch).toBe(2);
  });

  it("is blocked with the reason where it cannot go on here", async () => {
    const world = new World();
    const store = memory();
    const one = await begun(world, store);
    const types = { nodeExecutorFactory: { getNodeExecutable: () => undefined } };
    await start(world, memory(store), { config: types }).conductor.recover();
    one.crash();
    await pass(LOOK_MS);
    await holds(async () => (await store.get("one"))?.status === "blocked");
    expect(await store.get("one")).toMatchObject({ reason: "No implementation found for node type: pay" });
  });

  it("is taken over although the store was away when it was to be recovered", async () => {
    const world = new World();
    const store = memory();
    const one = await begun(world, store);
    const own = memory(store);
    const { claimable } = own;
    Object.assign(own, { claimable: () => Promise.reject(new Error("away")) });
    const two = start(world, own, open);
    await expect(two.conductor.recover()).rejects.toThrow("away");
    one.crash();
    await pass(LOOK_MS);
    Object.assign(own, { claimable });
    await pass(2 * LOOK_MS);
    await holds(async () => (await store.get("one"))?.status === "completed");
  });
});

describe("it is left alone by a process", () => {
  it.each<[string, ProcessOptions, (process: Process) => Promise<unknown>]>([
    [
      "that was not told to recover",
      open,
      ({ conductor }) => conductor.node.run(group("other", [leaf("a", { type: "pure" })]) as never),
    ],
    ["that asks which are to go on", open, ({ conductor }) => conductor.recover(() => [])],
    ["that wakes its own", { ...open, config: { wakes: "own" } }, ({ conductor }) => conductor.recover()],
    [
      "that is about to end",
      open,
      async ({ conductor }) => {
        await conductor.recover();
        await drainExecutions(conductor);
      },
    ],
    [
      "that was shut down",
      open,
      async ({ conductor }) => {
        await conductor.recover();
        await conductor.shutdown();
      },
    ],
  ])("%s", async (_, options, act) => {
    const world = new World();
    const store = memory();
    const one = await begun(world, store);
    await act(start(world, memory(store), options));
    one.crash();
    await pass(5 * LOOK_MS);
    expect(await store.get("one")).toMatchObject({ status: "running", epoch: 1 });
    expect(keysOf(world)).toEqual(["one/before"]);
  });

  it("that is shut down while it claims it, for the next one", async () => {
    const world = new World();
    const store = memory();
    const one = await begun(world, store);
    const own = memory(store);
    const { claim } = own;
    let isClaimed = false;
    let goOn = () => {};
    Object.assign(own, {
      claim: async (id: string) => {
        const row = await claim(id);
        isClaimed = true;
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        return row;
      },
    });
    const two = start(world, own, open);
    await two.conductor.recover();
    one.crash();
    await pass(LOOK_MS);
    await holds(() => isClaimed);
    await two.conductor.shutdown();
    goOn();
    await holds(async () => (await memory(store).claimable(Date.now(), 10)).includes("one"));
    expect(keysOf(world)).toEqual(["one/before"]);
  });
});

describe("looking for it", () => {
  it("is done once in five seconds, and asks for what is due alone where no other store object has the executions", async () => {
    const alone = memory();
    const calls = counted(alone, "claimable");
    await start(new World(), alone).conductor.recover();
    await pass(1);
    calls.length = 0;
    await pass(12 * LOOK_MS);
    expect(calls.length).toBeGreaterThanOrEqual(11);
    expect(calls.length).toBeLessThanOrEqual(13);
    expect(new Set(calls.map(([, , only]) => only))).toEqual(new Set(["due"]));
  });

  it("reads rows of parts that others go on with once", async () => {
    const world = new World();
    const store = memory();
    const inner = group(
      "inner",
      [leaf("pay", { type: "pay" }), leaf("stay", { type: "never" })],
      [edge("pay", "stay")],
    );
    const outer = group("outer", [leaf("sub", { type: "sub" })]);
    const one = start(world, store);
    await one.conductor.storage.saveFlow(inner as never);
    void one.conductor.node.run(outer as never, { executionId: "one" });
    await holds(() => world.deeds.length === 1);
    one.crash();
    // Its part is free as long as it does not come that far.
    const third = start(world, memory(store), {
      types: { sub: { effects: "reads", execute: () => new Promise(() => {}) } },
    });
    expect((await third.conductor.recover()).resumed).toMatchObject([{ executionId: "one" }]);
    const own = memory(store);
    const rows = counted(own, "get");
    await start(world, own, open).conductor.recover();
    await pass(10 * LOOK_MS);
    expect(rows.filter(([id]) => id !== "one").length).toBeLessThanOrEqual(2);
    expect((await store.list({ status: "running" })).executions).toHaveLength(2);
    expect(world.deeds).toHaveLength(1);
  });
});

describe("the bound of take-overs", () => {
  const isRunning = (store: ExecutionStore, epoch: number) =>
    holds(async () => {
      const row = await store.get("one");
      return row?.status === "blocked" || row?.epoch === epoch;
    });
  /** Processes that recover and crash, one after the other, each once it has the execution. */
  async function taken(world: World, store: MemoryExecutions, options: readonly ProcessOptions[]): Promise<void> {
    for (const each of options) {
      const { epoch = 0 } = (await store.get("one")) ?? {};
      const next = start(world, memory(store), each);
      await next.conductor.recover();
      await isRunning(store, epoch + 1);
      await pass(100);
      next.crash();
    }
  }
  const times = (count: number, options: ProcessOptions = {}) => Array.from({ length: count }, () => options);

  it("blocks what three processes in a row were ended by, and `resume` goes on", async () => {
    const world = new World();
    const store = memory();
    const first = await begun(world, store);
    await pass(100);
    first.crash();
    await taken(world, store, times(3));
    expect(await store.get("one")).toMatchObject({ status: "running", epoch: 4 });
    const last = start(world, memory(store));
    const { blocked } = await last.conductor.recover();
    const reason =
      "It was taken over 3 times in a row by a process that ended before a node had answered, each time with `middle` under way. See to " +
      'what ends the process; it goes on by `executions.resume("one")` or `conductor executions resume one`, at the risk of that process';
    expect(blocked).toEqual([{ executionId: "one", reason }]);
    expect(await store.get("one")).toMatchObject({ status: "blocked", reason });
    // Neither does one that is begun once more under its id go on.
    const again = await last.conductor.node.run(shop, { executionId: "one" });
    expect(again).toMatchObject({ success: false, error: { message: reason } });
    const mended = start(world, memory(store), open);
    for (const options of [{ redact: ["**.paid"] }, { withoutValues: true }]) {
      const file = await mended.conductor.executions.export("one", options);
      expect(await start(world, memory()).conductor.executions.import(file)).toBe("one");
    }
    expect(await mended.conductor.executions.resume("one")).toMatchObject({ success: true });
    expect(keysOf(world)).toEqual(["one/before", "one/after"]);
  });

  it("is what the conductor says", async () => {
    const world = new World();
    const store = memory();
    const first = await begun(world, store);
    await pass(100);
    first.crash();
    const once = { config: { maxTakeOvers: 1 } };
    await taken(world, store, [once]);
    expect((await start(world, memory(store), once).conductor.recover()).blocked).toMatchObject([
      { reason: expect.stringContaining("taken over once in a row") },
    ]);
    const endless = { config: { maxTakeOvers: Number.POSITIVE_INFINITY } };
    await taken(world, store, times(5, endless));
    expect(await store.get("one")).toMatchObject({ status: "running" });
  });

  it("counts none after which a node answered, also by a failure or in a part", async () => {
    const world = new World();
    const store = memory();
    const steps = Array.from({ length: 6 }, (_, index) => leaf(`n${index}`, { type: "step" }));
    const inner = group(
      "inner",
      steps,
      steps.slice(1).map((_, index) => edge(`n${index}`, `n${index + 1}`)),
    );
    // Each process comes one step further.
    let reached = 0;
    const type = () => {
      let count = 0;
      return {
        effects: "reads",
        execute: () => (count++ === 0 ? ++reached : new Promise(() => {})),
      };
    };
    const first = start(world, store, { types: { step: type() } });
    await first.conductor.storage.saveFlow(inner as never);
    void first.conductor.node.run(group("outer", [leaf("sub", { type: "sub" })]) as never, { executionId: "one" });
    await holds(() => reached === 1);
    await pass(100);
    first.crash();
    for (let round = 2; round <= 5; round++) {
      await taken(world, store, [{ types: { step: type() } }]);
      expect(reached).toBe(round);
    }
    // The last step takes none in, so that nothing more is answered.
    const idle = { types: { step: { effects: "reads", execute: () => new Promise(() => {}) } } };
    await taken(world, store, times(3, idle));
    expect(await store.get("one")).toMatchObject({ status: "running" });
    expect((await start(world, memory(store), idle).conductor.recover()).blocked).toMatchObject([
      {
        reason: expect.stringContaining(
          "3 times in a row by a process that ended before a node had answered, each time with `sub`",
        ),
      },
    ]);
  });

  it("has nothing written at once for the answers of parts where nothing was taken over", async () => {
    const persist = vi.spyOn(RunRecorder.prototype, "persist");
    const one = start(new World(), memory());
    const inner = group("inner", [leaf("a", { type: "pure" }), leaf("b", { type: "pure" })]);
    await one.conductor.storage.saveFlow(inner as never);
    const subs = ["x", "y", "z"].map((id) => leaf(id, { type: "sub" }));
    const run = one.conductor.node.run(group("outer", subs) as never, { executionId: "one" });
    await pass(100);
    expect((await run).success).toBe(true);
    const ofParts = persist.mock.contexts.filter((recorder) => (recorder as RunRecorder).isPart);
    expect(ofParts).toHaveLength(0);
  });

  it("counts none from a process that was shut down", async () => {
    const world = new World();
    const store = memory();
    await (await begun(world, store)).conductor.shutdown();
    for (let round = 0; round < 6; round++) {
      const next = start(world, memory(store));
      expect((await next.conductor.recover()).resumed).toHaveLength(1);
      await pass(100);
      await next.conductor.shutdown();
    }
    await taken(world, store, times(3));
    expect(await store.get("one")).toMatchObject({ status: "running" });
  });

  it("counts processes that are ended by what they wake, before anything of it is written", async () => {
    const world = new World();
    const store = memory();
    const days = group(
      "days",
      [leaf("rest", { type: "delay", parameters: { duration: "3d" } }), leaf("after", { type: "never" })],
      [edge("rest", "after")],
    );
    const one = start(world, store);
    void one.conductor.node.run(days as never, { executionId: "one" });
    await holds(async () => {
      await pass(100);
      return (await store.get("one"))?.status === "sleeping";
    });
    await one.conductor.shutdown();
    await pass(3 * 86_400_000);
    for (let round = 0; round < 5; round++) {
      // Its next node ends it at once.
      const types = { never: { effects: "reads", execute: () => next.crash() } };
      const next: Process = start(world, memory(store), { types });
      await next.conductor.recover();
      await pass(100);
      await next.death;
    }
    const { blocked } = await start(world, memory(store)).conductor.recover();
    expect(blocked).toMatchObject([{ reason: expect.stringContaining("each time with `after` under way") }]);
  });

  it.each([0, -1, 1.5, Number.NaN, "3"])("refuses %j", (maxTakeOvers) => {
    expect(() => start(new World(), memory(), { config: { maxTakeOvers } })).toThrow(
      /`maxTakeOvers` must be a whole number from 1 on, or Infinity, not/,
    );
  });
});
