/** The service of executions: those that wait for people, and those that a store keeps. */
import type { ExecutionFilter, ExecutionPage, Retention, StoredExecution } from "@atomiton/storage";

import { fromBase64, toBase64 } from "../types/base64.js";
import type { ExecutionDiff } from "../types/diff.js";
import type { ExecutionResult, ExecutionTrace } from "../types/execution.js";
import type { LogLine } from "../types/execution-log.js";
import type { ExportOptions } from "../types/export.js";
import type { ForkChanges, ForkedExecution } from "../types/fork.js";
import type { OpenQuestion } from "../types/question.js";
import type { ResumeOptions } from "../types/recovery.js";
import { type Declaration, named, type Unsubscribe } from "./declaration.js";
import {
  deletionSchema,
  diffSchema,
  executionSchema,
  exportSchema,
  forkSchema,
  importSchema,
  listSchema,
  resumeSchema,
  vacuumSchema,
  valueSchema,
} from "./schemas.js";

/**
 * Executions that wait for people, and executions that a store keeps. What is about the store rejects with INVALID_PARAMETERS
 * where the conductor has none, and with NODE_NOT_FOUND for an execution that is not in it.
 */
export interface ExecutionsApi {
  /** The questions that are open: all of them, or those of an execution and of the flows inside of it. */
  waiting(executionId?: string): Promise<OpenQuestion[]>;
  /**
   * Answers a question, by its id or by that of an execution which asks only one. Rejects with NODE_NOT_FOUND where no such
   * question is open, and with INVALID_PARAMETERS for an answer that does not fit, which leaves it open, and for an execution
   * that asks several things.
   */
  answer(id: string, answer: unknown): Promise<void>;
  /** A page of the executions in the store, those that began last first. `limit`: 1–1,000, 50 unless given. */
  list(filter?: ExecutionFilter, options?: { limit?: number; cursor?: string }): Promise<ExecutionPage>;
  /** How an execution stands, and what is known of it. `metadata`: what its request said about it; missing without that. */
  get(executionId: string): Promise<StoredExecution & { metadata?: Record<string, unknown> }>;
  /** What happened in an execution, up to now or to its end. */
  trace(executionId: string): Promise<ExecutionTrace>;
  /** The output of a node of an execution; `undefined` where it left none. */
  value(executionId: string, nodeId: string): Promise<unknown>;
  /** What the nodes of an execution said by `log` and `progress`, in order; of an execution 1 MB at most is kept. */
  logs(executionId: string): Promise<LogLine[]>;
  /**
   * An execution as one file, with its flow, what it was given, its journal and its values, but for those that `options` leave out.
   * `openReplay` opens it. Rejects with INVALID_PARAMETERS for a path of `redact` at which the execution has nothing.
   */
  export(executionId: string, options?: ExportOptions): Promise<Uint8Array>;
  /**
   * Puts the execution of such a file into the store, and answers with its id there: that of the file unless another one is given.
   * One that was not over is `paused`, and goes on only by `resume`. Rejects with DESERIALIZATION_FAILED for a file that cannot be
   * read, saying why, and with INVALID_PARAMETERS for an id that exists.
   */
  import(bytes: Uint8Array, options?: { id?: string }): Promise<string>;
  /**
   * Goes on with an execution that no process has, also with one that is blocked, and answers with its result. `anyVersion`: also
   * where node types have other major versions than it began with, for which it is blocked otherwise.
   */
  resume(executionId: string, options?: ResumeOptions): Promise<ExecutionResult>;
  /**
   * Ends an execution that is not over as `cancelled`: one that is under way here, or one that no process has, with the executions
   * that are parts of it. Rejects with INVALID_PARAMETERS where it is over, or another process has it.
   */
  cancel(executionId: string): Promise<void>;
  /**
   * Deletes the executions that are over and that a rule names, of all flows or of `flowId`, and gives the room of all that was deleted
   * back to the system. Without `endedBefore` and `keepPerFlow` nothing is deleted. `bytes`: what the store takes.
   */
  vacuum(retention?: Retention): Promise<{ deleted: number; bytesBefore: number; bytesAfter: number }>;
  /**
   * Begins a new execution from an old one, also from one that is not over: what does not depend on the changes keeps what it
   * gave, the rest runs. Without changes that is what failed or did not run. Answers as soon as the new execution is in the
   * store; `result` waits for its end. Rejects with INVALID_PARAMETERS for changes that do not fit the flow.
   */
  fork(executionId: string, changes?: ForkChanges): Promise<ForkedExecution>;
  /**
   * The result of an execution: at its end where this conductor carries it out, as it was recorded where it is over. Rejects
   * with INVALID_PARAMETERS for one that is neither. Secrets and redacted parts are not in it; those who began the run have them.
   */
  result(executionId: string): Promise<ExecutionResult>;
  /** What two executions differ in: their nodes, outputs, input and variables. */
  diff(a: string, b: string): Promise<ExecutionDiff>;
  /** Deletes executions that are over; how many there were. */
  delete(executionIds: readonly string[]): Promise<number>;
  /** Calls back for each question when it is asked. */
  onQuestion(callback: (question: OpenQuestion) => void): Unsubscribe;
}

