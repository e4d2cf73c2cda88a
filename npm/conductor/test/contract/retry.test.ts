import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  byId,
  conductorOver,
  conductorWith,
  edge,
  group,
  leaf,
  nodeIn,
  type Params,
  pass,
  stopClock,
  turns,
  watch,
} from "./flows";

beforeEach(stopClock);
afterEach(() => {
  vi.useRealTimers();
});

/** A body that fails until its `n`th call, with the time (ms since now) of each call. */
function failingUntil(n: number) {
  const start = Date.now();
  const calls: number[] = [];
  const params: Params[] = [];
  const body = (each: Params) => {
    calls.push(Date.now() - start);
    params.push(each);
    if (calls.length < n) throw new Error(`attempt ${calls.length} broke`);
    return "done";
  };
  return { body, calls, params };
}

describe("a group that fails", () => {
  it("begins again before what comes after it", async () => {
    const started: string[] = [];
    const conductor = conductorWith(({ nodeId }) => {
      if (started.push(nodeId) === 1) throw new Error("too early");
    });
    const g = group("g", [leaf("a")], [], { policy: { retries: 1 } });
    const run = watch(conductor.node.run(group("root", [g, leaf("b"), leaf("c")])));
    await pass(999);
    expect(started).toEqual(["a"]);
    await pass(1);
    expect(started).toEqual(["a", "a", "b", "c"]);
    expect(run.value?.success).toBe(true);
  });
});

describe("a node that fails", () => {
  it("is not tried again unless somebody asks", async () => {
    const { body, calls } = failingUntil(2);
    const run = watch(conductorWith(body).node.run(leaf("a")));
    await turns();
    expect(run.value).toMatchObject({ success: false, error: { message: "attempt 1 broke" } });
    await pass(60_000);
    expect(calls).toEqual([0]);
  });

  it("is tried again as often as its own parameter says, after 1, 2 and 4 seconds", async () => {
    const { body, calls } = failingUntil(4);
    const run = watch(conductorWith(body).node.run(leaf("a", { parameters: { retries: 3 } })));
    await pass(999);
    expect(calls).toEqual([0]);
    for (let second = 0; second < 8; second += 1) await pass(1000);
    expect(calls).toEqual([0, 1000, 3000, 7000]);
    expect(run.value).toMatchObject({ success: true, data: "done" });
  });

  it("is given up after the last further attempt, with the last error", async () => {
    const { body, calls } = failingUntil(99);
    const run = watch(conductorWith(body).node.run(leaf("a", { parameters: { retries: 2 } })));
    for (let second = 0; second < 60; second += 1) await pass(1000);
    expect(calls).toEqual([0, 1000, 3000]);
    expect(run.value).toMatchObject({
      success: false,
      error: { code: "EXECUTION_FAILED", message: "attempt 3 broke", nodeId: "a" },
    });
  });

  it("is tried again as often as the configuration says", async () => {
    const { body, calls } = failingUntil(99);
    const run = watch(conductorWith(body, { maxRetries: 1 }).node.run(leaf("a")));
    for (let second = 0; second < 10; second += 1) await pass(1000);
    expect(calls).toEqual([0, 1000]);
    expect(run.value?.success).toBe(false);
  });

  it("waits as long as the configuration says, twice as long each time", async () => {
    const { body, calls } = failingUntil(99);
    watch(conductorWith(body, { maxRetries: 3, retryDelay: 50 }).node.run(leaf("a")));
    for (let step = 0; step < 50; step += 1) await pass(10);
    expect(calls).toEqual([0, 50, 150, 350]);
  });

  it("goes by its own parameter before the configuration", async () => {
    const { body, calls } = failingUntil(99);
    const run = watch(conductorWith(body, { maxRetries: 3 }).node.run(leaf("a", { parameters: { retries: 0 } })));
    await pass(60_000);
    expect(calls).toEqual([0]);
    expect(run.settled).toBe(true);
  });

  it("is tried again inside a flow, and the flow goes on", async () => {
    const { body, calls } = failingUntil(2);
    const conductor = conductorWith(byId({ b: body }));
    const run = watch(
      conductor.node.run(
        group(
          "root",
          [leaf("a"), group("inner", [leaf("b", { policy: { retries: 1 } })]), leaf("c")],
          [edge("a", "inner"), edge("inner", "c")],
        ),
      ),
    );
    await pass(500);
    expect(run.settled).toBe(false);
    expect(nodeIn(conductor.node.store.getState(), "c")?.state).toBe("pending");
    await pass(500);
    expect(calls).toEqual([0, 1000]);
    expect(run.value).toMatchObject({ success: true, data: "out:c" });
    expect(run.value?.executedNodes).toEqual(["root", "a", "inner", "b", "c"]);
  });

  it("is announced once, whatever its attempts", async () => {
    const { body } = failingUntil(3);
    const conductor = conductorWith(body);
    const events: string[] = [];
    conductor.events.onStarted(() => events.push("started"));
    conductor.events.onCompleted(() => events.push("completed"));
    conductor.events.onError(() => events.push("error"));
    conductor.node.run(leaf("a", { parameters: { retries: 2 } }));
    for (let second = 0; second < 5; second += 1) await pass(1000);
    expect(events).toEqual(["started", "completed"]);
  });
});

