/** How workers end: because they may, because they must, or by themselves. */
import { createConductor } from "@atomiton/conductor/browser";
import { createConductor as createInNode } from "@atomiton/conductor/node";
import { afterEach, expect, test, vi } from "vitest";
import { executables, fields, gate, inWorkers, node, TestWorker } from "./workers.js";

afterEach(() => {
  vi.useRealTimers();
});

/** An executable that is never done, and when it has begun. */
function endless() {
  const begun = gate();
  const execute = () => {
    begun.open();
    return new Promise(() => {});
  };
  return { begun: begun.passed, factory: executables({ endless: execute }) };
}

test("shutting down cancels what runs, ends the worker, and the next run starts another", async () => {
  const { begun, factory } = endless();
  const { conductor, workers } = inWorkers({ own: factory });
  const run = conductor.node.run(node("e", "endless"));
  await begun;
  await conductor.shutdown();
  expect((await run).error?.code).toBe("CANCELLED");
  expect(workers.map(({ terminated }) => terminated)).toEqual([true]);
  expect((await conductor.node.run(fields("a", {}))).success).toBe(true);
  expect(workers.map(({ terminated }) => terminated)).toEqual([true, false]);
});

test("a run that is cancelled before the worker is there ends at once", async () => {
  const conductor = createConductor({ transport: "local", worker: () => new Promise(() => {}) });
  const run = conductor.node.run(fields("a", {}), { executionId: "run" });
  await conductor.node.cancel("run");
  expect((await run).error?.code).toBe("CANCELLED");
  await conductor.shutdown();
});

for (const [what, end, message] of [
  ["fails", (worker: TestWorker) => worker.fail("out of luck"), "out of luck"],
  ["is gone", (worker: TestWorker) => worker.vanish(), "it is gone"],
] as const) {
  test(`a worker that ${what} fails what it was doing, and the next run starts another`, async () => {
    const { begun, factory } = endless();
    const { conductor, workers } = inWorkers({ own: factory });
    const run = conductor.node.run(node("e", "endless"));
    await begun;
    end(workers[0] as TestWorker);
    const { error } = await run;
    expect(error).toMatchObject({ code: "TRANSPORT_ERROR", nodeId: "e" });
    expect(error?.message).toContain(message);
    expect(error?.recovery?.retryable).toBe(true);
    expect(conductor.node.store.getState().isExecuting).toBe(false);
    expect((await conductor.node.run(fields("a", {}))).success).toBe(true);
    expect(workers).toHaveLength(2);
  });
}

test("a cancelled run that its worker does not end is over after 2 s, and so is the worker", async () => {
  const { begun, factory } = endless();
  const { conductor, workers } = inWorkers({ own: factory });
  const run = conductor.node.run(node("e", "endless"), { executionId: "run" });
  await begun;
  vi.useFakeTimers();
  workers[0]?.hang();
  await conductor.node.cancel("run");
  await vi.advanceTimersByTimeAsync(1999);
  expect(workers[0]?.terminated).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect((await run).error?.code).toBe("CANCELLED");
  expect(workers[0]?.terminated).toBe(true);
});

test("a worker that must be replaced ends with the last run that it has, and takes no further ones", async () => {
  const { begun, factory } = endless();
  const [other, held] = [gate(), gate()];
  const hold = () => {
    other.open();
    return held.passed;
  };
  const { conductor, workers } = inWorkers({ own: factory, nodeExecutorFactory: executables({ hold }) });
  const stays = conductor.node.run(node("h", "hold"), { executionId: "stays" });
  const run = conductor.node.run(node("e", "endless"), { executionId: "run" });
  await Promise.all([begun, other.passed]);
  vi.useFakeTimers();
  workers[0]?.hang();
  await conductor.node.cancel("run");
  await vi.advanceTimersByTimeAsync(2000);
  expect((await run).error?.code).toBe("CANCELLED");
  vi.useRealTimers();
  expect(workers[0]?.terminated).toBe(false);
  expect((await conductor.node.run(fields("a", {}))).success).toBe(true);
  expect(workers).toHaveLength(2);
  vi.useFakeTimers();
  await conductor.node.cancel("stays");
  await vi.advanceTimersByTimeAsync(2000);
  expect((await stays).error?.code).toBe("CANCELLED");
  expect(workers.map(({ terminated }) => terminated)).toEqual([true, false]);
});

test("the deadline of a run holds although its worker hears nothing", async () => {
  const { begun, factory } = endless();
  const { conductor, workers } = inWorkers({ own: factory, timeout: 60_000 });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const run = conductor.node.run(node("e", "endless"));
  await begun;
  workers[0]?.hang();
  await vi.advanceTimersByTimeAsync(64_000);
  expect((await run).error).toMatchObject({ code: "TIMEOUT", message: "Execution timed out after 60000ms" });
  expect(workers[0]?.terminated).toBe(true);
});

test("a worker that cannot be started fails each run with what to do", async () => {
  const worker = vi.fn(() => Promise.reject(new Error("no threads today")));
  const conductor = createConductor({ transport: "local", worker });
  for (const _ of [1, 2]) {
    const { error } = await conductor.node.run(fields("a", {}));
    expect(error?.code).toBe("NO_TRANSPORT");
    expect(error?.message).toContain("no threads today");
    expect(error?.message).toContain("worker-src");
  }
  expect(worker).toHaveBeenCalledTimes(2);
  await expect(conductor.node.validate(fields("a", {}))).rejects.toMatchObject({ code: "NO_TRANSPORT" });
});

test("a worker that does not serve is given up after a minute", async () => {
  vi.useFakeTimers();
  const mute = { postMessage() {}, addEventListener() {}, terminate: vi.fn() };
  const conductor = createConductor({ transport: "local", worker: () => mute });
  const run = conductor.node.run(fields("a", {}));
  await vi.advanceTimersByTimeAsync(60_000);
  const { error } = await run;
  expect(error?.code).toBe("NO_TRANSPORT");
  expect(error?.message).toContain("must import @atomiton/conductor/worker");
  expect(mute.terminate).toHaveBeenCalledOnce();
});

test("a worker that was given is not replaced", async () => {
  const worker = new TestWorker();
  const conductor = createConductor({ transport: "local", worker });
  expect((await conductor.node.run(fields("a", {}))).success).toBe(true);
  await conductor.shutdown();
  const { error } = await conductor.node.run(fields("a", {}));
  expect(error?.code).toBe("NO_TRANSPORT");
  expect(error?.message).toContain("it has ended");
});

test("outside of pages there is a warning, and no worker", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const conductor = createInNode({ worker: true });
  expect(warn).toHaveBeenCalledWith(expect.stringContaining("Workers are for pages"));
  expect((await conductor.node.run(fields("a", {}))).success).toBe(true);
});

test("without a worker nothing changes", async () => {
  const conductor = createConductor({ transport: "local", worker: false });
  expect((await conductor.node.run(fields("a", {}))).success).toBe(true);
  expect(conductor.engine.backend).toBe("wasm");
});
