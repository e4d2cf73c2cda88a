/** Keeping flows through `conductor.storage`. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Conductor, FlowSavedEvent, FlowToSave } from "@atomiton/conductor/node";
import { createStorage } from "@atomiton/storage";
import { afterEach, describe, expect, it, vi } from "vitest";
import { edge, leaf, listenToConsole } from "../contract/flows.js";
import { conductorOf, storageOf, until } from "./stored.js";

const folders: string[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "flows-"));
  folders.push(made);
  return join(made, "data");
}

/** Moves the calendar; timers and files go on as usual. */
function at(time: string): void {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(time) });
}

const flow = (id: string | undefined, more: Record<string, unknown> = {}): FlowToSave =>
  ({
    ...(id !== undefined && { id }),
    name: `Flow ${id}`,
    nodes: [leaf("a"), leaf("b")],
    edges: [edge("a", "b")],
    ...more,
  }) as FlowToSave;

const engines: [string, () => Promise<unknown>][] = [
  ["memory", () => storageOf()],
  ["files", async () => createStorage({ type: "filesystem", basePath: await folder() })],
];

describe.each(engines)("flows kept in %s", (_name, open) => {
  const conductorHere = async (): Promise<Conductor> => conductorOf({ storage: await open() });

  it("come back as they were, with nothing lost", async () => {
    const conductor = await conductorHere();
    const saved = flow("my-flow", {
      description: "Processes CSV files",
      tags: ["top"],
      category: "data",
      metadata: { tags: ["data", "processing"], author: "user@example.com" },
      variables: { env: { type: "string", defaultValue: "dev" } },
      settings: { runtime: { timeout: 1000 }, ui: { zoom: 1.5 } },
      inputPorts: [{ id: "in", name: "In", type: "input", dataType: "any" }],
      myOwnField: { deep: [1, { two: null }], text: "ümläut ✓" },
      nodes: [
        { ...leaf("a", { parameters: { path: "/x", n: 1.5 } }), position: { x: 1, y: -2 }, color: "red" },
        { ...leaf("b"), nodes: [{ ...leaf("deep"), custom: true }], edges: [] },
      ],
      edges: [{ ...edge("a", "b", { sourceHandle: null, targetHandle: "in" }), animated: true, data: { w: 1 } }],
    });
    const before = structuredClone(saved);
    await conductor.storage.saveFlow(saved);
    const loaded = await conductor.storage.loadFlow("my-flow");
    expect(loaded).toMatchObject(before);
    expect(loaded.nodes).toEqual(before.nodes);
    expect(loaded.edges).toEqual(before.edges);
    expect(saved).toEqual(before);
  });

  it("have a receipt: id, time and version", async () => {
    at("2030-01-02T03:04:05.678Z");
    const { storage } = await conductorHere();
    const receipt = await storage.saveFlow(flow("my-flow"));
    expect(receipt).toMatchObject({ id: "my-flow", savedAt: "2030-01-02T03:04:05.678Z", version: "1.0.0" });
    const loaded = await storage.loadFlow("my-flow");
    expect(loaded).toMatchObject({ savedAt: "2030-01-02T03:04:05.678Z", version: "1.0.0", name: "Flow my-flow" });
  });

  it("get an id when they have none", async () => {
    const { storage } = await conductorHere();
    const ids = await Promise.all([storage.saveFlow(flow(undefined)), storage.saveFlow(flow(undefined))]);
    for (const { id } of ids) {
      expect(id).toMatch(/./);
      expect(await storage.loadFlow(id)).toMatchObject({ id, nodes: [{ id: "a" }, { id: "b" }] });
    }
    expect(ids[0]?.id).not.toBe(ids[1]?.id);
  });

  it("tell their changes apart from mere saves", async () => {
    const { storage } = await conductorHere();
    at("2030-01-01T00:00:00.000Z");
    await storage.saveFlow(flow("f"));
    at("2030-01-02T00:00:00.000Z");
    await storage.saveFlow(flow("f"));
    const same = await storage.loadFlow("f");
    expect([same.savedAt, same.updatedAt]).toEqual(["2030-01-02T00:00:00.000Z", "2030-01-01T00:00:00.000Z"]);
    at("2030-01-03T00:00:00.000Z");
    await storage.saveFlow(same);
    const again = await storage.loadFlow("f");
    expect([again.savedAt, again.updatedAt]).toEqual(["2030-01-03T00:00:00.000Z", "2030-01-01T00:00:00.000Z"]);
    at("2030-01-04T00:00:00.000Z");
    await storage.saveFlow(flow("f", { description: "new" }));
    const changed = await storage.loadFlow("f");
    expect([changed.savedAt, changed.updatedAt]).toEqual(["2030-01-04T00:00:00.000Z", "2030-01-04T00:00:00.000Z"]);
    const { flows } = await storage.listFlows();
    expect(flows[0]).toMatchObject({ savedAt: changed.savedAt, updatedAt: changed.updatedAt });
  });

  it("are listed with what a list shows", async () => {
    const { storage } = await conductorHere();
    await storage.saveFlow(flow("one", { description: "the first", metadata: { tags: ["x", "y"] } }));
    await storage.saveFlow(flow("two", { nodes: [leaf("only")], edges: [] }));
    const { flows, total } = await storage.listFlows({ sortBy: "name", sortOrder: "asc" });
    expect(total).toBe(2);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(flows).toMatchObject([
      {
        id: "one",
        name: "Flow one",
        description: "the first",
        tags: ["x", "y"],
        nodeCount: 2,
        savedAt: time,
        updatedAt: time,
        version: "1.0.0",
      },
      { id: "two", name: "Flow two", nodeCount: 1, savedAt: time, updatedAt: time, version: "1.0.0" },
    ]);
    expect(flows[0]).not.toHaveProperty("nodes");
  });

  it("are replaced by a save under the same id", async () => {
    const { storage } = await conductorHere();
    await storage.saveFlow(flow("f", { description: "old", extra: 1 }));
    await storage.saveFlow(flow("f", { nodes: [leaf("new")], edges: [] }));
    const loaded = await storage.loadFlow("f");
    expect(loaded.nodes.map(({ id }) => id)).toEqual(["new"]);
    expect(loaded).not.toHaveProperty("description");
    expect(loaded).not.toHaveProperty("extra");
    expect((await storage.listFlows()).total).toBe(1);
  });

  it("are gone once deleted", async () => {
    const { storage, execute } = await conductorHere();
    await storage.saveFlow(flow("f"));
    expect(await storage.deleteFlow("f")).toBeUndefined();
    await expect(storage.loadFlow("f")).rejects.toThrow("not found");
    await expect(storage.deleteFlow("f")).rejects.toThrow("not found");
    expect(await storage.listFlows()).toEqual({ flows: [], total: 0 });
    expect((await execute({ flowId: "f" })).error).toBe("Flow with id f not found");
  });

  it("can be run as they are loaded, and by their id", async () => {
    const conductor = await conductorHere();
    await conductor.storage.saveFlow(flow("f"));
    const loaded = await conductor.storage.loadFlow("f");
    expect(await conductor.flow.run(loaded)).toMatchObject({ success: true, data: "out:b" });
    expect(await conductor.execute({ flowId: "f" })).toMatchObject({ success: true, data: "out:b" });
  });

  it("saved all at once are all there", async () => {
    const { storage } = await conductorHere();
    const ids = Array.from({ length: 20 }, (_, index) => `flow-${index}`);
    await Promise.all(ids.map((id) => storage.saveFlow(flow(id))));
    await Promise.all(ids.map((id) => storage.saveFlow(flow(id, { description: `about ${id}` }))));
    const { flows, total } = await storage.listFlows();
    expect(total).toBe(20);
    expect(new Set(flows.map(({ description }) => description))).toEqual(new Set(ids.map((id) => `about ${id}`)));
  });
});

