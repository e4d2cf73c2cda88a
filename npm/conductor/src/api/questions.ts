/** The questions that the runs of one conductor put to people. */
import type { Asker } from "../engine/call.js";
import { coded } from "../engine/failure.js";
import type { Isolate } from "../events/isolate.js";
import { isIdInside } from "../executions/registry.js";
import type { ExecutionId } from "../types/ids.js";
import type { OpenQuestion } from "../types/question.js";
import { Callbacks } from "./callbacks.js";

/** Ids that an error names. */
const MOST_NAMED = 10;

/** As long as a question is open the process goes on; in ms, the longest that a timer can wait. */
const LONG = 2 ** 31 - 1;

interface Open {
  question: OpenQuestion;
  check(answer: unknown): string | undefined;
  settle(answer: unknown): void;
}

/** Open questions, from the moment that a node asks to its answer or its end. */
export class Questions {
  /** By id, in the order in which they were asked. */
  private readonly open = new Map<string, Open>();
  private readonly asked: Callbacks<OpenQuestion>;

  constructor(isolate: Isolate) {
    this.asked = new Callbacks<OpenQuestion>(isolate);
  }

  /** Puts a question for a node, until it is answered or `signal` fires. */
  readonly ask: Asker = (call, { message, form, data, waitFor }, check, signal) =>
    new Promise((resolve) => {
      const id = this.freeId(call.executionId);
      const askedAt = Date.now();
      const question: OpenQuestion = {
        id,
        executionId: call.run.executionId as ExecutionId,
        nodeId: String(call.nodeId),
        message,
        ...(form !== undefined && { form }),
        ...(data !== undefined && { data }),
        askedAt,
        ...(waitFor !== undefined && { openUntil: askedAt + waitFor }),
      };
      const kept = setInterval(() => {}, LONG);
      const close = () => {
        clearInterval(kept);
        this.open.delete(id);
      };
      const settle = (answer: unknown) => {
        close();
        resolve(answer);
      };
      signal.addEventListener("abort", close, { once: true });
      this.open.set(id, { question, check, settle });
      call.owner.reportProgress(call, 0, `Waits for an answer: ${message}`);
      this.asked.tell(() => question);
    });

  /** The open questions: all of them, or those of an execution and of the flows inside of it. */
  waiting(executionId?: string): OpenQuestion[] {
    const questions = [...this.open.values()].map(({ question }) => question);
    return executionId === undefined ? questions : questions.filter((question) => isIdInside(question.id, executionId));
  }

  /**
   * Answers a question, by its id or by that of an execution which asks only one.
   *
   * @throws Error NODE_NOT_FOUND for what asks nothing, INVALID_PARAMETERS for an execution that asks several things, and for an
   * answer that does not fit; the question then stays open
   */
  answer(id: string, answer: unknown): void {
    const found = this.open.has(id) ? [id] : this.waiting(id).map((question) => question.id);
    const [first] = found;
    if (first === undefined) {
      throw coded(
        "NODE_NOT_FOUND",
        `No question \`${id}\` is open: it was answered, its run is over, or its time was up`,
        undefined,
      );
    }
    if (found.length > 1) {
      const named = found.slice(0, MOST_NAMED).map((each) => `\`${each}\``);
      const more = found.length > MOST_NAMED ? `, and ${found.length - MOST_NAMED} more` : "";
      const why = `\`${id}\` asks ${found.length} questions; answer one of them by its id: ${named.join(", ")}${more}`;
      throw coded("INVALID_PARAMETERS", why, undefined);
    }
    const { check, settle, question } = this.open.get(first) as Open;
    const problem = check(answer);
    if (problem !== undefined) {
      throw coded("INVALID_PARAMETERS", `The answer to "${question.message}" does not fit: ${problem}`, undefined);
    }
    settle(answer);
  }

  /** Runs whose callers chose the same id may ask the same thing at once. */
  private freeId(step: string): string {
    let id = step;
    for (let count = 2; this.open.has(id); count++) id = `${step}/~${count}`;
    return id;
  }

  /** Calls back for each question when it is asked. */
  onQuestion(callback: (question: OpenQuestion) => void): () => void {
    return this.asked.add(callback);
  }
}
