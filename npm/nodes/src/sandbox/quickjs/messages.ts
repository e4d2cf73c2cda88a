import type { Batch, ScriptSource, ScriptWork } from "../sandbox.js";

/** User code and how it is to be called: plain data, so that it can be sent to a worker. */
export type Task = { source: ScriptSource } & (
  | { kind: "items"; work: ScriptWork }
  | {
      kind: "values";
      /** The JSON text of `{input, item, variables}`. */
      values: string;
      /** Where tables are in these values. */
      paths: string[][];
    }
);

/** A step of a task. Each gets one {@link Reply}, in order. */
export type Request =
  /** Begins a task; whatever was before is forgotten. */
  | { task: Task }
  /** Items, in order. */
  | { items: Batch }
  /** Records of the table at a position among `paths`, in order. */
  | { records: Batch; table: number }
  /** There is nothing more to come. */
  | { end: true };

/** How a step ended: with answers or with the code and words of its failure, which ends the task. */
export type Reply =
  | {
      answers: Batch[];
      /** ms that the task may still take. */
      left: number;
      /** The positions of the tables whose records the task cannot go on without. */
      wants?: number[];
      /** What the code has printed, with its last answer. */
      printed?: string;
    }
  | { code: string; message: string; printed?: string };

/** What is sent to a worker: first the module, then steps of tasks. */
export type ToWorker = { module: WebAssembly.Module } | Request;

/** What a worker sends: that it has started, whether the engine has started in it, then a reply to every step. */
export type FromWorker = { started: true } | { ready: true } | { unready: string } | Reply;
