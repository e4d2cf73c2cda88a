/** Everything that user code answers is checked here against the shape that was asked for. */
import { NodeError } from "../contract/error.js";
import type { Batch } from "./sandbox.js";
import type { SandboxSerializer } from "./serializer.js";

const KEPT = 0x31;
const LEFT_OUT = 0x30;
const NO_ANSWER = 0x32;

/** The answers of one run of user code. */
export class Answers {
  readonly #name: string;
  readonly #serializer: SandboxSerializer;

  constructor(name: string, serializer: SandboxSerializer) {
    this.#name = name;
    this.#serializer = serializer;
  }

  /** Any one value. */
  value(text: string): unknown {
    try {
      return this.#serializer.decode(text);
    } catch (cause) {
      throw new NodeError("EXECUTION_FAILED", `${this.#name} gave an answer that is no JSON text`, { cause });
    }
  }

  /** One value for each item of a batch. */
  list({ text, count }: Batch): unknown[] {
    const values = this.value(text);
    if (Array.isArray(values) && values.length === count) return values;
    throw this.#failure(`a list of ${count} values`);
  }

  /** The positions of the items that were kept of a batch that begins at `first`; whole numbers in ascending order. */
  positions({ text, count }: Batch, first: number): number[] {
    if (text.length !== count) throw this.#failure(`${count} digits`);
    const positions: number[] = [];
    for (let i = 0; i < count; i++) {
      const digit = text.charCodeAt(i);
      if (digit === KEPT) positions.push(first + i);
      else if (digit !== LEFT_OUT && digit !== NO_ANSWER) throw this.#failure("a digit for each item");
    }
    return positions;
  }

  /** Whether a batch of answers to a filter has one that is not `undefined`. */
  hasAny({ text }: Batch): boolean {
    return text.includes("0") || text.includes("1");
  }

  #failure(wanted: string): NodeError {
    return new NodeError("EXECUTION_FAILED", `${this.#name} gave an answer that is not ${wanted}`);
  }
}
