/** Recorded executions, stepped through. */
import { createConductor, openReplay, type Replay } from "@atomiton/conductor/desktop";
import { beforeAll, describe, expect, it } from "vitest";

import { type Definition, edge, group, leaf, type Params } from "../contract/flows.js";
import { longFlow, memory, Process, World } from "./world.js";

const shop = () =>
  group(
    "shop",
    [leaf("see", { type: "read" }), leaf("buy", { type: "pay" }), leaf("tell", { type: "pure" })],
    [edge("see", "buy"), edge("buy", "tell")],
  );

/** What was recorded of a flow. */
async function recorded(flow: Definition, config = {}) {
  const world = new World();
  const process = new Process(world, memory(), undefined, undefined, config);
  const result = await process.conductor.node.run(flow as never, { executionId: "one" });
  const replay = await process.conductor.executions.replay("one");
  return { world, process, result, replay };
}

const states = ({ moment }: Replay) => Object.fromEntries(moment.nodes.map(({ path, state }) => [path, state]));

describe("a replay", () => {
  it("shows each step as it was, in both directions", async () => {
    const { replay } = await recorded(shop());
    expect(replay.flow.id).toBe("shop");
    expect(replay.status).toBe("completed");
    expect(states(replay)).toEqual({ see: "pending", buy: "pending", tell: "pending" });
    expect(replay.moment).toMatchObject({ step: 0, progress: 0, changed: [] });
    const seen: unknown[] = [];
    const look = () => ({
      step: replay.moment.step,
      states: states(replay),
      values: ["see", "buy", "tell"].map((id) => replay.value(id)),
    });
    seen.push(look());
    while (replay.moment.step < replay.length) {
      replay.forward();
      seen.push(look());
    }
    const values = (seen as { values: unknown[] }[]).map(({ values }) => values);
    expect(values[0]).toEqual([undefined, undefined, undefined]);
    expect(values).toContainEqual([1, undefined, undefined]);
    expect(values).toContainEqual([1, { paid: "one/buy" }, undefined]);
    expect(values.at(-1)).toEqual([1, { paid: "one/buy" }, { node: "tell", of: { default: { paid: "one/buy" } } }]);
    expect(states(replay)).toEqual({ see: "completed", buy: "completed", tell: "completed" });
    expect(replay.moment.progress).toBe(100);
    const back: unknown[] = [look()];
    while (replay.moment.step > 0) {
      replay.back();
      back.unshift(look());
    }
    expect(back).toEqual(seen);
    expect(replay.back()).toBe(replay.moment);
    expect(replay.at(replay.length).step).toBe(replay.length);
  });

  it("asks no executable, and writes nothing", async () => {
    const { replay, world, process } = await recorded(longFlow());
    const [deeds, writes] = [world.deeds.length, process.writes];
    for (let step = 0; step <= replay.length; step++)
      for (const { path } of replay.at(step).nodes) safely(replay, path);
    expect([world.deeds.length, process.writes]).toEqual([deeds, writes]);
  });

  it("refuses steps and nodes that there are not", async () => {
    const { replay } = await recorded(shop());
    const refused = (use: () => unknown, text: string) =>
      expect(use).toThrow(
        expect.objectContaining({ code: "INVALID_PARAMETERS", message: expect.stringContaining(text) }),
      );
    refused(() => replay.at(replay.length + 1), `from 0 to ${replay.length}`);
    refused(() => replay.at(-1), "no step -1");
    refused(() => replay.at(0.5), "no step 0.5");
    refused(() => replay.value("bye"), "it has see, buy, tell");
  });
});

/** Values of some groups inside loops are not recorded by themselves. */
const safely = (replay: Replay, path: string) => {
  try {
    return replay.value(path);
  } catch (error) {
    expect((error as Error).message).toContain("recorded only as a part");
    return undefined;
  }
};

