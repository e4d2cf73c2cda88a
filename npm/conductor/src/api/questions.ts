/** The questions that the runs of one conductor put to people. */
import { LONGEST_TIMER_MS } from "@atomiton/values";
import type { Asker } from "../engine/call.js";
import { coded } from "../engine/failure.js";
import type { Isolate } from "../events/isolate.js";
import { isIdInside } from "../executions/registry.js";
import type { ExecutionId } from "../types/ids.js";
import type { OpenQuestion } from "../types/question.js";
import { Callbacks } from "./callbacks.js";

/** Ids that an error names. */
const MOST_NAMED = 10;

interface Open {
  question: OpenQuestion;
  check(answer: unknown): string | undefined;
  /** Settles when the answer is kept, where it is. @throws Error SERIALIZATION_FAILED for one that cannot be, which leaves it open */
  settle(answer: unknown): Promise<void> | undefined;
}

/** Open questions, from the moment that a node asks to its answer or its end. */
export class Questions {
  /** By id, in the order in which they were asked. */
  private readonly open = new Map<string, Open>();
  private readonly asked: Callbacks<OpenQuestion>;
  /** Ids that listeners know: a question whose run left memory is asked again when that goes on. */
  private readonly told = new Set<string>();
  /** Told of every question that is open from now on. */
  private readonly openings = new Set<(id: string) => void>();

  constructor(isolate: Isolate) {
    this.asked = new Callbacks<OpenQuestion>(isolate);
  }

  /** Puts a question for a node, until it is answered or `signal` fires. */
  readonly ask: Asker = (call, { message, form, data, waitFor }, check, signal, keeper) =>
    new Promise((resolve) => {
      const { before } = keeper ?? {};
      const isFree = before !== undefined && !this.open.has(before.id);
      const id = isFree ? before.id : this.freeId(call.executionId);
      const askedAt = Date.now();
      const question: OpenQuestion = before ?? {
        id,
        executionId: call.run.executionId as ExecutionId,
        nodeId: String(call.nodeId),
        message,
        ...(form !== undefined && { form }),
        ...(data !== undefined && { data }),
        askedAt,
        ...(waitFor !== undefined && { openUntil: askedAt + waitFor }),
      };
      keeper?.asked(question);
      const keepsGoing = setInterval(() => {}, LONGEST_TIMER_MS);
      const close = () => {
        clearInterval(keepsGoing);
        this.open.delete(id);
      };
      const settle = (answer: unknown) => {
        const kept = keeper?.answered(answer);
        close();
        this.told.delete(id);
        if (kept === undefined) resolve(answer);
        else void kept.then(() => resolve(answer));
        return kept;
      };
      signal.addEventListener("abort", close, { once: true });
      this.open.set(id, { question, check, settle });
      call.owner.reportProgress(call, 0, `Waits for an answer: ${message}`);
      for (const tell of this.openings) tell(id);
      if (this.told.has(id)) return;
      if (keeper !== undefined) this.told.add(id);
      this.asked.tell(() => question);
    });

  /** Settles when a question is open. `signal` ends the wait, for good. */
  opened(id: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.open.has(id)) return resolve();
      const tell = (opened: string) => {
        if (opened === id) resolve();
      };
      this.openings.add(tell);
      signal.addEventListener("abort", () => this.openings.delete(tell), { once: true });
    });
  }

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
  async answer(id: string, answer: unknown): Promise<void> {
    const found = this.open.has(id) ? [id] : this.waiting(id).map((question) => question.id);
    const [first] = found;
    if (first === undefined) throw notOpen(id);
    if (found.length > 1) throw severalOpen(id, found);
    const { check, settle, question } = this.open.get(first) as Open;
    const problem = check(answer);
    if (problem !== undefined) {
      throw coded("INVALID_PARAMETERS", `The answer to "${question.message}" does not fit: ${problem}`, undefined);
    }
    await settle(answer);
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

/** The error for what asks nothing. */
export function notOpen(id: string): Error {
  const message = `No question \`${id}\` is open: it was answered, its run is over, or its time was up`;
  return coded("NODE_NOT_FOUND", message, undefined);
}

/** The error for an execution that asks several things. */
export function severalOpen(id: string, found: readonly string[]): Error {
  const named = found.slice(0, MOST_NAMED).map((each) => `\`${each}\``);
  const more = found.length > MOST_NAMED ? `, and ${found.length - MOST_NAMED} more` : "";
  const why = `\`${id}\` asks ${found.length} questions; answer one of them by its id: ${named.join(", ")}${more}`;
  return coded("INVALID_PARAMETERS", why, undefined);
}