describe("a flow that cannot be saved", () => {
  it.each([[undefined], [null], [[]], ["text"], [{}]])("has no nodes but %j", async (nodes) => {
    const conductor = await conductorOf();
    const events = vi.fn();
    conductor.storage.onFlowSaved(events);
    await expect(conductor.storage.saveFlow({ id: "f", name: "F", nodes } as never)).rejects.toThrow(
      "Flow must contain at least one node",
    );
    expect(events).not.toHaveBeenCalled();
    expect((await conductor.storage.listFlows()).total).toBe(0);
  });

  it("is told of when the storage fails, instead of looking like success", async () => {
    const broken = async () => Promise.reject(new Error("no space left on device"));
    const conductor = await conductorOf({
      storage: { ...(await storageOf()), save: broken, list: broken, delete: broken },
    });
    const events = vi.fn();
    conductor.storage.onFlowSaved(events);
    await expect(conductor.storage.saveFlow(flow("f"))).rejects.toThrow("no space left on device");
    await expect(conductor.storage.listFlows()).rejects.toThrow("no space left on device");
    await expect(conductor.storage.deleteFlow("f")).rejects.toThrow();
    expect(events).not.toHaveBeenCalled();
  });

  it("never writes outside of the storage's folder", async () => {
    const basePath = await folder();
    const { storage } = await conductorOf({ storage: createStorage({ type: "filesystem", basePath }) });
    for (const id of ["../escape", "/etc/escape", "..", "a/../../escape", "..\\escape"]) {
      await storage.saveFlow(flow(id)).catch(() => undefined);
    }
    expect((await readdir(dirname(basePath))).filter((name) => name !== "data")).toEqual([]);
  });
});

