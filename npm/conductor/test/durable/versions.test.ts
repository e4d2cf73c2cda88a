/** Versions that node types declare: an execution goes on only with the major ones that it began with, unless it is told to. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { majorOf, otherVersions } from "../../src/api/durable/type-versions.js";
import { edge, group, leaf } from "../contract/flows.js";
import { memory, Process, World } from "./world.js";

const shop = group(
  "shop",
  [leaf("before", { type: "charge" }), leaf("middle", { type: "stay" }), leaf("after", { type: "charge" })],
  [edge("before", "middle"), edge("middle", "after")],
) as never;

/** How often the middle started. */
const stayed = new WeakMap<World, number>();

/** Types of a process: `charge` of a version, and what the middle does. */
function types(world: World, version: unknown, stays: boolean) {
  return {
    charge: {
      ...(version !== undefined && { version }),
      execute: async ({ idempotencyKey }: { idempotencyKey: string }) => {
        world.do(idempotencyKey, version ?? null);
        return version ?? null;
      },
    },
    // It writes to the world, so that it starts once what came before is on record.
    stay: {
      execute: () => {
        stayed.set(world, (stayed.get(world) ?? 0) + 1);
        return stays ? new Promise(() => {}) : "done";
      },
    },
  };
}

const until = (holds: () => boolean | Promise<boolean>) =>
  vi.waitFor(async () => expect(await holds()).toBe(true), { timeout: 60_000, interval: 1 });

/** The store of a process that crashed in the middle, which began with a version. */
async function crashed(world: World, version: unknown) {
  const store = memory();
  const one = new Process(world, store, { types: types(world, version, true) });
  void one.conductor.node.run(shop, { executionId: "one" });
  await until(() => stayed.get(world) === 1);
  one.crash();
  return store;
}

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("an execution that comes back to another version of a node type", () => {
  it.each([
    ["1.4.0", "1.0.0"],
    ["1.4.0", "1"],
    ["v1.4.0", "1.9.9-beta.1"],
    ["01", "1"],
    ["blue", "blue"],
    // What is not declared is not compared.
    [undefined, "2.0.0"],
    ["1.0.0", undefined],
    ["1.0.0", 2],
    ["", "2.0.0"],
  ])("goes on from %j with %j", async (before, now) => {
    const world = new World();
    const store = await crashed(world, before);
    const { conductor } = new Process(world, memory(store), { types: types(world, now, false) });
    const { resumed, blocked } = await conductor.recover();
    expect(blocked).toEqual([]);
    expect((await resumed[0]?.result)?.success).toBe(true);
    expect(world.deeds.map(({ key }) => key)).toEqual(["one/before", "one/after"]);
  });

  it.each([
    ["1.4.0", "2.0.0"],
    ["2.0.0", "1.4.0"],
    ["1.0.0", "10.0.0"],
    ["blue", "green"],
    ["1blue", "1"],
  ])("is blocked from %j to %j, and goes on where the version fits again", async (before, now) => {
    const world = new World();
    const store = await crashed(world, before);
    const two = new Process(world, memory(store), { types: types(world, now, false) });
    const reason = `It began with version ${JSON.stringify(before)} of the node type charge, which is ${JSON.stringify(now)} here. It goes on where the major version is the same, or on these versions by \`executions.resume("one", { anyVersion: true })\` or \`conductor executions resume one --any-version\``;
    expect(await two.conductor.recover()).toMatchObject({ resumed: [], blocked: [{ executionId: "one", reason }] });
    expect(await store.get("one")).toMatchObject({ status: "blocked", reason });
    const refused = { code: "NODE_TYPE_NOT_FOUND", message: reason };
    await expect(two.conductor.executions.resume("one")).rejects.toMatchObject(refused);
    // Neither by the way of beginning it again.
    expect(await two.conductor.node.run(shop, { executionId: "one" })).toMatchObject({
      success: false,
      error: refused,
    });
    expect(await store.get("one")).toMatchObject({ status: "blocked" });
    expect(world.deeds).toHaveLength(1);

    const three = new Process(world, memory(store), { types: types(world, before, false) });
    two.crash();
    const { resumed } = await three.conductor.recover();
    expect((await resumed[0]?.result)?.success).toBe(true);
    const row = await store.get("one");
    expect(row).toMatchObject({ status: "completed" });
    expect(row).not.toHaveProperty("reason");
    expect(world.deeds.map(({ key }) => key)).toEqual(["one/before", "one/after"]);
  });

  it("goes on with it where it is told to, also after one more crash, and not with a third one", async () => {
    const world = new World();
    const store = await crashed(world, "1.0.0");
    const two = new Process(world, memory(store), { types: types(world, "2.0.0", true) });
    expect((await two.conductor.recover()).blocked).toHaveLength(1);
    void two.conductor.executions.resume("one", { anyVersion: true });
    await until(() => stayed.get(world) === 2);
    two.crash();
    const three = new Process(world, memory(two.store), { types: types(world, "3.0.0", false) });
    expect((await three.conductor.recover()).blocked[0]?.reason).toContain('version "2.0.0"');
    three.crash();
    const four = new Process(world, memory(store), { types: types(world, "2.1.0", false) });
    const { resumed } = await four.conductor.recover();
    expect((await resumed[0]?.result)?.success).toBe(true);
    expect(world.deeds).toEqual([
      { key: "one/before", input: '"1.0.0"' },
      { key: "one/after", input: '"2.1.0"' },
    ]);
  });

  it("can be cancelled, and paused, whatever the version", async () => {
    const world = new World();
    const store = await crashed(world, "1.0.0");
    const { conductor } = new Process(world, memory(store), { types: types(world, "2.0.0", false) });
    await conductor.node.pause("one");
    expect(await store.get("one")).toMatchObject({ status: "paused" });
    await conductor.executions.cancel("one");
    expect(await store.get("one")).toMatchObject({ status: "cancelled" });
  });

  it("is refused options of resume that there are not", async () => {
    const { conductor } = new Process(new World(), memory());
    await expect(conductor.executions.resume("one", { anyVersions: true } as never)).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: "`resume` has no anyVersions. Allowed: anyVersion",
    });
  });

  it("is not looked at in groups and in nodes that are disabled", async () => {
    const world = new World();
    const store = memory();
    const flow = group("off", [
      leaf("no", { type: "charge", parameters: { enabled: false } }),
      leaf("stay", { type: "stay" }),
    ]);
    const one = new Process(world, store, { types: types(world, "1.0.0", true) });
    void one.conductor.node.run(flow as never, { executionId: "one" });
    await until(async () => (await store.get("one")) !== undefined);
    one.crash();
    const { conductor } = new Process(world, memory(store), { types: types(world, "2.0.0", false) });
    expect((await conductor.recover()).blocked).toEqual([]);
  });
});

