/** Runs in a worker, as the page follows them. */
import { createConductor } from "@atomiton/conductor/browser";
import { createMemoryExecutions } from "@atomiton/storage/browser";
import { beforeEach, expect, test, vi } from "vitest";
import { chain, executables, fields, gate, inWorkers, node } from "./workers.js";

const flow = () => chain("flow", fields("a", { x: 1 }), fields("b", { y: "{{data.x}}" }));

test("the worker starts with the first run and serves all that follow", async () => {
  const { conductor, workers } = inWorkers();
  expect(workers).toHaveLength(0);
  const results = await Promise.all([conductor.node.run(flow()), conductor.node.run(flow())]);
  expect(results.map(({ success }) => success)).toEqual([true, true]);
  expect((await conductor.node.run(flow())).success).toBe(true);
  expect(workers).toHaveLength(1);
});

test("a result says what a result of the page says", async () => {
  const { conductor } = inWorkers();
  const { data, executedNodes, duration, context, trace } = await conductor.node.run(flow(), {
    executionId: "mine",
    variables: { v: 1 },
  });
  expect(data).toMatchObject({ result: { x: 1 } });
  expect(executedNodes).toEqual(["flow", "a", "b"]);
  expect(duration).toBeGreaterThanOrEqual(0);
  expect(context).toMatchObject({ executionId: "mine", nodeId: "flow", variables: { v: 1 } });
  expect(trace?.nodes.map(({ nodeId, state }) => [nodeId, state])).toEqual([
    ["a", "completed"],
    ["b", "completed"],
  ]);
});

test("a trace tells with each event what the node said then", async () => {
  const tell = ({ progress }: { progress(percent: number, message?: string): void }) => {
    for (const message of ["first", "second", undefined, "last"]) progress(50, message);
  };
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ tell }) });
  const { trace } = await conductor.node.run(node("n", "tell"));
  const said = trace?.events.filter(({ type }) => type === "progress").map(({ data }) => data["message"]);
  expect(said).toEqual(["Starting...", "first", "second", "second", "last", "Complete"]);
});

for (const keepOutputs of ["all", "last"] as const) {
  test(`a result has the outputs that a result of the page has, with keepOutputs "${keepOutputs}"`, async () => {
    const inner = chain("inner", fields("c", { z: 3 }), fields("d", { z: 4 }));
    const broken = node("broken", "condition", { expression: "item.(" });
    const flows = [flow(), fields("leaf", { x: 1 }), chain("nested", fields("a", { x: 1 }), inner), chain("f", broken)];
    const { conductor } = inWorkers({ keepOutputs });
    const page = createConductor({ transport: "local", keepOutputs });
    for (const definition of flows) {
      const [away, here] = [await conductor.node.run(definition), await page.node.run(definition)];
      expect(away.success).toBe(here.success);
      expect(away.outputs).toEqual(here.outputs);
      expect(Object.keys(away.outputs ?? {})).toEqual(Object.keys(here.outputs ?? {}));
    }
  });
}

test("the outputs of a failed run are those of the nodes that did not fail", async () => {
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ fail: () => Promise.reject("odd") }) });
  const { error, outputs } = await conductor.node.run(chain("f", fields("a", { x: 1 }), node("b", "fail")));
  expect(error?.nodeId).toBe("b");
  expect(outputs).toEqual({ a: { result: { x: 1 } } });
});

test("the outputs have what a node answered at last, though its failure before was seen", async () => {
  let tries = 0;
  const flaky = async () => {
    if (tries++ === 0) throw new Error("too early");
    conductor.node.store.getState();
    return "at last";
  };
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ flaky }) });
  const again = { ...node("a", "flaky"), policy: { retries: 1, retryDelay: 0 } };
  const { outputs } = await conductor.node.run(chain("f", again));
  expect(outputs).toEqual({ a: "at last" });
});

test("the data of a result is the output of its last node, not another copy", async () => {
  const { conductor } = inWorkers();
  const { data, outputs } = await conductor.node.run(flow());
  expect(outputs?.b).toBe(data);
});

test("a request finds its flow in the page's storage and brings the outputs of all nodes", async () => {
  const { conductor } = inWorkers();
  const { id } = await conductor.storage.saveFlow({ ...flow(), nodes: flow().nodes ?? [], name: "Stored" } as never);
  const result = await conductor.execute({ flowId: id, context: { executionId: "asked" } });
  expect(result).toMatchObject({ success: true, metadata: { executionId: "asked", flowId: id } });
  expect(Object.keys(result.outputs ?? {})).toEqual(expect.arrayContaining(["a", "b"]));
});

