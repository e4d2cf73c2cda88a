/** What once went wrong, and must not come back. */
import { getErrorRecoveryStrategy } from "@atomiton/conductor/types";
import { routed } from "@atomiton/nodes";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  byId,
  chain,
  conductorWith,
  edge,
  type GraphState,
  group,
  HeldNodes,
  independent,
  leaf,
  listenToConsole,
  nested,
  nodeIn,
  pass,
  stopClock,
  turns,
  watch,
} from "./flows";

beforeEach(stopClock);
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const boom = () => {
  throw new Error("boom");
};

describe("time", () => {
  it("four independent nodes of 200 ms take 200 ms at a concurrency of four", async () => {
    const conductor = conductorWith(() => new Promise((resolve) => setTimeout(resolve, 200)), {
      concurrency: 4,
    });
    const run = watch(conductor.node.run(independent("a", "b", "c", "d")));
    await pass(199);
    expect(run.settled).toBe(false);
    await pass(1);
    expect(run.value?.success).toBe(true);
  });

  it("no timer is set for nodes at full speed", async () => {
    const timeout = vi.spyOn(globalThis, "setTimeout");
    const interval = vi.spyOn(globalThis, "setInterval");
    const conductor = conductorWith();
    const run = watch(conductor.node.run(chain(100)));
    await turns(20);
    expect(run.value?.success).toBe(true);
    expect(timeout).not.toHaveBeenCalled();
    expect(interval).not.toHaveBeenCalled();
  });

  it("no timer is set per node for somebody who watches", async () => {
    const timeout = vi.spyOn(globalThis, "setTimeout");
    const conductor = conductorWith();
    conductor.events.onProgress(() => undefined);
    conductor.node.store.subscribe(() => undefined);
    const run = watch(conductor.node.run(chain(100)));
    await turns(20);
    expect(run.value?.success).toBe(true);
    // One for the throttle, one for the steps of what takes long.
    expect(timeout.mock.calls.length).toBeLessThanOrEqual(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("a chain of five thousand nodes runs", async () => {
    const result = await conductorWith().node.run(chain(5000));
    expect(result).toMatchObject({ success: true, data: "out:n5000" });
    expect(result.executedNodes.length).toBe(5001);
  });

  it("sixty children side by side run", async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `n${index}`);
    const result = await conductorWith().node.run(independent(...ids));
    expect(result.executedNodes).toEqual(["root", ...ids]);
  });

  it("the configured limits and retries are obeyed", async () => {
    const conductor = conductorWith(() => new Promise(() => undefined), { timeout: 20 });
    const late = watch(conductor.node.run(leaf("a")));
    await pass(21);
    expect(late.value?.error?.code).toBe("TIMEOUT");
    const body = vi.fn(boom);
    const failed = watch(conductorWith(body, { maxRetries: 2, retryDelay: 5 }).node.run(leaf("a")));
    await pass(30);
    expect(failed.settled).toBe(true);
    expect(body).toHaveBeenCalledTimes(3);
  });
});

describe("traces", () => {
  it("grow in line with the number of nodes", async () => {
    const size = async (length: number) => JSON.stringify((await conductorWith().node.run(chain(length))).trace).length;
    expect((await size(300)) / (await size(30))).toBeLessThan(13);
  });

  it("of a second run hold nothing of the first", async () => {
    const conductor = conductorWith();
    await conductor.node.run(group("one", [leaf("a1"), leaf("a2")]));
    const { trace } = await conductor.node.run(group("two", [leaf("b1")]), {
      executionId: "exec_2",
    });
    expect(trace?.executionId).toBe("exec_2");
    expect(trace?.nodes.map(({ nodeId }) => nodeId)).toEqual(["b1"]);
    expect(JSON.stringify(trace)).not.toMatch(/"a[12]"/);
  });

  it("tell the end once, not after each node", async () => {
    const { trace } = await conductorWith().node.run(chain(3));
    expect(trace?.events.filter(({ type }) => type === "completed").length).toBe(1);
  });
});

describe("state", () => {
  it("a run is executing until its last node has finished", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(chain(3));
    await turns();
    for (const id of ["n1", "n2", "n3"]) {
      expect(conductor.node.store.getState().isExecuting).toBe(true);
      await held.finish(id);
    }
    await run;
    expect(conductor.node.store.getState().isExecuting).toBe(false);
  });

  it("nested groups are tracked to the end, without a warning", async () => {
    const printed = listenToConsole();
    const conductor = conductorWith();
    await conductor.node.run(nested());
    const state = conductor.node.store.getState();
    expect(state.cachedProgress).toBe(100);
    for (const id of ["a", "inner", "c1", "c2", "z"]) {
      expect(nodeIn(state, id)?.state, id).toBe("completed");
    }
    expect(printed.all()).toEqual([]);
    printed.restore();
  });

  it("runs at the same time do not wipe each other out", async () => {
    const conductor = conductorWith();
    const last = new Map<string, GraphState>();
    conductor.events.onProgress((state) => last.set(`${state.executionId}`, state));
    await Promise.all([
      conductor.node.run(group("one", [leaf("a1"), leaf("a2")]), { executionId: "exec_1" }),
      conductor.node.run(group("two", [leaf("b1"), leaf("b2")]), { executionId: "exec_2" }),
    ]);
    expect([...(last.get("exec_1")?.nodes.keys() ?? [])]).toEqual(["a1", "a2"]);
    expect([...(last.get("exec_2")?.nodes.keys() ?? [])]).toEqual(["b1", "b2"]);
    expect(last.get("exec_1")?.cachedProgress).toBe(100);
  });

  it("slow motion and debug settings end with their run", async () => {
    const conductor = conductorWith();
    const debug = { simulateError: { nodeId: "a", errorType: "generic" } };
    const slow = watch(conductor.node.run(leaf("a"), { slowMo: 50, debug }));
    await pass(200);
    expect(slow.value?.success).toBe(false);
    const next = watch(conductor.node.run(leaf("a"), { slowMo: 0 }));
    await turns();
    expect(next.value?.success).toBe(true);
  });

  it("progress does not fall when a node fails", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(chain(2));
    await turns();
    held.params.get("n1")?.progress(60);
    const before = conductor.node.store.getState().cachedProgress;
    expect(before).toBe(30);
    await held.fail("n1");
    await run;
    expect(conductor.node.store.getState().cachedProgress).toBeGreaterThanOrEqual(before);
  });
});

