/** The execution engine of older code, where its executions meet whoever steers them and listens to them. */
import { EventEmitter } from "node:events";
import { ExecutionEngine, type ExecutionEngineConfig } from "@atomiton/conductor/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Body, byId, chain, group, HeldNodes, leaf, pass, stopClock, turns, watch } from "../contract/flows.js";
import { asNode, ending, failing, storageOf } from "../requests/stored.js";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const EVENTS = ["started", "running", "paused", "resumed", "cancelled", "completed", "failed"];

/** An engine whose every node is run by `body`, with a spy in between; and what it tells, in order. */
function engineOf(body: Body = byId({}), config: Record<string, unknown> = {}) {
  const ran = vi.fn<Body>(body);
  const nodeExecutorFactory = { getNodeExecutable: () => ({ execute: async (params: never) => ran(params) }) };
  const engine = ending(new ExecutionEngine({ nodeExecutorFactory, ...config } as ExecutionEngineConfig));
  const told: string[] = [];
  for (const event of EVENTS) engine.on(`execution:${event}`, () => told.push(event));
  return { engine, ran, told };
}

/** A storage whose one flow comes, or fails to, when a test says so. */
function slowStorage() {
  let end: { resolve(flow: unknown): void; reject(reason: unknown): void } | undefined;
  const load = vi.fn(() => {
    return new Promise((resolve, reject) => {
      end = { resolve, reject };
    });
  });
  return {
    storage: { load },
    load,
    come: (flow: unknown) => end?.resolve(flow),
    fail: (reason: unknown) => end?.reject(reason),
  };
}

const flow = asNode(chain(2, "f"));

describe("an execution that is cancelled", () => {
  it.each(["started", "running"])("by a listener of %s runs no node", async (event) => {
    const { engine, ran, told } = engineOf();
    engine.on(`execution:${event}`, ({ executionId }) => void engine.cancel(executionId));
    expect(await engine.execute(flow)).toMatchObject({
      status: "cancelled",
      success: false,
      endTime: expect.any(Date),
    });
    expect(ran).not.toHaveBeenCalled();
    expect(told).toEqual(event === "started" ? ["started", "cancelled"] : ["started", "running", "cancelled"]);
  });

  it("while its flow is loaded ends at once, and stays cancelled when it cannot be loaded", async () => {
    const { storage, load, fail } = slowStorage();
    const { engine, told } = engineOf(byId({}), { storage });
    const run = watch(engine.execute({ flowId: "f", context: { executionId: "e" } }));
    await vi.waitFor(() => expect(load).toHaveBeenCalled());
    await engine.cancel("e");
    await turns();
    expect(run.value).toMatchObject({ status: "cancelled" });
    fail(new Error("gone"));
    await turns();
    expect(run.value).toMatchObject({ status: "cancelled" });
    expect(run.value).not.toHaveProperty("error");
    expect(told).toEqual(["started", "cancelled"]);
  });

  it("while its flow is loaded runs no node when that comes after all", async () => {
    const { storage, load, come } = slowStorage();
    const { engine, ran, told } = engineOf(byId({}), { storage });
    const result = engine.execute({ flowId: "f", context: { executionId: "e" } });
    await vi.waitFor(() => expect(load).toHaveBeenCalled());
    await engine.cancel("e");
    come(flow);
    expect(await result).toMatchObject({ status: "cancelled" });
    await turns(20);
    expect(ran).not.toHaveBeenCalled();
    expect(told).toEqual(["started", "cancelled"]);
  });

  it("while it waits for a place ends at once, and leaves the next place to others", async () => {
    const held = new HeldNodes();
    const { engine } = engineOf(held.body, { concurrency: 1 });
    const flows = ["a", "b", "c"].map((id) => asNode(group(`flow-${id}`, [leaf(id)])));
    const [first, second, third] = flows.map((each) => watch(engine.execute(each)));
    await vi.waitFor(() => expect(held.running).toEqual(["a"]));
    await engine.cancel(engine.listExecutions({ flowId: "flow-b" })[0]?.executionId ?? "");
    await turns();
    expect(second?.value).toMatchObject({ status: "cancelled", success: false });
    expect(first?.value).toBeUndefined();
    await held.finish("a");
    await vi.waitFor(() => expect(held.started).toEqual(["a", "c"]));
    await held.finish("c");
    await vi.waitFor(() => expect(third?.value).toMatchObject({ status: "completed" }));
  });

  it("together with all others, by a shutdown, does not make room for those that wait", async () => {
    const held = new HeldNodes();
    const { engine } = engineOf(held.body, { concurrency: 1 });
    const results = ["a", "b"].map((id) => engine.execute(asNode(group(`flow-${id}`, [leaf(id)]))));
    await vi.waitFor(() => expect(held.running).toEqual(["a"]));
    await engine.shutdown();
    expect((await Promise.all(results)).map(({ status }) => status)).toEqual(["cancelled", "cancelled"]);
    expect(held.started).toEqual(["a"]);
  });

  it("still tells what its nodes did", async () => {
    const held = new HeldNodes();
    const { engine } = engineOf(held.body);
    const result = engine.execute(flow);
    await vi.waitFor(() => expect(held.running).toEqual(["n1"]));
    await held.finish("n1", 1);
    await vi.waitFor(() => expect(held.running).toEqual(["n2"]));
    await engine.cancel(engine.listExecutions()[0]?.executionId ?? "");
    expect([...(await result).nodeResults]).toEqual([["n1", { outputs: 1 }]]);
  });
});