test("a flow that cannot be run is refused without a trace of it in the store", async () => {
  const { conductor } = inWorkers();
  const before = conductor.node.store.getState();
  const progress = vi.fn();
  conductor.node.onProgress(progress);
  const edges = [
    { id: "1", source: "a", target: "b" },
    { id: "2", source: "b", target: "a" },
  ];
  const result = await conductor.node.run({ ...flow(), edges });
  expect(result.error?.code).toBe("CIRCULAR_DEPENDENCY");
  expect(result.error?.message).toContain("Cycle detected in node graph");
  expect(conductor.node.store.getState()).toBe(before);
  expect(progress).not.toHaveBeenCalled();
});

test("problems of a flow are found in the worker", async () => {
  const { conductor, workers } = inWorkers();
  const { valid, errors } = await conductor.node.validate(chain("flow", node("a", "no-such-type")));
  expect(valid).toBe(false);
  expect(errors.join()).toContain("no-such-type");
  expect(workers).toHaveLength(1);
});

test("types that an own worker knows are none that a flow must not have", async () => {
  const { conductor } = inWorkers({ own: executables({ compute: () => 42 }) });
  expect(await conductor.node.validate(node("a", "compute"))).toEqual({ valid: true, errors: [] });
  expect((await conductor.node.run(node("a", "compute"))).data).toBe(42);
});

test("a definition that cannot be cloned is looked at in the page", async () => {
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ call: () => 1 }) });
  const { valid } = await conductor.node.validate(node("a", "call", { fn: () => 1 }));
  expect(valid).toBe(true);
});

test("listeners are told of the beginning, the progress and the end in the page", async () => {
  const held = gate();
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ hold: () => held.passed }) });
  const told: string[] = [];
  conductor.events.onStarted(() => told.push("started"));
  conductor.events.onCompleted(() => told.push("completed"));
  conductor.events.onError(() => told.push("error"));
  const executing = new Promise<string>((resolve) =>
    conductor.node.onProgress(({ nodeId, message }) => nodeId === "h" && resolve(message)),
  );
  const run = conductor.node.run(chain("flow", fields("a", {}), node("h", "hold")));
  expect(await executing).toBe("Executing: h");
  held.open();
  await run;
  await conductor.node.run(node("x", "no-such-type"));
  expect(told).toEqual(["started", "completed", "started", "error"]);
});

test("the store follows a run that it is subscribed to, from before or from half-way", async () => {
  const [begun, held] = [gate(), gate()];
  const hold = () => {
    begun.open();
    return held.passed;
  };
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ hold }) });
  const { store } = conductor.node;
  const states = (): string[] => [...store.getState().nodes.values()].map(({ state }) => state);
  const run = conductor.node.run(chain("flow", fields("a", {}), node("h", "hold"), fields("z", {})));
  await begun.passed;
  store.subscribe(() => {});
  await vi.waitFor(() => expect(states()).toEqual(["completed", "executing", "pending"]));
  held.open();
  await run;
  expect(states()).toEqual(["completed", "completed", "completed"]);
  const seen = new Set<string>();
  store.subscribe(({ nodes }) => seen.add([...nodes.values()].map(({ state }) => state).join()));
  await conductor.node.run(chain("again", fields("a", {}), fields("b", {})));
  expect([...seen]).toEqual(
    expect.arrayContaining(["pending,pending", "executing,pending", "completed,executing", "completed,completed"]),
  );
});

test("the store can be looked at now and then without a subscription", async () => {
  const held = gate();
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ hold: () => held.passed }) });
  const run = conductor.node.run(chain("flow", fields("a", {}), node("h", "hold")));
  await vi.waitFor(() => expect(conductor.node.store.getState().nodes.get("h")?.state).toBe("executing"));
  held.open();
  await run;
  expect(conductor.node.store.getState().nodes.get("h")?.state).toBe("completed");
});

