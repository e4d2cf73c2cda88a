/** Keeps one run in a store. */

import type { RefusalReason } from "@atomiton/storage";

import { failure } from "../../engine/failure.js";
import type { KnownItems, Recorder } from "../../engine/recorder.js";
import type { ExecutionError } from "../../types/errors.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import {
  type Blob,
  errorEntry,
  type Hash,
  inheritedEntry,
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
  onLost: (error: ExecutionError) => void = () => {};
  onChanged: (task: number, what: string) => void = () => {};
  private words: number[] = [];
  private entries: string[] = [];
  private blobs: Blob[] = [];
  private pending = 0;
  private variables: string;
  private isLost = false;

  /** Whether nothing more is written, because the execution was refused, released or blocked. */
  get isOver(): boolean {
    return this.isLost;
  }

  /**
   * @param id of the execution in the store
   * @param sequence number of the last record in the store
   */
  constructor(
    private readonly writer: Writer,
    private readonly id: string,
    private readonly context: ConductorExecutionContext,
    private readonly epoch: number,
    private sequence: number,
    private readonly isStrict: boolean,
    private readonly hash: Hash,
  ) {
    this.variables = this.variablesText();
    writer.watch(id, this);
  }

  step(words: readonly number[]): void {
    for (const word of words) this.words.push(word);
    this.writer.touch(this);
  }

  output(task: number, attempt: number, value: unknown): void {
    const { entry, blob } = outputEntry(task, attempt, value, this.hash, this.changes(task));
    this.noteVariables();
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

  inherited(task: number, attempt: number, number: number): void {
    this.noteVariables();
    this.push(inheritedEntry(task, attempt, number));
    this.writer.touch(this);
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
    this.writer.add({ type: "update", id, epoch, updatedAt: Date.now(), status: "blocked", reason, release: true });
    await this.writer.flush();
  }

  async end(error: ExecutionError | undefined): Promise<void> {
    this.collect();
    if (this.isLost) return;
    const { id } = this;
    const now = Date.now();
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

  private push(entry: string): void {
    this.entries.push(entry);
    this.pending += entry.length;
    // Not before the step is told that the values belong to.
    if (this.pending > MOST_PENDING) queueMicrotask(() => void this.writer.flush());
  }

  private changes(task: number): Tell {
    return ({ path, what }) => this.onChanged(task, `${path === "" ? "the output" : path}: ${what}`);
  }

  private noteVariables(): void {
    const variables = this.variablesText();
    if (variables === this.variables) return;
    this.variables = variables;
    this.push(variablesEntry(variables));
  }

  private variablesText(): string {
    const { variables } = this.context;
    for (const _ in variables) return textOf(variables, "The run's variables", () => {});
    return "{}";
  }

  leave(): void {
    this.collect();
    if (this.isLost) return;
    this.isLost = true;
    const { id, epoch } = this;
    this.writer.add({ type: "update", id, epoch, updatedAt: Date.now(), release: true });
  }

  refused(reason: RefusalReason): void {
    if (this.isLost) return;
    this.isLost = true;
    const { executionId, nodeId } = this.context;
    const message = `The execution cannot be kept any more: ${WHY[reason]}. What it did since then is not recorded`;
    this.onLost(failure("INTERNAL_ERROR", message, { nodeId, executionId }));
  }
}

const NOTHING = new Uint8Array(0);
