import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { JobOptions } from "../../src/queue/job.js";
import { createQueue, Queue, type QueueInstance } from "../../src/queue/queue.js";
import type { QueueOptions } from "../../src/queue/settings.js";
import { add, data, EVENTS, events, named, open, pass, queue, settled, work } from "./work.js";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe.each<[string, (options: QueueOptions) => QueueInstance]>([
  ["new Queue()", (options) => new Queue(options)],
  ["createQueue(), its functions on their own", (options) => ({ ...createQueue(options) })],
])("%s", (_, create) => {
  it("takes a job, does it, and tells how it ended", async () => {
    open({}, create);
    const id = await add("e");
    expect(id).toMatch(/^job_[0-9a-f-]{36}$/);
    expect(queue.getJob(id)).toMatchObject({ id, data: data("e"), status: "active", startedAt: Date.now() });
    expect(queue.getActiveJobs()).toEqual([queue.getJob(id)]);
    expect(queue.getJobResult(id)).toBeUndefined();

    await pass(30);
    await work.end("e", { outputs: { a: 1 } });
    const result = {
      jobId: id,
      executionId: "e",
      success: true,
      result: { outputs: { a: 1 } },
      attempts: 1,
      duration: 30,
      finishedAt: Date.now(),
    };
    expect(queue.getJobResult(id)).toEqual(result);
    expect(queue.getJob(id)?.status).toBe("completed");
    expect(queue.getActiveJobs()).toEqual([]);
    expect(events).toEqual([
      ["queue:active", { size: 0 }],
      ["job:started", { jobId: id, jobData: data("e") }],
      ["job:completed", { jobId: id, result }],
      ["queue:idle"],
    ]);
  });

  it("resolves with the id without waiting for the end", async () => {
    open({ concurrency: 1 }, create);
    await add("a");
    await add("b");
    expect(work.started).toEqual(["a"]);
  });
});

describe("the class", () => {
  it("is an EventEmitter", () => {
    expect(new Queue()).toBeInstanceOf(EventEmitter);
  });

  it("is not hurt by listeners that throw", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    open();
    for (const name of EVENTS) {
      queue.on(name, () => {
        throw new Error("listener");
      });
    }
    const id = await add("e");
    await work.end("e", 1);
    expect(queue.getJobResult(id)).toMatchObject({ success: true, result: 1, attempts: 1 });
    expect(queue.getMetrics()).toMatchObject({ completedJobs: 1, failedJobs: 0 });
  });
});

describe("concurrency", () => {
  it("is ten unless said otherwise", async () => {
    open();
    for (let number = 0; number < 12; number++) await add(`${number}`);
    expect(queue.getActiveJobs()).toHaveLength(10);
    expect(queue.getQueueSize()).toBe(2);
    await work.end("3");
    expect(work.started.at(-1)).toBe("10");
    expect(queue.getActiveJobs()).toHaveLength(10);
  });

  it("lets the next job start as soon as there is a free place", async () => {
    open({ concurrency: 2 });
    for (const id of ["a", "b", "c", "d"]) await add(id);
    expect(work.started).toEqual(["a", "b"]);
    await work.fail("b");
    expect(work.started).toEqual(["a", "b", "c"]);
    await work.end("a");
    expect(work.started).toEqual(["a", "b", "c", "d"]);
    expect(named("queue:active").map(([, payload]) => payload)).toEqual([
      { size: 0 },
      { size: 0 },
      { size: 1 },
      { size: 0 },
    ]);
  });

  it("holds when work adds work and is over at once", async () => {
    let most = 0;
    const created: QueueInstance = createQueue({
      concurrency: 3,
      process: (job) => {
        most = Math.max(most, created.getActiveJobs().length);
        if (job.data.executionId.length < 6) {
          void created.add(data(`${job.data.executionId}a`));
          void created.add(data(`${job.data.executionId}b`));
        }
      },
    });
    await created.add(data("x"));
    await settled();
    expect(created.getMetrics()).toMatchObject({ completedJobs: 63, activeJobs: 0, pendingJobs: 0 });
    expect(most).toBe(3);
  });
});