describe("a replay of a flow with retries, loops and groups", () => {
  let all: Awaited<ReturnType<typeof recorded>>;
  beforeAll(async () => {
    all = await recorded(longFlow());
  });

  it("ends as the execution did", () => {
    const { replay, result } = all;
    replay.at(replay.length);
    for (const { nodeId, state, progress } of result.trace?.nodes ?? []) {
      expect(replay.moment.node(nodeId), nodeId).toMatchObject({ state, progress });
    }
    const ids = longFlow().nodes?.map(({ id }) => id) ?? [];
    expect(ids.length).toBeGreaterThan(30);
    for (const id of ids) expect(replay.value(id), id).toEqual(result.outputs?.[id]);
  });

  it("says which try a node is at, and with what it failed", () => {
    const { replay } = all;
    const tries = new Map<number, string | undefined>();
    for (let step = 0; step <= replay.length; step++) {
      const moment = replay.at(step);
      const { attempts, state } = moment.node("retried");
      tries.set(attempts, state === "error" ? moment.error("retried")?.message : tries.get(attempts));
      if (state !== "error") expect(moment.error("retried")).toBeUndefined();
    }
    expect([...tries.keys()]).toEqual([0, 1, 2, 3]);
    const again = replay.at(replay.length).node("again");
    expect(again).toMatchObject({ state: "completed", attempts: 2 });
    const failed = Array.from({ length: replay.length + 1 }, (_, step) => replay.at(step)).find(
      (moment) => moment.node("fails").state === "error",
    );
    expect(failed?.error("fails")).toMatchObject({ code: "EXECUTION_FAILED", message: "not this time" });
  });

  it("shows the nodes inside a loop round by round", () => {
    const { replay } = all;
    const paid = new Set<unknown>();
    for (let step = 0; step <= replay.length; step++) {
      const value = replay.at(step).value("loop/buy") as { paid: string } | undefined;
      if (value !== undefined) paid.add(value.paid);
    }
    expect([...paid]).toEqual([0, 1, 2, 3].map((round) => `one/loop[${round}]/buy`));
    expect(replay.at(replay.length).node("loop/buy")).toMatchObject({ depth: 1, state: "completed" });
  });

  it("is the same wherever one comes from", () => {
    const { replay } = all;
    const forward = [];
    for (let step = 0; step <= replay.length; step++) forward.push(replay.at(step).nodes);
    for (let jump = 0, step = 7; jump < 200; jump++, step = (step * 31 + 11) % (replay.length + 1)) {
      expect(replay.at(step).nodes).toEqual(forward[step]);
    }
  });

  it("keeps moments that were looked at before", () => {
    const { replay } = all;
    const early = replay.at(2);
    replay.at(replay.length);
    expect(early.step).toBe(2);
    expect(early.nodes.filter(({ state }) => state === "completed").length).toBeLessThan(3);
  });
});

describe("a replay of an execution that failed", () => {
  it("gives the error of the node, and of the group around it", async () => {
    const flow = group("outer", [
      { ...group("inner", [leaf("bad", { type: "flaky", parameters: { times: 9 } })]), id: "inner" } as Definition,
    ]);
    const { replay, result } = await recorded(flow);
    expect(result.success).toBe(false);
    replay.at(replay.length);
    expect(replay.status).toBe("failed");
    expect(replay.error("bad")?.message).toBe("not this time");
    expect(replay.error("inner")?.message).toBe("not this time");
    expect(replay.value("bad")).toBeUndefined();
    expect(replay.at(1).error("bad")).toBeUndefined();
  });

  it("gives a group the error that stopped the others in it, and not those of what was stopped", async () => {
    let begun = 0;
    let allBegun = () => {};
    const all = new Promise<void>((resolve) => {
      allBegun = resolve;
    });
    const execute = async ({ signal }: Params) => {
      const stopped = new Promise((resolve) => signal?.addEventListener("abort", resolve));
      const number = ++begun;
      if (number === 3) allBegun();
      await all;
      if (number === 2) throw new Error("No more");
      await stopped;
    };
    const conductor = createConductor({
      transport: "local",
      store: memory(),
      concurrency: 4,
      nodeExecutorFactory: { getNodeExecutable: () => ({ effects: "none", execute }) },
    } as never);
    const loop = { ...group("each", [leaf("work")]), type: "loop", parameters: { count: 3, concurrency: 3 } };
    const flow = group("flow", [loop as never]) as never;
    const { error } = await conductor.node.run(flow, { executionId: "one" as never });
    expect(error?.message).toBe("No more");
    const replay = await conductor.executions.replay("one");
    expect(replay.at(replay.length).error("each")?.message).toBe("No more");
    await conductor.shutdown();
  });

  it("gives the error of a deadline, which no executable told", async () => {
    const flow = group("outer", [leaf("slow", { type: "never", policy: { timeout: 5 } })]);
    const { replay } = await recorded(flow);
    replay.at(replay.length);
    expect(replay.error("slow")).toMatchObject({ code: "TIMEOUT", message: "Execution timed out after 5ms" });
  });
});

