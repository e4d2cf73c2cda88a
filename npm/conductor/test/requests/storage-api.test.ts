/** Keeping flows through `conductor.storage`. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Conductor } from "@atomiton/conductor/node";
import { createStorage } from "@atomiton/storage";
import { afterEach, describe, expect, it, vi } from "vitest";
import { edge, leaf } from "../contract/flows.js";
import { at, flow } from "./saving.js";
import { conductorOf, storageOf } from "./stored.js";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "flows-"));
  folders.push(made);
  return join(made, "data");
}

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

describe("the functions of a storage", () => {
  it("work when they are detached", async () => {
    const conductor = await conductorOf();
    const { saveFlow, loadFlow, listFlows, deleteFlow } = conductor.storage;
    await saveFlow(flow("f"));
    expect((await loadFlow("f")).id).toBe("f");
    expect((await listFlows()).total).toBe(1);
    await deleteFlow("f");
    expect((await listFlows()).total).toBe(0);
  });
});
