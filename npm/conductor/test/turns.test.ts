import { describe, expect, it } from "vitest";
import { chain, conductorOver, group, leaf, type Params } from "./contract/flows";

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

/** Keeps the thread busy, as a node that computes does. */
function compute(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe("a run that never waits leaves the event loop its turns", () => {
  it("in a chain of 200,000 nodes that answer at once", async () => {
    const conductor = conductorOf(() => 1);
    expect(await turnsDuring(conductor.node.run(chain(200_000)))).toBeGreaterThan(5);
  }, 60_000);

  it.each([
    ["at once", () => compute(5)],
    ["with a promise", async () => compute(5)],
    ["with a promise, after others had their microtasks", async () => { await undefined; compute(5); }],
  ])("in a chain of nodes that compute for longer than a step takes and answer %s", async (_, execute) => {
    const conductor = conductorOf(execute);
    expect(await turnsDuring(conductor.node.run(chain(40)))).toBeGreaterThan(5);
  });

  it("together with many others", async () => {
    const conductor = conductorOf(async () => { for (let i = 0; i < 100; i++) await undefined; });
    const runs = Array.from({ length: 1000 }, () => conductor.node.run(chain(30)));
    expect(await turnsDuring(Promise.all(runs))).toBeGreaterThan(5);
  }, 60_000);

  it("in a loop of many rounds", async () => {
    const conductor = conductorOf(() => 1);
    const loop = { ...group("l", [leaf("a")]), type: "loop", parameters: { loopType: "times", count: 50_000 } };
    expect(await turnsDuring(conductor.node.run(loop))).toBeGreaterThan(3);
  }, 60_000);

  it("so that it can be cancelled", async () => {
    const conductor = conductorOf(() => compute(2));
    const run = conductor.node.run(chain(5000), { executionId: "run" });
    setTimeout(() => void conductor.node.cancel("run"), 20);
    expect((await run).error?.code).toBe("CANCELLED");
  });

  it("so that its deadline is kept", async () => {
    const conductor = conductorOf(() => compute(2), { timeout: 30 });
    expect((await conductor.node.run(chain(5000))).error?.code).toBe("TIMEOUT");
  });
});
