/** User code and its limits. */
export interface ScriptSource {
  /** The name that errors call it by, for instance `transformFunction`. */
  name: string;
  /** An expression that yields a function. */
  code: string;
  /** Names that the code finds beside those of the language, and the JSON text of an object with their values. */
  names?: { list: readonly string[]; values: string };
  /** Names of values that each call brings; for messages. */
  given?: readonly string[];
  /** The key under which values cross that JSON has no word for; data cannot guess it, user code cannot see it. */
  tag: string;
  /** Wall-clock limit in ms, for the time that the code itself takes. */
  timeoutMs: number;
  /** Limit of the engine's own memory in bytes. */
  memoryBytes: number;
  /** Whether the code finds a `console`, and what it writes with it is told. */
  prints?: boolean;
}

/** How user code is called for items. */
export interface ScriptWork {
  kind: "map" | "filter" | "reduce";
  /** The first accumulator of a reduce, as JSON text; without one, the first item. */
  initial?: string;
  /** Whether a reduce calls its function with one object `{acc, item, index}`. */
  named: boolean;
  /** Whether the function wants all items as its last argument. */
  whole: boolean;
  /** Whether the answers for a batch of items count by themselves, since those for all are not kept together. */
  inPieces?: boolean;
}

/** Items, or the answers for them: text, and how many items it stands for. */
export interface Batch {
  text: string;
  count: number;
}

/** The rows of a table, as JSON arrays of records that are made one after the other when they are asked for. */
export type Rows = () => Iterable<Batch>;

/** Rows that user code may read: `path` leads to the property that has them. */
export interface RowsAt {
  path: string[];
  rows: Rows;
}

/**
 * An engine with its own heap, in which user code finds the language and nothing else. Every call has a fresh one.
 * Values cross as JSON text.
 *
 * Fails with INVALID_PARAMETERS (syntax), TIMEOUT, MEMORY_LIMIT_EXCEEDED, CANCELLED, TYPE_MISMATCH (an answer that is no
 * data), EXECUTION_FAILED (it threw) or INTERNAL_ERROR (the engine cannot be had here).
 */
export interface Sandbox {
  /**
   * Runs a function over items, whose batches are made while earlier ones are worked on. `take` is given the answers in
   * order; if it throws, the run ends with what it threw. Answers: map, the JSON text of an array; filter, a text of one
   * digit for each item, 1 for those that are kept; reduce, one JSON value at the end, for no item.
   */
  runOverItems(
    source: ScriptSource,
    work: ScriptWork,
    batches: AsyncIterable<Batch> | Iterable<Batch>,
    take: (answer: Batch) => void,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /**
   * Calls a function with `input`, `item` and `variables` out of the JSON text of one object, or with its `call` alone, of
   * which it then finds what `given` lists by name as well; the answer is JSON text.
   * Records of `tables` are made only if the function reads them. `print` is given what the code wrote with `console`, a line
   * each, also when it failed.
   */
  evaluate(
    source: ScriptSource,
    values: string,
    tables: readonly RowsAt[],
    signal: AbortSignal | undefined,
    print?: (text: string) => void,
  ): Promise<string>;
}
