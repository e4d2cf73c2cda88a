/** Settings of a queue and of its jobs: defaults and allowed values. */
import type { ErrorCode } from "../types/errors.js";
import type { Job, JobData, JobOptions, JobProcessor } from "./job.js";
import type { FlowRunner } from "./processor.js";

/** Settings of a queue. Times in ms. */
export interface QueueOptions {
  /** Does the jobs. Without it, `conductor` runs the flows that they name. */
  process?: JobProcessor;
  /** Runs flows. */
  conductor?: FlowRunner;
  /** Jobs in work at once. Default 10. */
  concurrency?: number;
  /** Further attempts for jobs that do not say themselves; `Infinity` for as many as it takes. Default 3. */
  maxRetries?: number;
  /** Wait before a further attempt, for jobs that do not say themselves. Default 5000. */
  retryDelay?: number;
  /** Whether jobs that are over are kept, with their results. Default true. */
  storeResults?: boolean;
  /** How long they are kept. Default one hour. */
  resultTTL?: number;
  /** How long responses to webhooks are kept. Default as `resultTTL`, or one hour where that keeps nothing. */
  webhookResponseTTL?: number;
  /** Whether priorities count. Default true. */
  enablePriority?: boolean;
  /** Whether `rateLimit` counts. Default false. */
  enableRateLimiting?: boolean;
  /** At most `limit` jobs are taken within any `duration`. Default 100 in a minute. */
  rateLimit?: { limit: number; duration: number };
}

/** Lines of stacks that are kept where a job does not say. */
export const STACK_LINES = 10;

/** Failed attempts whose stacks are kept: a job may be tried for ever. */
export const STACKS = 100;

const HOUR_MS = 3_600_000;

/** The settings, all of them. */
export type QueueSettings = Required<Omit<QueueOptions, "process" | "conductor">>;

/** Why a queue refuses something. */
export class QueueError extends Error {
  override readonly name = "QueueError";

  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The settings that follow from options.
 *
 * @throws QueueError `INVALID_PARAMETERS`
 */
export function settingsOf(options: QueueOptions): QueueSettings {
  const { concurrency = 10, maxRetries = 3, retryDelay = 5000, resultTTL = HOUR_MS } = options;
  const { webhookResponseTTL = resultTTL || HOUR_MS } = options;
  const { storeResults = true, enablePriority = true, enableRateLimiting = false } = options;
  const { rateLimit = { limit: 100, duration: 60_000 } } = options;
  mustBe("concurrency", concurrency, isCount(concurrency) && concurrency >= 1, "1 or more");
  mustBe("maxRetries", maxRetries, isCount(maxRetries), "0 or more");
  mustBe("retryDelay", retryDelay, isTime(retryDelay), "a time in ms");
  mustBe("resultTTL", resultTTL, isLife(resultTTL), "a time in ms");
  mustBe("webhookResponseTTL", webhookResponseTTL, isLife(webhookResponseTTL), "a time in ms");
  mustBe("rateLimit.limit", rateLimit.limit, isCount(rateLimit.limit), "0 or more");
  mustBe("rateLimit.duration", rateLimit.duration, isTime(rateLimit.duration), "a time in ms");
  return {
    concurrency,
    maxRetries,
    retryDelay,
    storeResults,
    resultTTL,
    webhookResponseTTL,
    enablePriority,
    enableRateLimiting,
    rateLimit: { ...rateLimit },
  };
}

/**
 * A job that waits.
 *
 * @throws QueueError `INVALID_PARAMETERS`
 */
export function createJob(data: JobData, options: JobOptions, settings: QueueSettings): Job {
  const {
    priority = 0,
    delay = 0,
    attempts = settings.maxRetries + 1,
    backoff,
    stackTraceLimit = STACK_LINES,
  } = options;
  mustBe("data", data, typeof data === "object" && data !== null, "an object");
  mustBe("priority", priority, typeof priority === "number" && !Number.isNaN(priority), "a number");
  mustBe("delay", delay, isTime(delay), "a time in ms");
  mustBe("attempts", attempts, isCount(attempts) && attempts >= 1, "1 or more");
  mustBe("stackTraceLimit", stackTraceLimit, isCount(stackTraceLimit), "0 or more");
  if (backoff !== undefined) {
    const { type } = backoff;
    mustBe("backoff.type", type, type === "fixed" || type === "exponential", '"fixed" or "exponential"');
    mustBe("backoff.delay", backoff.delay, isTime(backoff.delay), "a time in ms");
  }
  return {
    id: `job_${globalThis.crypto.randomUUID()}`,
    data,
    options,
    priority,
    attempts,
    createdAt: Date.now(),
    attemptsMade: 0,
    attemptsLeft: attempts,
    status: "waiting",
    stacktrace: [],
  };
}

/** How long to wait after a failed attempt, in ms. Exponential: `delay`, twice that, four times that, … */
export function retryDelayOf({ options, attemptsMade }: Job, settings: QueueSettings): number {
  const { backoff = { type: "fixed", delay: settings.retryDelay } } = options;
  if (backoff.type === "fixed") return backoff.delay;
  // Beyond these a product would be no number any more, or a moment that never comes.
  return Math.min(backoff.delay * 2 ** Math.min(attemptsMade - 1, 1023), Number.MAX_SAFE_INTEGER);
}

function isCount(value: number): boolean {
  return Number.isInteger(value) ? value >= 0 : value === Number.POSITIVE_INFINITY;
}

function isTime(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function isLife(value: number): boolean {
  return isTime(value) || value === Number.POSITIVE_INFINITY;
}

function mustBe(name: string, value: unknown, holds: boolean, what: string): void {
  if (holds) return;
  const given = typeof value === "number" ? String(value) : typeof value;
  throw new QueueError("INVALID_PARAMETERS", `The setting ${name} of a queue or job has to be ${what}, not ${given}`);
}
