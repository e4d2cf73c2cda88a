/** Results of executions that are over, for callers that ask for them a little later. */
import { failure } from "../engine/failure.js";
import type { ActiveExecution } from "../services/node.js";
import type { ExecutionError } from "../types/errors.js";
import { memoryBytes } from "./payload.js";

/** How much is kept of what is over. */
export interface Retention {
  /** Results at most. Default 100. */
  results?: number;
  /** For at most so many ms. Default 5 minutes. */
  ms?: number;
  /** What all results may take in memory, in bytes; the oldest go first. Default 16 MiB. */
  bytes?: number;
  /**
   * What one result may take, in bytes. Of a larger one that is kept which is small enough: at first it loses its trace,
   * then it is kept only that it is over. Default 1 MiB.
   */
  resultBytes?: number;
}

/** Gives smaller forms of a result, the largest first; the last one is kept whatever it takes. */
export type Shrink<R> = (result: R, execution: ActiveExecution, limit: number) => Iterable<R>;

interface Kept<R> {
  result: R;
  bytes: number;
  at: number;
}

const MIB = 1024 * 1024;
const DEFAULTS: Required<Retention> = { results: 100, ms: 5 * 60_000, bytes: 16 * MIB, resultBytes: MIB };

/** Results within the bounds of a retention; the oldest go first. */
export class ResultCache<R> {
  /** By execution id, the oldest first. */
  readonly #kept = new Map<string, Kept<R>>();
  readonly #keep: Required<Retention>;
  readonly #shrink: Shrink<R>;
  #bytes = 0;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(keep: Retention, shrink: Shrink<R>) {
    this.#keep = { ...DEFAULTS, ...keep };
    this.#shrink = shrink;
  }

  /** The result of an execution. */
  find(executionId: string): R | undefined {
    this.#forgetOld();
    return this.#kept.get(executionId)?.result;
  }

  /** Keeps a result in the place of an earlier one of its id. */
  add(execution: ActiveExecution, result: R): void {
    if (this.#closed) return;
    const { executionId } = execution;
    this.#forget(executionId);
    const small = this.#small(execution, result);
    this.#kept.set(executionId, { ...small, at: performance.now() });
    this.#bytes += small.bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#keep.results && this.#bytes <= this.#keep.bytes) break;
      this.#forget(oldest);
    }
    if (this.#kept.size > 0) this.#timer ??= this.#wake(this.#keep.ms);
  }

  /** Forgets all results, and keeps no more. */
  close(): void {
    this.#closed = true;
    this.#kept.clear();
    this.#bytes = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #small(execution: ActiveExecution, result: R): { result: R; bytes: number } {
    const { resultBytes } = this.#keep;
    let form = result;
    let bytes = memoryBytes(form, resultBytes);
    if (bytes !== undefined) return { result: form, bytes };
    for (form of this.#shrink(result, execution, resultBytes)) {
      bytes = memoryBytes(form, resultBytes);
      if (bytes !== undefined) break;
    }
    return { result: form, bytes: bytes ?? resultBytes };
  }

  #forget(executionId: string): void {
    this.#bytes -= this.#kept.get(executionId)?.bytes ?? 0;
    this.#kept.delete(executionId);
  }

  #forgetOld(): void {
    const now = performance.now();
    for (const [executionId, { at }] of this.#kept) {
      if (now - at < this.#keep.ms) return;
      this.#forget(executionId);
    }
  }

  /** Values may be large: they go when their time is over, whether anybody asks or not. */
  #wake(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#forgetOld();
      const [oldest] = this.#kept.values();
      this.#timer =
        oldest === undefined ? undefined : this.#wake(Math.max(1, oldest.at + this.#keep.ms - performance.now()));
    }, ms).unref();
  }
}

/** The error that stands in the place of a result that was too large to be kept. */
export function notKept({ executionId }: ActiveExecution, limit: number): ExecutionError {
  const message = `Execution ${executionId} is over. Its result takes more than ${limit} bytes and was only given to who waited for it`;
  return failure("MEMORY_LIMIT_EXCEEDED", message, { executionId });
}
