/** Executions that change hands: owners that were taken for dead, several that recover at once, and what no store can keep. */
import { describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { memory, Process, World } from "./world.js";

/** A flow whose middle waits until it is let go on, in the process that has it. */
function gated(last: "pay" | "pure") {
  const doors: (() => void)[] = [];
  const types = {
    gate: { effects: "reads", execute: () => new Promise<void>((resolve) => doors.push(resolve)) },
  };
  const flow = group(
    "gated",
    [leaf("first", { type: "pay" }), leaf("gate", { type: "gate" }), leaf("last", { type: last })],
    [edge("first", "gate"), edge("gate", "last")],
  );
  return { doors, flow, types };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe("an owner that was taken for dead", () => {
  it.each(["pay", "pure"] as const)(
    "is refused when it wakes up, and its run ends with the reason (%s)",
    async (last) => {
      const world = new World();
      const store = memory();
      const { doors, flow, types } = gated(last);
      const one = new Process(world, store, { types });
      const stale = one.conductor.node.run(flow as never, { executionId: "gated" });
      await until(() => doors.length === 1);
      store.abandon();

      const two = new Process(world, memory(store), { types });
      const { resumed } = await two.conductor.recover();
      await until(() => doors.length === 2);
      doors[0]?.();
      const { success, error } = await stale;
      expect({ success, code: error?.code, message: error?.message }).toEqual({
        success: false,
        code: "INTERNAL_ERROR",
        message: expect.stringContaining("another process has taken it over"),
      });
      expect(world.steps()).toEqual(new Set(["gated/first"]));

      doors[1]?.();
      expect((await resumed[0]?.result)?.error).toBeUndefined();
      expect(world.steps()).toEqual(new Set(last === "pay" ? ["gated/first", "gated/last"] : ["gated/first"]));
      expect(world.keysWithTwoInputs()).toEqual([]);
      expect(await store.get("gated")).toMatchObject({ status: "completed", epoch: 2 });
    },
  );
});

describe("several processes that recover at once", () => {
  it("have each execution once", async () => {
    const world = new World();
    const store = memory();
    const { doors, flow, types } = gated("pay");
    const one = new Process(world, store, { types });
    const ids = Array.from({ length: 30 }, (_, at) => `run-${at}`);
    for (const executionId of ids) void one.conductor.node.run(flow as never, { executionId });
    await until(() => doors.length === ids.length);
    one.crash();

    const others = Array.from({ length: 3 }, () => new Process(world, memory(store), { types }));
    const found = await Promise.all(others.map(({ conductor }) => conductor.recover()));
    expect(found.flatMap(({ blocked }) => blocked)).toEqual([]);
    expect(
      found
        .flatMap(({ resumed }) => resumed)
        .map(({ executionId }) => executionId)
        .sort(),
    ).toEqual(ids.toSorted());
    await until(() => doors.length === 2 * ids.length);
    for (const open of doors) open();
    for (const { result } of found.flatMap(({ resumed }) => resumed)) expect((await result).error).toBeUndefined();
    expect(world.steps()).toEqual(new Set(ids.flatMap((id) => [`${id}/first`, `${id}/last`])));
    expect(world.deeds.filter(({ key }) => key.endsWith("/last"))).toHaveLength(ids.length);
    expect(world.keysWithTwoInputs()).toEqual([]);
  });
});

describe("what no store can keep", () => {
  it("fails its own execution, and no other one waits for it", async () => {
    const { conductor, store } = new Process(new World(), memory());
    const flow = leaf("pay", { type: "pay" });
    const bad = conductor.node.run(flow as never, { executionId: "bad\0id" });
    const good = conductor.node.run(flow as never, { executionId: "good" });
    expect((await good).error).toBeUndefined();
    const { error } = await bad;
    expect({ code: error?.code, message: error?.message }).toEqual({
      code: "SERIALIZATION_FAILED",
      message: expect.stringMatching(/`id` of the execution "bad\\u0000id" contains a NUL character; take it out/),
    });
    expect((await store.list()).executions.map(({ id }) => id)).toEqual(["good"]);
  });
});
