import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chain, conductorOver, group, leaf, type Params } from "./contract/flows";

/** Time that passes only where a node computes. */
let now = 0;

const isolated = () => new Promise((resolve) => setImmediate(resolve));

/** Keeps the thread busy for so many ms, as a node that computes does. */
const compute = (ms: number) => {
  now += ms;
};

const quick = 0.005;

type Work = (params: Params) => unknown;
const conductorOf = (execute: Work) => conductorOver({ getNodeExecutable: () => ({ execute }) });

const loopOf = (count: number) => ({
  ...group("loop", [leaf("round")]),
  type: "loop",
  parameters: { loopType: "times", count },
});

// The time-outs are for machines that are busy with other things.
describe("beside busy runs", () => {
  beforeEach(async () => {
    // What came before shares the thread.
    await isolated();
    now = 1000;
    vi.spyOn(performance, "now").mockImplementation(() => now);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await isolated();
  });

  /** The thread's time that a run of two quick nodes takes, begun when the busy ones have run for a while. */
  const threadTimeOf = async (busy: (() => Promise<unknown>)[], execute: Work, after = 5): Promise<number> => {
    const runs = busy.map((begin) => begin());
    for (let turn = 0; turn < after; turn++) await isolated();
    const begun = now;
    const { success } = await conductorOf(execute).node.run(chain(2));
    const taken = now - begun;
    expect(success).toBe(true);
    await Promise.all(runs);
    return taken;
  };

  const answers: [string, Work][] = [
    ["at once", () => compute(quick)],
    ["with a promise", async () => compute(quick)],
    [
      "after a turn of the event loop",
      async () => {
        await isolated();
        compute(quick);
      },
    ],
  ];

  /** A run that keeps the thread busy for so many ms. */
  const busy = (ms: number, execute: Work = () => compute(quick)) => {
    const conductor = conductorOf(execute);
    return () => conductor.node.run(loopOf(ms / quick));
  };

  describe.each(answers)("whose nodes answer %s", (_, execute) => {
    it.each([
      ["a loop of many rounds", () => [busy(200)]],
      ["20 of them, each on a conductor of its own", () => Array.from({ length: 20 }, () => busy(40))],
      [
        "20 of them that answer with promises",
        () => Array.from({ length: 20 }, () => busy(40, async () => compute(quick))),
      ],
      ["a chain of nodes that compute for long", () => [() => conductorOf(() => compute(4)).node.run(chain(100))]],
      [
        "20 chains of nodes that compute for long",
        () => Array.from({ length: 20 }, () => () => conductorOf(() => compute(4)).node.run(chain(25))),
      ],
    ])("a run of two quick nodes ends within three slices: beside %s", async (_, begin) => {
      expect(await threadTimeOf(begin(), execute)).toBeLessThanOrEqual(30);
    });

    it.each([1, 20, 200])("also when it begins together with %d of them", async (count) => {
      const runs = Array.from({ length: count }, () => busy(400 / count));
      expect(await threadTimeOf(runs, execute, 0)).toBeLessThanOrEqual(30);
    });
  });

  it("the busy ones share the thread evenly", async () => {
    const rounds = new Map<string, number>();
    const shares: number[] = [];
    const conductor = conductorOf(({ executionId }) => {
      compute(quick);
      const run = executionId.slice(0, 2);
      rounds.set(run, (rounds.get(run) ?? 0) + 1);
    });
    const runs = ["r1", "r2", "r3", "r4"].map(async (executionId) => {
      await conductor.node.run(loopOf(40_000), { executionId });
      shares.push(Math.min(...rounds.values()) / 40_000);
    });
    await Promise.all(runs);
    // When the first is done, each of the others is nearly so.
    expect(shares[0]).toBeGreaterThan(0.9);
  });

  it("a busy one goes on however many short ones come", async () => {
    let over = false;
    const conductor = conductorOf(() => compute(quick));
    const long = conductor.node.run(loopOf(20_000)).then(() => {
      over = true;
    });
    let short = 0;
    while (!over) {
      const some = Array.from({ length: 50 }, () => conductor.node.run(chain(20)));
      short += some.length;
      await Promise.all(some);
    }
    await long;
    // 100 ms of work, which gets one slice in three at the least.
    expect(short * 20 * quick).toBeLessThan(400);
  });

  it("short ones that come at once all end before the busy ones go on", async () => {
    const done: string[] = [];
    const long = busy(300)().then(() => done.push("long"));
    await isolated();
    const conductor = conductorOf(async () => compute(quick));
    const short = Array.from({ length: 100 }, () => conductor.node.run(chain(10)).then(() => done.push("short")));
    await Promise.all([long, ...short]);
    expect(done.indexOf("long")).toBe(100);
  });
});

describe("a deadline that passes while others keep the thread busy", () => {
  /** Lets real time pass without giving up the thread. */
  const block = (ms: number) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };

  const limited = (execute: Work) => {
    const conductor = conductorOf(execute);
    return () => conductor.node.run(group("root", [leaf("a", { parameters: { timeout: 1 } }), leaf("b")]));
  };

  it("comes after an answer that waits for its run's turn", async () => {
    const answered = limited(() => "in time");
    const busy = conductorOf(() => {
      block(15);
    }).node.run(chain(2));
    // The slice is used up: what its first node answered is handed over when it is its turn.
    const run = answered();
    block(15);
    expect((await run).error).toBeUndefined();
    await busy;
  });

  it("comes after an answer that the event loop has for it", async () => {
    const answered = limited(({ nodeId }) => nodeId === "a" && new Promise((resolve) => setImmediate(resolve)));
    const run = answered();
    block(15);
    expect((await run).error).toBeUndefined();
  });

  it("comes all the same where there is no answer", async () => {
    const run = limited(() => new Promise(() => {}))();
    block(15);
    expect((await run).error?.code).toBe("TIMEOUT");
  });
});
