import type { NativeTable, ScriptSource, ScriptWork } from "@atomiton/conductor-native";

import { NodeError } from "../contract/error.js";
import { cancellable } from "../table/addon.js";
import { Crossing } from "./crossing.js";
import { parameterListOf } from "./parameter-list.js";
import { inTurn } from "./turns.js";

/** What user code may take. */
export interface ScriptLimits {
  /** ms of wall-clock time. */
  timeout: number;
  /** Bytes of memory. */
  memory: number;
  signal?: AbortSignal | undefined;
}

/** The limits that hold when nobody set others. */
export const defaultTimeout = 5000;

/** ms after which an engine is given up at the earliest: the worker pool has other work as well. */
const LEAST_PATIENCE = 1000;

/**
 * A function written by a user. It runs in an engine of its own, off the main thread, with nothing but the language.
 *
 * Its methods fail with INVALID_PARAMETERS (syntax), TIMEOUT, MEMORY_LIMIT_EXCEEDED, CANCELLED, TYPE_MISMATCH (data that
 * cannot cross) or EXECUTION_FAILED (it threw; with message, line and item, and nothing else of the data).
 */
export class UserFunction {
  readonly #name: string;
  readonly #code: string;
  readonly #limits: ScriptLimits;
  readonly #crossing = new Crossing();

  constructor(name: string, code: string, limits: ScriptLimits) {
    this.#name = name;
    this.#code = code;
    this.#limits = limits;
  }

  /** The answers for all items, in order. */
  async map(items: readonly unknown[] | NativeTable): Promise<unknown[]> {
    const answers = await this.#run({ kind: "map", named: false, whole: this.#wantsWhole(3) }, items);
    return answers.flatMap((answer) => this.#crossing.decode(answer) as unknown[]);
  }

  /** The positions of the items for which the answer is true-like. */
  async positions(items: readonly unknown[]): Promise<number[]> {
    const answers = await this.#run({ kind: "filter", named: false, whole: this.#wantsWhole(3) }, items);
    return answers.flatMap((answer) => JSON.parse(answer) as number[]);
  }

  /** The rows of a table for which the answer is true-like. */
  async filterTable(table: NativeTable): Promise<NativeTable> {
    const whole = this.#wantsWhole(3);
    return this.#call((addon, cancel) => addon.filterTableByScript(this.#source(), whole, table, cancel));
  }

  /**
   * The last accumulator. The function is called with `(acc, item, index, items)`, or with one object
   * `{acc, item, index}` if it takes one parameter. Without `initial` the first item is the first accumulator; of
   * nothing at all the answer is `null`.
   */
  async reduce(items: readonly unknown[] | NativeTable, initial: { value: unknown } | undefined): Promise<unknown> {
    const list = parameterListOf(this.#code);
    const named = list?.count === 1 && !list.rest;
    const work: ScriptWork = { kind: "reduce", named, whole: !named && this.#wantsWhole(4) };
    if (initial) work.initial = this.#crossing.encode(initial.value, "reduceInitial");
    const [answer] = await this.#run(work, items);
    return this.#crossing.decode(answer ?? "null");
  }

  /**
   * The answer for `(input, item, variables)`. `tables` are paths into these values to objects whose `records` are the
   * rows of a table, made in the sandbox if the code reads them.
   */
  async call(
    values: { input: unknown; item: unknown; variables: unknown },
    tables: { path: string[]; table: NativeTable }[],
  ): Promise<unknown> {
    const text = this.#crossing.encode(values);
    const answer = await this.#call((addon, cancel) =>
      addon.evaluateScript(
        this.#source(),
        text,
        tables.map(({ path }) => path),
        tables.map(({ table }) => table),
        cancel,
      ),
    );
    return this.#crossing.decode(answer);
  }

  async #run(work: ScriptWork, items: readonly unknown[] | NativeTable): Promise<string[]> {
    if (!Array.isArray(items)) {
      return this.#call((addon, cancel) => addon.runScriptOnTable(this.#source(), work, items as NativeTable, cancel));
    }
    const batches = await this.#crossing.encodeItems(items, work.whole);
    return this.#call((addon, cancel) => addon.runScript(this.#source(), work, batches, cancel));
  }

  #call<T>(call: Parameters<typeof cancellable<T>>[1]): Promise<T> {
    const { signal, timeout } = this.#limits;
    return inTurn(() => cancellable(signal, call), Math.max(2 * timeout, LEAST_PATIENCE), this.#name);
  }

  #source(): ScriptSource {
    return {
      name: this.#name,
      code: this.#code,
      tag: this.#crossing.tag,
      timeoutMs: this.#limits.timeout,
      memoryBytes: this.#limits.memory,
    };
  }

  /** Whether the code can see a parameter number `position` (from 1), and so needs all items at once. */
  #wantsWhole(position: number): boolean {
    if (/\barguments\b/.test(this.#code)) return true;
    const list = parameterListOf(this.#code);
    return list === undefined || list.rest || list.count >= position;
  }
}

/** Whether text is a function rather than a path of properties. */
export function isFunctionText(text: string): boolean {
  return text.includes("=>") || /^\s*(?:async\s+)?function\b/.test(text);
}

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
