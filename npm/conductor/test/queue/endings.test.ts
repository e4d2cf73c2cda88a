import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { JobOptions } from "../../src/queue/job.js";
import { createJob, type QueueOptions, retryDelayOf, settingsOf } from "../../src/queue/settings.js";
import { add, data, events, named, open, pass, queue, work } from "./work.js";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a failed attempt", () => {
  /** The times at which a job that always fails is tried, from the first on. */
  async function attemptsOf(options: JobOptions, settings: QueueOptions = {}): Promise<number[]> {
    const times: number[] = [];
    const start = Date.now();
    open({
      ...settings,
      process: () => {
        times.push(Date.now() - start);
        throw new Error("always");
      },
    });
    await add("e", options);
    await pass(10_000_000);
    return times;
  }

  it("is followed by three more, five seconds apart, unless said otherwise", async () => {
    expect(await attemptsOf({})).toEqual([0, 5000, 10_000, 15_000]);
  });

  it("is followed by as many as the queue says", async () => {
    expect(await attemptsOf({}, { maxRetries: 1, retryDelay: 10 })).toEqual([0, 10]);
    expect(await attemptsOf({}, { maxRetries: 0 })).toEqual([0]);
  });

  it("is followed by as many as the job says", async () => {
    expect(await attemptsOf({ attempts: 3, backoff: { type: "fixed", delay: 70 } })).toEqual([0, 70, 140]);
    expect(await attemptsOf({ attempts: 1 })).toEqual([0]);
  });

  it("is followed by ever longer waits when they are to double", async () => {
    const backoff = { type: "exponential", delay: 100 } as const;
    expect(await attemptsOf({ attempts: 5, backoff })).toEqual([0, 100, 300, 700, 1500]);
  });

  describe("without limit", () => {
    it("is followed by as many as it takes, at the same distance", async () => {
      const times = await attemptsOf({}, { maxRetries: Number.POSITIVE_INFINITY, retryDelay: 1_000_000 });
      expect(times).toEqual(Array.from({ length: 11 }, (_, number) => number * 1_000_000));
    });

    it("is followed by ever longer waits when they are to double", async () => {
      const backoff = { type: "exponential", delay: 100 } as const;
      const times = await attemptsOf({ attempts: Number.POSITIVE_INFINITY, backoff });
      expect(times).toEqual(Array.from({ length: 17 }, (_, number) => 100 * (2 ** number - 1)));
    });

    it("counts the attempts made", async () => {
      open({ maxRetries: Number.POSITIVE_INFINITY });
      const id = await add("e");
      await work.fail("e");
      await pass(5000);
      await work.end("e", "good");
      expect(queue.getJobResult(id)).toMatchObject({ success: true, attempts: 2 });
      expect(queue.getJob(id)).toMatchObject({ attemptsMade: 2, attemptsLeft: Number.POSITIVE_INFINITY });
    });

    it("goes on however often it was, and keeps the latest hundred stacks", async () => {
      let made = 0;
      open({
        maxRetries: Number.POSITIVE_INFINITY,
        process: () => {
          if (++made <= 1100) throw new Error(`number ${made}`);
        },
      });
      const id = await add("e", { stackTraceLimit: 0, backoff: { type: "exponential", delay: 0 } });
      for (let round = 0; round < 1200; round++) await pass(1);
      expect(queue.getJobResult(id)).toMatchObject({ success: true, attempts: 1101 });
      const stacks = Array.from({ length: 100 }, (_, number) => `Error: number ${1001 + number}`);
      expect(queue.getJob(id)?.stacktrace).toEqual(stacks);
    });

    it("never waits for a moment that does not come", async () => {
      const job = createJob(data("e"), { attempts: Number.POSITIVE_INFINITY }, settingsOf({}));
      const backoff = { type: "exponential", delay: 1e300 } as const;
      const delay = retryDelayOf({ ...job, options: { backoff }, attemptsMade: 5000 }, settingsOf({}));
      expect(delay).toBe(Number.MAX_SAFE_INTEGER);
    });
  });

  it("is told, and the last one makes the job fail", async () => {
    open({ retryDelay: 100 });
    const id = await add("e", { attempts: 2 });
    const [first, second] = [new Error("first"), new TypeError("second")];
    await work.fail("e", first);
    expect(queue.getJob(id)).toMatchObject({ status: "delayed", attemptsLeft: 1 });
    expect(events.at(-1)).toEqual(["job:retrying", { jobId: id, error: first, delay: 100 }]);
    expect(named("queue:idle")).toEqual([]);

    await pass(100);
    await work.fail("e", second);
    expect(queue.getJob(id)).toMatchObject({ status: "failed", attemptsLeft: 0 });
    expect(queue.getJobResult(id)).toMatchObject({ success: false, error: "second", attempts: 2 });
    expect(events.slice(-2)).toEqual([["job:failed", { jobId: id, error: second }], ["queue:idle"]]);
    expect(events.at(-2)?.[1]).toHaveProperty("error", second);
    expect(named("job:started")).toHaveLength(2);
    expect(queue.getMetrics()).toMatchObject({ failedJobs: 1, completedJobs: 0 });
  });

  it("does no harm when the next succeeds", async () => {
    open();
    const id = await add("e");
    await work.fail("e");
    await pass(5000);
    await work.end("e", "good");
    expect(queue.getJobResult(id)).toMatchObject({ success: true, result: "good", attempts: 2 });
    expect(named("job:failed")).toEqual([]);
    expect(queue.getMetrics()).toMatchObject({ failedJobs: 0, completedJobs: 1 });
  });

  it.each([{ retryable: false }, { recovery: { retryable: false } }])(
    "is the last when it says so with %j",
    async (say) => {
      open();
      const id = await add("e");
      await work.fail("e", Object.assign(new Error("hopeless"), say));
      expect(queue.getJobResult(id)).toMatchObject({ success: false, error: "hopeless", attempts: 1 });
    },
  );

  it("leaves a free place to others while it waits", async () => {
    open({ concurrency: 1 });
    await add("bad");
    await add("good");
    await work.fail("bad");
    expect(work.started).toEqual(["bad", "good"]);
  });

  it("leaves the end of its stack, as much as asked for", async () => {
    open({ maxRetries: 0 });
    const stack = ["TypeError: two", "lines", ...Array.from({ length: 20 }, (_, n) => `    at f${n} (file.js:1:${n})`)];
    const error = Object.assign(new TypeError("two\nlines"), { stack: stack.join("\n") });
    const kept = [];
    for (const stackTraceLimit of [undefined, 2, 0]) {
      const id = await add("e", stackTraceLimit === undefined ? {} : { stackTraceLimit });
      await work.fail("e", error);
      kept.push(queue.getJob(id)?.stacktrace);
    }
    expect(kept).toEqual([
      [["TypeError: two", "lines", ...stack.slice(2, 12)].join("\n")],
      ["TypeError: two\nlines\n    at f0 (file.js:1:0)\n    at f1 (file.js:1:1)"],
      ["TypeError: two\nlines"],
    ]);
  });

  it.each<[string, unknown, string]>([
    ["a text", "plain", "plain"],
    ["null", null, "null"],
    ["an object without prototype", Object.create(null), "[object Object]"],
  ])("that throws %s is told as an error", async (_, thrown, message) => {
    open({ maxRetries: 0 });
    const id = await add("e");
    await work.fail("e", thrown);
    const error = expect.objectContaining({ message, cause: thrown });
    expect(named("job:failed")).toEqual([["job:failed", { jobId: id, error }]]);
    expect(named("job:failed")).toEqual([["job:failed", { jobId: id, error: expect.any(Error) }]]);
    expect(queue.getJobResult(id)?.error).toBe(message);
  });

  it("cannot hurt the queue with an error that cannot be looked at", async () => {
    const hostile = (): never => {
      throw new Error("no");
    };
    const proxy = new Proxy(new Error("x"), { get: hostile, getPrototypeOf: hostile, has: hostile });
    const getters = Object.defineProperties(new Error("x"), {
      stack: { get: hostile },
      message: { get: hostile },
      recovery: { get: hostile },
      name: { get: hostile },
    });
    for (const thrown of [proxy, getters]) {
      open({ maxRetries: 0 });
      const id = await add("e");
      await work.fail("e", thrown);
      expect(queue.getJobResult(id)?.success).toBe(false);
    }
  });
});

