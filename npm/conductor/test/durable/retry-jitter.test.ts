/** A spread backoff that outlasts its process. */
import type { StoredExecution } from "@atomiton/storage";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";

import type { RetryRecord } from "../../src/types/graph.js";
import { group, leaf } from "../contract/flows.js";
import { holds, pass, settled, stopTime } from "./stopped-time.js";
import { memory, Process, World } from "./world.js";

const flow = (retryDelay: number) =>
  group("tries", [
    leaf("call", { type: "flaky", parameters: { times: 1 }, policy: { retries: 1, retryDelay, retryJitter: true } }),
  ]) as never;

// What is loaded at its first use takes real time.
beforeAll(async () => {
  const { conductor } = new Process(new World(), memory());
  await conductor.node.run(flow(1), { executionId: "warm" });
  await conductor.executions.trace("warm");
  await conductor.shutdown();
});
beforeEach(stopTime);
const processes: Process[] = [];
afterEach(async () => {
  const all = processes.splice(0).map(({ conductor }) => conductor.shutdown());
  await settled();
  vi.useRealTimers();
  void all;
});

it.each([
  ["in memory", 4_000],
  ["asleep", 60_000],
])("is as long as it was before its process was gone, with the execution %s", async (where, full) => {
  const world = new World();
  const store = memory();
  const begun = Date.now();
  const one = new Process(world, store, { config: { random: () => 0.3 } });
  void one.conductor.node.run(flow(full), { executionId: "one" });
  await holds(() => world.deeds.length === 1);
  if (where === "asleep") {
    await holds(async () => {
      await pass(10);
      return (await store.get("one"))?.status === "sleeping";
    });
  }
  const retriesOf = async ({ conductor }: Process) =>
    ((await conductor.executions.trace("one")) as unknown as { retries: RetryRecord[] }).retries;
  // What was written is read back.
  await holds(async () => {
    await pass(10);
    return (await retriesOf(one))?.length === 1;
  });
  const [told] = (await retriesOf(one)) as [RetryRecord];
  expect(told.retryAt - told.timestamp).toBeGreaterThanOrEqual(full / 2);
  expect(told.retryAt - told.timestamp).toBeLessThan(full);
  if (where === "asleep") await one.conductor.shutdown();
  else one.crash();
  await settled();
  await pass(500);

  const two = new Process(world, memory(store), { config: { random: () => 0.9 } });
  processes.push(two);
  await two.conductor.recover();
  await settled();
  expect(await retriesOf(two)).toEqual([told]);
  await pass(told.retryAt - Date.now() - 50);
  expect(world.deeds).toHaveLength(1);
  await pass(100);
  await holds(async () => {
    await pass(10);
    return (await store.get("one"))?.status === "completed";
  });
  expect(world.deeds).toHaveLength(2);
  expect(((await store.get("one")) as StoredExecution).endedAt).toBeGreaterThanOrEqual(told.retryAt);
  expect(((await store.get("one")) as StoredExecution).endedAt).toBeLessThan(begun + full);
});
