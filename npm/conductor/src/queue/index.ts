/** A queue of jobs in memory. */
export type {
  Backoff,
  Job,
  JobData,
  JobOptions,
  JobProcessor,
  JobResult,
  JobStatus,
} from "./job.js";
export type { FlowRunner } from "./processor.js";
export { createQueue, Queue, type QueueInstance, type QueueMetrics } from "./queue.js";
export { QueueError, type QueueOptions } from "./settings.js";
export type { WebhookAnswer, WebhookResponse } from "./webhook-response.js";