describe("an execution with parts", () => {
  const inner = group(
    "inner",
    [leaf("before", { type: "charge" }), leaf("middle", { type: "stay" }), leaf("after", { type: "charge" })],
    [edge("before", "middle"), edge("middle", "after")],
  );
  const outer = group("outer", [leaf("a", { type: "sub" }), leaf("b", { type: "sub" })]) as never;

  async function start(world: World, store: ReturnType<typeof memory>, version: string, stays: boolean) {
    const found = new Process(world, store, { types: types(world, version, stays), config: { concurrency: 2 } });
    await found.conductor.storage.saveFlow(inner as never);
    return found;
  }

  it("is blocked with a part of it that cannot go on, loses none of them, and goes on with them", async () => {
    const world = new World();
    const store = memory();
    const one = await start(world, store, "1.0.0", true);
    void one.conductor.node.run(outer, { executionId: "one" });
    await until(() => stayed.get(world) === 2);
    one.crash();
    const two = await start(world, memory(store), "2.0.0", false);
    const [again] = (await two.conductor.recover()).resumed;
    expect((await again?.result)?.error).toMatchObject({ code: "NODE_TYPE_NOT_FOUND" });
    expect(await store.get("one")).toMatchObject({
      status: "blocked",
      reason: expect.stringMatching(
        /^The execution one\/[ab]\/inner, a part of it, cannot go on: It began with version "1.0.0"/,
      ),
    });
    const parts = (await store.list({ text: "one/" })).executions.map(({ status }) => status);
    expect(parts.filter((status) => status === "cancelled" || status === "failed")).toEqual([]);
    expect(world.deeds).toHaveLength(2);

    expect((await two.conductor.executions.resume("one", { anyVersion: true })).success).toBe(true);
    expect(new Set(world.deeds.map(({ key }) => key)).size).toBe(4);
    expect(world.deeds).toHaveLength(4);
    const { executions } = await store.list({ text: "one" });
    expect(new Set(executions.map(({ status }) => status))).toEqual(new Set(["completed"]));
  });
});

describe("executions whose ids look as if they were around or inside of one that is blocked", () => {
  it("go on", async () => {
    const world = new World();
    const store = memory();
    const inner = group(
      "inner",
      [leaf("middle", { type: "stay" }), leaf("after", { type: "charge" })],
      [edge("middle", "after")],
    );
    const one = new Process(world, store, { types: types(world, "1.0.0", true) });
    await one.conductor.storage.saveFlow(inner as never);
    void one.conductor.node.run(group("outer", [leaf("a", { type: "sub" })]) as never, { executionId: "x/y" });
    await until(() => stayed.get(world) === 1);
    one.crash();

    const doors: (() => void)[] = [];
    const gate = { effects: "reads", execute: () => new Promise<void>((resolve) => doors.push(resolve)) };
    const two = new Process(world, memory(store), { types: { ...types(world, "2.0.0", false), gate } });
    await two.conductor.storage.saveFlow(inner as never);
    const flow = group("gated", [leaf("wait", { type: "gate" })]) as never;
    const others = ["x", "x/y/z", "x/y/a/other"].map((executionId) => two.conductor.node.run(flow, { executionId }));
    await until(() => doors.length === others.length);
    const [again] = (await two.conductor.recover()).resumed;
    expect((await again?.result)?.error?.code).toBe("NODE_TYPE_NOT_FOUND");
    expect(await store.get("x/y")).toMatchObject({ status: "blocked" });
    for (const open of doors) open();
    expect((await Promise.all(others)).map(({ success, error }) => error ?? success)).toEqual([true, true, true]);
  });
});

describe("the major version", () => {
  it("is the number before the first dot, and of other texts all of it", () => {
    const texts = ["1", "1.2", "v1.2.3", "1-rc", "1+b", "0.9", "00.1", "1a", "a1", "v", "2024-11"];
    expect(texts.map(majorOf)).toEqual(["1", "1", "1", "1", "1", "0", "0", "1a", "a1", "v", "2024"]);
  });

  it("tells of all types that have another one", () => {
    const begun = [
      ["a", "1"],
      ["__proto__", "1"],
      ["b", "1"],
    ] as const;
    expect(
      otherVersions("x", begun, [
        ["a", "2"],
        ["__proto__", "2"],
        ["b", "1.5"],
      ]),
    ).toMatch(
      /^It began with version "1" of the node type a, which is "2" here, and with version "1" of the node type __proto__/,
    );
  });
});
