import type { NativeTable, ScriptBatch, ScriptSource, ScriptWork } from "@atomiton/conductor-native";

export type { ScriptBatch, ScriptSource, ScriptWork } from "@atomiton/conductor-native";

/** A table whose rows user code may read: `path` leads to the object that has them under `records`. */
export interface TableAt {
  path: string[];
  table: NativeTable;
}

/**
 * An engine with its own heap, in which user code finds the language and nothing else. Every call has a fresh one.
 * Values cross as JSON text; `ScriptSource.tag` marks what JSON has no word for.
 *
 * Fails with INVALID_PARAMETERS (syntax), TIMEOUT, MEMORY_LIMIT_EXCEEDED, CANCELLED, TYPE_MISMATCH (an answer that is no
 * data), EXECUTION_FAILED (it threw) or INTERNAL_ERROR (the engine cannot be had here).
 */
export interface Sandbox {
  /**
   * Runs a function over items. Answers: map, one JSON array per batch; filter, the kept positions, one array per batch;
   * reduce, one JSON value.
   */
  runOverItems(
    source: ScriptSource,
    work: ScriptWork,
    items: readonly ScriptBatch[] | NativeTable,
    signal: AbortSignal | undefined,
  ): Promise<string[]>;
  /**
   * Calls a function with `input`, `item` and `variables` out of the JSON text of one object; the answer is JSON text.
   * Where the sandbox can fetch them, the records of `tables` are made only if the function reads them.
   */
  evaluate(
    source: ScriptSource,
    values: string,
    tables: readonly TableAt[],
    signal: AbortSignal | undefined,
  ): Promise<string>;
}
