/** Listening to flows that are saved and deleted, here and by others. */
import type { FlowSavedEvent } from "@atomiton/conductor/node";
import { createStorage } from "@atomiton/storage";
import { describe, expect, it, vi } from "vitest";
import { listenToConsole } from "../contract/flows.js";
import { at, flow } from "./saving.js";
import { conductorOf, until } from "./stored.js";

describe("a saved flow", () => {
  it("is announced with five fields, the old names among them", async () => {
    at("2030-01-02T03:04:05.678Z");
    const { storage } = await conductorOf();
    const heard: FlowSavedEvent[] = [];
    const leave = storage.onFlowSaved((event) => heard.push(event));
    await storage.saveFlow(flow("f", { name: "Mine" }));
    expect(heard).toEqual([
      {
        id: "f",
        name: "Mine",
        savedAt: "2030-01-02T03:04:05.678Z",
        flowId: "f",
        timestamp: Date.parse("2030-01-02T03:04:05.678Z"),
      },
    ]);
    leave();
    await storage.saveFlow(flow("f"));
    expect(heard.length).toBe(1);
  });

  it("is there when it is announced", async () => {
    const { storage } = await conductorOf();
    const found = new Promise((resolve, reject) => {
      storage.onFlowSaved(({ id }) => storage.loadFlow(id).then(resolve, reject));
    });
    await storage.saveFlow(flow("f"));
    expect(await found).toMatchObject({ id: "f" });
  });

  it("is saved even if a listener throws, and the other listeners hear of it", async () => {
    const printed = listenToConsole();
    const { storage } = await conductorOf();
    const other = vi.fn();
    storage.onFlowSaved(() => {
      throw new Error("listener broke");
    });
    storage.onFlowSaved(other);
    await storage.saveFlow(flow("f"));
    expect(other).toHaveBeenCalledTimes(1);
    expect(await storage.loadFlow("f")).toMatchObject({ id: "f" });
    printed.restore();
  });
});

/** Two engines that keep the same flows, each told of what is done through the other one. */
function twoEngines() {
  const memory = createStorage({ type: "memory" });
  const listeners = [new Set<(change: object) => void>(), new Set<(change: object) => void>()] as const;
  const engine = (own: 0 | 1) => {
    const tell = (change: object) => {
      for (const listener of listeners[own === 0 ? 1 : 0]) listener(change);
    };
    return {
      ...memory,
      async save(key: string, data: unknown) {
        await memory.save(key, data);
        tell({ key, kind: "saved" });
      },
      async delete(key: string) {
        await memory.delete(key);
        tell({ key, kind: "deleted" });
      },
      onChange(listener: (change: object) => void) {
        listeners[own].add(listener);
        return () => listeners[own].delete(listener);
      },
    };
  };
  return { one: engine(0), other: engine(1), listenersOfOne: listeners[0] };
}

describe("a flow that somebody else saves or deletes in the same storage", () => {
  it("is announced as if it were done here, and here only once", async () => {
    const { one, other } = twoEngines();
    const [here, there] = await Promise.all([conductorOf({ storage: one }), conductorOf({ storage: other })]);
    const heardHere: unknown[] = [];
    const heardThere: unknown[] = [];
    for (const [{ storage }, heard] of [[here, heardHere] as const, [there, heardThere] as const]) {
      storage.onFlowSaved((event) => heard.push(event));
      storage.onFlowDeleted((event) => heard.push(event));
    }
    await there.storage.saveFlow(flow("f", { name: "Mine" }));
    await until(() => heardHere.length === 1);
    const savedAt = expect.stringMatching(/Z$/);
    expect(heardHere[0]).toEqual({ id: "f", name: "Mine", savedAt, flowId: "f", timestamp: expect.any(Number) });
    expect(heardThere).toEqual(heardHere);
    expect((await here.storage.listFlows()).flows).toMatchObject([{ id: "f", name: "Mine" }]);
    await there.storage.deleteFlow("f");
    await until(() => heardHere.length === 2);
    expect(heardHere[1]).toEqual({ id: "f", name: "Mine", deletedAt: savedAt });
    expect(heardThere[1]).toMatchObject({ id: "f", name: "Mine" });
    expect([heardHere.length, heardThere.length]).toEqual([2, 2]);
  });

  it("is told of in its order, and not at all where it is no flow", async () => {
    const { one, other } = twoEngines();
    const { storage } = await conductorOf({ storage: one });
    const heard: string[] = [];
    storage.onFlowSaved(({ id }) => heard.push(`saved ${id}`));
    storage.onFlowDeleted(({ id }) => heard.push(`deleted ${id}`));
    await other.save("no-flow", { x: 1 });
    await other.save("f", flow("f"));
    await other.save("broken", { nodes: "none" });
    await other.delete("f");
    await other.save("g", flow("g"));
    await until(() => heard.includes("saved g"));
    // What was gone before it could be looked at is told of as deleted only.
    expect(heard.filter((what) => what !== "saved f")).toEqual(["deleted f", "saved g"]);
  });

  it("is heard of only while somebody listens", async () => {
    const { one, listenersOfOne } = twoEngines();
    const { storage } = await conductorOf({ storage: one });
    await storage.saveFlow(flow("f"));
    await storage.listFlows();
    expect(listenersOfOne.size).toBe(0);
    const leave = [storage.onFlowSaved(() => {}), storage.onFlowSaved(() => {}), storage.onFlowDeleted(() => {})];
    expect(listenersOfOne.size).toBe(1);
    for (const each of leave.slice(0, 2)) each();
    expect(listenersOfOne.size).toBe(1);
    leave[2]?.();
    leave[2]?.();
    expect(listenersOfOne.size).toBe(0);
    const again = storage.onFlowDeleted(() => {});
    expect(listenersOfOne.size).toBe(1);
    again();
    expect(listenersOfOne.size).toBe(0);
  });

  it("is heard of from the storage in use, once that is there", async () => {
    const first = twoEngines();
    const second = twoEngines();
    const conductor = await conductorOf({ storage: first.one });
    const heard: string[] = [];
    conductor.storage.onFlowSaved(({ id }) => heard.push(id));
    await first.other.save("a", flow("a"));
    await until(() => heard.length === 1);
    await first.other.save("too-late", flow("too-late"));
    conductor.configureTransport("local", { storage: Promise.resolve(second.one) } as never);
    expect(first.listenersOfOne.size).toBe(0);
    await until(() => second.listenersOfOne.size === 1);
    await second.other.save("b", flow("b"));
    await until(() => heard.includes("b"));
    expect(heard).toEqual(["a", "b"]);
  });

  it("cannot be heard of where the storage fails to come, which is told to whoever uses it", async () => {
    const storage = Promise.reject(new Error("no storage today"));
    const conductor = await conductorOf({ storage });
    const leave = conductor.storage.onFlowSaved(() => {});
    await expect(conductor.storage.listFlows()).rejects.toThrow("no storage today");
    leave();
  });
});
