/** Keeps one run in a store. */

import type { RefusalReason } from "@atomiton/storage";

import { failure } from "../../engine/failure.js";
import type { KnownItems, Recorder } from "../../engine/recorder.js";
import type { ErrorCode, ExecutionError } from "../../types/errors.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import {
  type Blob,
  errorEntry,
  type Hash,
  itemsEntry,
  outputEntry,
  recordBytes,
  type Tell,
  textOf,
  variablesEntry,
  warningEntry,
} from "./entries.js";
import type { Source, Writer } from "./writer.js";

/** Characters of values that are written without waiting for that. */
const MOST_PENDING = 1_000_000;

const WHY: Record<RefusalReason, string> = {
  exists: "an execution of this id exists",
  unknown: "the execution is not in the store any more",
  stale: "another process has taken it over",
  finished: "it was ended elsewhere",
  gap: "its records have a gap",
};

/** Keeps what happens in one run, from its beginning or from where another process left it. */
export class RunRecorder implements Recorder, Source {
  beforeWrite: () => void = () => {};
  onChanged: (task: number, what: string) => void = () => {};
  private words: number[] = [];
  private entries: string[] = [];
  private blobs: Blob[] = [];
  private pending = 0;
  private variables: string;
  /** Nothing more is written of it. */
  private isLost = false;
  /** Why, where its run ends with that. */
  private lost: ExecutionError | undefined;
  private tellLost: ((error: ExecutionError) => void) | undefined;
  private isEnding = false;

  /**
   * @param id of the execution in the store
   * @param sequence number of the last record in the store
   * @param latest the last time that its row tells of, in ms since the epoch
   */
  constructor(
    private readonly writer: Writer,
    private readonly id: string,
    private readonly context: ConductorExecutionContext,
    private readonly epoch: number,
    private sequence: number,
    private readonly isStrict: boolean,
    private readonly hash: Hash,
    private readonly latest: number,
  ) {
    this.variables = this.variablesText();
    writer.watch(id, this);
  }

  /** Told at once of what came before there was a run to tell. */
  set onLost(tell: (error: ExecutionError) => void) {
    this.tellLost = tell;
    if (this.lost !== undefined) tell(this.lost);
  }

  step(words: readonly number[]): void {
    for (const word of words) this.words.push(word);
    this.writer.touch(this);
  }

  output(task: number, attempt: number, value: unknown): void {
    const { entry, blob } = outputEntry(task, attempt, value, this.hash, this.changes(task));
    const variables = this.variablesText();
    if (variables !== this.variables) {
      this.variables = variables;
      this.push(variablesEntry(variables));
    }
    if (blob !== undefined) {
      this.blobs.push(blob);
      this.pending += blob.data.byteLength;
    }
    this.push(entry);
    // A step may be a long time coming of which the engine was not told.
    this.writer.touch(this);
  }

  error(task: number, attempt: number, error: ExecutionError, advice: false | number | undefined): void {
    this.push(errorEntry(task, attempt, error, advice));
  }

  items(task: number, attempt: number, items: KnownItems): void {
    this.push(itemsEntry(task, attempt, items, this.changes(task)));
  }

  warning(task: number, rule: string, message: string): void {
    this.push(warningEntry(task, rule, message));
  }

  persist(): Promise<void> {
    this.writer.touch(this);
    return this.writer.flush();
  }

  /** What keeps the execution from going on; it waits for that to be mended. */
  async block(reason: string): Promise<void> {
    this.isLost = true;
    this.writer.forget(this.id);
    const { id, epoch } = this;
    const kept = reason.replace(UNKEPT, "\ufffd");
    this.writer.add({
      type: "update",
      id,
      epoch,
      updatedAt: this.now(),
      status: "blocked",
      reason: kept,
      release: true,
    });
    await this.writer.flush();
  }

  async end(error: ExecutionError | undefined): Promise<ExecutionError | undefined> {
    this.collect();
    if (this.isLost) return this.lost;
    this.isEnding = true;
    const { id } = this;
    const now = this.now();
    this.writer.add({
      type: "update",
      id,
      epoch: this.epoch,
      updatedAt: now,
      endedAt: now,
      status: error === undefined ? "completed" : error.code === "CANCELLED" ? "cancelled" : "failed",
      reason: null,
      ...(error !== undefined && {
        error: JSON.stringify({ code: error.code, message: error.message, nodeId: error.nodeId }),
      }),
    });
    const written = this.writer.flush();
    // What is written behind is not waited for.
    if (this.isStrict) await written;
    void written.then(() => this.writer.forget(id));
    return this.lost;
  }

  collect(): void {
    this.beforeWrite();
    if (this.isLost || this.words.length === 0) return;
    const { words, entries, blobs } = this;
    this.words = [];
    this.entries = [];
    this.blobs = [];
    this.pending = 0;
    const journal = new Uint8Array(Uint32Array.from(words).buffer);
    this.writer.add({
      type: "append",
      id: this.id,
      epoch: this.epoch,
      sequence: ++this.sequence,
      journal,
      values: entries.length === 0 ? NOTHING : recordBytes(entries),
      ...(blobs.length > 0 && { blobs }),
    });
  }

  /** The clock of the host before may have been ahead of this one. */
  private now(): number {
    return Math.max(Date.now(), this.latest);
  }

  private push(entry: string): void {
    this.entries.push(entry);
    this.pending += entry.length;
    // Not before the step is told that the values belong to.
    if (this.pending > MOST_PENDING) queueMicrotask(() => void this.writer.flush());
  }

  private changes(task: number): Tell {
    return ({ path, what }) => this.onChanged(task, `${path === "" ? "the output" : path}: ${what}`);
  }

  private variablesText(): string {
    const { variables } = this.context;
    for (const _ in variables) return textOf(variables, "The run's variables", () => {});
    return "{}";
  }

  leave(): void {
    this.collect();
    // The end of a run that is over is being written.
    if (this.isLost || this.isEnding) return;
    const { id, epoch } = this;
    this.writer.add({ type: "update", id, epoch, updatedAt: this.now(), release: true });
    // From now on others may have it: nothing of it may start here any more.
    this.lose("CANCELLED", "Execution cancelled: the conductor was shut down, and leaves it to the next one");
  }

  refused(reason: RefusalReason): void {
    this.lose(
      "INTERNAL_ERROR",
      `The execution cannot be kept any more: ${WHY[reason]}. What it did since then is not recorded`,
    );
  }

  unwritable(message: string): void {
    this.lose("SERIALIZATION_FAILED", `The execution cannot be kept: ${message}`);
  }

  unwritten(message: string): void {
    this.lose(
      "INTERNAL_ERROR",
      `The end of the execution could not be written: ${message}. The next conductor goes on with it`,
    );
  }

  private lose(code: ErrorCode, message: string): void {
    if (this.isLost) return;
    this.isLost = true;
    const { executionId, nodeId } = this.context;
    this.lost = failure(code, message, { nodeId, executionId });
    this.tellLost?.(this.lost);
  }
}

/** Characters that stores have no form for. */
const UNKEPT = /\0|\p{Cs}/gu;

const NOTHING = new Uint8Array(0);
