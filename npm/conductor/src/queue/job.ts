/** What a queue takes, keeps and gives back. */

/** What is to be done: a stored flow, named one way or another, and its input. */
export interface JobData {
  /** Becomes the id of the execution. */
  executionId: string;
  flowId?: string;
  compositeId?: string;
  blueprintId?: string;
  input?: Record<string, unknown>;
  /** For the job's processor, as everything below. */
  loadStaticData?: boolean;
  /** The execution that this one repeats. */
  retryOf?: string;
  webhookData?: unknown;
  [key: string]: unknown;
}

/** How long to wait before a further attempt: the same each time, or doubling. */
export interface Backoff {
  type: "fixed" | "exponential";
  /** Before the first further attempt, in ms. */
  delay: number;
}

/** How a job is to be done. */
export interface JobOptions {
  /** Higher goes first; equals in the order in which they came. Default 0. */
  priority?: number;
  /** Least time before it starts, in ms. */
  delay?: number;
  /** Attempts in all; `Infinity` for as many as it takes. Default one more than the queue's `maxRetries`. */
  attempts?: number;
  /** Default fixed, with the queue's `retryDelay`. */
  backoff?: Backoff;
  /** Forgets the job, and its result, as soon as it succeeded. */
  removeOnComplete?: boolean;
  /** Forgets the job, and its result, as soon as it failed for good. */
  removeOnFail?: boolean;
  /** Lines of the stack that are kept of each failed attempt. Default 10. */
  stackTraceLimit?: number;
}

/** Where a job stands: `delayed` also between two attempts. */
export type JobStatus = "waiting" | "delayed" | "active" | "completed" | "failed";

/** A job, as it is right now. Times are ms since the epoch. */
export interface Job {
  readonly id: string;
  readonly data: JobData;
  readonly options: JobOptions;
  readonly priority: number;
  /** In all. */
  readonly attempts: number;
  readonly createdAt: number;
  /** Begun so far. */
  attemptsMade: number;
  attemptsLeft: number;
  status: JobStatus;
  /** Of its latest attempt. */
  startedAt?: number;
  finishedAt?: number;
  /** The end of the stack of each of the last 100 failed attempts, oldest first. */
  stacktrace: string[];
}

/** How a job ended. */
export interface JobResult {
  jobId: string;
  executionId: string;
  success: boolean;
  /** What processing it gave; for a flow that the conductor ran, the result of the request. */
  result?: unknown;
  /** What the last attempt failed with. */
  error?: string;
  /** Attempts that it took. */
  attempts: number;
  /** Of the last attempt, in ms. */
  duration: number;
  /** ms since the epoch. */
  finishedAt: number;
}

/** Does a job. What it throws makes the attempt fail; `retryable: false` on it makes the attempt the last. */
export type JobProcessor = (job: Job) => unknown;
