/** Keeps one run in a store. */

import type { RefusalReason } from "@atomiton/storage";

import { failure } from "../../engine/failure.js";
import type { KnownItems, Recorder } from "../../engine/recorder.js";
import type { ExecutionError } from "../../types/errors.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import type { Loss } from "../../executions/tagged-json.js";
import {
  type Blob,

  errorEntry,
  type Hash,
  itemsEntry,
  outputEntry,
  recordBytes,
  textOf,
  variablesEntry,
  warningEntry,
} from "./entries.js";
import type { Writer } from "./writer.js";

/** So late at most a step is written, in ms. */
const LATEST_MS = 50;
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
export class RunRecorder implements Recorder {
  beforeWrite: () => void = () => {};
  onLost: (error: ExecutionError) => void = () => {};
  private words: number[] = [];
  private entries: string[] = [];
  private blobs: Blob[] = [];
  private pending = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private variables: string;
  private isLost = false;

  /**
   * @param sequence number of the last record in the store
   * @param tell told of values of which something is not kept, with their task
   */
  constructor(
    private readonly writer: Writer,
    private readonly context: ConductorExecutionContext,
    private readonly epoch: number,
    private sequence: number,
    readonly isStrict: boolean,
    private readonly hash: Hash,
    private readonly tell: (task: number, loss: Loss) => void,
  ) {
    this.variables = this.variablesText();
    writer.watch(context.executionId, (reason) => this.lose(reason));
  }

  step(words: readonly number[]): void {
    for (const word of words) this.words.push(word);
    this.timer ??= setTimeout(this.onTimer, LATEST_MS);
  }

  output(task: number, attempt: number, value: unknown): void {
    const { entry, blob } = outputEntry(task, attempt, value, this.hash, (loss) => this.tell(task, loss));
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
  }

  error(task: number, attempt: number, error: ExecutionError, advice: false | number | undefined): void {
    this.push(errorEntry(task, attempt, error, advice));
  }

  items(task: number, attempt: number, items: KnownItems): void {
    this.push(itemsEntry(task, attempt, items, (loss) => this.tell(task, loss)));
  }

  warning(task: number, rule: string, message: string): void {
    this.push(warningEntry(task, rule, message));
  }

  persist(): Promise<void> {
    this.write();
    return this.writer.flush();
  }

  async end(error: ExecutionError | undefined): Promise<void> {
    this.write();
    if (this.isLost) return;
    const { executionId: id } = this.context;
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

  private readonly onTimer = (): void => {
    this.timer = undefined;
    this.beforeWrite();
    this.write();
    void this.writer.flush();
  };

  /** Hands what is pending to the writer. */
  private write(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    if (this.isLost || this.words.length === 0) return;
    const { words, entries, blobs } = this;
    this.words = [];
    this.entries = [];
    this.blobs = [];
    this.pending = 0;
    const journal = new Uint8Array(Uint32Array.from(words).buffer);
    this.writer.add({
      type: "append",
      id: this.context.executionId,
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
    if (this.pending > MOST_PENDING) queueMicrotask(this.onTimer);
  }

  private variablesText(): string {
    const { variables } = this.context;
    for (const _ in variables) return textOf(variables, "The run's variables", () => {});
    return "{}";
  }

  private lose(reason: RefusalReason): void {
    if (this.isLost) return;
    this.isLost = true;
    const { executionId, nodeId } = this.context;
    const message = `The execution cannot be kept any more: ${WHY[reason]}. What it did since then is not recorded`;
    this.onLost(failure("INTERNAL_ERROR", message, { nodeId, executionId }));
  }
}

const NOTHING = new Uint8Array(0);

