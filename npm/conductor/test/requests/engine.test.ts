/** The execution engine that older code uses. */
import { createExecutionEngine, ExecutionEngine, type ExecutionEngineConfig } from "@atomiton/conductor/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Body, byId, chain, type Definition, group, HeldNodes, leaf } from "../contract/flows.js";
import { ending, storageOf } from "./stored.js";

afterEach(() => {
  vi.useRealTimers();
});

interface Setting extends Record<string, unknown> {
  flows?: Definition[];
  body?: Body;
}

async function engineOf({ flows = [], body = byId({}), ...config }: Setting = {}) {
  const settings = {
    storage: await storageOf(...flows),
    nodeExecutorFactory: { getNodeExecutable: () => ({ execute: async (params: never) => body(params) }) },
    ...config,
  };
  return ending(new ExecutionEngine(settings as ExecutionEngineConfig));
}

/** What an engine tells, in order. */
function listenTo(engine: ExecutionEngine, ...events: string[]) {
  const heard: [string, Record<string, unknown>][] = [];
  for (const event of events) engine.on(event, (payload) => heard.push([event, payload]));
  return heard;
}

/** An engine that runs one held node; its execution id; and its result. */
async function running(more: Setting = {}) {
  const held = new HeldNodes();
  const engine = await engineOf({ flows: [chain(2, "f")], body: held.body, ...more });
  let id = "";
  engine.on("execution:started", ({ executionId }) => {
    id = executionId;
  });
  const result = engine.execute({ blueprintId: "f" });
  await vi.waitFor(() => expect(held.started).toEqual(["n1"]));
  return { engine, held, id, result };
}

describe("an execution engine", () => {
  it("is made by new or by its factory", () => {
    const [made, created] = [ending(new ExecutionEngine()), ending(createExecutionEngine())];
    expect(made).toBeInstanceOf(ExecutionEngine);
    expect(created).toBeInstanceOf(ExecutionEngine);
    for (const method of [
      "execute",
      "pause",
      "resume",
      "cancel",
      "getExecution",
      "listExecutions",
      "cleanup",
      "shutdown",
      "on",
      "off",
    ]) {
      expect(typeof created[method as keyof ExecutionEngine], method).toBe("function");
    }
  });

  it.each(["flowId", "blueprintId", "compositeId"])("executes the stored flow that %s names", async (name) => {
    const engine = await engineOf({ flows: [chain(2, "f")], body: ({ nodeId, input }) => [nodeId, input] });
    const result = await engine.execute({ [name]: "f", inputs: { a: 1 } } as never);
    expect(result).toMatchObject({ success: true, outputs: { n1: ["n1", { a: 1 }] } });
    expect(result.error).toBeUndefined();
  });

  it("executes a flow that is handed to it, as the documentation shows", async () => {
    const engine = await engineOf();
    expect(await engine.execute(chain(2) as never)).toMatchObject({
      success: true,
      outputs: { n1: "out:n1", n2: "out:n2" },
    });
  });

  it("tells flow, status, start, end and nodes in its result", async () => {
    const engine = await engineOf({ flows: [chain(1, "f")] });
    const result = await engine.execute({ blueprintId: "f" });
    expect(result.nodeResults).toBeInstanceOf(Map);
    expect([...result.nodeResults.keys()]).toContain("n1");
    expect(result.metrics).toEqual(expect.any(Object));
    expect(result).toMatchObject({
      blueprintId: "f",
      success: true,
      status: "completed",
      executionId: expect.stringMatching(/./),
      startTime: expect.any(Date),
      endTime: expect.any(Date),
    });
  });

  it("never rejects: what goes wrong is in the result", async () => {
    const engine = await engineOf({
      flows: [chain(2, "f")],
      body: byId({
        n1: () => {
          throw new Error("no such table");
        },
      }),
    });
    expect(await engine.execute({ blueprintId: "f" })).toMatchObject({
      success: false,
      status: "failed",
      error: { message: "no such table", code: "EXECUTION_FAILED", nodeId: "n1", stack: expect.any(String) },
    });
    const missing = await engine.execute({ blueprintId: "nobody" });
    expect(missing).toMatchObject({ success: false, status: "failed" });
    expect(missing.error?.message).toContain("nobody");
    expect((await engine.execute({} as never)).success).toBe(false);
  });

  it.each([
    ["blueprintId", "No storage configured, cannot load Blueprint f"],
    ["compositeId", "No storage configured, cannot load Composite f"],
  ])("says that there is no storage to load %s from", async (name, message) => {
    const engine = ending(new ExecutionEngine());
    expect(await engine.execute({ [name]: "f" } as never)).toMatchObject({ status: "failed", error: { message } });
  });

  it("has limits: the time that its settings allow", async () => {
    const engine = await engineOf({ flows: [chain(1, "f")], body: () => new Promise(() => undefined), timeout: 10 });
    const result = await engine.execute({ blueprintId: "f" });
    expect(result).toMatchObject({ success: false, status: "failed", error: { code: "TIMEOUT" } });
  });

  it("runs four executions at once where nothing is said, and the others in turn", async () => {
    let [now, most] = [0, 0];
    const body = async () => {
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => setImmediate(resolve));
      now -= 1;
    };
    const engine = await engineOf({ flows: [chain(1, "f")], body });
    const results = await Promise.all(Array.from({ length: 10 }, () => engine.execute({ blueprintId: "f" })));
    expect(results.every(({ success }) => success)).toBe(true);
    expect(most).toBe(4);
  });

  it("runs as many at once as its settings say", async () => {
    const held = new HeldNodes();
    const flows = ["a", "b", "c"].map((id) => group(`flow-${id}`, [leaf(id)]));
    const engine = await engineOf({ flows, body: held.body, concurrency: 2 });
    const runs = flows.map(({ id }) => engine.execute({ blueprintId: id }));
    await vi.waitFor(() => expect(held.running).toEqual(["a", "b"]));
    await held.finish("a");
    await vi.waitFor(() => expect(held.running).toEqual(["b", "c"]));
    await held.finish("b");
    await held.finish("c");
    expect((await Promise.all(runs)).every(({ success }) => success)).toBe(true);
  });
});

