/** A queue, the work that it is given, and what it tells. */
import { vi } from "vitest";
import type { Job, JobData, JobOptions } from "../../src/queue/job.js";
import { Queue, type QueueInstance } from "../../src/queue/queue.js";
import type { QueueOptions } from "../../src/queue/settings.js";

export const EVENTS = [
  "queue:active",
  "queue:idle",
  "queue:paused",
  "queue:resumed",
  "queue:cleared",
  "queue:shutting-down",
  "queue:shutdown",
  "job:started",
  "job:completed",
  "job:retrying",
  "job:failed",
  "webhook:response",
];

/** Work that is over when a test says so. */
class Work {
  /** Execution ids, in the order in which they were started. */
  readonly started: string[] = [];
  readonly #ends = new Map<string, { resolve(value: unknown): void; reject(reason: unknown): void }>();

  readonly process = ({ data }: Job) => {
    this.started.push(data.executionId);
    return new Promise((resolve, reject) => this.#ends.set(data.executionId, { resolve, reject }));
  };

  async end(executionId: string, value?: unknown): Promise<void> {
    this.#ends.get(executionId)?.resolve(value);
    await settled();
  }

  async fail(executionId: string, reason: unknown = new Error(`${executionId} failed`)): Promise<void> {
    this.#ends.get(executionId)?.reject(reason);
    await settled();
  }
}

/** Lets everything happen that needs no time. */
export const settled = () => vi.advanceTimersByTimeAsync(0);
export const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

export const data = (executionId: string, more: Partial<JobData> = {}): JobData => ({
  executionId,
  flowId: "flow",
  ...more,
});

export let work: Work;
export let queue: QueueInstance;
export let events: [string, unknown?][];

/** Opens a queue; what is exported here belongs to it from then on. */
export function open(
  options: QueueOptions = {},
  create: (options: QueueOptions) => QueueInstance = (o) => new Queue(o),
): void {
  work = new Work();
  queue = create({ process: work.process, ...options });
  events = [];
  for (const name of EVENTS) queue.on(name, (...payload: [unknown?]) => events.push([name, ...payload]));
}

export const named = (name: string) => events.filter(([event]) => event === name);
export const add = (executionId: string, options?: JobOptions) => queue.add(data(executionId), options);