/** Their commands stand in the channel `node`. */
export const executions: Declaration<ExecutionsApi> = {
  channel: "node",
  subject: "executions",
  size: "data",
  methods: {
    waiting: {
      role: "viewer",
      targets: "router",
      answers: "list",
      wire: {
        send: (executionId?: string) => (executionId === undefined ? {} : { executionId }),
        receive: ({ executionId }) => [executionId],
      },
    },
    answer: { role: "runner", wire: named("id", "answer"), targets: "router" },
    list: { command: "listExecutions", role: "viewer", wire: named("filter", "options"), schema: listSchema },
    get: { command: "getExecution", role: "viewer", wire: named("executionId"), schema: executionSchema },
    trace: { command: "traceOfExecution", role: "viewer", wire: named("executionId"), schema: executionSchema },
    value: { command: "valueOfExecution", role: "viewer", wire: named("executionId", "nodeId"), schema: valueSchema },
    logs: { command: "logsOfExecution", role: "viewer", wire: named("executionId"), schema: executionSchema },
    export: {
      command: "exportExecution",
      role: "viewer",
      wire: named("executionId", "options"),
      schema: exportSchema,
      answers: "bytes",
    },
    import: {
      command: "importExecution",
      role: "editor",
      wire: {
        send: (bytes: Uint8Array, options?: { id?: string }) => ({ data: toBase64(bytes), ...options }),
        receive: ({ data, id }) => [fromBase64(data), id === undefined ? {} : { id }],
      },
      schema: importSchema,
    },
    resume: {
      command: "resumeExecution",
      role: "runner",
      wire: named("executionId", "options"),
      schema: resumeSchema,
      awaitsExecution: true,
    },
    cancel: {
      command: "cancelExecution",
      role: "runner",
      wire: named("executionId"),
      schema: executionSchema,
      answers: "nothing",
    },
    vacuum: { command: "vacuumExecutions", role: "admin", wire: named("retention"), schema: vacuumSchema },
    fork: { command: "forkExecution", role: "runner", wire: named("executionId", "changes"), schema: forkSchema },
    result: {
      command: "resultOfExecution",
      role: "viewer",
      wire: named("executionId"),
      schema: executionSchema,
      awaitsExecution: true,
    },
    diff: { command: "diffExecutions", role: "viewer", wire: named("a", "b"), schema: diffSchema },
    delete: { command: "deleteExecutions", role: "editor", wire: named("executionIds"), schema: deletionSchema },
  },
  events: { onQuestion: { event: "question", role: "viewer" } },
};