describe("a definition that is executed directly", () => {
  it.each(["executeBlueprint", "executeComposite"] as const)("rejects when it fails: %s", async (method) => {
    const engine = await engineOf({ body: byId({ bad: () => Promise.reject(new Error("boom")) }) });
    await expect(engine[method](group("f", [leaf("bad")]) as never, {} as never)).rejects.toThrow("boom");
    expect(await engine[method](group("f", [leaf("good")]) as never, {} as never)).toBeDefined();
  });
});

describe("what an engine tells", () => {
  const events = ["execution:started", "execution:running", "execution:completed", "execution:failed"];

  it("is that an execution started, runs and completed", async () => {
    const engine = await engineOf({ flows: [chain(1, "f")] });
    const heard = listenTo(engine, ...events);
    const { executionId, outputs } = await engine.execute({ blueprintId: "f" });
    expect(heard.map(([event]) => event)).toEqual(["execution:started", "execution:running", "execution:completed"]);
    for (const [, payload] of heard) expect(payload.executionId).toBe(executionId);
    expect(heard.at(-1)?.[1].outputs).toEqual(outputs);
  });

  it("is that an execution failed, and why", async () => {
    const engine = await engineOf({ flows: [chain(1, "f")], body: () => Promise.reject(new Error("boom")) });
    const heard = listenTo(engine, ...events);
    const { executionId } = await engine.execute({ blueprintId: "f" });
    expect(heard.map(([event]) => event)).toEqual(["execution:started", "execution:running", "execution:failed"]);
    expect(heard.at(-1)?.[1]).toMatchObject({ executionId, error: expect.anything() });
    expect(JSON.stringify(heard.at(-1)?.[1].error) + String(heard.at(-1)?.[1].error)).toContain("boom");
  });

  it("is how far an execution is", async () => {
    const engine = await engineOf({ flows: [chain(2, "f")] });
    const heard = listenTo(engine, "execution:progress");
    const { executionId } = await engine.execute({ blueprintId: "f" });
    expect(heard.length).toBeGreaterThan(0);
    for (const [, payload] of heard) {
      expect(payload).toMatchObject({ executionId, progress: expect.any(Number), message: expect.any(String) });
    }
    expect(heard.at(-1)?.[1].progress).toBe(100);
  });

  it("is when it was paused, resumed and cancelled", async () => {
    const { engine, id, result } = await running();
    const heard = listenTo(engine, "execution:paused", "execution:resumed", "execution:cancelled");
    await engine.pause(id);
    await engine.resume(id);
    await engine.cancel(id);
    expect(await result).toMatchObject({ success: false, status: "cancelled" });
    expect(heard.map(([event, { executionId }]) => [event, executionId])).toEqual([
      ["execution:paused", id],
      ["execution:resumed", id],
      ["execution:cancelled", id],
    ]);
  });
});