describe("failures", () => {
  it("a random simulated error does not always hit the first leaf", async () => {
    const conductor = conductorWith();
    const hit = new Set<string | undefined>();
    const debug = { simulateError: { nodeId: "random", errorType: "generic" } };
    for (let run = 0; run < 100; run += 1) {
      hit.add((await conductor.node.run(chain(3), { debug })).error?.nodeId);
    }
    expect(hit).toEqual(new Set(["n1", "n2", "n3"]));
  });

  it("a run can be cancelled, and its nodes hear of it", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = watch(conductor.node.run(chain(2), { executionId: "exec_1" }));
    await turns();
    await conductor.node.cancel("exec_1");
    await turns();
    expect(held.params.get("n1")?.signal.aborted).toBe(true);
    expect(run.value?.error?.code).toBe("CANCELLED");
  });

  it("an edge to nowhere drops no node in silence", async () => {
    const result = await conductorWith().node.run(
      group("root", [leaf("a"), leaf("b"), leaf("c")], [edge("a", "X"), edge("a", "b"), edge("b", "c")]),
    );
    expect(result).toMatchObject({ success: false, error: { code: "NODE_NOT_FOUND" } });
  });

  it.each([
    ["a duplicate id", group("root", [leaf("a"), leaf("a")]), "INVALID_NODE"],
    ["an unknown source", group("root", [leaf("a")], [edge("X", "a")]), "NODE_NOT_FOUND"],
    ["a cycle", group("root", [leaf("a")], [edge("a", "a")]), "CIRCULAR_DEPENDENCY"],
    ["a nested cycle", group("root", [group("inner", [leaf("a")], [edge("a", "a")])]), "CIRCULAR_DEPENDENCY"],
  ])("%s is called what it is", async (_name, flow, code) => {
    expect((await conductorWith().node.run(flow)).error?.code).toBe(code);
  });

  it("a listener that throws is not mistaken for a cycle and ends nothing", async () => {
    const printed = listenToConsole();
    const conductor = conductorWith();
    conductor.events.onStarted(boom);
    conductor.events.onProgress(boom);
    conductor.events.onCompleted(boom);
    expect(await conductor.node.run(chain(2))).toMatchObject({ success: true });
    await pass(500);
    printed.restore();
  });

  it("outputs can be told apart by their handle", async () => {
    const ran: string[] = [];
    const conductor = conductorWith((params) => {
      ran.push(params.nodeId);
      return params.nodeId === "gate" ? routed({ yes: 1, no: 2 }, ["no"]) : params.nodeId;
    });
    await conductor.node.run(
      group(
        "root",
        [leaf("gate"), leaf("yes"), leaf("no")],
        [edge("gate", "yes", { sourceHandle: "yes" }), edge("gate", "no", { sourceHandle: "no" })],
      ),
    );
    expect(ran).toEqual(["gate", "no"]);
  });

  it("errors say how to recover, in which run, and why", async () => {
    const { error } = await conductorWith(boom).node.run(leaf("a"), { executionId: "exec_1" });
    expect(error).toMatchObject({ executionId: "exec_1", recovery: { retryable: true } });
    expect(error?.cause).toBeInstanceOf(Error);
    expect(getErrorRecoveryStrategy("CANCELLED" as never).retryable).toBe(false);
    expect(getErrorRecoveryStrategy("EXECUTION_FAILED" as never).retryable).toBe(true);
  });

  it("weights know the types that exist, and no property of objects", async () => {
    const conductor = conductorWith();
    await conductor.node.run(
      group(
        "root",
        ["http-request", "file-system", "constructor"].map((type) => leaf(type, { type })),
      ),
    );
    expect([...conductor.node.store.getState().nodes.values()].map(({ weight }) => weight)).toEqual([500, 200, 100]);
  });

  it("failed flows keep their context and tell the leaves they ran", async () => {
    const result = await conductorWith(byId({ n2: boom })).node.run(chain(3), {
      executionId: "exec_1",
    });
    expect(result.context).toMatchObject({ nodeId: "root", executionId: "exec_1" });
    expect(result.executedNodes.filter((id) => id !== "root")).toEqual(["n1", "n2"]);
  });

  it("flow.run keeps slow motion and debug settings", async () => {
    const conductor = conductorWith();
    const debug = { simulateError: { nodeId: "n2", errorType: "network" } };
    expect((await conductor.flow.run(chain(3), { debug })).error?.nodeId).toBe("n2");
    const slow = watch(conductor.flow.run(chain(1), { slowMo: 50 }));
    await pass(80);
    expect(slow.settled).toBe(false);
    await pass(40);
    expect(slow.settled).toBe(true);
  });

  it("the console keeps quiet", async () => {
    const printed = listenToConsole();
    await conductorWith().node.run(chain(3));
    expect(printed.all()).toEqual([]);
    printed.restore();
  });
});

describe("console output for a failing node", () => {
  it("holds no parameter values", async () => {
    const printed = listenToConsole();
    await conductorWith(byId({ a: boom })).node.run(leaf("a", { parameters: { apiKey: "s3cret" } }));
    expect(printed.all().join("\n")).not.toContain("s3cret");
    printed.restore();
  });
});