test("a run can be paused, listed, attached to and resumed", async () => {
  const [begun, held] = [gate(), gate()];
  const hold = () => {
    begun.open();
    return held.passed;
  };
  const last = vi.fn();
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ hold, last }) });
  const run = conductor.node.run(chain("flow", node("h", "hold"), node("z", "last")), { executionId: "run" });
  await begun.passed;
  await conductor.node.pause("run");
  held.open();
  expect((await conductor.node.active()).map(({ executionId }) => executionId)).toEqual(["run"]);
  const attached = conductor.node.attach("run");
  // What the worker is asked last is answered after what it did with the rest.
  await conductor.node.validate(fields("q", {}));
  await conductor.node.validate(fields("q", {}));
  expect(last).not.toHaveBeenCalled();
  await conductor.node.resume("run");
  expect((await run).success).toBe(true);
  expect((await attached).success).toBe(true);
  expect(last).toHaveBeenCalledOnce();
});

let warn: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
});

test("what nodes log in the worker goes to the page's log", async () => {
  const own = executables({ talk: ({ log }) => log.warn("mind the gap", { track: 2 }, () => 1) });
  const { conductor } = inWorkers({ own });
  await conductor.node.run(node("t", "talk"));
  expect(warn).toHaveBeenCalledWith("mind the gap", { track: 2 });
});

test("a flow with expressions runs in the page, where its secrets and the outputs of all nodes are", async () => {
  const { conductor, workers } = inWorkers({
    secrets: async (name) => `${name} of the page`,
    nodeExecutorFactory: executables({ mine: ({ value }: { value: unknown }) => ({ value }) }),
  });
  const last = node("c", "mine", { value: "${{ nodes.a.result.x + 1 }}, ${{ secrets.KEY }}" });
  const result = await conductor.node.run(chain("flow", fields("a", { x: 1 }), fields("b", { y: 2 }), last));
  expect(result.error).toBeUndefined();
  expect(result.data).toEqual({ value: "2, KEY of the page" });
  expect(workers).toHaveLength(0);
});

test("a sub-flow is found by the page and runs in the worker as well; loops ask their conditions there", async () => {
  const { conductor } = inWorkers();
  const count = { id: "n", type: "code", parameters: { code: "return index" } };
  const rounds = { loopType: "while", condition: "iteration < 3" };
  const inner = {
    id: "inner",
    type: "group",
    nodes: [{ id: "l", type: "loop", parameters: rounds, nodes: [count] }],
    edges: [],
  };
  await conductor.storage.saveFlow(inner as never);
  const result = await conductor.node.run({
    id: "outer",
    type: "group",
    nodes: [{ id: "sub", type: "sub-flow", parameters: { flow: "inner" } }],
    edges: [],
  } as never);
  expect(result.error).toBeUndefined();
  expect(result.data).toMatchObject({ result: { iterationCount: 3 } });
});

test("a stop ends the run there", async () => {
  const { conductor } = inWorkers();
  const flow = chain(
    "flow",
    node("enough", "stop", { as: "success", message: "done" }),
    node("later", "delay", { duration: 0 }),
  );
  const result = await conductor.node.run(flow);
  expect(result).toMatchObject({ success: true, data: { message: "done" } });
  expect(result.executedNodes).not.toContain("later");
});

test("a question is put by the page, which takes the answer", async () => {
  const { conductor } = inWorkers();
  const form = { type: "object", required: ["ok"], properties: { ok: { type: "boolean" } } };
  const asked = new Promise((resolve) => conductor.executions.onQuestion(resolve));
  const running = conductor.node.run(chain("flow", node("ask", "wait-for-input", { message: "Go on?", form })), {
    executionId: "w",
  });
  expect(await Promise.race([asked, running])).toMatchObject({ executionId: "w", nodeId: "ask", message: "Go on?" });
  await expect(conductor.executions.answer("w", { ok: 3 })).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
  await conductor.executions.answer("w", { ok: true });
  expect(await running).toMatchObject({ success: true, data: { result: { ok: true }, answered: true } });
});

test("a run that a store keeps stays with the page, which says so", async () => {
  const { conductor, workers } = inWorkers({ store: createMemoryExecutions() });
  const result = await conductor.node.run(flow(), { executionId: "kept" });
  expect(result.data).toMatchObject({ result: { x: 1 } });
  expect(result.warnings).toMatchObject([{ rule: "not-in-worker", nodeId: "flow" }]);
  const again = await conductor.node.run(flow(), { executionId: "kept" });
  expect([again.data, again.warnings]).toEqual([result.data, undefined]);
  expect((await conductor.executions.get("kept")).status).toBe("completed");
  expect(await conductor.executions.value("kept", "a")).toEqual({ result: { x: 1 } });
  expect(workers).toHaveLength(0);
});
