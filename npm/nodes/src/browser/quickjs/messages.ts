import type { Task } from "./task.js";

/** What the page sends to a worker: first the module, then tasks, one after the other. */
export type ToWorker = { module: WebAssembly.Module } | { task: Task };

/** How a task ended: with its answers or with the code and words of its failure. */
export type TaskOutcome = { answers: string[] } | { code: string; message: string };

/** What a worker sends to the page: that it has started, then the outcome of every task. */
export type FromWorker = { started: true } | TaskOutcome;
