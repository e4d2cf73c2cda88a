import { NodeError } from "../contract/error.js";

/** Bytes that a value takes beside its text: a header, a place in its row. */
const BYTES_PER_VALUE = 16;
/** Values inside values that are counted one by one; what lies deeper counts as one. */
const DEEPEST = 32;

/** Counts the rows that come back, and what they take. */
export class AnswerSize {
  /** The most rows. */
  readonly maxRows: number;
  /** The most bytes that they may take. */
  readonly maxBytes: number;
  readonly #advice: readonly string[];
  #rows = 0;
  #bytes = 0;

  /** @param advice what to do where there are too many */
  constructor(limits: { maxRows: number; maxBytes: number }, advice: readonly string[]) {
    this.maxRows = limits.maxRows;
    this.maxBytes = limits.maxBytes;
    this.#advice = advice;
  }

  /**
   * Counts one more row.
   *
   * @throws NodeError MEMORY_LIMIT_EXCEEDED
   */
  add(values: readonly unknown[]): void {
    if (++this.#rows > this.maxRows) throw this.#exceeded(`There are more than ${this.maxRows} rows`);
    for (const value of values) this.#bytes += bytesOf(value, 0);
    if (this.#bytes > this.maxBytes) {
      throw this.#exceeded(`The first ${this.#rows} rows take more than ${this.maxBytes} bytes`);
    }
  }

  #exceeded(message: string): NodeError {
    return new NodeError("MEMORY_LIMIT_EXCEEDED", message, { advice: this.#advice, retry: false });
  }
}

function bytesOf(value: unknown, depth: number): number {
  if (typeof value === "string") return BYTES_PER_VALUE + 2 * value.length;
  if (typeof value !== "object" || value === null || depth >= DEEPEST) return BYTES_PER_VALUE;
  if (value instanceof Uint8Array) return BYTES_PER_VALUE + value.byteLength;
  let bytes = BYTES_PER_VALUE;
  for (const each of Object.values(value)) bytes += bytesOf(each, depth + 1);
  return bytes;
}
