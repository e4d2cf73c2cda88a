/**
 * The incomplete answers of a run that goes on: answers in its records of which parts were redacted, and so left out.
 *
 * Until its parts are there again, a value stands in for such an answer wherever the answer was handed on. A run whose
 * records lack nothing has no object of this class.
 */
import type { Call } from "./call.js";
import { carriedApart, carriedParts, routedHandles } from "./executables.js";
import type { LeftOut } from "./left-out.js";
import { replaceIn, type Values } from "./values.js";

/** Collects the incomplete answers of one run, and replaces what stands in for them. */
export class IncompleteAnswers {
  private leftOut: LeftOut[] = [];
  /** Tasks of rounds that are not over that gave their outputs at a host before this one. */
  private readonly answered = new Set<number>();

  /**
   * @param calls those that may get their input once more, by task
   * @param warn told of each output of which the result lacks parts
   */
  constructor(
    private readonly values: Values,
    private readonly calls: Iterable<Call | undefined>,
    private readonly warn: (task: number, paths: readonly string[]) => void,
  ) {}

  /** In the order of their answers; those that still count. */
  get all(): readonly LeftOut[] {
    return this.leftOut;
  }

  /** Adds an answer; returns what stands in for it, which is no other value. */
  add(call: Call, kept: unknown, paths: readonly string[], isItems: boolean): object {
    const value = typeof kept === "object" && kept !== null ? kept : Object(kept);
    this.leftOut.push({ task: call.task, node: this.values.nodeOf(call.task), paths, isItems, value, call });
    return value;
  }

  /** A task outside of rounds is answered anew: earlier answers of it do not count any more. */
  supersede(task: number): void {
    this.leftOut = this.leftOut.filter((other) => other.task !== task);
  }

  /** A task of a round gave its output at a host before this one. */
  noteAnswered(task: number): void {
    this.answered.add(task);
  }

  /** Whether a task of a round that is not over gave its output at a host before this one. */
  wasAnswered(task: number): boolean {
    return this.answered.has(task);
  }

  /** The numbers of tasks are used again. `isReset`: what these gave does not count any more. */
  forget(from: number, to: number, isReset: boolean): void {
    const isIn = ({ task }: LeftOut) => task >= from && task < to;
    if (isReset) this.leftOut = this.leftOut.filter((each) => !isIn(each));
    else for (const each of this.leftOut) if (isIn(each)) each.isPast = true;
    for (let task = from; task < to; task++) this.answered.delete(task);
  }

  /** Puts a whole output in the place of what stands in for it, wherever that was handed on. */
  replace(old: object, output: unknown): void {
    const carried = routedHandles(old) === undefined ? undefined : carriedApart(old);
    const parts = routedHandles(output) === undefined ? undefined : carriedApart(output);
    for (const [handle, part] of carried ?? []) {
      if (typeof part === "object" && part !== null) this.replace(part, parts?.get(handle));
    }
    this.put(old, output);
  }

  /** The same for a value without its handles. */
  private put(old: object, output: unknown): void {
    this.values.replace(old, output);
    for (const call of this.calls) replaceIn(call?.input, old, output);
    for (const { call } of this.leftOut) replaceIn(call.input, old, output);
  }

  /** Warns of answers that were not made again: nothing needs them, and the result lacks the same parts. */
  tell(madeAgain: ReadonlySet<LeftOut>): void {
    for (const leftOut of this.leftOut) {
      if (madeAgain.has(leftOut)) continue;
      const { task, paths, value } = leftOut;
      for (const part of carriedParts(value)) if (part instanceof String) this.put(part, String(part));
      this.warn(task, paths);
    }
  }
}