describe("a replay of an execution that is under way", () => {
  it("goes to where it is now", async () => {
    const flow = group("open", [leaf("see", { type: "read" }), leaf("wait", { type: "never" })], [edge("see", "wait")]);
    const one = new Process(new World(), memory());
    void one.conductor.node.run(flow as never, { executionId: "open" });
    while (((await one.store.get("open"))?.sequence ?? 0) < 1) await new Promise((resolve) => setImmediate(resolve));
    const replay = await one.conductor.executions.replay("open");
    replay.at(replay.length);
    expect(replay.status).toBe("running");
    expect(states(replay)).toEqual({ see: "completed", wait: "executing" });
    expect(replay.moment.node("wait").endTime).toBeUndefined();
    await one.conductor.shutdown();
  });
});

describe("an exported execution", () => {
  it("is opened without a store", async () => {
    const { process, result } = await recorded(shop());
    const bytes = await process.conductor.executions.export("one");
    await process.conductor.shutdown();
    const replay = await openReplay(bytes);
    replay.at(replay.length);
    expect(replay.executionId).toBe("one");
    expect(replay.value("tell")).toEqual(result.data);
  });

  it("has its large values in it", async () => {
    const world = new World();
    const { conductor } = new Process(world, memory());
    const flow = group("large", [leaf("copy", { type: "pure" })]);
    const input = { text: "x".repeat(200_000) };
    await conductor.node.run(flow as never, { executionId: "large", input });
    const replay = await openReplay(await conductor.executions.export("large"));
    replay.at(replay.length);
    expect(replay.value("copy")).toEqual({ node: "copy", of: input });
    const other = new Process(world, memory());
    await other.conductor.executions.import(await conductor.executions.export("large"));
    expect(await other.conductor.executions.value("large", "copy")).toEqual({ node: "copy", of: input });
  });

  it("is said to be missing where there is none", async () => {
    const { conductor } = new Process(new World(), memory());
    await expect(conductor.executions.export("none")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    await expect(conductor.executions.replay("none")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
  });
});

describe("an imported execution", () => {
  it("is one of the other store, and is answered with what it gave", async () => {
    const { process, result } = await recorded(longFlow());
    const bytes = await process.conductor.executions.export("one");
    const world = new World();
    const { conductor } = new Process(world, memory());
    expect(await conductor.executions.import(bytes)).toBe("one");
    expect(await conductor.executions.get("one")).toMatchObject({ status: "completed", trigger: "import" });
    const again = await conductor.node.run(longFlow() as never, { executionId: "one" });
    expect(again.outputs).toEqual(result.outputs);
    expect(world.deeds).toEqual([]);
    expect(await conductor.executions.export("one")).toHaveLength(bytes.length - "call".length + "import".length);
  });

  it("does not take the place of one that is there", async () => {
    const { process } = await recorded(shop());
    const { executions } = process.conductor;
    const bytes = await executions.export("one");
    await expect(executions.import(bytes)).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("give another `id`"),
    });
    expect(await executions.import(bytes, { id: "two" })).toBe("two");
    expect(await executions.value("two", "see")).toBe(1);
    expect((await executions.get("one")).trigger).toBe("call");
  });

  it("stays as it was recorded where it was not over, until it is resumed", async () => {
    const world = new World();
    const store = memory();
    const one = new Process(world, store, { crashAt: 1 });
    void one.conductor.node.run(shop() as never, { executionId: "one" });
    await one.death;
    const two = new Process(world, memory(store));
    const bytes = await two.conductor.executions.export("one");
    const elsewhere = new Process(world, memory());
    await elsewhere.conductor.executions.import(bytes, { id: "copy" });
    expect(await elsewhere.conductor.executions.get("copy")).toMatchObject({
      status: "paused",
      reason: expect.stringContaining("running when it was exported"),
    });
    expect(await elsewhere.conductor.recover()).toMatchObject({
      resumed: [],
      blocked: [],
      paused: [{ executionId: "copy" }],
    });
    const result = await elsewhere.conductor.executions.resume("copy");
    expect(result.success).toBe(true);
    expect(result.context?.executionId).toBe("copy");
    expect((await elsewhere.store.get("copy"))?.status).toBe("completed");
  });
});