describe("the attempts of a node", () => {
  it("count up, share one key and one execution id, and see the same input", async () => {
    const { body, params } = failingUntil(3);
    const input = { x: 1 };
    conductorWith(body).node.run(leaf("a", { parameters: { retries: 2 } }), { input });
    for (let second = 0; second < 5; second += 1) await pass(1000);
    const [first, second, third] = params as [Params, Params, Params];
    expect(second.attempt).toBe(first.attempt + 1);
    expect(third.attempt).toBe(first.attempt + 2);
    expect(new Set(params.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(new Set(params.map(({ executionId }) => executionId)).size).toBe(1);
    for (const each of params) expect(each.input).toBe(input);
  });

  it("do not hear what an earlier one still reports", async () => {
    const { body, params } = failingUntil(2);
    let finish: (value: unknown) => void = () => undefined;
    const conductor = conductorWith((each) => {
      body(each);
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    const run = watch(conductor.node.run(leaf("a", { policy: { retries: 1 } })));
    await pass(1000);
    params[1]?.progress(20, "second attempt");
    params[0]?.progress(90, "first attempt");
    expect(conductor.node.store.getState().nodes.get("a")).toMatchObject({
      progress: 20,
      message: "second attempt",
    });
    finish("done");
    await turns();
    expect(run.value).toMatchObject({ success: true, data: "done" });
  });
});

describe("a failure that a retry cannot help", () => {
  it("is not retried when the type is unknown", async () => {
    const getNodeExecutable = vi.fn(() => undefined);
    const conductor = conductorOver({ getNodeExecutable }, { maxRetries: 3 });
    const run = watch(conductor.node.run(leaf("a")));
    await turns();
    expect(run.value?.error?.code).toBe("NODE_TYPE_NOT_FOUND");
    await pass(60_000);
    expect(getNodeExecutable).toHaveBeenCalledOnce();
  });

  it("is not retried when the flow is wrong", async () => {
    const body = vi.fn();
    const conductor = conductorWith(body, { maxRetries: 3 });
    const run = watch(conductor.node.run(group("root", [leaf("a")], [edge("a", "a")], { parameters: { retries: 3 } })));
    await turns();
    expect(run.value?.error?.code).toBe("CIRCULAR_DEPENDENCY");
    await pass(60_000);
    expect(body).not.toHaveBeenCalled();
  });

  it("is not retried when the run was cancelled", async () => {
    const { body, calls } = failingUntil(99);
    const conductor = conductorWith(body, { maxRetries: 3 });
    const run = watch(conductor.node.run(leaf("a"), { executionId: "exec_1" }));
    await pass(1500);
    expect(calls).toEqual([0, 1000]);
    await conductor.node.cancel("exec_1");
    await turns();
    expect(run.value?.error?.code).toBe("CANCELLED");
    await pass(60_000);
    expect(calls).toEqual([0, 1000]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
