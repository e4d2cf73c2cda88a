/** Answers of hosts before this one, and those of other executions that this one takes over. */

import type { ExecutionError } from "../types/errors.js";
import { Call, ExecutableParams } from "./call.js";
import type { Answers, Calls } from "./calls.js";
import { carriedApart, carriedParts, routedHandles } from "./executables.js";
import { EventKind, NEVER } from "./generated.js";
import { IncompleteAnswers } from "./incomplete-answers.js";
import type { LeftOut } from "./left-out.js";
import type { NodeExpressions } from "./node-expressions.js";
import type { Answer, InheritedAnswer } from "./recorder.js";
import type { RunRequest } from "./run-request.js";

/** The earlier answers of one run. */
export class EarlierAnswers {
  /** Answers of a host before this one of which parts are left out, once there was one. */
  incomplete: IncompleteAnswers | undefined;

  constructor(
    private readonly calls: Calls,
    private readonly request: RunRequest,
    private readonly answers: Answers,
    private readonly expressions: NodeExpressions | undefined,
  ) {}

  /** Takes an answer that a host before this one was given; false for one that came too late. */
  answerAgain(task: number, attempt: number, answer: Answer): boolean {
    const { calls } = this;
    const call = calls.all[task];
    if (call === undefined || call.over || call.attempt !== attempt) return false;
    const isInRound = task >= calls.plan.length;
    if (!isInRound) this.incomplete?.supersede(task);
    switch (answer.kind) {
      case "output": {
        const node = calls.values.nodeOf(task);
        if (routedHandles(answer.value) !== undefined && carriedApart(answer.value) !== undefined) {
          calls.values.hasCarried = true;
        }
        if (answer.isReused && !answer.inherited) calls.activity.reuse(node);
        calls.redact?.noteOutput(node, carriedParts(answer.value));
        calls.keepOutput(call, this.standIn(call, answer.value, answer.redacted, false));
        if (isInRound) this.incomplete?.noteAnswered(task);
        return true;
      }
      case "error":
        if (answer.advice !== false && !answer.inherited) {
          calls.noteRetry(task, call.attemptNumber, answer.error, answer.advice ?? 0);
        }
        // Kept: a further try gets what this one got.
        calls.settle(call);
        calls.errors.set(task, answer.inherited ? this.ownError(answer.error) : answer.error);
        return true;
      case "items":
        this.standIn(call, answer.items, answer.redacted, true);
        calls.items.keep(task, answer.items);
        calls.end(call);
        return true;
    }
  }

  /** Answers a leaf, or the question for items, with what it was answered in another execution. */
  inherit(task: number, attempt: number, attemptNumber: number, { number, answer, variables }: InheritedAnswer): void {
    const { calls } = this;
    if (variables !== undefined) {
      const own = this.request.context.variables;
      Object.assign(own, variables.set);
      for (const name of variables.removed) delete own[name];
    }
    if (answer.kind === "items") {
      const { known } = answer.items;
      return calls.items.take(task, attempt, known, answer.items, calls.items.begin(task, attempt, known), number);
    }
    const call = calls.begin(task, attempt, attemptNumber);
    if (answer.kind === "output") {
      const { value, redacted = [] } = answer;
      if (redacted.length > 0) this.warnOfMissing(task, redacted);
      return calls.answered(call, value, number);
    }
    // It has failed for good.
    this.answers.post(EventKind.advice, attempt, task, NEVER);
    calls.giveUp(call);
    calls.errors.set(task, this.ownError(answer.error));
    calls.spans?.inherited(task);
    this.request.recorder?.inherited(task, attempt, number);
    this.answers.post(EventKind.failed, attempt, task, calls.numberOf(answer.error.code));
  }

  /** Runs a node once more for what its answer lacks, as it was called before. Rejects with an `ExecutionError`. */
  async runAgain({ node, value: kept, call: before }: LeftOut): Promise<unknown> {
    const { calls, request } = this;
    const { task, nodeId, executionId, input, parentContext, run, attempt, attemptNumber } = before;
    const call = new Call(calls, task, nodeId, executionId, input, parentContext, run, attempt, attemptNumber);
    // What it says was said before.
    call.over = true;
    calls.runEnd.addEventListener("abort", () => call.abort(new DOMException("The run is over", "AbortError")));
    const { type, parameters } = calls.plan.node(node);
    try {
      const executable = request.executables?.getNodeExecutable(type);
      if (executable == null) throw new Error(`No implementation found for node type: ${type}`);
      const resolved = await (this.expressions?.has(node) === true
        ? this.expressions.resolve(call, node, parameters as Record<string, unknown>)
        : parameters);
      const made = await executable.execute(new ExecutableParams(call, resolved));
      if (String(routedHandles(made)) !== String(routedHandles(kept)) && routedHandles(kept) !== undefined) {
        throw new Error("its output takes another way than the one that was recorded");
      }
      calls.redact?.noteOutput(node, carriedParts(made));
      request.recorder?.output(task, attempt, made, false);
      return made;
    } catch (error) {
      throw calls.errorOf(error, task);
    }
  }

  /** Notes whether an answer of a task is taken over from another execution. */
  note(task: number, isInherited: boolean): void {
    this.calls.activity.answer(this.calls.values.nodeOf(task), isInherited);
  }

  /** An error of another execution, as one of this. */
  private ownError(error: ExecutionError): ExecutionError {
    return { ...error, executionId: this.request.context.executionId };
  }

  /** An answer of a host before this one, or what stands in for it where parts of it are left out. */
  private standIn(call: Call, kept: unknown, paths: readonly string[] = [], isItems: boolean): unknown {
    if (paths.length === 0) return kept;
    const { values, all } = this.calls;
    this.incomplete ??= new IncompleteAnswers(values, all, (...missing) => this.warnOfMissing(...missing));
    return this.incomplete.add(call, kept, paths, isItems);
  }

  private warnOfMissing(task: number, paths: readonly string[]): void {
    const parts = paths.map((path) => (path === "" ? "the whole of it" : `\`${path}\``)).join(", ");
    const message = `Of its output, ${parts} was not kept: the result has \`[redacted]\` there`;
    this.calls.warnOf(task, "redacted-value", message);
  }
}
