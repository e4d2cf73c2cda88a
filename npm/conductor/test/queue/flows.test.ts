import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { JobData } from "../../src/queue/job.js";
import { createQueue } from "../../src/queue/queue.js";
import type { RequestResult } from "../../src/types/request.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const good: RequestResult = { success: true, outputs: { last: 1 }, data: 1 };
const conductorThat = (...answers: RequestResult[]) => ({
  execute: vi.fn(async () => answers.shift() ?? good),
});

describe("a queue of flows", () => {
  it("runs the flow that a job names, under the job's execution id", async () => {
    const conductor = conductorThat(good);
    const queue = createQueue({ conductor });
    const id = await queue.add({ executionId: "e", flowId: "flow", input: { a: 1 } });
    await vi.advanceTimersByTimeAsync(0);
    expect(conductor.execute.mock.calls).toEqual([
      [{ flowId: "flow", inputs: { a: 1 }, context: { executionId: "e" } }],
    ]);
    expect(queue.getJobResult(id)).toMatchObject({ success: true, result: good });
  });

  it.each<[Omit<JobData, "executionId">, string]>([
    [{ blueprintId: "blueprint" }, "blueprint"],
    [{ compositeId: "composite" }, "composite"],
    [{ blueprintId: "blueprint", compositeId: "composite" }, "composite"],
    [{ blueprintId: "blueprint", compositeId: "composite", flowId: "flow" }, "flow"],
  ])("finds its id in %j", async (names, flowId) => {
    const conductor = conductorThat();
    await createQueue({ conductor }).add({ executionId: "e", ...names });
    expect(conductor.execute).toHaveBeenCalledWith({ flowId, context: { executionId: "e" } });
  });

  it("tries a flow again that failed", async () => {
    const conductor = conductorThat({ success: false, error: "flaky" }, good);
    const queue = createQueue({ conductor, retryDelay: 100 });
    const id = await queue.add({ executionId: "e", flowId: "flow" });
    await vi.advanceTimersByTimeAsync(99);
    expect(conductor.execute).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(queue.getJobResult(id)).toMatchObject({ success: true, attempts: 2 });
  });

  it("does not try a flow again that cannot succeed", async () => {
    const conductor = conductorThat({
      success: false,
      error: "Invalid node",
      metadata: {
        executionId: "e",
        flowId: "flow",
        duration: 1,
        executedNodes: [],
        attempts: 1,
        error: { code: "INVALID_NODE", message: "Invalid node", timestamp: new Date(), recovery: { retryable: false } },
      },
    });
    const queue = createQueue({ conductor });
    const failed = vi.fn();
    queue.on("job:failed", failed);
    const id = await queue.add({ executionId: "e", flowId: "flow" });
    await vi.advanceTimersByTimeAsync(100_000);
    expect(conductor.execute).toHaveBeenCalledTimes(1);
    expect(queue.getJobResult(id)).toMatchObject({ success: false, error: "Invalid node", attempts: 1 });
    expect(failed.mock.calls).toMatchObject([
      [{ jobId: id, error: { code: "INVALID_NODE", message: "Invalid node" } }],
    ]);
  });

  it("refuses a job that names none", async () => {
    const queue = createQueue({ conductor: conductorThat() });
    await expect(queue.add({ executionId: "e" })).rejects.toMatchObject({ code: "MISSING_REQUIRED_FIELD" });
  });
});

describe("a queue with a function of its own", () => {
  it("does not ask the conductor", async () => {
    const conductor = conductorThat();
    const process = vi.fn();
    await createQueue({ conductor, process }).add({ executionId: "e" });
    expect(process).toHaveBeenCalledTimes(1);
    expect(conductor.execute).not.toHaveBeenCalled();
  });
});

describe("a queue with nothing that does jobs", () => {
  it("keeps them waiting", async () => {
    const queue = createQueue({ concurrency: 1 });
    const started = vi.fn();
    queue.on("job:started", started);
    const first = await queue.add({ executionId: "e1" });
    await queue.add({ executionId: "e2", flowId: "flow" });
    expect([queue.getQueueSize(), queue.getPendingCount(), queue.getActiveJobs()]).toEqual([2, 2, []]);
    expect(queue.getJob(first)).toMatchObject({ status: "waiting", attemptsMade: 0 });
    queue.pause();
    queue.resume();
    expect(queue.getMetrics()).toMatchObject({ activeJobs: 0, pendingJobs: 2, completedJobs: 0, failedJobs: 0 });
    expect(started).not.toHaveBeenCalled();
    queue.clear();
    expect(queue.getPendingCount()).toBe(0);
  });

  it("tells of them when it is shut down", async () => {
    const queue = createQueue();
    const over = vi.fn();
    queue.on("queue:shutdown", over);
    const id = await queue.add({ executionId: "e" });
    await queue.gracefulShutdown();
    expect(over).toHaveBeenCalledExactlyOnceWith({ notStarted: [id] });
  });
});
