/** What an application does at its start with executions that an earlier process left unfinished. */
import { setupMainProcessHandler } from "@atomiton/conductor/desktop";
import type { MemoryExecutions } from "@atomiton/storage";
import { describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { memory, Process, World } from "./world.js";

const ipcMain = { handle() {}, removeHandler() {}, on() {}, removeListener() {} } as never;

/** A store with executions of these ids, which were left unfinished. */
async function leftBehind(...ids: string[]): Promise<MemoryExecutions> {
  const store = memory();
  const one = new Process(new World(), store);
  const flow = group("wait", [leaf("pay", { type: "pay" }), leaf("never", { type: "never" })], [edge("pay", "never")]);
  for (const executionId of ids) void one.conductor.node.run(flow as never, { executionId });
  while ((await store.list()).executions.filter(({ sequence }) => sequence > 0).length < ids.length) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  one.crash();
  return store;
}

/** The main process of an application on a store; its nodes that never ended end now. */
const application = (store: MemoryExecutions, options: object) =>
  setupMainProcessHandler({
    ipcMain,
    channels: false,
    store: memory(store),
    nodeExecutorFactory: { getNodeExecutable: () => ({ effects: "reads", execute: () => "done" }) },
    ...options,
  } as never);

describe("the main process of an application", () => {
  it("goes on at its start with what was left unfinished", async () => {
    const store = await leftBehind("one", "two");
    const { recovered, cleanup } = application(store, {});
    const resumed = (await recovered)?.resumed ?? [];
    expect(resumed.map(({ executionId }) => executionId)).toEqual(["one", "two"]);
    for (const { result } of resumed) expect((await result).data).toBe("done");
    await cleanup();
    expect(await store.get("one")).toMatchObject({ status: "completed" });
  });

  it("leaves all as it is, where it is told so", async () => {
    const store = await leftBehind("one");
    const { recovered, cleanup } = application(store, { recover: "never" });
    expect(await recovered).toBeUndefined();
    await cleanup();
    expect(await memory(store).claimable(Date.now(), 10)).toEqual(["one"]);
  });

  it("asks which executions go on", async () => {
    const store = await leftBehind("one", "two");
    const asked: string[][] = [];
    const { recovered, cleanup } = application(store, {
      recover: async (executions: { id: string }[]) => {
        asked.push(executions.map(({ id }) => id));
        return ["two"];
      },
    });
    const resumed = (await recovered)?.resumed ?? [];
    expect(asked).toEqual([["one", "two"]]);
    expect(resumed.map(({ executionId }) => executionId)).toEqual(["two"]);
    await resumed[0]?.result;
    await cleanup();
    expect(await store.get("one")).toMatchObject({ status: "running" });
    expect(await store.get("two")).toMatchObject({ status: "completed" });
  });

  it("refuses a choice that there is not, and ids that were not among those offered", async () => {
    const store = await leftBehind("one");
    expect(() => application(store, { recover: "sometimes" })).toThrow("`recover`");
    const { conductor } = new Process(new World(), memory(store));
    await expect(conductor.recover(() => ["two"])).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
    expect(await memory(store).claimable(Date.now(), 10)).toEqual(["one"]);
  });
});
