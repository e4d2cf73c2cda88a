import type { ScriptBatch, ScriptSource, ScriptWork } from "../../sandbox/sandbox.js";

/** User code and what it is to be called with: plain data, so that it can be sent to a worker. */
export type Task = { source: ScriptSource } & (
  | { kind: "items"; work: ScriptWork; batches: readonly ScriptBatch[] }
  | { kind: "values"; values: string; tables: readonly RecordsAt[] }
);

/** The JSON text of the records that the object at `path` has. */
export interface RecordsAt {
  path: string[];
  records: string;
}

/** What the thread that runs a task may do beside it. */
export interface Surroundings {
  /** Whether the task is to be stopped. Asked every few thousand steps of the engine. */
  isCancelled(): boolean;
  /** Gives other work of the thread its turn, between batches. */
  pause(): Promise<void>;
}
