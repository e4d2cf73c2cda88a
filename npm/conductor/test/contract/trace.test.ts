import { afterEach, describe, expect, it, vi } from "vitest";
import {
  byId,
  chain,
  conductorWith,
  type Definition,
  diamond,
  group,
  HeldNodes,
  leaf,
  listenToConsole,
  pass,
  stopClock,
  type Trace,
  turns,
} from "./flows";

afterEach(() => vi.useRealTimers());

const traceOf = async (
  definition: Definition,
  context: Record<string, unknown> = {},
  conductor = conductorWith(),
): Promise<Trace> => {
  const { trace } = await conductor.node.run(definition, context);
  if (!trace) throw new Error("the result has no trace");
  return trace;
};

const statesIn = (trace: Trace) =>
  trace.events.filter(({ type }) => type === "state-change").map(({ data }) => `${data.nodeId} ${data.state}`);

describe("the trace of a run", () => {
  it("tells the run, its first node and its time", async () => {
    const trace = await traceOf(chain(2), { executionId: "exec_1" });
    expect(trace).toMatchObject({
      executionId: "exec_1",
      rootNodeId: "n1",
      startTime: expect.any(Number),
      endTime: expect.any(Number),
      duration: expect.any(Number),
      config: {},
    });
    expect(trace.endTime).toBeGreaterThanOrEqual(trace.startTime);
    expect((await traceOf(leaf("a"))).rootNodeId).toBe("a");
  });

  it("tells the slow motion it was run in", async () => {
    stopClock();
    const run = traceOf(leaf("a"), { slowMo: 50 });
    await pass(150);
    expect((await run).config).toEqual({ slowMo: 50 });
  });

  it("begins with what the flow is", async () => {
    const trace = await traceOf(diamond());
    expect(trace.events[0]).toEqual({
      timestamp: expect.any(Number),
      type: "started",
      data: { totalNodes: 4, totalWeight: 400, criticalPath: ["a", "b", "d"] },
    });
  });

  it("ends with what became of it", async () => {
    const trace = await traceOf(diamond());
    expect(trace.events.at(-1)).toEqual({
      timestamp: expect.any(Number),
      type: "completed",
      data: { totalDuration: expect.any(Number), nodesCompleted: 4, nodesErrored: 0 },
    });
    expect(trace.events.filter(({ type }) => type === "completed").length).toBe(1);
  });

  it("holds each change of state in order", async () => {
    expect(statesIn(await traceOf(chain(2)))).toEqual(["n1 executing", "n1 completed", "n2 executing", "n2 completed"]);
  });

  it("has times that never go back", async () => {
    const times = (await traceOf(diamond())).events.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort((one, other) => one - other));
  });

  it("has one entry for each node", async () => {
    const trace = await traceOf(group("root", [leaf("a", { name: "First", type: "transform" }), leaf("b")]));
    expect(trace.nodes.map(({ nodeId }) => nodeId)).toEqual(["a", "b"]);
    expect(trace.nodes[0]).toMatchObject({
      nodeId: "a",
      nodeName: "First",
      nodeType: "transform",
      startTime: expect.any(Number),
      endTime: expect.any(Number),
      duration: expect.any(Number),
      state: "completed",
      progress: 100,
      events: expect.any(Array),
    });
  });

  it("is the trace of a failure, too", async () => {
    const conductor = conductorWith(
      byId({
        n2: () => {
          throw new Error("boom");
        },
      }),
    );
    const trace = await traceOf(chain(3), {}, conductor);
    const failure = trace.events.find(({ type, data }) => type === "state-change" && data.state === "error");
    expect(failure?.data).toMatchObject({ nodeId: "n2", state: "error", errorMessage: "boom" });
    expect(trace.events.findLast(({ type }) => type === "completed")?.data).toMatchObject({
      nodesCompleted: 1,
      nodesErrored: 1,
    });
    expect(trace.nodes.find(({ nodeId }) => nodeId === "n2")).toMatchObject({ state: "error" });
    expect(statesIn(trace)).not.toContain("n3 executing");
  });

  it("does not change after the run, whatever the next one does", async () => {
    const conductor = conductorWith();
    const first = await traceOf(chain(2), { executionId: "exec_1" }, conductor);
    const before = JSON.stringify(first);
    const second = await traceOf(chain(2), { executionId: "exec_2" }, conductor);
    expect(JSON.stringify(first)).toBe(before);
    expect(second.events.length).toBe(first.events.length);
    expect(second.executionId).toBe("exec_2");
  });

  it("can be turned into JSON and into a structured clone", async () => {
    const trace = await traceOf(diamond());
    expect(JSON.parse(JSON.stringify(trace))).toMatchObject({
      executionId: trace.executionId,
      events: trace.events.map(({ type }) => ({ type })),
    });
    expect(structuredClone(trace).events.length).toBe(trace.events.length);
  });
});

