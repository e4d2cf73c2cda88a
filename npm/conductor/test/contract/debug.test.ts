import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chain, conductorWith, group, leaf, listenToConsole, nested, pass, stopClock, turns, watch } from "./flows";

const simulate = (nodeId: string, more: Record<string, unknown> = {}) => ({
  debug: { simulateError: { nodeId, errorType: "generic", ...more } },
});

const delay = (nodeId: string, delayMs: number) => ({
  debug: { simulateLongRunning: { nodeId, delayMs } },
});

let printed: ReturnType<typeof listenToConsole>;
beforeEach(() => {
  printed = listenToConsole();
  stopClock();
});
afterEach(() => {
  vi.useRealTimers();
  printed.restore();
});

describe("a simulated error", () => {
  it.each([
    ["generic", "[GENERIC] Simulated generic error"],
    ["timeout", "[TIMEOUT] Request timeout - operation took too long"],
    ["network", "[NETWORK] Network error - failed to connect to server"],
    ["validation", "[VALIDATION] Validation error - invalid input data"],
    ["permission", "[PERMISSION] Permission denied - insufficient access rights"],
    ["weather", "[WEATHER] Simulated error"],
  ])("of type %s reads %s", async (errorType, message) => {
    const { error } = await conductorWith().node.run(leaf("a"), simulate("a", { errorType }));
    expect(error).toMatchObject({ code: "EXECUTION_FAILED", message, nodeId: "a" });
  });

  it("may have words of its own", async () => {
    const run = (message: string) =>
      conductorWith().node.run(leaf("a"), simulate("a", { errorType: "network", message }));
    expect((await run("cable cut")).error?.message).toBe("[NETWORK] cable cut");
    expect((await run("")).error?.message).toBe("[NETWORK] Network error - failed to connect to server");
  });

  it("takes the place of the node's work", async () => {
    const body = vi.fn();
    await conductorWith(body).node.run(leaf("a"), simulate("a"));
    expect(body).not.toHaveBeenCalled();
  });

  it("hits the named node in a flow, nested or not", async () => {
    const ran: string[] = [];
    const conductor = conductorWith(({ nodeId }) => {
      ran.push(nodeId);
    });
    const first = await conductor.node.run(chain(3), simulate("n2"));
    expect(first.error).toMatchObject({ nodeId: "n2", message: "[GENERIC] Simulated generic error" });
    const second = await conductor.node.run(nested(), simulate("c2"));
    expect(second.error?.nodeId).toBe("c2");
    expect(ran).toEqual(["n1", "a", "c1"]);
  });

  it.each(["root", "inner", "nobody"])("has no effect at %s, which is no leaf", async (id) => {
    expect((await conductorWith().node.run(nested(), simulate(id))).success).toBe(true);
  });

  it("may come after a delay", async () => {
    const run = watch(conductorWith().node.run(leaf("a"), simulate("a", { delayMs: 2000 })));
    await pass(1990);
    expect(run.settled).toBe(false);
    await pass(20);
    expect(run.value?.error?.message).toBe("[GENERIC] Simulated generic error");
  });

  it("comes after a simulated long run of the same node", async () => {
    const debug = { ...simulate("a", { delayMs: 500 }).debug, ...delay("a", 1000).debug };
    const run = watch(conductorWith().node.run(leaf("a"), { debug }));
    await pass(1490);
    expect(run.settled).toBe(false);
    await pass(20);
    expect(run.value?.success).toBe(false);
  });

  it("can be cancelled while it waits", async () => {
    const conductor = conductorWith();
    const run = watch(conductor.node.run(leaf("a"), { executionId: "exec_1", ...simulate("a", { delayMs: 9000 }) }));
    await pass(10);
    await conductor.node.cancel("exec_1");
    await turns();
    expect(run.value?.error?.code).toBe("CANCELLED");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("at random hits exactly one leaf, and in time each of them", async () => {
    const conductor = conductorWith();
    const hits: Record<string, number> = {};
    for (let run = 0; run < 400; run += 1) {
      const { success, error } = await conductor.node.run(nested(), simulate("random"));
      expect(success).toBe(false);
      hits[`${error?.nodeId}`] = (hits[`${error?.nodeId}`] ?? 0) + 1;
    }
    expect(Object.keys(hits).sort()).toEqual(["a", "c1", "c2", "z"]);
    for (const count of Object.values(hits)) {
      expect(count).toBeGreaterThan(40);
      expect(count).toBeLessThan(200);
    }
  });
});

describe("a simulated long run", () => {
  it("adds its time to the named node", async () => {
    const body = vi.fn(() => "done");
    const run = watch(conductorWith(body).node.run(leaf("a"), delay("a", 5000)));
    await pass(4990);
    expect(run.settled).toBe(false);
    await pass(20);
    expect(run.value).toMatchObject({ success: true, data: "done" });
    expect(body).toHaveBeenCalledOnce();
  });

  it("delays only that node", async () => {
    const conductor = conductorWith();
    const run = watch(conductor.node.run(chain(3), delay("n2", 300)));
    await pass(100);
    expect([...conductor.node.store.getState().nodes.values()].map(({ state }) => state)).toEqual([
      "completed",
      "executing",
      "pending",
    ]);
    await pass(220);
    expect(run.value?.success).toBe(true);
  });

  it.each(["root", "inner", "nobody"])("has no effect at %s, which is no leaf", async (id) => {
    const run = watch(conductorWith().node.run(nested(), delay(id, 5000)));
    await turns();
    expect(run.settled).toBe(true);
  });

  it("at random delays one leaf, not each", async () => {
    const run = watch(conductorWith().node.run(nested(), delay("random", 1000)));
    await pass(990);
    expect(run.settled).toBe(false);
    await pass(20);
    expect(run.value?.success).toBe(true);
  });

  it("is told on the console, since debugging asked for it", async () => {
    const run = conductorWith().node.run(leaf("a"), delay("a", 700));
    await pass(710);
    await run;
    expect(printed.all()).toContain("[DEBUG] Adding 700ms delay to node 'a'");
  });

  it("is told on the console before a simulated error, too", async () => {
    const run = conductorWith().node.run(leaf("a"), simulate("a", { delayMs: 700 }));
    await pass(710);
    await run;
    expect(printed.all()).toContain("[DEBUG] Waiting 700ms before throwing error on node 'a'");
  });
});

describe("plain debug mode", () => {
  it.each([[true], [false], [{}], [undefined], [null]])("may be %j", async (debug) => {
    const result = await conductorWith().node.run(group("root", [leaf("a")]), { debug });
    expect(result).toMatchObject({ success: true, data: "out:a" });
  });

  it("reaches the nodes as given", async () => {
    const seen: unknown[] = [];
    const conductor = conductorWith((params) => {
      seen.push(params.debug);
    });
    await conductor.node.run(group("root", [leaf("a")]), { debug: true });
    expect(seen).toEqual([true]);
  });
});
