/** Further attempts and time limits that a request asks for. */
import { NodeError } from "@atomiton/nodes";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chain, independent, leaf, pass, stopClock, turns, watch } from "../contract/flows.js";
import { conductorOf, failing, seconds } from "./stored.js";

beforeEach(stopClock);
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

const alone = (id = "f", policy?: Record<string, unknown>) => ({
  ...chain(1, id),
  nodes: [leaf("n1", policy ? { policy } : {})],
});

describe("the retries of a request", () => {
  it("come after 1, 2 and 4 seconds", async () => {
    const body = failing(3);
    const conductor = await conductorOf({ flows: [alone()], body });
    const run = watch(conductor.execute({ flowId: "f", options: { retries: 3 } }));
    await turns();
    for (const [calls, wait] of [
      [1, 1000],
      [2, 2000],
      [3, 4000],
    ] as const) {
      await pass(wait - 1);
      expect(body).toHaveBeenCalledTimes(calls);
      await pass(1);
      expect(body).toHaveBeenCalledTimes(calls + 1);
    }
    expect(run.value).toMatchObject({ success: true, data: "done", metadata: { attempts: 4 } });
    expect(run.value?.metadata?.duration).toBeGreaterThanOrEqual(7000);
  });

  it("end with the last error", async () => {
    let call = 0;
    const body = failing(9, "", () => new Error(`attempt ${++call}`));
    const conductor = await conductorOf({ flows: [alone()], body });
    const run = watch(conductor.execute({ flowId: "f", options: { retries: 2 } }));
    await pass(3000);
    expect(run.value).toMatchObject({ success: false, error: "attempt 3", metadata: { attempts: 3 } });
    expect(body).toHaveBeenCalledTimes(3);
  });

  it("are none unless somebody asks", async () => {
    const body = failing(1);
    const conductor = await conductorOf({ flows: [alone()], body });
    for (const options of [undefined, {}, { retries: 0 }]) {
      const run = watch(conductor.execute({ flowId: "f", ...(options && { options }) }));
      await turns();
      if (run.value?.success === false) expect(run.value.metadata?.attempts).toBe(1);
      expect(run.settled).toBe(true);
    }
    expect(body).toHaveBeenCalledTimes(3);
  });

  it("may be asked for as maxRetries of its config", async () => {
    const conductor = await conductorOf({ flows: [alone()], body: failing(1) });
    const run = watch(conductor.execute({ flowId: "f", config: { maxRetries: 1 } }));
    await pass(1000);
    expect(run.value).toMatchObject({ success: true, metadata: { attempts: 2 } });
  });

  it("repeat the node that failed, not those before it", async () => {
    const calls: string[] = [];
    const conductor = await conductorOf({
      flows: [chain(3, "f")],
      body: ({ nodeId, attempt }) => {
        calls.push(`${nodeId}.${attempt}`);
        if (nodeId === "n2" && calls.length === 2) throw new Error("once");
        return nodeId;
      },
    });
    const run = watch(conductor.execute({ flowId: "f", options: { retries: 1 } }));
    await pass(1000);
    expect(run.value?.success).toBe(true);
    expect(calls.map((call) => call.split(".")[0])).toEqual(["n1", "n2", "n2", "n3"]);
    expect(calls[1]).not.toBe(calls[2]);
  });

  it("do not touch a node that says itself how often", async () => {
    const body = failing(9);
    const conductor = await conductorOf({ flows: [alone("f", { retries: 1 })], body });
    const run = watch(conductor.execute({ flowId: "f", options: { retries: 5 } }));
    await seconds(12);
    expect(run.value?.success).toBe(false);
    expect(body).toHaveBeenCalledTimes(2);
  });

  it("are not spent on what they cannot help", async () => {
    const body = failing(9, "", () => new NodeError("INVALID_PARAMETERS", "no such column"));
    const conductor = await conductorOf({ flows: [alone()], body });
    const run = watch(conductor.execute({ flowId: "f", options: { retries: 3 } }));
    await turns();
    expect(run.value).toMatchObject({
      success: false,
      error: "no such column",
      metadata: { attempts: 1, error: { code: "INVALID_PARAMETERS" } },
    });
    expect(body).toHaveBeenCalledTimes(1);
  });

  it("end when the request is cancelled, without waiting", async () => {
    const body = failing(9);
    const conductor = await conductorOf({ flows: [alone()], body });
    const run = watch(
      conductor.execute({ flowId: "f", options: { retries: 3 }, context: { executionId: "exec_1" as never } }),
    );
    await pass(500);
    await conductor.node.cancel("exec_1");
    await turns();
    expect(run.value).toMatchObject({ success: false, metadata: { error: { code: "CANCELLED" } } });
    await seconds(12);
    expect(body).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("belong to this request alone", async () => {
    const body = failing(2);
    const conductor = await conductorOf({ flows: [alone()], body });
    const first = watch(conductor.execute({ flowId: "f", options: { retries: 0 } }));
    await turns();
    const second = watch(conductor.execute({ flowId: "f", options: { retries: 1 } }));
    await pass(1000);
    expect(first.value?.success).toBe(false);
    expect(second.value?.success).toBe(true);
  });
});

describe("the time limit of a request", () => {
  const never = () => new Promise(() => undefined);

  it.each([
    ["its options", {}, { options: { timeout: 50 } }],
    ["its config", {}, { config: { timeout: 50 } }],
    ["the conductor", { timeout: 50 }, {}],
    ["itself before the conductor, to be shorter", { timeout: 5000 }, { options: { timeout: 50 } }],
    ["itself before the conductor, to be longer", { timeout: 10 }, { options: { timeout: 50 } }],
  ])("may come from %s", async (_name, config, request) => {
    const conductor = await conductorOf({ flows: [alone()], body: never, ...config });
    const run = watch(conductor.execute({ flowId: "f", ...request }));
    await pass(49);
    expect(run.settled).toBe(false);
    await pass(1);
    expect(run.value).toMatchObject({
      success: false,
      metadata: { error: { code: "TIMEOUT", recovery: { retryable: true } } },
    });
  });

  it("may come from the flow's settings", async () => {
    const flow = { ...alone(), settings: { runtime: { timeout: 50 } } };
    const conductor = await conductorOf({ flows: [flow], body: never });
    const run = watch(conductor.execute({ flowId: "f" }));
    await pass(50);
    expect(run.value?.metadata?.error?.code).toBe("TIMEOUT");
  });

  it("fires the signals of what runs, and takes no late answer", async () => {
    const signals: AbortSignal[] = [];
    const conductor = await conductorOf({
      flows: [independent("a", "b")],
      concurrency: 2,
      body: ({ signal }) => {
        signals.push(signal);
        return new Promise((resolve) => setTimeout(resolve, 200, "late"));
      },
    });
    const run = watch(conductor.execute({ flowId: "root", options: { timeout: 50 } }));
    await pass(50);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    const told = JSON.stringify(run.value);
    await pass(500);
    expect(JSON.stringify(run.value)).toBe(told);
    expect(told).not.toContain("late");
  });

  it("includes the waits between attempts", async () => {
    const body = failing(9);
    const conductor = await conductorOf({ flows: [alone()], body });
    const run = watch(conductor.execute({ flowId: "f", options: { retries: 5, timeout: 2500 } }));
    await pass(2500);
    expect(run.value?.metadata?.error?.code).toBe("TIMEOUT");
    expect(body).toHaveBeenCalledTimes(2);
  });

  it("leaves no timer behind a request that was in time", async () => {
    const conductor = await conductorOf({ flows: [alone()] });
    const run = watch(conductor.execute({ flowId: "f", options: { timeout: 30_000 } }));
    await turns();
    expect(run.value?.success).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