describe("steering an engine's executions", () => {
  it("holds and continues them", async () => {
    const { engine, held, id, result } = await running();
    await engine.pause(id);
    expect(engine.getExecution(id)).toMatchObject({ executionId: id, status: "paused" });
    await held.finish("n1");
    expect(held.started).toEqual(["n1"]);
    await engine.resume(id);
    expect(engine.getExecution(id)).toMatchObject({ status: "running" });
    await vi.waitFor(() => expect(held.running).toEqual(["n2"]));
    await held.finish("n2");
    expect(await result).toMatchObject({ success: true, status: "completed" });
  });

  /** As a promise, whether a method throws or rejects. */
  const trying = async (call: () => unknown) => call();

  it.each(["pause", "resume", "cancel"] as const)("names the execution that is not there: %s", async (method) => {
    const engine = await engineOf();
    await expect(trying(() => engine[method]("nobody"))).rejects.toThrow("Execution nobody not found");
  });

  it("does not fit every state", async () => {
    const { engine, held, id, result } = await running();
    await expect(trying(() => engine.resume(id))).rejects.toThrow("Cannot resume execution in running state");
    await engine.pause(id);
    await expect(trying(() => engine.pause(id))).rejects.toThrow("Cannot pause execution in paused state");
    await engine.resume(id);
    await held.finish("n1");
    await vi.waitFor(() => expect(held.running).toEqual(["n2"]));
    await held.finish("n2");
    await result;
    for (const method of ["pause", "resume", "cancel"] as const) {
      await expect(trying(() => engine[method](id))).rejects.toThrow(`Cannot ${method} execution in completed state`);
    }
  });
});

describe("an engine's memory", () => {
  it("has the result of each execution", async () => {
    const engine = await engineOf({ flows: [chain(1, "f")] });
    const result = await engine.execute({ blueprintId: "f" });
    expect(engine.getExecution(result.executionId)).toMatchObject({ status: "completed", outputs: result.outputs });
    expect(engine.getExecution("nobody")).toBeNull();
  });

  it("lists executions by status, flow and time", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2030-01-01T12:00:00Z") });
    const engine = await engineOf({
      flows: [chain(1, "good"), group("bad", [leaf("broken")])],
      body: byId({ broken: () => Promise.reject(new Error("boom")) }),
    });
    const good = await engine.execute({ blueprintId: "good" });
    vi.setSystemTime(new Date("2030-01-02T12:00:00Z"));
    const bad = await engine.execute({ blueprintId: "bad" });
    const ids = (filter?: object) => engine.listExecutions(filter as never).map(({ executionId }) => executionId);
    expect(ids().sort()).toEqual([good.executionId, bad.executionId].sort());
    expect(ids({ status: "completed" })).toEqual([good.executionId]);
    expect(ids({ status: "failed" })).toEqual([bad.executionId]);
    expect(ids({ blueprintId: "good" })).toEqual([good.executionId]);
    expect(ids({ compositeId: "bad" })).toEqual([bad.executionId]);
    expect(ids({ startDate: new Date("2030-01-02T00:00:00Z") })).toEqual([bad.executionId]);
    expect(ids({ endDate: new Date("2030-01-02T00:00:00Z") })).toEqual([good.executionId]);
    expect(ids({ status: "running" })).toEqual([]);
  });

  it("forgets what ended before yesterday, or before another time", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2030-01-01T12:00:00Z") });
    const engine = await engineOf({ flows: [chain(1, "f")] });
    const old = await engine.execute({ blueprintId: "f" });
    vi.setSystemTime(new Date("2030-01-03T12:00:00Z"));
    const recent = await engine.execute({ blueprintId: "f" });
    expect(await engine.cleanup()).toBe(1);
    expect(engine.getExecution(old.executionId)).toBeNull();
    expect(engine.getExecution(recent.executionId)).not.toBeNull();
    expect(await engine.cleanup(new Date("2030-01-04T00:00:00Z"))).toBe(1);
    expect(engine.listExecutions()).toEqual([]);
  });

  it("keeps what still runs", async () => {
    const { engine, held, id, result } = await running();
    expect(await engine.cleanup(new Date(Date.now() + 1_000_000))).toBe(0);
    expect(engine.getExecution(id)).not.toBeNull();
    await held.finish("n1");
    await vi.waitFor(() => expect(held.running).toEqual(["n2"]));
    await held.finish("n2");
    expect((await result).success).toBe(true);
  });
});

describe("shutting an engine down", () => {
  it("ends what runs", async () => {
    const { engine, held, result } = await running();
    await engine.shutdown();
    expect(await result).toMatchObject({ success: false, status: "cancelled" });
    expect(held.params.get("n1")?.signal.aborted).toBe(true);
  });

  it("can be done twice", async () => {
    const engine = await engineOf();
    await engine.shutdown();
    await engine.shutdown();
  });
});
