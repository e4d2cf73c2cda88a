import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chain, conductorOver, group, leaf, type Params } from "./contract/flows";

/** Time that passes only where a node computes. */
let now = 0;
beforeEach(async () => {
  // What came before shares the thread.
  await new Promise((resolve) => setImmediate(resolve));
  now = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Keeps the thread busy for so many ms, as a node that computes does. */
function compute(ms: number): void {
  now += ms;
}

const conductorOf = (execute: (params: Params) => unknown, config = {}) =>
  conductorOver({ getNodeExecutable: () => ({ execute }) }, config);

/** Turns that the event loop gets while `work` goes on. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let over = false;
  const count = () => {
    if (over) return;
    turns++;
    setImmediate(count);
  };
  setImmediate(count);
  await work;
  over = true;
  return turns;
}

const computes: [string, (ms: number) => unknown][] = [
  ["at once", compute],
  ["with a promise", async (ms) => compute(ms)],
  [
    "later, after others had their microtasks",
    async (ms) => {
      await undefined;
      compute(ms);
    },
  ],
];

describe("a run that never waits leaves the event loop its turns", () => {
  it.each(computes)("when its nodes are short and answer %s", async (_, work) => {
    const run = conductorOf(() => work(0.01)).node.run(chain(20_000));
    // 200 ms of work; a turn every 10 ms is meant, and one is due after twice that.
    expect(await turnsDuring(run)).toBeGreaterThanOrEqual(10);
  });

  it.each(computes)("when its nodes are long and answer %s", async (_, work) => {
    const run = conductorOf(() => work(5)).node.run(chain(40));
    expect(await turnsDuring(run)).toBeGreaterThanOrEqual(8);
  });

  it.each(computes)("when its nodes answer %s, several at a time", async (_, work) => {
    const run = conductorOf(() => work(1), { concurrency: 4 }).node.run(chain(200));
    expect(await turnsDuring(run)).toBeGreaterThanOrEqual(10);
  });

  it("in a chain of 200,000 nodes", async () => {
    const run = conductorOf(() => compute(0.001)).node.run(chain(200_000));
    expect(await turnsDuring(run)).toBeGreaterThanOrEqual(10);
  });

  it("in a loop of many rounds", async () => {
    const conductor = conductorOf(() => compute(0.01));
    const loop = { ...group("l", [leaf("a")]), type: "loop", parameters: { loopType: "times", count: 20_000 } };
    expect(await turnsDuring(conductor.node.run(loop))).toBeGreaterThanOrEqual(10);
  });

  it("together with many others, none of which takes long by itself", async () => {
    const conductor = conductorOf(async () => {
      await undefined;
      compute(0.02);
    });
    const runs = Array.from({ length: 1000 }, () => conductor.node.run(chain(10)));
    expect(await turnsDuring(Promise.all(runs))).toBeGreaterThanOrEqual(10);
  });

  it("so that it can be cancelled", async () => {
    let calls = 0;
    const conductor = conductorOf(() => {
      calls++;
      compute(2);
    });
    const run = conductor.node.run(chain(5000), { executionId: "run" });
    setImmediate(() => void conductor.node.cancel("run"));
    expect((await run).error?.code).toBe("CANCELLED");
    expect(calls).toBeLessThan(50);
  });

  it("but takes none that it does not need", async () => {
    const run = conductorOf(async () => compute(0.1)).node.run(chain(10));
    expect(await turnsDuring(run)).toBe(0);
  });
});
