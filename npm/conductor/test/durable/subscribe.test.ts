/** Executions that are followed while they change. */
import { createConductor } from "@atomiton/conductor/desktop";
import type { StoredExecution } from "@atomiton/storage";
import { afterEach, describe, expect, it, vi } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { memory, Process, World } from "./world.js";

const shop = () => group("shop", [leaf("see", { type: "read" }), leaf("buy", { type: "pay" })], [edge("see", "buy")]);

afterEach(() => {
  vi.useRealTimers();
});

describe("subscribing to an execution", () => {
  it("tells how it stands, its new records and its end", async () => {
    const { conductor } = new Process(new World(), memory());
    const rows: StoredExecution[] = [];
    const told = new Promise<void>((resolve) => {
      conductor.events.onStarted(() => {});
      void conductor.node.run(
        group(
          "slow",
          [leaf("see", { type: "read" }), leaf("buy", { type: "pay" }), leaf("pay", { type: "pay" })],
          [edge("see", "buy"), edge("buy", "pay")],
        ) as never,
        { executionId: "one" },
      );
      const wait = setInterval(async () => {
        if ((await conductor.executions.list()).executions.length === 0) return;
        clearInterval(wait);
        conductor.executions.subscribe("one", (row) => {
          rows.push(row);
          if (row.status === "completed") resolve();
        });
      }, 0);
    });
    await told;
    expect(rows.at(-1)).toMatchObject({ id: "one", status: "completed" });
    const sequences = rows.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...sequences].sort((one, other) => one - other));
    await conductor.shutdown();
  });

  it("sees what another process writes, and then leaves no timer behind", async () => {
    vi.useFakeTimers();
    const store = memory();
    const watching = new Process(new World(), memory(store));
    const begin = {
      type: "begin" as const,
      execution: {
        id: "far",
        flowId: "shop",
        name: "shop",
        document: JSON.stringify(shop()),
        documentHash: "0".repeat(64),
        head: new Uint8Array(),
        trigger: "call",
        tags: [],
        startedAt: 1,
      },
    };
    await store.write([begin]);
    const seen: string[] = [];
    watching.conductor.executions.subscribe("far", ({ status, sequence }) => seen.push(`${status} ${sequence}`));
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual(["running 0"]);
    const nothing = new Uint8Array();
    await store.write([{ type: "append", id: "far", epoch: 1, sequence: 1, journal: nothing, values: nothing }]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(seen).toEqual(["running 0", "running 1"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seen).toHaveLength(2);
    await store.write([{ type: "update", id: "far", epoch: 1, updatedAt: 2, endedAt: 2, status: "completed" }]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(seen).toEqual(["running 0", "running 1", "completed 1"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends when it is told to, and when the conductor is shut down", async () => {
    vi.useFakeTimers();
    const store = memory();
    const { conductor } = new Process(new World(), store);
    void conductor.node.run(group("open", [leaf("wait", { type: "never" })]) as never, { executionId: "open" });
    await vi.advanceTimersByTimeAsync(1_000);
    // The conductor looks for executions that sleep.
    const others = vi.getTimerCount();
    let calls = 0;
    const end = conductor.executions.subscribe("open", () => calls++);
    conductor.executions.subscribe("open", () => calls++);
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toBe(2);
    end();
    expect(vi.getTimerCount()).toBe(others + 1);
    await conductor.shutdown();
    // What the run still had to say is written shortly after; a subscription would look again and again.
    await vi.advanceTimersByTimeAsync(1_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(calls).toBe(2);
  });

  it("says that there is no such execution, once", async () => {
    const { conductor } = new Process(new World(), memory());
    const error = await new Promise<Error>((resolve) => {
      conductor.executions.subscribe("none", () => {}, resolve);
    });
    expect(error).toMatchObject({ code: "NODE_NOT_FOUND" });
    const without = createConductor({ transport: "local", logLevel: "error" });
    const refused = await new Promise<Error>((resolve) => without.executions.subscribe("none", () => {}, resolve));
    expect(refused).toMatchObject({ code: "INVALID_PARAMETERS" });
  });
});