describe("an execution that is paused by a listener of running", () => {
  it("starts no node before it is resumed", async () => {
    const { engine, ran, told } = engineOf();
    engine.once("execution:running", ({ executionId }) => void engine.pause(executionId));
    const run = watch(engine.execute(flow));
    await turns(50);
    const [execution] = engine.listExecutions();
    expect(execution?.status).toBe("paused");
    expect(ran).not.toHaveBeenCalled();
    await engine.resume(execution?.executionId ?? "");
    await vi.waitFor(() => expect(run.value).toMatchObject({ status: "completed" }));
    expect(told).toEqual(["started", "running", "paused", "resumed", "completed"]);
  });
});

describe("a listener that throws", () => {
  it.each(["started", "running", "progress", "completed"])("of %s is reported and hurts nobody", async (event) => {
    const reported = vi.spyOn(console, "error").mockReturnValue();
    const { engine, told } = engineOf();
    const problem = new Error("not my fault");
    engine.prependListener(`execution:${event}`, () => {
      throw problem;
    });
    expect(await engine.execute(flow)).toMatchObject({ status: "completed", success: true });
    expect(told).toEqual(["started", "running", "completed"]);
    expect(reported.mock.calls).toEqual([[expect.stringContaining("the execution engine"), problem]]);
  });

  it("listens to an EventEmitter all the same", () => {
    expect(engineOf().engine).toBeInstanceOf(EventEmitter);
  });
});

describe("an engine's places", () => {
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    "are never so few that nothing runs: %d",
    async (concurrency) => {
      const { engine } = engineOf(byId({}), { concurrency });
      const results = await Promise.all([engine.execute(flow), engine.execute(flow), engine.execute(flow)]);
      expect(results.map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
    },
  );
});

describe("a request of an engine", () => {
  it("has a deadline of its own", async () => {
    stopClock();
    const storage = await storageOf(chain(1, "f"));
    const { engine } = engineOf(() => new Promise(() => {}), { storage, timeout: 60_000 });
    const run = watch(engine.execute({ flowId: "f", options: { timeout: 50 } }));
    await turns(50);
    await pass(49);
    expect(run.value).toBeUndefined();
    await pass(1);
    await turns();
    expect(run.value).toMatchObject({ status: "failed", error: { code: "TIMEOUT" } });
  });

  it("has further attempts", async () => {
    stopClock();
    const { engine, ran } = engineOf(failing(1), { storage: await storageOf(chain(1, "f")) });
    const run = watch(engine.execute({ flowId: "f", options: { retries: 1 } }));
    await turns(50);
    expect(ran).toHaveBeenCalledTimes(1);
    await pass(1000);
    await turns();
    expect(run.value).toMatchObject({ status: "completed", outputs: { n1: "done" } });
  });

  it("starts with the variables that the flow declares, and its own over them", async () => {
    const variables = { where: { defaultValue: "here" }, when: { defaultValue: "now" } };
    const storage = await storageOf({ ...chain(1, "f"), variables } as never);
    const { engine } = engineOf(({ variables }) => ({ ...variables }), { storage });
    const { outputs } = await engine.execute({ flowId: "f", context: { variables: { when: "later" } } });
    expect(outputs).toEqual({ n1: { where: "here", when: "later" } });
  });

  it("can say what stands in for a failure, beside what the nodes did", async () => {
    const body = byId({ n2: () => Promise.reject(new Error("boom")) });
    const { engine, told } = engineOf(body, { storage: await storageOf(chain(2, "f")) });
    const result = await engine.execute({ flowId: "f", options: { fallback: { instead: 1 } } });
    expect(result).toMatchObject({ status: "completed", success: true, outputs: { instead: 1 } });
    expect([...result.nodeResults.keys()]).toEqual(["n1"]);
    expect(result.metrics.nodesExecuted).toBe(2);
    expect(told).toEqual(["started", "running", "completed"]);
  });

  it("that is none is refused, not rejected", async () => {
    const { engine } = engineOf();
    for (const request of [null, undefined, {}, "f"]) {
      expect(await engine.execute(request as never)).toMatchObject({
        status: "failed",
        error: { code: "INVALID_PARAMETERS" },
      });
    }
  });
});
