/** What went wrong once, and must not again. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConductor } from "@atomiton/conductor/node";
import { createMemoryEngine, createStorage } from "@atomiton/storage";
import { afterEach, describe, expect, it, vi } from "vitest";

type Body = (params: Record<string, unknown>) => unknown;

function conductorOf(bodies: Record<string, Body>, config: object = {}) {
  const getNodeExecutable = (type: string) => {
    const body = bodies[type];
    return body === undefined ? undefined : { execute: async (params: Record<string, unknown>) => body(params) };
  };
  return createConductor({ nodeExecutorFactory: { getNodeExecutable }, ...config });
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), "flows-"));
  folders.push(folder);
  return folder;
}

describe("a list of flows", () => {
  it("shows a flow as it was saved last, even within the same millisecond and in the same size", async () => {
    const { storage } = createConductor({ storage: createMemoryEngine() });
    const nodes = [{ id: "a", type: "x" }];
    for (let round = 0; round < 50; round++) {
      await storage.saveFlow({ id: "f", name: `name ${String(round).padStart(2, "0")}`, nodes });
      const { flows } = await storage.listFlows();
      expect(flows[0]?.name).toBe(`name ${String(round).padStart(2, "0")}`);
    }
  });

  it("names the flows that cannot be read, which can still be deleted", async () => {
    const basePath = folderOf();
    const { storage } = createConductor({ storage: createStorage({ type: "filesystem", basePath }) });
    await storage.saveFlow({ id: "good", name: "Good", nodes: [{ id: "a", type: "x" }] });
    writeFileSync(join(basePath, "torn.composite.yaml"), "id: torn\nnodes: [");
    const { flows, total, problems } = await storage.listFlows();
    expect([flows.map(({ id }) => id), total]).toEqual([["good"], 1]);
    expect(problems).toEqual([{ id: "torn", message: expect.any(String) }]);
    await storage.deleteFlow("torn");
    expect((await storage.listFlows()).problems).toBeUndefined();
  });

  it("tells of flows that are deleted", async () => {
    const { storage } = createConductor();
    const deleted = vi.fn();
    const unsubscribe = storage.onFlowDeleted(deleted);
    await storage.saveFlow({ id: "f", name: "F", nodes: [{ id: "a", type: "x" }] });
    await storage.deleteFlow("f");
    expect(deleted.mock.calls).toEqual([[{ id: "f", name: "F", deletedAt: expect.any(String) }]]);
    unsubscribe();
    await storage.saveFlow({ id: "f", name: "F", nodes: [{ id: "a", type: "x" }] });
    await storage.deleteFlow("f");
    expect(deleted).toHaveBeenCalledTimes(1);
  });

  it("takes a flow without nodes from whoever says so", async () => {
    const { storage } = createConductor();
    await expect(storage.saveFlow({ id: "new", nodes: [] })).rejects.toThrow("Flow must contain at least one node");
    await storage.saveFlow({ id: "new", nodes: [] }, { allowEmpty: true });
    expect((await storage.loadFlow("new")).nodes).toEqual([]);
  });
});

describe("cached outputs", () => {
  const flow = { id: "f", nodes: [{ id: "who", type: "who" }] };

  it.each([
    ["maps", new Map([["name", "alice"]]), new Map([["name", "bob"]])],
    ["sets", new Set(["alice"]), new Set(["bob"])],
    ["numbers that JSON has no word for", Number.NaN, Number.POSITIVE_INFINITY],
  ])("of one input are not those of another: %s", async (_what, first, second) => {
    let fails = false;
    const conductor = conductorOf({
      who: ({ input }) => {
        if (fails) throw new Error("down");
        return input;
      },
    });
    await conductor.storage.saveFlow(flow);
    const options = { fallback: "cached-data" };
    expect((await conductor.execute({ flowId: "f", inputs: { first }, options })).success).toBe(true);
    fails = true;
    expect((await conductor.execute({ flowId: "f", inputs: { first: second }, options })).success).toBe(false);
  });
});

describe("a pause", () => {
  it("holds what has not begun, also from a listener for the start", async () => {
    const ran: string[] = [];
    const conductor = conductorOf({ step: ({ nodeId }) => void ran.push(nodeId as string) });
    conductor.events.onStarted(({ executionId }) => void conductor.node.pause(executionId));
    const flow = {
      id: "f",
      type: "group",
      nodes: [
        { id: "a", type: "step" },
        { id: "b", type: "step" },
      ],
    };
    const result = conductor.node.run(flow, { executionId: "held" });
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toEqual([]);
    await conductor.node.resume("held");
    expect((await result).success).toBe(true);
    expect(ran).toEqual(["a", "b"]);
  });

  it("that is followed by a cancel ends the execution before it began", async () => {
    const conductor = conductorOf({ step: () => "ran" });
    conductor.events.onStarted(({ executionId }) => void conductor.node.pause(executionId));
    const result = conductor.node.run({ id: "n", type: "step" }, { executionId: "held" });
    await conductor.node.cancel("held");
    await conductor.node.resume("held");
    expect((await result).error?.code).toBe("CANCELLED");
  });

  it("reaches executions that were started from within", async () => {
    const ran: string[] = [];
    let reached: () => void = () => {};
    const began = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let go: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const conductor = conductorOf({
      outer: async ({ executionId }) => {
        const nodes = ["x", "y"].map((id) => ({ id, type: "inner" }));
        return conductor.node.run({ id: "f", type: "group", nodes }, { executionId: `${executionId}/sub` });
      },
      inner: async ({ nodeId }) => {
        ran.push(nodeId as string);
        reached();
        await held;
      },
    });
    const result = conductor.node.run({ id: "o", type: "outer" }, { executionId: "parent" });
    await began;
    await conductor.node.pause("parent");
    go();
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toEqual(["x"]);
    await conductor.node.resume("parent");
    expect((await result).success).toBe(true);
    expect(ran).toEqual(["x", "y"]);
  });
});

describe("a request whose flow is being looked for", () => {
  it("is listed among the executions", async () => {
    let found: (flow: unknown) => void = () => {};
    const load = () => new Promise((resolve) => (found = resolve));
    const conductor = conductorOf({ x: () => 1 }, { storage: { load, save() {} } });
    const result = conductor.execute({ flowId: "f", context: { executionId: "e" } });
    await Promise.resolve();
    expect(await conductor.node.active()).toMatchObject([{ executionId: "e", nodeId: "f" }]);
    found({ id: "f", nodes: [{ id: "a", type: "x" }] });
    expect((await result).success).toBe(true);
    expect(await conductor.node.active()).toEqual([]);
  });
});

describe("a fallback to another flow", () => {
  it("ends when the execution that it stands in for is cancelled", async () => {
    let reached: () => void = () => {};
    const began = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const conductor = conductorOf({
      broken: () => {
        throw new Error("down");
      },
      hanging: () => {
        reached();
        return new Promise(() => {});
      },
    });
    await conductor.storage.saveFlow({ id: "first", nodes: [{ id: "a", type: "broken" }] });
    await conductor.storage.saveFlow({ id: "second", nodes: [{ id: "a", type: "hanging" }] });
    const context = { executionId: "asked" };
    const result = conductor.execute({ flowId: "first", context, options: { fallback: { flowId: "second" } } });
    await began;
    await conductor.node.cancel("asked");
    expect(await result).toMatchObject({ success: false, error: "down" });
    expect(await conductor.node.active()).toEqual([]);
  });
});
