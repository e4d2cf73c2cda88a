import { NodeError } from "../contract/error.js";
import { Answers } from "./answers.js";
import { LEAST_MEMORY, LONGEST_RUN } from "./limits.js";
import { parameterListOf } from "./parameter-list.js";
import type { Batch, Rows, RowsAt, Sandbox, ScriptSource, ScriptWork } from "./sandbox.js";
import { SandboxSerializer } from "./serializer.js";

/** What user code may take. */
export interface ScriptLimits {
  /** ms of wall-clock time. */
  timeout: number;
  /** Bytes of memory. */
  memory: number;
  signal?: AbortSignal | undefined;
  /** Values that the code finds under these names. */
  names?: Readonly<Record<string, unknown>> | undefined;
}

/** ms that user code may take where no limit was set. */
export const defaultTimeout = 5000;

/** A list, or the rows of a table, which become text only. */
export type Items = readonly unknown[] | Rows;

/**
 * A function written by a user. It runs in a sandbox, with nothing but the language.
 *
 * Its methods fail with INVALID_PARAMETERS (syntax), TIMEOUT, MEMORY_LIMIT_EXCEEDED, CANCELLED, TYPE_MISMATCH (data that
 * cannot cross) or EXECUTION_FAILED (it threw; with message, line and item, and nothing else of the data).
 */
export class UserFunction {
  readonly #source: ScriptSource;
  readonly #sandbox: Sandbox;
  readonly #signal: AbortSignal | undefined;
  readonly #serializer: SandboxSerializer;
  readonly #answers: Answers;

  constructor(sandbox: Sandbox, name: string, code: string, { timeout, memory, signal, names }: ScriptLimits) {
    const timeoutMs = Math.trunc(Math.min(Math.max(timeout, 1), LONGEST_RUN));
    const memoryBytes = Math.trunc(Math.max(memory, LEAST_MEMORY));
    this.#serializer = new SandboxSerializer(memoryBytes);
    this.#answers = new Answers(name, this.#serializer);
    this.#source = { name, code, tag: this.#serializer.tag, timeoutMs, memoryBytes };
    if (names !== undefined) {
      this.#source.names = { list: Object.keys(names), values: this.#serializer.encode(names) };
    }
    this.#sandbox = sandbox;
    this.#signal = signal;
  }

  /** The answers for all items, in order. */
  async map(items: Items): Promise<unknown[]> {
    const values: unknown[] = [];
    await this.#run({ kind: "map", named: false, whole: this.#sees(3) }, items, (answer) => {
      for (const value of this.#answers.list(answer)) values.push(value);
    });
    return values;
  }

  /**
   * The answers for batches of items, each told as soon as it is there, and the text that {@link answersIn} reads them from again. However
   * many they are, no more than those for one batch count towards the limits.
   */
  async mapEach(batches: AsyncIterable<Batch>, take: (values: unknown[], answer: Batch) => void): Promise<void> {
    const work: ScriptWork = { kind: "map", named: false, whole: false, inPieces: true };
    await this.#sandbox.runOverItems(
      this.#source,
      work,
      batches,
      (answer) => take(this.#answers.list(answer), answer),
      this.#signal,
    );
  }

  /** The answers that {@link mapEach} told of. */
  answersIn(answer: Batch): unknown[] {
    return this.#answers.list(answer);
  }

  /** Items as batches that {@link mapEach} takes. */
  batchesOf(items: readonly unknown[]): AsyncIterable<Batch> {
    return this.#serializer.encodeItems(items);
  }

  /** The items of such a batch. */
  itemsIn(text: string): unknown[] {
    return this.#serializer.decode(text) as unknown[];
  }

  /** Whether a function that maps items sees the list of all of them. */
  get seesAll(): boolean {
    return this.#sees(3);
  }

  /**
   * The positions of the items for which the answer is true-like: ascending, none beyond the items. `unanswered` is how many
   * items there are where the answer was `undefined` for each.
   */
  async positions(items: Items): Promise<{ kept: number[]; unanswered: number }> {
    const kept: number[] = [];
    let first = 0;
    let hasAnswers = false;
    await this.#run({ kind: "filter", named: false, whole: this.#sees(3) }, items, (answer) => {
      for (const position of this.#answers.positions(answer, first)) kept.push(position);
      first += answer.count;
      hasAnswers ||= this.#answers.hasAny(answer);
    });
    return { kept, unanswered: hasAnswers ? 0 : first };
  }

  /**
   * The last accumulator. The function is called with `(acc, item, index, items)`, or with one object
   * `{acc, item, index}` if it takes one parameter. Without `initial` the first item is the first accumulator; of
   * nothing at all the answer is `null`.
   */
  async reduce(items: Items, initial: { value: unknown } | undefined): Promise<unknown> {
    const list = parameterListOf(this.#source.code);
    const named = list?.count === 1 && !list.rest;
    const work: ScriptWork = { kind: "reduce", named, whole: !named && this.#sees(4) };
    if (initial) work.initial = this.#serializer.encode(initial.value, "reduceInitial");
    let last: unknown;
    await this.#run(work, items, ({ text }) => {
      last = this.#answers.value(text);
    });
    return last;
  }

  /**
   * The answer for `(input, item, variables)`. `tables` are paths into these values to what has the
   * rows of a table, made if the code reads them.
   */
  async call(values: { input: unknown; item: unknown; variables: unknown }, tables: RowsAt[]): Promise<unknown> {
    const text = this.#serializer.encode(values);
    return this.#answers.value(await this.#sandbox.evaluate(this.#source, text, tables, this.#signal));
  }

  /**
   * The answer for one object of values, which the code finds by their names as well. `tables` are paths into the object.
   * With `print` it has a `console`, and `print` is given what it wrote, before this settles.
   */
  async callNamed(
    values: Readonly<Record<string, unknown>>,
    tables: readonly RowsAt[],
    print?: (text: string) => void,
  ): Promise<unknown> {
    const given = Object.keys(values);
    Object.assign(this.#source, { given, prints: print !== undefined });
    const text = this.#serializer.encode({ call: values, given });
    const below = tables.map(({ path, rows }) => ({ path: ["call", ...path], rows }));
    return this.#answers.value(await this.#sandbox.evaluate(this.#source, text, below, this.#signal, print));
  }

  #run(work: ScriptWork, items: Items, take: (answer: Batch) => void): Promise<void> {
    const batches = typeof items === "function" ? items() : this.#serializer.encodeItems(items);
    return this.#sandbox.runOverItems(this.#source, work, batches, take, this.#signal);
  }

  /** Whether the code can see a parameter number `position` (from 1). */
  #sees(position: number): boolean {
    const { code } = this.#source;
    if (/\barguments\b/.test(code)) return true;
    const list = parameterListOf(code);
    return list === undefined || list.rest || list.count >= position;
  }
}

export { isFunctionText } from "../definition/code.js";

/** Whether text is a function that gives back its first parameter, such as `item => item`. */
export function isIdentityText(text: string): boolean {
  return /^\s*(?:\(\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*\)|([\p{ID_Start}$_][\p{ID_Continue}$]*))\s*=>\s*(?:\1\2)\s*;?\s*$/u.test(
    text,
  );
}

/** Refuses what is not text. */
export function functionText(value: unknown, name: string): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new NodeError("TYPE_MISMATCH", `${name} must be the text of a function or a property path`);
}