describe("progress in the trace", () => {
  const reported = async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    const run = conductor.node.run(chain(2));
    await turns();
    held.params.get("n1")?.progress(50, "half way");
    await held.finish("n1");
    await held.finish("n2");
    const { trace } = await run;
    const event = trace?.events.find(({ data }) => data.message === "half way");
    return { trace, event };
  };

  it("tells node, message and the overall figure that it led to", async () => {
    const { event } = await reported();
    expect(event).toMatchObject({
      type: "progress",
      data: { nodeId: "n1", message: "half way", progress: 25 },
    });
  });

  const said = ({ events }: Trace, id: string) =>
    events.filter(({ type, data }) => type === "progress" && data.nodeId === id).map(({ data }) => data.message);

  it("tells with each event what the node said then", async () => {
    const conductor = conductorWith(({ nodeId, progress }) => {
      progress(10, `${nodeId} first`);
      progress(10, `${nodeId} second`);
      progress(20);
      progress(10, `${nodeId} first`);
      progress(100, "");
    });
    const trace = await traceOf(chain(2), {}, conductor);
    for (const id of ["n1", "n2"]) {
      const own = [`${id} first`, `${id} second`, `${id} second`, `${id} first`, ""];
      expect(said(trace, id)).toEqual(["Starting...", ...own, "Complete"]);
    }
  });

  it("tells what nodes said beside each other, and in each attempt", async () => {
    let tries = 0;
    const conductor = conductorWith(
      async ({ nodeId, progress, attempt }) => {
        progress(attempt === 1 ? 10 : 30);
        for (const word of ["a", "b", "c"]) {
          progress(50, `${nodeId} ${word} ${attempt}`);
          await turns();
        }
        if (nodeId === "left" && tries++ === 0) throw new Error("once");
      },
      { maxRetries: 1, retryDelay: 0, concurrency: 2 },
    );
    const trace = await traceOf(group("g", [leaf("left"), leaf("right")]), {}, conductor);
    const words = (id: string, attempt: number) => [
      undefined,
      ...["a", "b", "c"].map((word) => `${id} ${word} ${attempt}`),
    ];
    expect(said(trace, "right")).toEqual(["Starting...", ...words("right", 1), "Complete"]);
    const left = said(trace, "left").filter((message) => message !== "Starting...");
    expect(left).toEqual([...words("left", 1), ...words("left", 2), "Complete"]);
  });

  it("keeps what was said first where a node says more than a trace has room for", async () => {
    const text = "x".repeat(999);
    const conductor = conductorWith(({ progress }) => {
      for (let round = 0; round < 100_000; round++) progress(round % 100, `${round} ${text}`);
      progress(50);
    });
    const trace = await traceOf(leaf("n"), {}, conductor);
    const own = said(trace, "n").slice(1, -1);
    expect(own.length).toBe(100_001);
    const kept = own.indexOf(undefined);
    expect(own.slice(0, kept).join("").length).toBeLessThan(1_000_000);
    expect(kept).toBeGreaterThan(900);
    expect(own.slice(0, kept)).toEqual(Array.from({ length: kept }, (_, round) => `${round} ${text}`));
    expect(own.slice(kept).every((message) => message === undefined)).toBe(true);
  });

  it("shows all nodes when somebody looks", async () => {
    const { event } = await reported();
    const all = [...(event?.data.allNodes ?? [])] as Record<string, unknown>[];
    expect(all.map(({ id }) => id)).toEqual(["n1", "n2"]);
    for (const each of all) {
      expect(Object.keys(each).sort()).toEqual(["id", "name", "progress", "state"]);
    }
    expect(all[1]).toMatchObject({ id: "n2", name: "test", state: "pending", progress: 0 });
  });

  it("grows with the number of nodes, not with its square", async () => {
    const size = async (length: number) => {
      const conductor = conductorWith((params) => {
        for (const percent of [20, 40, 60, 80]) params.progress(percent, "working");
      });
      return JSON.stringify(await traceOf(chain(length), {}, conductor)).length;
    };
    const [small, large] = [await size(20), await size(200)];
    expect(large / small).toBeGreaterThan(5);
    expect(large / small).toBeLessThan(13);
  });

  it("keeps the trace of a hundred nodes below a megabyte", async () => {
    expect(JSON.stringify(await traceOf(chain(100))).length).toBeLessThan(1_000_000);
  });

  it("does not print anything", async () => {
    const printed = listenToConsole();
    await reported();
    expect(printed.all()).toEqual([]);
    printed.restore();
  });
});
