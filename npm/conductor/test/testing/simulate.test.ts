import { beforeEach, describe, expect, it } from "vitest";
import { type Schedule, SimulationError, type SimulationOptions, simulateFlow } from "../../src/exports/testing.js";
import type { NodeDefinition } from "../../src/types/definition.js";

// biome-ignore lint/suspicious/noExplicitAny: what executables get
type Params = any;

const flow = (nodes: unknown[], edges: unknown[] = []) =>
  ({ id: "flow", type: "group", nodes, edges }) as NodeDefinition;
const broken = (of: NodeDefinition, options: SimulationOptions): Promise<SimulationError> =>
  simulateFlow(of, options).then(
    () => {
      throw new Error("Nothing was found");
    },
    (error) => {
      if (!(error instanceof SimulationError)) throw error;
      return error;
    },
  );

/** A service that a node changes: what was charged, by key. */
let charged: string[] = [];
beforeEach(() => {
  charged = [];
});
const setup = () => {
  charged = [];
};
const charge = { type: "charge", execute: async () => void charged.push("once more") };
const chargeByKey = {
  type: "charge",
  execute: async ({ idempotencyKey }: Params) => {
    if (!charged.includes(idempotencyKey)) charged.push(idempotencyKey);
  },
};
const paying = (policy: Record<string, unknown> = { retries: 5, retryDelay: "1s", timeout: "10s" }) =>
  flow(
    [
      { id: "pay", type: "charge", policy },
      { id: "mail", type: "edit-fields", policy },
    ],
    [{ source: "pay", target: "mail" }],
  );
const once = ({ result }: { result: { success: boolean } }) => {
  if (result.success && charged.length !== 1) throw new Error(`charged ${charged.length} times`);
};

describe("a simulation finds", () => {
  it("nodes that rely on an order that no edge keeps", async () => {
    const nodes = [
      { type: "write", execute: ({ variables }: Params) => Object.assign(variables, { total: 5 }) && 1 },
      { type: "read", execute: ({ variables }: Params) => variables.total ?? 0 },
      { type: "wait", execute: () => new Promise((resolve) => setTimeout(resolve, 5)) },
    ];
    const racing = flow(
      [
        { id: "before", type: "wait" },
        { id: "write", type: "write" },
        { id: "pause", type: "wait" },
        { id: "read", type: "read" },
      ],
      [
        { source: "before", target: "write" },
        { source: "pause", target: "read" },
      ],
    );
    const error = await broken(racing, { nodes });
    expect(error.message).toContain("not that of an undisturbed run: 0 instead of 5");
    expect(error.schedule).toHaveLength(1);
    expect(error.schedule[0]).toMatchObject({ call: "before#1", does: "late" });
    const ordered = {
      ...racing,
      edges: [...(racing.edges ?? []), { source: "write", target: "read" }],
    } as NodeDefinition;
    expect(await simulateFlow(ordered, { nodes })).toMatchObject({ runs: 100 });
  });

  it("work that is done twice when its answer is lost", async () => {
    const error = await broken(paying(), { nodes: [charge], failure: true, setup, check: once });
    expect(error.message).toContain("check: charged 2 times");
    expect(error.schedule).toEqual([{ call: "pay#1", does: "loses" }]);
    expect(error.message).toContain('"pay": does its work, then fails');
    const report = await simulateFlow(paying(), { nodes: [chargeByKey], failure: true, setup, check: once });
    expect(report.disturbances).toBeGreaterThan(20);
  });

  it("work that is done twice when the process ends in the middle", async () => {
    const options = { crash: 20, setup, check: once };
    const error = await broken(paying(), { nodes: [charge], ...options });
    expect(error.schedule).toHaveLength(1);
    expect(error.schedule[0]).toMatchObject({ does: "crash" });
    expect(await simulateFlow(paying(), { nodes: [chargeByKey], ...options })).toMatchObject({ runs: 100 });
  });

  it("nodes without a deadline, when an answer never comes", async () => {
    const error = await broken(paying({ retries: 5 }), { nodes: [chargeByKey], timeout: true, setup });
    expect(error.message).toMatch(/never ends: "(pay|mail)" is not answered, and has no `policy.timeout`/);
    expect(error.schedule).toHaveLength(1);
    expect(await simulateFlow(paying(), { nodes: [chargeByKey], timeout: 20, setup, check: once })).toMatchObject({
      runs: 100,
    });
  });

  it("items of a loop that are worked on together", async () => {
    let working = 0;
    let most = 0;
    const visit = {
      type: "visit",
      async execute() {
        most = Math.max(most, ++working);
        await new Promise((resolve) => setTimeout(resolve, 10));
        working--;
      },
    };
    const parameters = { array: [1, 2, 3, 4], concurrency: 3 };
    const loop = flow([{ id: "each", type: "loop", parameters, nodes: [{ id: "visit", type: "visit" }] }]);
    const reset = () => {
      working = most = 0;
    };
    const error = await broken(loop, {
      nodes: [visit],
      setup: reset,
      check: () => {
        if (most > 2) throw new Error(`${most} at once`);
      },
    });
    expect(error.message).toContain("3 at once");
    expect(error.schedule).toEqual([]);
  });
});

describe("what it found", () => {
  const options = { nodes: [charge], failure: true, timeout: true, crash: true, setup, check: once };

  it("is the same for the same seed", async () => {
    const [one, two] = [await broken(paying(), options), await broken(paying(), options)];
    expect(two.message).toBe(one.message);
    expect(two.seed).toBe(one.seed);
    const again = await broken(paying(), { ...options, seeds: [one.seed as number] });
    expect(again.schedule).toEqual(one.schedule);
  });

  it("can be run again by its schedule", async () => {
    const { schedule, message } = await broken(paying(), options);
    const printed = JSON.parse(/schedule: (\[.*\]) }/.exec(message)?.[1] ?? "") as Schedule;
    expect(printed).toEqual(schedule);
    const again = await broken(paying(), { ...options, schedule: printed });
    expect(again.message).toContain("charged 2 times");
    await simulateFlow(paying(), { ...options, nodes: [chargeByKey], schedule: printed });
  });
});

describe("it refuses", () => {
  it("a flow that fails without being disturbed", async () => {
    const failing = { type: "charge", execute: () => Promise.reject(new Error("no money")) };
    await expect(simulateFlow(paying({}), { nodes: [failing] })).rejects.toThrow(
      /although nothing is done to it.*no money/,
    );
  });

  it("likelihoods that are none", async () => {
    await expect(simulateFlow(paying(), { crash: 101 })).rejects.toThrow("crash is 101");
  });
});
