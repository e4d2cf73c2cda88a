/** Jobs, done in this process a few at a time. */
import { messageOf } from "@atomiton/values";
import { bound } from "../events/bound.js";
import { IsolatedEmitter } from "../events/isolated-emitter.js";
import { Delays } from "./delays.js";
import { ExpiringMap } from "./expiring-map.js";
import { Heap } from "./heap.js";
import type { Job, JobData, JobOptions, JobProcessor, JobResult, JobStatus } from "./job.js";
import { errorOf, flowIdOf, flowProcessor, isRetryable, stackOf } from "./processor.js";
import { RateLimit } from "./rate-limit.js";
import {
  createJob,
  QueueError,
  type QueueOptions,
  type QueueSettings,
  retryDelayOf,
  STACK_LINES,
  STACKS,
  settingsOf,
} from "./settings.js";
import { decodeWebhookResponse, type WebhookAnswer } from "./webhook-response.js";

/** How a queue is doing. */
export interface QueueMetrics {
  /** In work. */
  activeJobs: number;
  /** Not started, or between two attempts: those that wait for a free place and those that are delayed. */
  pendingJobs: number;
  /** Ever. */
  completedJobs: number;
  /** Ever, for good. */
  failedJobs: number;
  /** Waiting for a free place. */
  queueSize: number;
  /** Jobs that would be taken now; with rate limiting only. */
  rateLimitRemaining?: number;
}

interface Waiting {
  job: Job;
  order: number;
}

/**
 * A queue in memory. What it holds is gone with the process.
 *
 * | event | payload |
 * | --- | --- |
 * | `queue:active` | `{ size }` whenever a job starts: how many wait for a free place |
 * | `queue:idle` | none; nothing is left to do |
 * | `queue:paused`, `queue:resumed`, `queue:cleared`, `queue:shutting-down` | none |
 * | `queue:shutdown` | `{ notStarted }`, ids of jobs that were left |
 * | `job:started` | `{ jobId, jobData }`, for each attempt |
 * | `job:completed` | `{ jobId, result }` with the {@link JobResult} |
 * | `job:retrying` | `{ jobId, error, delay }` after an attempt that was not the last; ms to the next |
 * | `job:failed` | `{ jobId, error }` with the error of the last attempt |
 * | `webhook:response` | `{ executionId, response }` |
 *
 * Listener errors are isolated and reported.
 */
export class Queue extends IsolatedEmitter {
  readonly #settings: QueueSettings;
  readonly #process: JobProcessor | undefined;
  readonly #runsFlows: boolean;
  readonly #rateLimit: RateLimit | undefined;
  /** By id; those that are over as long as their results. */
  readonly #jobs = new Map<string, Job>();
  readonly #waiting: Heap<Waiting>;
  readonly #delayed = new Delays<Job>((job) => this.#enqueue(job));
  readonly #active = new Map<string, Job>();
  readonly #results: ExpiringMap<JobResult>;
  readonly #webhookResponses: ExpiringMap<unknown>;
  #order = 0;
  #completed = 0;
  #failed = 0;
  #isPaused = false;
  #shutdown: Promise<void> | undefined;
  /** Resolves the promise of a shutdown that waits for the last active job. */
  #resolveShutdown: (() => void) | undefined;

