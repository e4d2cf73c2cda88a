import type { NativeTable } from "@atomiton/conductor-native";

import { NodeError } from "../contract/error.js";
import { Crossing } from "./crossing.js";
import { parameterListOf } from "./parameter-list.js";
import type { Sandbox, ScriptSource, ScriptWork, TableAt } from "./sandbox.js";

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

/**
 * A function written by a user. It runs in a sandbox, with nothing but the language.
 *
 * Its methods fail with INVALID_PARAMETERS (syntax), TIMEOUT, MEMORY_LIMIT_EXCEEDED, CANCELLED, TYPE_MISMATCH (data that
 * cannot cross) or EXECUTION_FAILED (it threw; with message, line and item, and nothing else of the data).
 */
export class UserFunction {
  /** The function as sandboxes take it. */
  readonly source: ScriptSource;
  readonly #sandbox: Sandbox;
  readonly #signal: AbortSignal | undefined;
  readonly #crossing = new Crossing();

  constructor(sandbox: Sandbox, name: string, code: string, { timeout, memory, signal }: ScriptLimits) {
    this.source = { name, code, tag: this.#crossing.tag, timeoutMs: timeout, memoryBytes: memory };
    this.#sandbox = sandbox;
    this.#signal = signal;
  }

  /** Whether the function wants to see all items at once, as its third parameter. */
  get wantsAll(): boolean {
    return this.#sees(3);
  }

  /** The answers for all items, in order. */
  async map(items: readonly unknown[] | NativeTable): Promise<unknown[]> {
    const answers = await this.#run({ kind: "map", named: false, whole: this.wantsAll }, items);
    return answers.flatMap((answer) => this.#crossing.decode(answer) as unknown[]);
  }

  /** The positions of the items for which the answer is true-like. */
  async positions(items: readonly unknown[]): Promise<number[]> {
    const answers = await this.#run({ kind: "filter", named: false, whole: this.wantsAll }, items);
    return answers.flatMap((answer) => JSON.parse(answer) as number[]);
  }

  /**
   * The last accumulator. The function is called with `(acc, item, index, items)`, or with one object
   * `{acc, item, index}` if it takes one parameter. Without `initial` the first item is the first accumulator; of
   * nothing at all the answer is `null`.
   */
  async reduce(items: readonly unknown[] | NativeTable, initial: { value: unknown } | undefined): Promise<unknown> {
    const list = parameterListOf(this.source.code);
    const named = list?.count === 1 && !list.rest;
    const work: ScriptWork = { kind: "reduce", named, whole: !named && this.#sees(4) };
    if (initial) work.initial = this.#crossing.encode(initial.value, "reduceInitial");
    const [answer] = await this.#run(work, items);
    return this.#crossing.decode(answer ?? "null");
  }

  /**
   * The answer for `(input, item, variables)`. `tables` are paths into these values to objects whose `records` are the
   * rows of a table, made in the sandbox if the code reads them.
   */
  async call(values: { input: unknown; item: unknown; variables: unknown }, tables: TableAt[]): Promise<unknown> {
    const text = this.#crossing.encode(values);
    return this.#crossing.decode(await this.#sandbox.evaluate(this.source, text, tables, this.#signal));
  }

  async #run(work: ScriptWork, items: readonly unknown[] | NativeTable): Promise<string[]> {
    const batches = isArray(items) ? await this.#crossing.encodeItems(items, work.whole) : items;
    return this.#sandbox.runOverItems(this.source, work, batches, this.#signal);
  }

  /** Whether the code can see a parameter number `position` (from 1). */
  #sees(position: number): boolean {
    const { code } = this.source;
    if (/\barguments\b/.test(code)) return true;
    const list = parameterListOf(code);
    return list === undefined || list.rest || list.count >= position;
  }
}

function isArray<T extends object>(items: readonly unknown[] | T): items is readonly unknown[] {
  return Array.isArray(items);
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