describe("priority", () => {
  const added: [string, number?][] = [
    ["first", 0],
    ["low", -5],
    ["high 1", 5],
    ["none"],
    ["high 2", 5],
    ["highest", 9],
    ["zero", 0],
  ];

  it("lets the higher go first, and equals in the order in which they came", async () => {
    open({ concurrency: 1 });
    queue.pause();
    for (const [id, priority] of added) await add(id, priority === undefined ? {} : { priority });
    queue.resume();
    for (const id of ["highest", "high 1", "high 2", "first", "none", "zero", "low"]) {
      expect(work.started.at(-1)).toBe(id);
      await work.end(id);
    }
  });

  it("does not count when it is switched off", async () => {
    open({ concurrency: 1, enablePriority: false });
    queue.pause();
    for (const [id, priority] of added) await add(id, priority === undefined ? {} : { priority });
    queue.resume();
    for (const [id] of added) await work.end(id);
    expect(work.started).toEqual(added.map(([id]) => id));
  });
});

describe("delay", () => {
  it("holds a job back", async () => {
    open();
    const id = await add("e", { delay: 1000 });
    expect(queue.getJob(id)?.status).toBe("delayed");
    expect(queue.getQueueSize()).toBe(0);
    expect(queue.getPendingCount()).toBe(1);
    await pass(999);
    expect(work.started).toEqual([]);
    await pass(1);
    expect(work.started).toEqual(["e"]);
  });

  it("lets jobs start in the order of their times, whenever they were added", async () => {
    open();
    await add("c", { delay: 300 });
    await add("a", { delay: 100 });
    await pass(50);
    await add("b", { delay: 100 });
    await add("now");
    await pass(49);
    expect(work.started).toEqual(["now"]);
    await pass(1);
    expect(work.started).toEqual(["now", "a"]);
    await pass(50);
    expect(work.started).toEqual(["now", "a", "b"]);
    await pass(150);
    expect(work.started).toEqual(["now", "a", "b", "c"]);
  });

  it("needs one timer for all, and none for none", async () => {
    open({ storeResults: false });
    for (let number = 0; number < 100; number++) await add(`${number}`, { delay: 1000 - number });
    expect(vi.getTimerCount()).toBe(1);
    queue.clear();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("may be longer than a timer can be", async () => {
    open();
    const month = 31 * 24 * 3600 * 1000;
    await add("e", { delay: month });
    await pass(month - 1);
    expect(work.started).toEqual([]);
    await pass(1);
    expect(work.started).toEqual(["e"]);
  });

  it("makes a job wait for a free place afterwards", async () => {
    open({ concurrency: 1 });
    await add("busy");
    const id = await add("late", { delay: 100, priority: 1 });
    await add("waiting");
    await pass(100);
    expect(queue.getJob(id)?.status).toBe("waiting");
    await work.end("busy");
    expect(work.started).toEqual(["busy", "late"]);
  });

  it("does not follow the clock when it is set", async () => {
    open();
    await add("e", { delay: 1000 });
    vi.setSystemTime(Date.now() + 3_600_000);
    await pass(999);
    expect(work.started).toEqual([]);
    await pass(1);
    expect(work.started).toEqual(["e"]);
  });
});

describe("pause", () => {
  it("starts nothing more, and resume goes on", async () => {
    open({ concurrency: 1 });
    await add("a");
    queue.pause();
    queue.pause();
    await add("b");
    await add("late", { delay: 10 });
    await work.end("a");
    await pass(10);
    expect(work.started).toEqual(["a"]);
    expect(queue.getQueueSize()).toBe(2);
    queue.resume();
    queue.resume();
    expect(work.started).toEqual(["a", "b"]);
    expect(named("queue:paused")).toHaveLength(1);
    expect(named("queue:resumed")).toHaveLength(1);
  });
});

describe("clear", () => {
  it("forgets what has not started, and nothing else", async () => {
    open({ concurrency: 1 });
    const active = await add("active");
    const left = [await add("waiting"), await add("delayed", { delay: 10 })];
    queue.clear();
    expect(events.at(-1)).toEqual(["queue:cleared"]);
    expect(left.map((id) => queue.getJob(id))).toEqual([undefined, undefined]);
    expect(queue.getPendingCount()).toBe(0);
    await work.end("active", 1);
    await pass(10);
    expect(work.started).toEqual(["active"]);
    expect(queue.getJobResult(active)).toMatchObject({ success: true });
    expect(events.at(-1)).toEqual(["queue:idle"]);
  });

  it("forgets what waits for another attempt", async () => {
    open();
    await add("e");
    await work.fail("e");
    queue.clear();
    expect(events.slice(-2)).toEqual([["queue:cleared"], ["queue:idle"]]);
    await pass(5000);
    expect(work.started).toEqual(["e"]);
  });
});

describe("rate limiting", () => {
  const limited = { enableRateLimiting: true, rateLimit: { limit: 2, duration: 1000 } };

  it("refuses what is over the limit within any such time", async () => {
    open(limited);
    await add("a");
    await pass(400);
    await add("b");
    await expect(add("c")).rejects.toMatchObject({ message: "Rate limit exceeded", code: "RATE_LIMIT_EXCEEDED" });
    await pass(599);
    await expect(add("c")).rejects.toThrow("Rate limit exceeded");
    await pass(1);
    await add("c");
    await expect(add("d")).rejects.toThrow("Rate limit exceeded");
    await pass(400);
    await add("d");
    expect(work.started).toEqual(["a", "b", "c", "d"]);
  });

  it("tells how many more would be taken", async () => {
    open(limited);
    expect(queue.getMetrics().rateLimitRemaining).toBe(2);
    await add("a");
    expect(queue.getMetrics().rateLimitRemaining).toBe(1);
    await pass(1000);
    expect(queue.getMetrics().rateLimitRemaining).toBe(2);
  });

  it("is a hundred in a minute unless said otherwise", async () => {
    open({ enableRateLimiting: true });
    const taken = await Promise.allSettled(Array.from({ length: 150 }, (_, number) => add(`${number}`)));
    expect(taken.filter(({ status }) => status === "fulfilled")).toHaveLength(100);
  });

  it("does not count what was refused for another reason", async () => {
    open(limited);
    await expect(add("a", { attempts: 0 })).rejects.toThrow("attempts");
    expect(queue.getMetrics().rateLimitRemaining).toBe(2);
  });

  it("counts only when asked to", async () => {
    open({ rateLimit: { limit: 1, duration: 1000 } });
    await add("a");
    await add("b");
    expect(queue.getMetrics()).not.toHaveProperty("rateLimitRemaining");
  });
});

describe("metrics", () => {
  it("tell how the queue is doing", async () => {
    open({ concurrency: 2, maxRetries: 0 });
    for (const id of ["good", "bad", "active", "active too", "waiting"]) await add(id);
    await add("delayed", { delay: 100 });
    await work.end("good");
    await work.fail("bad");
    expect(queue.getMetrics()).toEqual({
      activeJobs: 2,
      pendingJobs: 2,
      completedJobs: 1,
      failedJobs: 1,
      queueSize: 1,
    });
  });
});

describe("webhook responses", () => {
  const response = { statusCode: 200, body: '{"a":1}' };

  it.each<[string, () => void]>([
    ["in one object", () => queue.addWebhookResponse({ executionId: "e", response })],
    ["after its execution", () => queue.addWebhookResponse("e", response)],
  ])("are kept by execution, as long as results, given %s", async (_, add) => {
    open({ resultTTL: 1000 });
    add();
    expect(queue.getWebhookResponse("e")).toBe(response);
    expect(queue.getWebhookResponse("other")).toBeUndefined();
    expect(events).toEqual([["webhook:response", { executionId: "e", response }]]);
    await pass(1000);
    expect(queue.getWebhookResponse("e")).toBeUndefined();
  });

  it("are kept for an hour where results are not", async () => {
    open({ resultTTL: 0 });
    queue.addWebhookResponse("e", "answer");
    await pass(3_599_999);
    expect(queue.getWebhookResponse("e")).toBe("answer");
    await pass(1);
    expect(queue.getWebhookResponse("e")).toBeUndefined();
  });

  it("are kept as long as they are to be, whatever becomes of results", async () => {
    open({ resultTTL: 10, webhookResponseTTL: 1000 });
    queue.addWebhookResponse("e", "answer");
    await pass(999);
    expect(queue.getWebhookResponse("e")).toBe("answer");
    await pass(1);
    expect(queue.getWebhookResponse("e")).toBeUndefined();
  });

  it.each<[string, unknown, unknown]>([
    ["JSON in the body", { statusCode: 200, body: '{"a":[1]}' }, { statusCode: 200, body: { a: [1] } }],
    ["a body that is no JSON", { body: "plain" }, { body: "plain" }],
    ["a body that is data already", { body: { a: 1 } }, { body: { a: 1 } }],
    ["no body", { statusCode: 204 }, { statusCode: 204 }],
    ["a bare text of JSON", "[1]", [1]],
    ["a bare text", "plain", "plain"],
    ["nothing", null, null],
  ])("are decoded: %s", (_, response, expected) => {
    open();
    const before = structuredClone(response);
    expect(queue.decodeWebhookResponse(response)).toEqual(expected);
    expect(response).toEqual(before);
  });
});

describe("a graceful shutdown", () => {
  it("waits for active jobs, starts none and takes none", async () => {
    open({ concurrency: 1 });
    await add("active");
    const left = [await add("waiting"), await add("delayed", { delay: 10 })];
    const over = vi.fn();
    const shutdown = queue.gracefulShutdown();
    void shutdown.then(over);
    expect(events.at(-1)).toEqual(["queue:shutting-down"]);
    await expect(add("new")).rejects.toMatchObject({ message: "Queue is shutting down", code: "CANCELLED" });
    await pass(5);
    expect(over).not.toHaveBeenCalled();

    await work.end("active");
    await shutdown;
    expect(work.started).toEqual(["active"]);
    expect(events.at(-1)).toEqual(["queue:shutdown", { notStarted: left }]);
    expect(left.map((id) => queue.getJob(id)?.status)).toEqual(["waiting", "waiting"]);
    await pass(10);
    queue.resume();
    expect(work.started).toEqual(["active"]);
  });

  it("is at once when nothing is active, and only once", async () => {
    open();
    await Promise.all([queue.gracefulShutdown(), queue.gracefulShutdown()]);
    await queue.gracefulShutdown();
    expect(events).toEqual([["queue:shutting-down"], ["queue:shutdown", { notStarted: [] }]]);
  });

  it("makes no further attempt", async () => {
    open();
    const id = await add("e");
    const shutdown = queue.gracefulShutdown();
    await work.fail("e");
    await shutdown;
    expect(events.at(-1)).toEqual(["queue:shutdown", { notStarted: [id] }]);
    expect(named("job:retrying")).toEqual([]);
    await pass(5000);
    expect(work.started).toEqual(["e"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("settings that cannot be", () => {
  it.each<[string, QueueOptions]>([
    ["concurrency", { concurrency: 0 }],
    ["concurrency", { concurrency: 1.5 }],
    ["maxRetries", { maxRetries: -1 }],
    ["retryDelay", { retryDelay: Number.NaN }],
    ["resultTTL", { resultTTL: -1 }],
    ["webhookResponseTTL", { webhookResponseTTL: Number.NaN }],
    ["rateLimit.limit", { rateLimit: { limit: "many" as never, duration: 1 } }],
    ["rateLimit.duration", { rateLimit: { limit: 1, duration: Number.NaN } }],
  ])("of a queue are refused: %s", (name, options) => {
    expect(() => new Queue(options)).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETERS", message: expect.stringContaining(name) }),
    );
  });

  it.each<[string, JobOptions]>([
    ["priority", { priority: Number.NaN }],
    ["delay", { delay: -1 }],
    ["attempts", { attempts: 0 }],
    ["stackTraceLimit", { stackTraceLimit: -1 }],
    ["backoff.type", { backoff: { type: "linear" as never, delay: 1 } }],
    ["backoff.delay", { backoff: { type: "fixed", delay: Number.POSITIVE_INFINITY } }],
  ])("of a job are refused: %s", async (name, options) => {
    open();
    await expect(add("e", options)).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining(name),
    });
    expect(queue.getMetrics()).toMatchObject({ activeJobs: 0, pendingJobs: 0 });
  });

  it("of a job are refused when it is none", async () => {
    open();
    await expect(queue.add(null as never)).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
  });
});
