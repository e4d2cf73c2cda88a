import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DebugController } from "../../src/api/debug-controller";
import { createConductor } from "../../src/exports/desktop";
import { chain, leaf, listenToConsole, nested } from "./flows";

let printed: ReturnType<typeof listenToConsole>;
beforeEach(() => {
  printed = listenToConsole();
});
afterEach(() => {
  printed.restore();
});

const conductorWith = (debugController: DebugController, ran: string[] = []) =>
  createConductor({
    debugController,
    nodeExecutorFactory: { getNodeExecutable: () => ({ execute: async ({ nodeId }) => ran.push(nodeId) }) },
  });

describe("the debug controller of a conductor", () => {
  it("is told of the run, its leaves and its settings", async () => {
    const controller = { configure: vi.fn(), initialize: vi.fn(), getSlowMoDelay: () => 0 };
    const { run } = conductorWith(controller).node;
    await run(nested());
    expect(controller.configure).not.toHaveBeenCalled();
    expect(controller.initialize.mock.calls).toEqual([[["a", "c1", "c2", "z"]]]);
    const debug = { simulateLongRunning: { nodeId: "a", delayMs: 1 } };
    await run(leaf("a"), { slowMo: 7, debug });
    expect(controller.configure.mock.calls).toEqual([[{ ...debug, slowMo: 7 }]]);
  });

  it.each([
    ["an error", new Error("[NETWORK] cable cut")],
    ["what debug.simulateError takes", { nodeId: "n2", errorType: "network", message: "cable cut", delayMs: 3 }],
    ["a text", "[NETWORK] cable cut"],
  ])("lets nodes fail with %s in the place of their work", async (_, error) => {
    const ran: string[] = [];
    const controller = { shouldSimulateError: (id: string) => id === "n2", getSimulatedError: () => error };
    const result = await conductorWith(controller, ran).node.run(chain(3));
    expect(result.error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "n2", message: "[NETWORK] cable cut" });
    expect(ran).toEqual(["n1"]);
    expect(printed.all().join("\n")).not.toContain("DEBUG");
  });

  it("decides what the debug settings of a run mean", async () => {
    const controller = { configure() {}, shouldSimulateError: (id: string) => id === "n1" };
    const debug = { simulateError: { nodeId: "n2", errorType: "timeout" as const } };
    const { error } = await conductorWith(controller).node.run(chain(3), { debug });
    expect(error).toMatchObject({ nodeId: "n1", message: "[GENERIC] Simulated generic error" });
    const without = await conductorWith({}).node.run(chain(3), { debug });
    expect(without.error).toMatchObject({ nodeId: "n2", message: expect.stringMatching(/^\[TIMEOUT\] /) });
  });

  it("lets several nodes dawdle, sets the pace, and ends with a cancelled run", async () => {
    const started: [string, number][] = [];
    const asked: string[] = [];
    let pace = 20;
    let delays: Record<string, number> = { n1: 30, n2: 40 };
    const controller = {
      shouldSimulateLongRunning: (id: string) => asked.push(id) > 0 && id in delays,
      getLongRunningDelay: (id: string) => delays[id] as number,
      getSlowMoDelay: () => pace,
    };
    const conductor = createConductor({
      debugController: controller,
      nodeExecutorFactory: {
        getNodeExecutable: () => ({ execute: async ({ nodeId }) => started.push([nodeId, performance.now()]) }),
      },
    });
    const start = performance.now();
    expect((await conductor.node.run(chain(3))).success).toBe(true);
    expect(asked).toEqual(["n1", "n2", "n3"]);
    expect(started.map(([id]) => id)).toEqual(["n1", "n2", "n3"]);
    // Timers may fire a millisecond early; half a pace passes before a node starts.
    expect((started[0]?.[1] ?? 0) - start).toBeGreaterThan(28);
    expect((started[1]?.[1] ?? 0) - (started[0]?.[1] ?? 0)).toBeGreaterThan(38);
    expect((started[2]?.[1] ?? 0) - (started[1]?.[1] ?? 0)).toBeGreaterThan(8);

    pace = 0;
    delays = { n1: 10 ** 8 };
    const run = conductor.node.run(chain(3), { executionId: "slow" });
    await conductor.node.cancel("slow");
    expect((await run).error?.code).toBe("CANCELLED");
    expect(started).toHaveLength(3);
  });
});