describe("a flow that is not there", () => {
  it.each(["nobody", "", "__proto__", "../x"])("rejects: %j", async (id) => {
    const { storage } = await conductorOf();
    await expect(storage.loadFlow(id)).rejects.toThrow(Error);
    await expect(storage.deleteFlow(id)).rejects.toThrow(Error);
  });

  it("is named", async () => {
    const { storage } = await conductorOf();
    await expect(storage.loadFlow("nobody")).rejects.toThrow("Flow with id nobody not found");
    await expect(storage.deleteFlow("nobody")).rejects.toThrow("Flow with id nobody not found");
  });
});

describe("a flow of the earlier version", () => {
  it("is loaded as one of this version", async () => {
    const storage = await storageOf();
    await storage.save("old", { ...flow("old"), version: "0.9.0" });
    const conductor = await conductorOf({ storage });
    expect(await conductor.storage.loadFlow("old")).toMatchObject({ id: "old", version: "1.0.0" });
  });
});

describe("pages of flows", () => {
  async function shelf() {
    const conductor = await conductorOf();
    for (let index = 0; index < 60; index += 1) {
      at(`2030-01-01T00:${String(index).padStart(2, "0")}:00.000Z`);
      const name = `N${String((index * 7) % 60).padStart(2, "0")}`;
      await conductor.storage.saveFlow(flow(`f${index}`, { name }));
    }
    return conductor.storage;
  }

  it("hold 50, the last saved first, where nothing is said", async () => {
    const { flows, total } = await (await shelf()).listFlows();
    expect(total).toBe(60);
    expect(flows.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, index) => `f${59 - index}`));
  });

  it("follow one another without gap or overlap", async () => {
    const storage = await shelf();
    const ids: string[] = [];
    for (let page = 0; page < 4; page += 1) {
      const { flows, total } = await storage.listFlows({
        limit: 25,
        offset: page * 25,
        sortBy: "savedAt",
        sortOrder: "desc",
      });
      expect(total).toBe(60);
      expect(flows.length).toBe([25, 25, 10, 0][page]);
      ids.push(...flows.map(({ id }) => id));
    }
    expect(ids).toEqual(Array.from({ length: 60 }, (_, index) => `f${59 - index}`));
  });

  it("are sorted by name, save or change, up or down", async () => {
    const storage = await shelf();
    at("2030-02-01T00:00:00.000Z");
    await storage.saveFlow({ ...(await storage.loadFlow("f0")) });
    at("2030-02-02T00:00:00.000Z");
    await storage.saveFlow({ ...(await storage.loadFlow("f1")), description: "changed" });
    const first = async (sortBy: "name" | "savedAt" | "updatedAt", sortOrder: "asc" | "desc") =>
      (await storage.listFlows({ sortBy, sortOrder, limit: 2 })).flows.map(({ id }) => id);
    expect(
      (await storage.listFlows({ sortBy: "name", sortOrder: "asc", limit: 3 })).flows.map(({ name }) => name),
    ).toEqual(["N00", "N01", "N02"]);
    expect((await storage.listFlows({ sortBy: "name", sortOrder: "desc", limit: 1 })).flows[0]?.name).toBe("N59");
    expect(await first("savedAt", "desc")).toEqual(["f1", "f0"]);
    expect(await first("savedAt", "asc")).toEqual(["f2", "f3"]);
    expect(await first("updatedAt", "desc")).toEqual(["f1", "f59"]);
    expect(await first("updatedAt", "asc")).toEqual(["f0", "f2"]);
  });
});

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

  it("works with detached functions", async () => {
    const conductor = await conductorOf();
    const { saveFlow, loadFlow, listFlows, deleteFlow } = conductor.storage;
    await saveFlow(flow("f"));
    expect((await loadFlow("f")).id).toBe("f");
    expect((await listFlows()).total).toBe(1);
    await deleteFlow("f");
    expect((await listFlows()).total).toBe(0);
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