describe("results", () => {
  it("are kept for an hour, with their jobs, unless said otherwise", async () => {
    open();
    const id = await add("e");
    await work.end("e");
    await pass(3_599_999);
    expect(queue.getJobResult(id)).toBeDefined();
    expect(queue.getJob(id)).toBeDefined();
    await pass(1);
    expect(queue.getJobResult(id)).toBeUndefined();
    expect(queue.getJob(id)).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("expire one by one, with one timer", async () => {
    open({ resultTTL: 1000 });
    const ids: string[] = [];
    for (const id of ["a", "b", "c"]) {
      ids.push(await add(id));
      await work.end(id);
      await pass(100);
    }
    expect(vi.getTimerCount()).toBe(1);
    const known = () => ids.map((id) => queue.getJobResult(id) !== undefined);
    await pass(700);
    expect(known()).toEqual([false, true, true]);
    await pass(100);
    expect(known()).toEqual([false, false, true]);
    await pass(100);
    expect(known()).toEqual([false, false, false]);
  });

  it("are kept for ever when they are to be", async () => {
    open({ resultTTL: Number.POSITIVE_INFINITY });
    const id = await add("e");
    await work.end("e");
    await pass(100 * 24 * 3_600_000);
    expect(queue.getJobResult(id)).toBeDefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each<[string, QueueOptions, JobOptions, boolean, boolean]>([
    ["the queue stores none", { storeResults: false }, {}, false, false],
    ["they are to live no time", { resultTTL: 0 }, {}, false, false],
    ["the job is to be removed on success", {}, { removeOnComplete: true }, false, true],
    ["the job is to be removed on failure", {}, { removeOnFail: true }, true, false],
  ])("when %s", async (_, options, jobOptions, keepsSuccess, keepsFailure) => {
    open({ ...options, maxRetries: 0 });
    const [good, bad] = [await add("good", jobOptions), await add("bad", jobOptions)];
    await work.end("good");
    await work.fail("bad");
    expect([good, bad].map((id) => queue.getJobResult(id) !== undefined)).toEqual([keepsSuccess, keepsFailure]);
    expect([good, bad].map((id) => queue.getJob(id) !== undefined)).toEqual([keepsSuccess, keepsFailure]);
    expect(named("job:completed")).toEqual([
      ["job:completed", { jobId: good, result: expect.objectContaining({ success: true }) }],
    ]);
    expect(named("job:failed")).toHaveLength(1);
  });
});
