import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStateManager, StateManager, type StateManagerInstance } from "../../src/compat/state-manager.js";

const NOW = new Date(1_700_000_000_000);
const later = (ms: number) => new Date(NOW.getTime() + ms);

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Both forms, the second with functions that work without the object. */
const forms: [string, () => StateManagerInstance][] = [
  ["new StateManager()", () => new StateManager()],
  ["createStateManager()", () => ({ ...createStateManager() })],
];

/** What is emitted, in order. */
function recorded(manager: StateManagerInstance): [string, unknown][] {
  const events: [string, unknown][] = [];
  for (const name of [
    "execution:initialized",
    "execution:updated",
    "execution:cleared",
    "context:updated",
    "node:updated",
    "node:error",
    "variable:set",
    "data:set",
    "checkpoint:created",
    "checkpoint:restored",
    "state:persisted",
    "state:loaded",
    "state:error",
  ]) {
    manager.on(name, (payload: unknown) => events.push([name, payload]));
  }
  return events;
}

describe.each(forms)("%s", (_, create) => {
  let manager: StateManagerInstance;
  let events: [string, unknown][];
  const state = () => manager.getExecutionState("e") ?? expect.fail("no state");
  const node = () => state().nodeStates.get("n");

  beforeEach(() => {
    manager = create();
    manager.initializeExecution("e", "flow");
    events = recorded(manager);
  });

  describe("an execution", () => {
    it("starts as pending, now, with nothing in it", () => {
      manager.initializeExecution("other", "flow 2");
      expect(manager.getExecutionState("other")).toEqual({
        executionId: "other",
        blueprintId: "flow 2",
        status: "pending",
        startTime: NOW,
        nodeStates: new Map(),
        variables: new Map(),
        checkpoints: [],
      });
      expect(events).toEqual([["execution:initialized", { executionId: "other", blueprintId: "flow 2" }]]);
    });

    it("starts anew under the same id", () => {
      manager.setVariable("e", "x", 1);
      manager.initializeExecution("e", "another flow");
      expect(state()).toMatchObject({ blueprintId: "another flow", variables: new Map() });
    });

    it("is handed out live", () => {
      expect(manager.getExecutionState("e")).toBe(manager.getContext("e"));
      state().variables.set("direct", 1);
      expect(manager.getVariable("e", "direct")).toBe(1);
    });

    it("takes status and end, and nothing else", () => {
      const updates = { status: "completed", endTime: later(5), blueprintId: "no" } as const;
      manager.updateExecutionState("e", updates);
      expect(state()).toMatchObject({ status: "completed", endTime: later(5), blueprintId: "flow" });
      expect(events).toEqual([["execution:updated", { executionId: "e", updates }]]);
      for (const [, payload] of events) expect((payload as { updates: unknown }).updates).toBe(updates);
    });

    it("keeps status and end where nothing is given", () => {
      manager.updateExecutionState("e", { status: "running", endTime: later(5) });
      manager.updateExecutionState("e", { status: "" as never, endTime: undefined as never });
      expect(state()).toMatchObject({ status: "running", endTime: later(5) });
    });

    it("takes everything as context", () => {
      const updates = { blueprintId: "changed", status: "paused" } as const;
      manager.updateContext("e", updates);
      expect(state()).toMatchObject(updates);
      expect(events).toEqual([["context:updated", { executionId: "e", updates }]]);
    });

    it("comes with its state when made as context", () => {
      expect(manager.createContext("c", "flow")).toBe(manager.getContext("c"));
      expect(events).toEqual([["execution:initialized", { executionId: "c", blueprintId: "flow" }]]);
    });
  });

  describe("a node", () => {
    it("is known from its first status on", () => {
      manager.updateNodeState("e", "n", "pending");
      expect(node()).toEqual({ nodeId: "n", status: "pending", retryCount: 0 });
      expect(events).toEqual([["node:updated", { executionId: "e", nodeId: "n", status: "pending" }]]);
    });

    it("starts when it is first running", () => {
      manager.updateNodeState("e", "n", "running");
      vi.setSystemTime(later(100));
      manager.updateNodeState("e", "n", "paused");
      manager.updateNodeState("e", "n", "running");
      expect(node()).toMatchObject({ status: "running", startTime: NOW });
      expect(node()).not.toHaveProperty("endTime");
    });

    it.each(["completed", "failed"] as const)("ends when it first is %s", (status) => {
      manager.updateNodeState("e", "n", status);
      vi.setSystemTime(later(100));
      manager.updateNodeState("e", "n", "running");
      manager.updateNodeState("e", "n", "completed");
      expect(node()).toMatchObject({ status: "completed", startTime: later(100), endTime: NOW });
    });

    it("does not end when it is cancelled", () => {
      manager.updateNodeState("e", "n", "cancelled");
      expect(node()).not.toHaveProperty("endTime");
    });

    it("keeps its last error and counts them", () => {
      const [first, second] = [new Error("first"), new Error("second")];
      manager.updateNodeState("e", "n", "running");
      manager.recordNodeError("e", "n", first);
      manager.recordNodeError("e", "n", second);
      expect(node()?.lastError).toBe(second);
      expect(node()?.retryCount).toBe(2);
      expect(events.slice(1)).toEqual([
        ["node:error", { executionId: "e", nodeId: "n", error: first }],
        ["node:error", { executionId: "e", nodeId: "n", error: second }],
      ]);
    });

    it("that is not known has no error kept, but told", () => {
      const error = new Error("lost");
      manager.recordNodeError("e", "n", error);
      expect(node()).toBeUndefined();
      expect(events).toEqual([["node:error", { executionId: "e", nodeId: "n", error }]]);
    });
  });

  describe("variables", () => {
    it("are kept by reference", () => {
      const value = { deep: [1] };
      manager.setVariable("e", "key", value);
      expect(manager.getVariable("e", "key")).toBe(value);
      expect(events).toEqual([["variable:set", { executionId: "e", key: "key", value }]]);
    });

    it("are undefined when they were not set", () => {
      expect(manager.getVariable("e", "key")).toBeUndefined();
    });

    it("can be set as data, which is another event", () => {
      manager.setData("e", "key", 1);
      expect(manager.getVariable("e", "key")).toBe(1);
      expect(events).toEqual([["data:set", { executionId: "e", key: "key", value: 1 }]]);
    });
  });

  describe("checkpoints", () => {
    it("keep the variables of their moment", () => {
      const shared = { changing: 1 };
      manager.setVariable("e", "x", 1);
      manager.setVariable("e", "shared", shared);
      manager.createCheckpoint("e", "n");
      manager.setVariable("e", "x", 2);
      manager.setVariable("e", "y", 3);
      expect(state().checkpoints).toEqual([
        {
          timestamp: NOW,
          nodeId: "n",
          state: new Map<string, unknown>([
            ["x", 1],
            ["shared", shared],
          ]),
        },
      ]);
      expect(events).toContainEqual(["checkpoint:created", { executionId: "e", nodeId: "n" }]);

      manager.restoreCheckpoint("e", 0);
      expect(state().variables).toEqual(
        new Map<string, unknown>([
          ["x", 1],
          ["shared", shared],
        ]),
      );
      expect(manager.getVariable("e", "shared")).toBe(shared);
      expect(events.at(-1)).toEqual(["checkpoint:restored", { executionId: "e", checkpointIndex: 0 }]);
    });

    it("can be restored more than once", () => {
      manager.setVariable("e", "x", 1);
      manager.createCheckpoint("e", "n");
      manager.restoreCheckpoint("e", 0);
      manager.setVariable("e", "x", 2);
      manager.restoreCheckpoint("e", 0);
      expect(manager.getVariable("e", "x")).toBe(1);
    });

    it.each([1, -1, 0.5, Number.NaN])("that do not exist (%d) cannot be restored", (index) => {
      manager.createCheckpoint("e", "n");
      manager.setVariable("e", "x", 1);
      expect(() => manager.restoreCheckpoint("e", index)).toThrow(new Error(`Checkpoint ${index} not found`));
      expect(manager.getVariable("e", "x")).toBe(1);
    });
  });

  describe("many executions", () => {
    beforeEach(() => {
      for (const status of ["pending", "running", "paused", "completed", "failed", "cancelled"] as const) {
        manager.initializeExecution(status, "flow");
        manager.updateExecutionState(status, { status });
      }
      manager.clearExecutionState("e");
      events.length = 0;
    });

    it("are active when running or paused", () => {
      expect(manager.getActiveExecutions().map(({ executionId }) => executionId)).toEqual(["running", "paused"]);
    });

    it("are cleared together when completed or failed, without an event", () => {
      expect(manager.clearCompletedExecutions()).toBe(2);
      const left = ["pending", "running", "paused", "completed", "failed", "cancelled"].filter((id) => {
        return manager.getExecutionState(id);
      });
      expect(left).toEqual(["pending", "running", "paused", "cancelled"]);
      expect(manager.clearCompletedExecutions()).toBe(0);
      expect(events).toEqual([]);
    });

    it("are cleared one by one", () => {
      manager.clearExecutionState("running");
      expect(manager.getExecutionState("running")).toBeUndefined();
      expect(events).toEqual([["execution:cleared", { executionId: "running" }]]);
    });

    it("are cleared silently when not known", () => {
      manager.clearExecutionState("unknown");
      expect(events).toEqual([]);
    });
  });

  describe("an unknown id", () => {
    it.each<[string, (manager: StateManagerInstance) => unknown]>([
      ["updateExecutionState", (m) => m.updateExecutionState("?", { status: "running" })],
      ["updateNodeState", (m) => m.updateNodeState("?", "n", "running")],
      ["recordNodeError", (m) => m.recordNodeError("?", "n", new Error("x"))],
      ["setVariable", (m) => m.setVariable("?", "k", 1)],
      ["createCheckpoint", (m) => m.createCheckpoint("?", "n")],
      ["restoreCheckpoint", (m) => m.restoreCheckpoint("?", 0)],
      ["updateContext", (m) => m.updateContext("?", {})],
      ["setData", (m) => m.setData("?", "k", 1)],
      ["getVariable", (m) => m.getVariable("?", "k")],
    ])("is refused by %s, without an event", (_, call) => {
      expect(() => call(manager)).toThrow(new Error("Execution ? not found"));
      expect(events).toEqual([]);
    });

    it("has no state", () => {
      expect(manager.getExecutionState("?")).toBeUndefined();
      expect(manager.getContext("?")).toBeUndefined();
    });
  });

  describe("without persistence", () => {
    it("sets no timer", () => {
      expect(vi.getTimerCount()).toBe(0);
    });

    it("loads and writes nothing, without an event", async () => {
      await manager.loadExecutionStates();
      await manager.flush();
      expect(events).toEqual([]);
    });

    it("ends with its listeners gone at once", async () => {
      const over = manager.shutdown();
      manager.setVariable("e", "x", 1);
      expect(events).toEqual([]);
      await over;
    });
  });

  it("tells listeners what others emit", () => {
    const heard = vi.fn();
    manager.on("custom", heard);
    expect(manager.emit("custom", 1, 2)).toBe(true);
    manager.off("custom", heard);
    expect(manager.emit("custom")).toBe(false);
    expect(heard.mock.calls).toEqual([[1, 2]]);
  });

  it("is not hurt by listeners that throw, at once or later, and reports each once", async () => {
    const reported = vi.spyOn(console, "error").mockImplementation(() => {});
    const heard = vi.fn();
    manager.on("variable:set", () => {
      throw new Error("at once");
    });
    manager.on("variable:set", async () => {
      throw new Error("later");
    });
    manager.on("variable:set", heard);
    manager.setVariable("e", "x", 1);
    manager.setVariable("e", "x", 2);
    await Promise.resolve();
    expect(heard).toHaveBeenCalledTimes(2);
    expect(reported.mock.calls.map(([, error]) => (error as Error).message)).toEqual(["at once", "later"]);
  });
});

describe("StateManager", () => {
  it("is an EventEmitter with all that belongs to it", () => {
    const manager = new StateManager();
    expect(manager).toBeInstanceOf(EventEmitter);
    const heard = vi.fn();
    manager.once("execution:initialized", heard).prependListener("execution:initialized", heard);
    expect(manager.listenerCount("execution:initialized")).toBe(2);
    manager.initializeExecution("a", "flow");
    manager.initializeExecution("b", "flow");
    expect(heard).toHaveBeenCalledTimes(3);
  });

  it("throws an error event that nobody listens to, as emitters do", () => {
    expect(() => new StateManager().emit("error", new Error("loud"))).toThrow("loud");
  });

  it("can be extended", () => {
    class Tagged extends StateManager {
      tag = "t";
      override setVariable(executionId: string, key: string, value: unknown): void {
        super.setVariable(executionId, `${this.tag}:${key}`, value);
      }
    }
    const manager = new Tagged();
    manager.initializeExecution("e", "flow");
    manager.setVariable("e", "x", 1);
    expect(manager.getVariable("e", "t:x")).toBe(1);
  });
});