  /** @throws QueueError `INVALID_PARAMETERS` */
  constructor(options: QueueOptions = {}) {
    super("the queue");
    this.#settings = settingsOf(options);
    const { enablePriority, enableRateLimiting, rateLimit, resultTTL, webhookResponseTTL } = this.#settings;
    this.#process = options.process ?? (options.conductor && flowProcessor(options.conductor));
    this.#runsFlows = !options.process && options.conductor !== undefined;
    this.#rateLimit = enableRateLimiting ? new RateLimit(rateLimit) : undefined;
    this.#waiting = new Heap((a, b) => {
      const lead = enablePriority ? a.job.priority - b.job.priority : 0;
      return lead > 0 || (lead === 0 && a.order < b.order);
    });
    this.#results = new ExpiringMap(resultTTL, (jobId) => this.#jobs.delete(jobId));
    this.#webhookResponses = new ExpiringMap(webhookResponseTTL);
  }

  /**
   * Takes a job; it starts at once where there is a free place, or waits for good in a queue without `process` and
   * `conductor`. Resolves with its id without waiting for its end, which `job:completed` and `job:failed` tell, and
   * `getJobResult` knows.
   *
   * Rejects with a {@link QueueError}: `CANCELLED` when the queue is shutting down, `RATE_LIMIT_EXCEEDED`,
   * `INVALID_PARAMETERS` for options that cannot be, `MISSING_REQUIRED_FIELD` when a conductor does the jobs and this one
   * names no flow.
   */
  async add(jobData: JobData, jobOptions: JobOptions = {}): Promise<string> {
    if (this.#shutdown) throw new QueueError("CANCELLED", "Queue is shutting down");
    const job = createJob(jobData, jobOptions, this.#settings);
    if (this.#runsFlows && !flowIdOf(jobData)) {
      throw new QueueError(
        "MISSING_REQUIRED_FIELD",
        "The job names no flow: give `flowId`, `compositeId` or `blueprintId`",
      );
    }
    if (this.#rateLimit?.remaining === 0) throw new QueueError("RATE_LIMIT_EXCEEDED", "Rate limit exceeded");
    this.#rateLimit?.take();
    this.#jobs.set(job.id, job);
    if (jobOptions.delay) this.#delay(job, jobOptions.delay);
    else this.#enqueue(job);
    return job.id;
  }

  /** Starts no further job. Those that are active go on. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.emit("queue:paused");
  }

  /** Goes on where `pause` stopped. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.emit("queue:resumed");
    this.#startWaiting();
  }

  /** Forgets all jobs that have not started or are between two attempts. Those that are active go on. */
  clear(): void {
    const left = this.#takeLeft();
    for (const { id } of left) this.#jobs.delete(id);
    this.emit("queue:cleared");
    if (left.length > 0) this.#tellWhenIdle();
  }

  /** A job, live; undefined when it is not known, or not any more. */
  getJob(jobId: string): Job | undefined {
    return this.#jobs.get(jobId);
  }

  /** How a job ended; undefined as long as it is not over, and when its time is over. */
  getJobResult(jobId: string): JobResult | undefined {
    return this.#results.get(jobId);
  }

  /** The jobs in work. */
  getActiveJobs(): Job[] {
    return [...this.#active.values()];
  }

  /** Jobs that wait for a free place. */
  getQueueSize(): number {
    return this.#waiting.size;
  }

  /** Jobs that wait for a free place or for their time. */
  getPendingCount(): number {
    return this.#waiting.size + this.#delayed.size;
  }

  /** Keeps what an execution answers to its webhook, for `webhookResponseTTL`. */
  addWebhookResponse(answer: WebhookAnswer): void;
  addWebhookResponse(executionId: string, response: unknown): void;
  addWebhookResponse(given: WebhookAnswer | string, answered?: unknown): void {
    const { executionId, response } = typeof given === "string" ? { executionId: given, response: answered } : given;
    this.#webhookResponses.set(executionId, response);
    this.emit("webhook:response", { executionId, response });
  }

  /** What an execution answers to its webhook, as it was added. */
  getWebhookResponse(executionId: string): unknown {
    return this.#webhookResponses.get(executionId);
  }

  /** A response with its body as data; see there. */
  decodeWebhookResponse(response: unknown): unknown {
    return decodeWebhookResponse(response);
  }

  getMetrics(): QueueMetrics {
    return {
      activeJobs: this.#active.size,
      pendingJobs: this.getPendingCount(),
      completedJobs: this.#completed,
      failedJobs: this.#failed,
      queueSize: this.#waiting.size,
      ...(this.#rateLimit && { rateLimitRemaining: this.#rateLimit.remaining }),
    };
  }

  /**
   * Takes and starts no further job, not even for another attempt, and resolves when those in work are over. What is left
   * is told with `queue:shutdown` and still found with `getJob`.
   */
  gracefulShutdown(): Promise<void> {
    if (this.#shutdown) return this.#shutdown;
    this.#shutdown = new Promise((resolve) => {
      this.#resolveShutdown = resolve;
    });
    this.emit("queue:shutting-down");
    this.#shutDownWhenDrained();
    return this.#shutdown;
  }

  #shutDownWhenDrained(): void {
    const resolve = this.#resolveShutdown;
    if (!resolve || this.#active.size > 0) return;
    this.#resolveShutdown = undefined;
    const notStarted = this.#takeLeft().map((job) => this.#as("waiting", job).id);
    this.emit("queue:shutdown", { notStarted });
    resolve();
  }

  #takeLeft(): Job[] {
    const waiting = this.#waiting.clear().sort((a, b) => a.order - b.order);
    return [...waiting.map(({ job }) => job), ...this.#delayed.clear()];
  }

  #as(status: JobStatus, job: Job): Job {
    job.status = status;
    return job;
  }

  #delay(job: Job, delay: number): void {
    this.#delayed.add(this.#as("delayed", job), delay);
  }

  #enqueue(job: Job): void {
    this.#waiting.push({ job: this.#as("waiting", job), order: this.#order++ });
    this.#startWaiting();
  }

  #startWaiting(): void {
    const work = this.#process;
    if (!work) return;
    while (!this.#isPaused && !this.#shutdown && this.#active.size < this.#settings.concurrency) {
      const next = this.#waiting.pop();
      if (!next) return;
      void this.#start(this.#as("active", next.job), work);
    }
  }

  /** Does one attempt. */
  async #start(job: Job, work: JobProcessor): Promise<void> {
    this.#active.set(job.id, job);
    job.startedAt = Date.now();
    job.attemptsMade++;
    job.attemptsLeft--;
    const start = performance.now();
    this.emit("queue:active", { size: this.#waiting.size });
    this.emit("job:started", { jobId: job.id, jobData: job.data });
    const ending = await attempted(job, work);
    const duration = performance.now() - start;
    this.#active.delete(job.id);
    if ("error" in ending) this.#fail(job, ending.error, duration);
    else this.#complete(job, ending.result, duration);
    this.#startWaiting();
    this.#tellWhenIdle();
    this.#shutDownWhenDrained();
  }

  #complete(job: Job, result: unknown, duration: number): void {
    this.#completed++;
    const kept = this.#finish(
      this.#as("completed", job),
      { success: true, result, duration },
      job.options.removeOnComplete,
    );
    this.emit("job:completed", { jobId: job.id, result: kept });
  }

  #fail(job: Job, error: Error, duration: number): void {
    job.stacktrace.push(stackOf(error, job.options.stackTraceLimit ?? STACK_LINES));
    if (job.stacktrace.length > STACKS) job.stacktrace.shift();
    if (job.attemptsLeft > 0 && isRetryable(error)) {
      const delay = retryDelayOf(job, this.#settings);
      this.#delay(job, delay);
      // During a shutdown there will be none; the job is told among those that were left.
      if (!this.#shutdown) this.emit("job:retrying", { jobId: job.id, error, delay });
      return;
    }
    this.#failed++;
    const failure = { success: false, error: messageOf(error), duration };
    this.#finish(this.#as("failed", job), failure, job.options.removeOnFail);
    this.emit("job:failed", { jobId: job.id, error });
  }

  #finish(job: Job, ending: Pick<JobResult, "success" | "result" | "error" | "duration">, forget = false): JobResult {
    job.finishedAt = Date.now();
    const result: JobResult = {
      jobId: job.id,
      executionId: job.data.executionId,
      ...ending,
      attempts: job.attemptsMade,
      finishedAt: job.finishedAt,
    };
    const { storeResults, resultTTL } = this.#settings;
    if (storeResults && !forget && resultTTL > 0) this.#results.set(job.id, result);
    else this.#jobs.delete(job.id);
    return result;
  }

  #tellWhenIdle(): void {
    if (this.#active.size === 0 && this.getPendingCount() === 0) this.emit("queue:idle");
  }
}

async function attempted(job: Job, work: JobProcessor): Promise<{ result: unknown } | { error: Error }> {
  try {
    return { result: await work(job) };
  } catch (thrown) {
    return { error: errorOf(thrown) };
  }
}

const METHODS = [
  "add",
  "pause",
  "resume",
  "clear",
  "getJob",
  "getJobResult",
  "getActiveJobs",
  "getQueueSize",
  "getPendingCount",
  "addWebhookResponse",
  "getWebhookResponse",
  "decodeWebhookResponse",
  "gracefulShutdown",
  "getMetrics",
  "on",
  "once",
  "off",
  "emit",
] as const satisfies (keyof Queue)[];

/** What `createQueue` gives. */
export type QueueInstance = Pick<Queue, (typeof METHODS)[number]>;

/** A {@link Queue} as functions that work without it. */
export function createQueue(options: QueueOptions = {}): QueueInstance {
  return bound(new Queue(options), METHODS);
}
