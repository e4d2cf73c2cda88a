import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  chain,
  conductorWith,
  type Definition,
  group,
  HeldNodes,
  independent,
  leaf,
  nested,
  pass,
  stopClock,
  turns,
  watch,
} from "./flows";

beforeEach(stopClock);
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

async function begin(definition: Definition, config: Record<string, unknown> = {}) {
  const held = new HeldNodes();
  const conductor = conductorWith(held.body, config);
  const run = watch(conductor.node.run(definition, { executionId: "exec_1" }));
  await turns();
  return { held, run, conductor };
}

describe("a node with a time limit of its own", () => {
  const limited = () => leaf("a", { parameters: { timeout: 50 } });

  it("fails when it does not answer in time", async () => {
    const { run } = await begin(limited());
    await pass(49);
    expect(run.settled).toBe(false);
    await pass(2);
    expect(run.value).toMatchObject({
      success: false,
      error: {
        code: "TIMEOUT",
        message: "Execution timed out after 50ms",
        nodeId: "a",
        executionId: "exec_1",
        recovery: { retryable: true, retryDelayMs: 1000, maxRetries: 3 },
      },
    });
  });

  it("is told through its signal", async () => {
    const { held } = await begin(limited());
    const signal = held.params.get("a")?.signal;
    await pass(49);
    expect(signal?.aborted).toBe(false);
    await pass(2);
    expect(signal?.aborted).toBe(true);
  });

  it("is not heard when it answers late", async () => {
    const { held, run, conductor } = await begin(limited());
    const events = vi.fn();
    await pass(60);
    conductor.events.onCompleted(events);
    conductor.events.onError(events);
    conductor.events.onProgress(events);
    const before = run.value;
    await held.finish("a", "late");
    expect(run.value).toBe(before);
    expect(run.value?.data).toBeUndefined();
    expect(conductor.node.store.getState().nodes.get("a")?.state).toBe("error");
    expect(events).not.toHaveBeenCalled();
  });

  it("does not bring the process down when it fails late", async () => {
    const { held, run } = await begin(limited());
    await pass(60);
    await held.fail("a", new Error("late"));
    expect(run.value?.error?.code).toBe("TIMEOUT");
  });

  it("succeeds when it answers in time, leaving no timer", async () => {
    const { held, run } = await begin(limited());
    await pass(30);
    await held.finish("a");
    expect(run.value).toMatchObject({ success: true, data: "out:a" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("still receives the limit as a parameter", async () => {
    const { held } = await begin(limited());
    expect(held.params.get("a")?.timeout).toBe(50);
    await held.finish("a");
  });

  it("has the limit for each attempt", async () => {
    const { held, run } = await begin(leaf("a", { policy: { timeout: 50, retries: 1 } }));
    await pass(60);
    expect(run.settled).toBe(false);
    expect(held.started).toEqual(["a"]);
    await pass(1000);
    expect(held.started).toEqual(["a", "a"]);
    await pass(60);
    expect(run.value?.error?.code).toBe("TIMEOUT");
  });

  it("ends the flow that it is in", async () => {
    const { held, run } = await begin(group("root", [group("inner", [limited()]), leaf("b")]));
    await pass(60);
    expect(run.value?.error).toMatchObject({ code: "TIMEOUT", nodeId: "a" });
    expect(held.started).toEqual(["a"]);
  });

  it("has no limit if its parameters name none", async () => {
    const { held, run } = await begin(leaf("a"));
    await pass(24 * 3600 * 1000);
    expect(run.settled).toBe(false);
    await held.finish("a");
    expect(run.value?.success).toBe(true);
  });
});

describe("a run with a time limit", () => {
  it("fails when the configured time is over", async () => {
    const { held, run } = await begin(nested(), { timeout: 100 });
    await pass(60);
    await held.finish("a");
    const signal = held.params.get("c1")?.signal;
    await pass(39);
    expect(run.settled).toBe(false);
    await pass(2);
    expect(run.value).toMatchObject({ success: false, error: { code: "TIMEOUT" } });
    expect(signal?.aborted).toBe(true);
    await held.finish("c1");
    expect(held.started).toEqual(["a", "c1"]);
  });

  it("takes the limit from the environment", async () => {
    vi.stubEnv("CONDUCTOR_TIMEOUT", "100");
    const { run } = await begin(leaf("a"));
    await pass(99);
    expect(run.settled).toBe(false);
    await pass(2);
    expect(run.value?.error?.code).toBe("TIMEOUT");
  });

  it("takes the limit from the flow's settings", async () => {
    const { run } = await begin({ ...chain(2), settings: { runtime: { timeout: 100 } } });
    await pass(99);
    expect(run.settled).toBe(false);
    await pass(2);
    expect(run.value?.error?.code).toBe("TIMEOUT");
  });

  it("aborts all that is running", async () => {
    const { held, run } = await begin(independent("a", "b", "c"), { timeout: 100, concurrency: 2 });
    await pass(101);
    expect(run.value?.error?.code).toBe("TIMEOUT");
    expect(held.params.get("a")?.signal.aborted).toBe(true);
    expect(held.params.get("b")?.signal.aborted).toBe(true);
    expect(held.started).toEqual(["a", "b"]);
  });

  it("ends in one error event, the store at rest", async () => {
    const { run, conductor } = await begin(leaf("a"), { timeout: 100 });
    const failed = vi.fn();
    conductor.events.onError(failed);
    await pass(101);
    expect(run.settled).toBe(true);
    expect(failed).toHaveBeenCalledOnce();
    expect(conductor.node.store.getState().isExecuting).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has the whole limit for each run", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body, { timeout: 100 });
    const first = watch(conductor.node.run(leaf("a")));
    await pass(60);
    const second = watch(conductor.node.run(leaf("b")));
    await pass(60);
    expect([first.settled, second.settled]).toEqual([true, false]);
    await held.finish("b");
    expect(second.value?.success).toBe(true);
  });
});

describe("a duration as text", () => {
  it.each([
    [{ timeout: "0.02s" }, {}],
    [{}, { settings: { runtime: { timeout: "20ms" } } }],
  ])("is the deadline of a run: %j %j", async (config, extra) => {
    const { run } = await begin(group("root", [leaf("a")], [], extra), config);
    await pass(19);
    expect(run.settled).toBe(false);
    await pass(2);
    expect(run.value).toMatchObject({ error: { code: "TIMEOUT", message: "Execution timed out after 20ms" } });
  });

  it("that is none is refused", async () => {
    const { success, error } = await conductorWith(undefined, { timeout: "soon" }).node.run(leaf("a"));
    expect(success).toBe(false);
    expect(error).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringMatching(/`timeout`.*`10s`.*"soon"/),
    });
  });
});
